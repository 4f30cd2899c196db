'use strict';

const assert = require('node:assert');
const http = require('node:http');
const { describe, it } = require('node:test');
const { run, sleep, start, until } = require('../testing/harness');

const SLOW = `exports.handler = async (req, res) => { await new Promise((r) => setTimeout(r, Number(req.query.ms || 0))); return 'done'; };`;

describe('shutdown', { concurrency: 4 }, () => {
  it('takes readiness away first, keeps serving for the drain delay, completes what is in flight and exits with 0', async (t) => {
    const fn = await start(t, SLOW, { env: { SHUTDOWN_DRAIN_SECONDS: '0.5' } });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    assert.strictEqual((await fn.call('/', { agent })).headers.connection, 'keep-alive');
    const before = fn.call('/?ms=900');
    await sleep(30);
    fn.child.kill('SIGTERM');
    await until(async () => (await fn.admin('/healthz/ready')).status === 503);
    assert.strictEqual((await fn.admin('/healthz/ready')).text, 'draining\n');
    assert.strictEqual((await fn.admin('/healthz/live')).status, 200);
    const during = await fn.call('/', { agent });
    assert.deepStrictEqual([during.status, during.headers.connection], [200, 'close']);
    await until(() => fn.call('/').then(() => false, (error) => error.code === 'ECONNREFUSED'));
    const last = await before;
    assert.deepStrictEqual([last.text, last.headers.connection], ['done', 'close']);
    assert.deepStrictEqual(await fn.exited, { code: 0, signal: null });
    assert.strictEqual(fn.terminationMessage(), '');
  });

  it('does not wait for idle connections', async (t) => {
    const fn = await start(t, SLOW);
    const agent = new http.Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    await Promise.all([1, 2, 3].map(() => fn.call('/', { agent })));
    const began = Date.now();
    fn.child.kill('SIGTERM');
    assert.deepStrictEqual(await fn.exited, { code: 0, signal: null });
    assert.ok(Date.now() - began < 1500);
  });

  it('gives a request that does not end its 504 and goes', async (t) => {
    const fn = await start(t, SLOW, { env: { FUNCTION_TIMEOUT_SECONDS: '0.5' } });
    const stuck = fn.call('/?ms=60000');
    await sleep(30);
    fn.child.kill('SIGTERM');
    assert.strictEqual((await stuck).status, 504);
    assert.deepStrictEqual(await fn.exited, { code: 0, signal: null });
  });

  it('is not cut short by a function that calls process.exit() on SIGTERM', async (t) => {
    const fn = await start(t, `process.on('SIGTERM', () => process.exit(0));\n${SLOW}`);
    const slow = fn.call('/?ms=500');
    await sleep(30);
    fn.child.kill('SIGTERM');
    assert.strictEqual((await slow).text, 'done');
    assert.deepStrictEqual(await fn.exited, { code: 0, signal: null });
  });

  it('during loading is immediate', async (t) => {
    const fn = run(t, { 'index.mjs': `console.error('{"message":"loading"}'); await new Promise(() => {});` });
    await fn.logged((l) => l.message === 'loading');
    fn.child.kill('SIGTERM');
    assert.deepStrictEqual(await fn.exited, { code: 0, signal: null });
  });
});
