'use strict';

const assert = require('node:assert');
const { it } = require('node:test');
const { call, freePort, run, start } = require('../testing/harness');

it('the admin port says live and not ready while the function loads', async (t) => {
  const port = await freePort();
  const fn = run(t, { 'index.mjs': `console.error('{"message":"loading"}'); await new Promise((r) => setTimeout(r, 400)); export const handler = () => 1;` }, { env: { ADMIN_PORT: String(port) } });
  await fn.logged((l) => l.message === 'loading');
  const loading = await call(port, '/healthz/ready');
  assert.deepStrictEqual([loading.status, loading.text], [503, 'loading\n']);
  assert.strictEqual((await call(port, '/healthz/live')).status, 200);
  await fn.ready();
  assert.strictEqual((await call(port, '/healthz/ready')).status, 200);
});

it('the metrics count requests by code, errors by reason and time, as Prometheus reads them', async (t) => {
  const fn = await start(t, `exports.handler = (req, res) => { if (req.path === '/throw') throw new Error('x'); return req.path === '/slow' ? new Promise((r) => setTimeout(r, 300, 'slow')) : 'ok'; };`);
  await Promise.all(['/', '/', '/throw'].map((p) => fn.call(p)));
  const slow = fn.call('/slow');
  await fn.call('/');
  assert.strictEqual(await fn.metric('kublambda_function_requests_in_flight'), 1);
  await slow;
  const { text, headers } = await fn.admin('/metrics');
  assert.strictEqual(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  for (const line of text.trimEnd().split('\n')) assert.match(line, /^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"]*"\})? [\d.e+-]+)$/);
  assert.match(text, /kublambda_function_requests_total\{code="200"\} 4\n/);
  assert.match(text, /kublambda_function_requests_total\{code="500"\} 1\n/);
  assert.match(text, /kublambda_function_errors_total\{reason="exception"\} 1\n/);
  assert.match(text, /duration_seconds_bucket\{le="0\.25"\} 4\n.*\{le="0\.5"\} 5\n/);
  assert.match(text, /duration_seconds_count 5\n/);
  assert.match(text, /kublambda_function_ready 1\n/);
});

it('the admin port knows nothing else', async (t) => {
  const fn = await start(t, `exports.handler = () => 1;`);
  assert.strictEqual((await fn.admin('/')).status, 404);
  assert.strictEqual((await call(fn.adminPort, '/metrics', { method: 'POST' })).status, 405);
  assert.strictEqual((await call(fn.adminPort, '/healthz/live', { method: 'HEAD' })).status, 200);
});

it('10,000 requests in a row leave no memory behind', async (t) => {
  const http = require('node:http');
  const fn = await start(t, `exports.handler = async (req, res) => {
    if (req.path === '/heap') { global.gc(); global.gc(); return process.memoryUsage().heapUsed; }
    req.signal;
    return { body: req.body, at: req.get('host') };
  };`, { nodeFlags: ['--expose-gc'] });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  t.after(() => agent.destroy());
  const calls = async (n) => {
    await Promise.all(Array.from({ length: 8 }, async () => {
      for (let i = 0; i < n / 8; i++) {
        const answer = await fn.call('/', { method: 'POST', body: '{"a":1}', agent, headers: { 'Content-Type': 'application/json' } });
        assert.strictEqual(answer.status, 200);
      }
    }));
    return Number((await fn.call('/heap', { agent })).text);
  };
  const before = await calls(2000);
  const after = await calls(10_000);
  assert.ok(after - before < 1024 * 1024, `the heap grew from ${before} to ${after} bytes`);
});
