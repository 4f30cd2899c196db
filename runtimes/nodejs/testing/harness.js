'use strict';

const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { spawn } = require('node:child_process');

const INVOKER = path.join(__dirname, '..', 'invoker', 'invoker.js');

/**
 * Runs the real invoker on a function, as a process of its own on free ports of 127.0.0.1.
 * `files` is a map of path to content, or the content of index.js. The process ends with the test `t`.
 */
function run(t, files, { target = 'index.handler', env = {}, nodeFlags = [] } = {}) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'invoker-'));
  const source = path.join(directory, 'function');
  const terminationLog = path.join(directory, 'termination-log');
  fs.mkdirSync(source);
  // As in the image, where it lies at /node_modules.
  fs.symlinkSync(path.join(__dirname, '..', 'compat'), path.join(directory, 'node_modules'));
  fs.writeFileSync(terminationLog, '');
  for (const [name, content] of Object.entries(typeof files === 'string' ? { 'index.js': files } : files)) {
    fs.mkdirSync(path.dirname(path.join(source, name)), { recursive: true });
    fs.writeFileSync(path.join(source, name), content);
  }

  const child = spawn(process.execPath, [...nodeFlags, INVOKER], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      LD_LIBRARY_PATH: process.env.LD_LIBRARY_PATH,
      LISTEN_ADDRESS: '127.0.0.1',
      PORT: '0',
      ADMIN_PORT: '0',
      FUNCTION_SOURCE: source,
      FUNCTION_TARGET: target,
      KUBLAMBDA_NAME: 'fn',
      KUBLAMBDA_NAMESPACE: 'test',
      KUBLAMBDA_REVISION: 'abcdef012345',
      KUBLAMBDA_TERMINATION_LOG: terminationLog,
      SHUTDOWN_DRAIN_SECONDS: '0.1',
      ...env,
    },
  });
  let output = '';
  const waiting = new Set();
  const onData = (chunk) => {
    output += chunk;
    for (const check of waiting) check();
  };
  child.stdout.on('data', onData);
  child.stderr.on('data', onData);
  const exited = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
    fs.rmSync(directory, { recursive: true, force: true });
  });

  /** The parsed log lines so far. */
  const logs = () => output.split('\n').filter((l) => l.startsWith('{')).map((l) => JSON.parse(l));

  /** Waits for a log line that the predicate likes. */
  const logged = (predicate) => new Promise((resolve, reject) => {
    const check = () => {
      const line = logs().find(predicate);
      if (line) {
        waiting.delete(check);
        resolve(line);
      }
    };
    waiting.add(check);
    exited.then(() => {
      check();
      reject(new Error(`The invoker ended without that line. Its output:\n${output}`));
    });
    check();
  });

  const fn = {
    child,
    exited,
    logs,
    logged,
    output: () => output,
    terminationMessage: () => fs.readFileSync(terminationLog, 'utf8'),
    /** Resolves when the function listens. */
    async ready() {
      const { port, adminPort } = await logged((l) => l.message === 'Listening.');
      fn.port = port;
      fn.adminPort = adminPort;
      return fn;
    },
    call: (target, options) => call(fn.port, target, options),
    admin: (target) => call(fn.adminPort, target),
    async metric(name) {
      const { text } = await fn.admin('/metrics');
      const line = text.split('\n').find((l) => l.startsWith(`${name} `));
      return line === undefined ? undefined : Number(line.slice(name.length + 1));
    },
  };
  return fn;
}

/** Runs a function and waits until it listens. */
const start = (t, files, options) => run(t, files, options).ready();

/** One request. Resolves to { status, headers, bytes, text, json() }, rejects when the connection breaks. */
function call(port, target = '/', { method = 'GET', headers = {}, body, agent = false, onRequest } = {}) {
  return new Promise((resolve, reject) => {
    const req = http.request({ host: '127.0.0.1', port, path: target, method, headers, agent }, (res) => {
      const chunks = [];
      res.on('data', (chunk) => chunks.push(chunk));
      res.on('error', reject);
      res.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const text = bytes.toString('utf8');
        resolve({ status: res.statusCode, headers: res.headers, bytes, text, json: () => JSON.parse(text) });
      });
    });
    req.on('error', reject);
    onRequest?.(req);
    if (!onRequest || body !== undefined) req.end(body);
  });
}

/** A port that nobody listens on. */
function freePort() {
  return new Promise((resolve) => {
    const server = http.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until the condition holds. */
async function until(condition, withinMs = 5000) {
  const end = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`This did not come to hold within ${withinMs} ms: ${condition}`);
    await sleep(10);
  }
}

module.exports = { call, freePort, run, sleep, start, until };
