'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { freePort, run, start } = require('../testing/harness');

describe('loading', { concurrency: 4 }, () => {
  const ok = {
    'CommonJS': [{ 'index.js': 'exports.handler = () => "ok";' }],
    'module.exports of an object': [{ 'index.cjs': 'module.exports = { handler() { return "ok"; } };' }],
    'a class instance': [{ 'index.js': 'class F { handler = () => "ok"; } module.exports = new F();' }],
    'an ES module by extension': [{ 'index.mjs': 'export const handler = () => "ok";' }],
    'an ES module by package.json': [{ 'index.js': 'export async function handler() { return "ok"; }', 'package.json': '{"type":"module"}' }],
    'a default export': [{ 'index.mjs': 'export default () => "ok";' }, 'index.default'],
    'module.exports of a function': [{ 'index.js': 'module.exports = () => "ok";' }, 'index.default'],
    'a member of the default export': [{ 'index.mjs': 'export default { handler: () => "ok" };' }],
    'a module in a directory': [{ 'src/app.js': 'exports.run = () => require("./other").text;', 'src/other.js': 'exports.text = "ok";' }, 'src/app.run'],
    'a directory with an index': [{ 'app/index.js': 'exports.run = () => "ok";' }, 'app.run'],
    'top-level await': [{ 'index.mjs': 'const text = await Promise.resolve("ok"); export const handler = () => text;' }],
    'files beside the code': [{ 'index.js': 'exports.handler = () => require("fs").readFileSync("data.txt", "utf8");', 'data.txt': 'ok' }],
    'packages in node_modules': [{ 'index.js': 'exports.handler = require("p");', 'node_modules/p/index.js': 'module.exports = () => "ok";' }],
  };
  for (const [what, [files, target]] of Object.entries(ok)) {
    it(`takes ${what}`, async (t) => assert.strictEqual((await (await start(t, files, { target })).call('/')).text, 'ok'));
  }

  const bad = {
    'a missing export': [64, 'exports.main = () => 1; exports.version = 2;', /"index\.handler" was not found: index\.js exports "main", "version"\.\nRemedy: .*"handler".*"index\.main"/],
    'no exports at all': [64, '1 + 1;', /index\.js exports nothing\.\nRemedy: .*exports\.handler = /],
    'an export that is no function': [64, 'exports.handler = { a: 1 };', /is no function: index\.js exports "handler" as object/],
    'a function exported whole': [64, 'module.exports = () => 1;', /exports "default"\.\nRemedy: .*"index\.default"/],
    'a missing file': [64, { 'main.js': '', 'util.js': '' }, /no index\.js, index\.mjs, index\.cjs in the source\. It holds: main\.js, util\.js\.\nRemedy: add index\.js/],
    'an empty source': [64, {}, /The source is empty/],
    'a bad target': [64, 'exports.handler = 1', /"handler" is not of the form module\.function/, { target: 'handler' }],
    'a target outside of the source': [64, 'exports.handler = 1', /not of the form/, { target: '../index.handler' }],
    'no target': [64, 'exports.handler = 1', /FUNCTION_TARGET is empty/, { target: '' }],
    'another signature': [64, 'exports.handler = 1', /signature "event" is not supported/, { env: { FUNCTION_SIGNATURE_TYPE: 'event' } }],
    'a syntax error': [65, 'exports.handler = () => 1;\nfunction (', /SyntaxError: .*\(at index\.js:2\)\nRemedy: correct the syntax/],
    'a syntax error in an ES module that is imported': [65, { 'index.mjs': 'import "./lib/a.mjs";', 'lib/a.mjs': '\n\nconst = 1;' }, /SyntaxError: .*\(at lib\/a\.mjs:3\)/],
    'an exception at load': [65, '\nnull.x;', /TypeError: .*\(at index\.js:2\)\nRemedy: .*must not throw/],
    'a rejection at load': [65, { 'index.mjs': 'await Promise.reject(new Error("no database"));' }, /could not be loaded: Error: no database \(at index\.mjs:1\)/],
    'a missing package': [65, 'require("express");', /Cannot find module 'express' \(at index\.js:1\)\nRemedy: .*node_modules/],
    'a missing package of an ES module': [65, { 'index.mjs': 'import "express";' }, /Cannot find package 'express'.*\nRemedy: .*node_modules/],
    'require in an ES module': [65, { 'index.mjs': 'require("fs");' }, /ReferenceError: require is not defined.*\nRemedy: .*\.cjs/],
    'something thrown that is no error': [65, 'throw "text";', /could not be loaded: text/],
    'a load that blocks': [66, '\nwhile (true);', /took longer than 0\.5 s: the code that runs at load blocks \(at index\.js:2\)\.\nRemedy: /, { env: { FUNCTION_LOAD_TIMEOUT_SECONDS: '0.5' } }],
    'a load that never ends': [66, { 'index.mjs': 'await new Promise(() => {});' }, /took longer than 0\.5 s: a top-level await/, { env: { FUNCTION_LOAD_TIMEOUT_SECONDS: '0.5' } }],
    'process.exit() at load': [4, 'process.exit(4);', /called process\.exit\(4\) at index\.js:1/],
  };
  for (const [what, [code, files, message, options]] of Object.entries(bad)) {
    it(`ends with ${code} and a remedy for ${what}`, async (t) => {
      const fn = run(t, files, options);
      assert.deepStrictEqual(await fn.exited, { code, signal: null }, fn.output());
      assert.match(fn.terminationMessage(), message);
      assert.ok(Buffer.byteLength(fn.terminationMessage()) <= 2048);
      assert.ok(fn.logs().some((l) => l.level === 'error' && message.test(l.message)), fn.output());
    });
  }

  it('ends with 65 and a remedy for code that calls listen() itself', async (t) => {
    const fn = run(t, `require('http').createServer().listen(process.env.PORT, '127.0.0.1'); exports.handler = () => 1;`, { env: { PORT: String(await freePort()) } });
    assert.strictEqual((await fn.exited).code, 65);
    assert.match(fn.terminationMessage(), /is taken: the module itself listens.*\nRemedy: .*export the handler/);
  });

  it('explains an ES module in a .js file where Node does not take it', async (t) => {
    const fn = run(t, 'export const handler = () => "ok";');
    const outcome = await Promise.race([fn.ready(), fn.exited.then(({ code }) => code)]).catch(() => 65);
    if (outcome === 65) assert.match(fn.terminationMessage(), /Remedy: .*\.mjs.*"type": "module"/);
    else assert.strictEqual((await fn.call('/')).text, 'ok');
  });

  it('cuts the termination message to what Kubernetes keeps', async (t) => {
    const fn = run(t, `throw new Error('ä'.repeat(5000));`);
    await fn.exited;
    const message = fn.terminationMessage();
    assert.ok(Buffer.byteLength(message) <= 2048 && Buffer.byteLength(message) > 2000);
    assert.doesNotMatch(message, /\ufffd/);
  });
});
