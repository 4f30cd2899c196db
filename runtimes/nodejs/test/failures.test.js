'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { run, sleep, start } = require('../testing/harness');

describe('failures', { concurrency: 4 }, () => {
  it('of a handler are a 500 with an id, and one log line with the id, the stack and the request', async (t) => {
    const fn = await start(t, `exports.handler = (req, res) => {
      switch (req.path) {
        case '/throw': res.set('X-Secret', 's'); throw new TypeError('sync boom');
        case '/reject': return Promise.reject(new Error('async boom', { cause: new Error('the cause') }));
        case '/string': throw 'just text';
        case '/undefined': return Promise.reject();
        default: return res.send('fine');
      }
    };`);
    const answer = await fn.call('/throw?token=hidden', { headers: { 'User-Agent': 'tester' } });
    assert.deepStrictEqual([answer.status, answer.headers['content-type'], answer.headers['x-secret']], [500, 'application/json; charset=utf-8', undefined]);
    assert.deepStrictEqual(Object.keys(answer.json()), ['error', 'message', 'id']);
    assert.strictEqual(answer.headers['x-request-id'], answer.json().id);
    assert.doesNotMatch(answer.text, /boom|index\.js/);
    const line = await fn.logged((l) => l.id === answer.json().id);
    assert.deepStrictEqual([line.level, line.lambda, line.revision], ['error', 'test/fn', 'abcdef012345']);
    assert.deepStrictEqual(line.request, { method: 'GET', path: '/throw', userAgent: 'tester' });
    assert.match(line.error.stack, /TypeError: sync boom\n.*index\.js:3/);
    assert.strictEqual(fn.logs().filter((l) => l.id === answer.json().id).length, 1);

    const rejected = await fn.call('/reject', { headers: { 'X-Request-Id': 'given' } });
    assert.deepStrictEqual([rejected.status, rejected.json().id], [500, 'given']);
    assert.match((await fn.logged((l) => l.id === 'given')).error.cause, /the cause/);
    for (const path of ['/string', '/undefined']) assert.strictEqual((await fn.call(path)).status, 500);
    assert.strictEqual((await fn.call('/')).text, 'fine');
    assert.strictEqual(await fn.metric('kublambda_function_errors_total{reason="exception"}'), 4);
  });

  it('in the middle of a streamed answer cut it off', async (t) => {
    const fn = await start(t, `exports.handler = async (req, res) => { res.write('part'); await null; throw new Error('too late'); };`);
    await assert.rejects(fn.call('/'), /aborted|socket hang up|ECONNRESET/);
    assert.match((await fn.logged((l) => l.error)).error.message, /too late/);
  });

  it('to answer in time are a 504, and what the handler does later harms nobody', async (t) => {
    const fn = await start(t, `exports.handler = (req, res) => {
      switch (req.path) {
        case '/never': return;
        case '/forever': return new Promise(() => {});
        case '/late': setTimeout(() => { res.set('A', 'b'); res.status(200).json({}); res.write('x'); res.end(); }, 700); return;
        case '/late-throw': return new Promise((_, no) => setTimeout(() => no(new Error('later')), 700));
        case '/half': res.write('half'); return;
        default: return 'fine';
      }
    };`, { env: { FUNCTION_TIMEOUT_SECONDS: '0.4' } });
    const paths = ['/never', '/forever', '/late', '/late-throw'];
    const answers = await Promise.all(paths.map((p) => fn.call(p)));
    for (const answer of answers) {
      assert.strictEqual(answer.status, 504);
      assert.match(answer.json().message, /did not answer within 0\.4 s.*spec\.timeoutSeconds/);
    }
    await assert.rejects(fn.call('/half'), /aborted|socket hang up|ECONNRESET/);
    await fn.logged((l) => /after its request had been answered/.test(l.message) && l.error.message === 'later');
    await sleep(100);
    assert.strictEqual((await fn.call('/')).text, 'fine');
    const slow = await fn.call('/', { method: 'POST', headers: { 'Content-Length': 10 }, onRequest: (r) => r.write('a') });
    assert.strictEqual(slow.status, 408);
  });

  it('to stop writing after the end are logged, not fatal', async (t) => {
    const fn = await start(t, `exports.handler = (req, res) => { res.end('one'); setTimeout(() => res.write('two'), 20); };`);
    assert.strictEqual((await fn.call('/')).text, 'one');
    await sleep(80);
    assert.strictEqual((await fn.call('/')).text, 'one');
  });

  for (const [what, code, expected] of [
    ['an exception outside of a request', `setTimeout(() => { throw new RangeError('loose'); }, 20)`, /outside of a request: RangeError: loose \(at index\.js:2\)\nRemedy: await/],
    ['a rejection that nobody handles', `Promise.reject(new Error('floating'))`, /promise was rejected and nobody handled it: Error: floating \(at index\.js:2\)\nRemedy: await/],
    ['a rejection without an error', `Promise.reject(undefined)`, /nobody handled it: .*reason "undefined"/],
  ]) {
    it(`by ${what} answer 500 to what is in flight, say so in the termination log and end the process`, async (t) => {
      const fn = await start(t, `exports.handler = (req, res) => {
        if (req.path === '/boom') { ${code}; }
      };`);
      const bystander = fn.call('/');
      const answer = await fn.call('/boom');
      assert.deepStrictEqual([answer.status, answer.json().error], [500, 'crashed']);
      assert.strictEqual((await bystander).status, 500);
      assert.deepStrictEqual(await fn.exited, { code: 1, signal: null });
      assert.match(fn.terminationMessage(), expected);
      assert.ok(fn.logs().some((l) => expected.test(l.message) && l.error));
    });
  }

  for (const [call, code] of [['process.exit()', 1], ['process.exit(0)', 1], ['process.exit(3)', 3]]) {
    it(`by ${call} answer 500 to what is in flight and say who called it`, async (t) => {
      const fn = await start(t, `exports.handler = (req, res) => {
        if (req.path === '/exit') ${call};
      };`);
      const bystander = fn.call('/');
      const answer = await fn.call('/exit');
      assert.deepStrictEqual([answer.status, answer.json().error, (await bystander).status], [500, 'exited', 500]);
      assert.deepStrictEqual(await fn.exited, { code, signal: null });
      assert.match(fn.terminationMessage(), /called process\.exit\(\d?\) at index\.js:2, .*\nRemedy: return or throw/);
    });
  }

  it('by a blocked event loop answer 504 and end the process, saying where it blocks', async (t) => {
    const sources = {
      loop: `exports.handler = function spin(req, res) {\n  if (req.path === '/block') while (true);\n};`,
      regexp: `exports.handler = (req, res) => {\n  if (req.path === '/block') /(a+)+$/.test('a'.repeat(64) + 'b');\n};`,
    };
    await Promise.all(Object.entries(sources).map(async ([name, source]) => {
      const fn = await start(t, source, { env: { FUNCTION_TIMEOUT_SECONDS: '0.5' } });
      const answer = await fn.call('/block');
      assert.deepStrictEqual([answer.status, answer.json().error], [504, 'blocked'], name);
      assert.deepStrictEqual(await fn.exited, { code: 70, signal: null });
      assert.match(fn.terminationMessage(), /blocked the event loop for longer than its timeout of 0\.5 s \(at index\.js:2.*\)\.\nRemedy: /);
    }));
  });

  it('by waiting in a system call are named in the termination log, and the process is killed', async (t) => {
    const fn = await start(t, `exports.handler = () => require('child_process').execSync('sleep 20');`, { env: { FUNCTION_TIMEOUT_SECONDS: '0.3' } });
    await assert.rejects(fn.call('/'), /socket hang up|ECONNRESET/);
    assert.strictEqual((await fn.exited).signal, 'SIGKILL');
    assert.match(fn.terminationMessage(), /blocked the event loop/);
  });

  it('do not come from work that is merely long but shorter than the timeout', async (t) => {
    const fn = await start(t, `exports.handler = () => { const end = Date.now() + 600; while (Date.now() < end); return 'done'; };`, { env: { FUNCTION_TIMEOUT_SECONDS: '1' } });
    assert.strictEqual((await fn.call('/')).text, 'done');
    assert.strictEqual((await fn.call('/')).text, 'done');
  });

  it('of settings name the variable', async (t) => {
    const fn = run(t, 'exports.handler = () => 1;', { env: { FUNCTION_TIMEOUT_SECONDS: 'soon' } });
    assert.deepStrictEqual(await fn.exited, { code: 64, signal: null });
    assert.match(fn.terminationMessage(), /^FUNCTION_TIMEOUT_SECONDS is "soon".*\nRemedy: .*its default, 60/);
  });
});
