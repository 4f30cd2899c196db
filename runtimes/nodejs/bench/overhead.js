'use strict';

// What the invoker adds to an empty function: processor time per request beside a bare http.createServer(), in the same run.
// Time is measured inside each server process, so other work on the machine disturbs little. Prints one JSON object.
//   node bench/overhead.js [requests]

const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { spawn } = require('node:child_process');

const REQUESTS = Number(process.argv[2] ?? 40_000);
const ROUNDS = 5;

const BARE = `
  require('node:http').createServer((req, res) => {
    if (req.url === '/cpu') { const { user, system } = process.cpuUsage(); return res.end(String(user + system)); }
    res.end();
  }).listen(0, '127.0.0.1', function () { console.error(JSON.stringify({ port: this.address().port })); });`;
const FUNCTION = `
  exports.handler = (req, res) => {
    if (req.url === '/cpu') { const { user, system } = process.cpuUsage(); return res.end(String(user + system)); }
    res.end();
  };`;

const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });

const get = (port, target) => new Promise((resolve, reject) => {
  http.get({ host: '127.0.0.1', port, path: target, agent }, (res) => {
    let text = '';
    res.setEncoding('utf8').on('data', (d) => (text += d)).on('end', () => resolve(text)).on('error', reject);
  }).on('error', reject);
});

async function microsecondsPerRequest(port) {
  const before = Number(await get(port, '/cpu'));
  await Promise.all(Array.from({ length: 16 }, async () => {
    for (let i = 0; i < REQUESTS / 16; i++) await get(port, '/');
  }));
  return (Number(await get(port, '/cpu')) - before) / REQUESTS;
}

function server(args, env) {
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
  return new Promise((resolve) => {
    let text = '';
    child.stderr.on('data', (d) => {
      text += d;
      const port = /"port":(\d+)/.exec(text)?.[1];
      if (port) resolve({ child, port: Number(port) });
    });
  });
}

async function main() {
  const source = fs.mkdtempSync(path.join(os.tmpdir(), 'overhead-'));
  fs.writeFileSync(path.join(source, 'index.js'), FUNCTION);
  const bare = await server(['-e', BARE], {});
  const invoker = await server([path.join(__dirname, '..', 'invoker', 'invoker.js')], {
    LISTEN_ADDRESS: '127.0.0.1', PORT: '0', ADMIN_PORT: '0', FUNCTION_SOURCE: source, FUNCTION_TARGET: 'index.handler',
  });
  const ratios = [];
  const times = { bare: [], invoker: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    const b = await microsecondsPerRequest(bare.port);
    const i = await microsecondsPerRequest(invoker.port);
    if (round === 0) continue; // warms up
    times.bare.push(b);
    times.invoker.push(i);
    ratios.push(i / b);
  }
  bare.child.kill();
  invoker.child.kill();
  agent.destroy();
  fs.rmSync(source, { recursive: true });
  const median = (list) => [...list].sort((x, y) => x - y)[list.length >> 1];
  console.log(JSON.stringify({
    node: process.version, cpu: os.cpus()[0].model, requests: REQUESTS, rounds: ROUNDS,
    bareMicroseconds: Number(median(times.bare).toFixed(2)), invokerMicroseconds: Number(median(times.invoker).toFixed(2)),
    ratio: Number(median(ratios).toFixed(3)),
  }));
}

main();
