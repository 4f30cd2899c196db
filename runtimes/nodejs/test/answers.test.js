'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { start } = require('../testing/harness');

describe('answers', { concurrency: 4 }, () => {
  it('come from res, as in the Functions Framework', async (t) => {
    const fn = await start(t, `exports.handler = (req, res) => {
      switch (req.path) {
        case '/text': return res.send('hi');
        case '/json': return res.status(201).json({ a: 1 });
        case '/object': return res.send({ a: [1, null] });
        case '/buffer': return res.send(Buffer.from([0, 255, 1]));
        case '/none': return res.send();
        case '/status': return res.sendStatus(404);
        case '/204': return res.status(204).send('never seen');
        case '/type': return res.type('svg').send('<svg/>');
        case '/set': res.set({ 'X-A': 1, 'X-B': ['1', '2'] }); return res.set('X-C', 'c').header('X-D', 'd').send(res.get('X-C'));
        case '/redirect': return res.redirect('/näxt?a=%20b');
        case '/moved': return res.redirect(301, 'https://example.com/');
        case '/cookie': return res.cookie('a', 'b c', { httpOnly: true, maxAge: 1000, sameSite: 'lax' }).clearCookie('old').end();
        case '/append': return res.append('Vary', 'A').append('Vary', 'B').vary('C').end('x');
        case '/late': return setTimeout(() => res.send('late'), 20);
        case '/locals': res.locals.x = 1; return res.json(res.locals);
        case '/badstatus': return res.status(42).end();
      }
    };`);
    const get = (p) => fn.call(p);

    const text = await get('/text');
    assert.deepStrictEqual([text.status, text.text, text.headers['content-type'], text.headers['content-length']], [200, 'hi', 'text/html; charset=utf-8', '2']);
    const json = await get('/json');
    assert.deepStrictEqual([json.status, json.text, json.headers['content-type']], [201, '{"a":1}', 'application/json; charset=utf-8']);
    assert.deepStrictEqual((await get('/object')).json(), { a: [1, null] });
    const buffer = await get('/buffer');
    assert.deepStrictEqual([[...buffer.bytes], buffer.headers['content-type']], [[0, 255, 1], 'application/octet-stream']);
    const none = await get('/none');
    assert.deepStrictEqual([none.status, none.text, none.headers['content-length']], [200, '', '0']);
    const status = await get('/status');
    assert.deepStrictEqual([status.status, status.text], [404, 'Not Found']);
    const noContent = await get('/204');
    assert.deepStrictEqual([noContent.status, noContent.text, noContent.headers['content-length']], [204, '', undefined]);
    assert.strictEqual((await get('/type')).headers['content-type'], 'image/svg+xml; charset=utf-8');
    const set = await get('/set');
    assert.deepStrictEqual([set.headers['x-a'], set.headers['x-b'], set.headers['x-d'], set.text], ['1', '1, 2', 'd', 'c']);
    const redirect = await get('/redirect');
    assert.deepStrictEqual([redirect.status, redirect.headers.location], [302, '/n%C3%A4xt?a=%20b']);
    assert.strictEqual((await get('/moved')).status, 301);
    const [cookie, cleared] = (await get('/cookie')).headers['set-cookie'];
    assert.match(cookie, /^a=b%20c; Path=\/; Max-Age=1; Expires=.* GMT; HttpOnly; SameSite=Lax$/);
    assert.match(cleared, /^old=; Path=\/; Expires=Thu, 01 Jan 1970/);
    assert.strictEqual((await get('/append')).headers.vary, 'A, B, C');
    assert.strictEqual((await get('/late')).text, 'late');
    assert.deepStrictEqual((await get('/locals')).json(), { x: 1 });
    assert.strictEqual((await get('/badstatus')).status, 500);
  });

  it('may be returned instead, as a value or a promise of one', async (t) => {
    const fn = await start(t, `
      const { Readable } = require('node:stream');
      const values = {
        '/string': () => 'plain',
        '/object': () => ({ a: 1 }),
        '/array': () => [1, 2],
        '/number': () => 7,
        '/buffer': () => Buffer.from([1, 2, 250]),
        '/nothing': () => undefined,
        '/null': () => null,
        '/empty': () => '',
        '/envelope': () => ({ status: 201, headers: { 'X-A': 'b', 'Content-Type': 'text/css' }, body: 'a{}' }),
        '/envelope-json': () => ({ status: 202, body: { ok: true } }),
        '/envelope-empty': () => ({ status: 404 }),
        '/data': () => ({ status: 201, headers: {}, body: '', more: 1 }),
        '/word': () => ({ status: 'shipped' }),
        '/stream': () => Readable.from(['a', 'b', 'c']),
        '/web': () => new Response('web', { status: 203, headers: { 'x-w': '1' } }),
        '/circular': () => { const a = {}; a.a = a; return a; },
        '/bigint': () => ({ n: 1n }),
        '/bad-envelope': () => ({ status: 42, body: 'x' }),
        '/bad-header': () => ({ status: 200, headers: { 'X-A': 'a\\r\\nB: c' }, body: 'x' }),
      };
      exports.handler = async (req) => values[req.path]();`);
    const get = async (p) => {
      const { status, text, headers } = await fn.call(p);
      return [status, text, headers['content-type']];
    };
    assert.deepStrictEqual(await get('/string'), [200, 'plain', 'text/plain; charset=utf-8']);
    assert.deepStrictEqual(await get('/object'), [200, '{"a":1}', 'application/json; charset=utf-8']);
    assert.deepStrictEqual(await get('/array'), [200, '[1,2]', 'application/json; charset=utf-8']);
    assert.deepStrictEqual(await get('/number'), [200, '7', 'application/json; charset=utf-8']);
    assert.deepStrictEqual([...(await fn.call('/buffer')).bytes], [1, 2, 250]);
    assert.deepStrictEqual(await get('/nothing'), [204, '', undefined]);
    assert.deepStrictEqual(await get('/null'), [204, '', undefined]);
    assert.deepStrictEqual(await get('/empty'), [200, '', 'text/plain; charset=utf-8']);
    assert.deepStrictEqual(await get('/envelope'), [201, 'a{}', 'text/css']);
    assert.deepStrictEqual(await get('/envelope-json'), [202, '{"ok":true}', 'application/json; charset=utf-8']);
    assert.deepStrictEqual(await get('/envelope-empty'), [404, '', undefined]);
    assert.deepStrictEqual(await get('/data'), [200, '{"status":201,"headers":{},"body":"","more":1}', 'application/json; charset=utf-8']);
    assert.deepStrictEqual(await get('/word'), [200, '{"status":"shipped"}', 'application/json; charset=utf-8']);
    assert.strictEqual((await get('/stream'))[1], 'abc');
    assert.deepStrictEqual((await get('/web')).slice(0, 2), [203, 'web']);
    for (const bad of ['/circular', '/bigint', '/bad-envelope', '/bad-header']) assert.strictEqual((await get(bad))[0], 500, bad);

    const sync = await start(t, `exports.handler = () => ({ status: 201, body: 'now' });`);
    assert.strictEqual((await sync.call('/')).status, 201);
  });

  it('that are returned are ignored once res was used, and merged with the status and headers set before', async (t) => {
    const fn = await start(t, `
      exports.handler = async (req, res) => {
        switch (req.path) {
          case '/both': res.send('res'); return 'returned';
          case '/streaming': res.write('a'); setTimeout(() => res.end('b'), 20); return { c: 1 };
          case '/merged': res.status(202).set('X-A', '1'); return { ok: true };
          case '/waits': setTimeout(() => res.end('waited'), 20); return;
          case '/null': return null;
        }
      };`);
    assert.strictEqual((await fn.call('/both')).text, 'res');
    assert.strictEqual((await fn.call('/streaming')).text, 'ab');
    const merged = await fn.call('/merged');
    assert.deepStrictEqual([merged.status, merged.headers['x-a'], merged.text], [202, '1', '{"ok":true}']);
    assert.strictEqual((await fn.call('/waits')).text, 'waited');
    assert.strictEqual((await fn.call('/null')).status, 204);
    const timer = await start(t, `exports.handler = (req, res) => setTimeout(() => res.end('timer'), 20);`);
    assert.strictEqual((await timer.call('/')).text, 'timer');
  });

  it('can be streamed, piece by piece', async (t) => {
    const fn = await start(t, `exports.handler = (req, res) => {
      res.type('txt').write('first');
      setTimeout(() => res.end('second'), 150);
    };`);
    let firstAt;
    const answer = await fn.call('/', { onRequest: (r) => { r.on('response', (res) => res.once('data', () => (firstAt = Date.now()))); r.end(); } });
    assert.ok(Date.now() - firstAt >= 100, 'the first piece came before the last');
    assert.deepStrictEqual([answer.text, answer.headers['transfer-encoding']], ['firstsecond', 'chunked']);
  });

  it('to HEAD have no body, and OPTIONS reaches the handler', async (t) => {
    const fn = await start(t, `exports.handler = (req, res) => req.method === 'OPTIONS'
      ? res.set('Access-Control-Allow-Origin', '*').sendStatus(204) : res.send('body');`);
    const head = await fn.call('/', { method: 'HEAD' });
    assert.deepStrictEqual([head.status, head.headers['content-length'], head.text], [200, '4', '']);
    const options = await fn.call('/', { method: 'OPTIONS' });
    assert.deepStrictEqual([options.status, options.headers['access-control-allow-origin']], [204, '*']);
  });

  it('over the limit are a 502 that names limit and remedy, unless streamed', async (t) => {
    const fn = await start(t, `
      const big = 'x'.repeat(10 * 1024 * 1024);
      exports.handler = (req, res) => {
        switch (req.path) {
          case '/send': res.set('X-Secret', 's'); return res.send(big);
          case '/end': return res.end(Buffer.from(big));
          case '/return': return big;
          case '/json': return { big };
          case '/fits': return 'y'.repeat(6 * 1024 * 1024);
          case '/stream': for (let i = 0; i < 10; i++) res.write(big.slice(0, 1024 * 1024)); return res.end();
        }
      };`);
    for (const path of ['/send', '/end', '/return', '/json']) {
      const answer = await fn.call(path);
      assert.strictEqual(answer.status, 502, path);
      assert.match(answer.json().message, /more than the limit of 6291456.*res\.write\(\).*FUNCTION_MAX_RESPONSE_BYTES/);
      assert.strictEqual(answer.headers['x-secret'], undefined);
    }
    assert.strictEqual((await fn.call('/fits')).bytes.length, 6 * 1024 * 1024);
    assert.strictEqual((await fn.call('/stream')).bytes.length, 10 * 1024 * 1024);
    assert.strictEqual(await fn.metric('kublambda_function_errors_total{reason="response_too_large"}'), 4);
  });

  it('of an application that puts its own prototypes on req and res, as Express does, are bounded too', async (t) => {
    const fn = await start(t, `
      const http = require('node:http');
      const request = Object.create(http.IncomingMessage.prototype);
      const response = Object.create(http.ServerResponse.prototype);
      const app = (req, res, next) => app.handle(req, res, next);
      app.handle = (req, res) => {
        req.baseUrl = ''; req.query = { own: 1 }; req.params = {}; req.originalUrl = req.originalUrl || req.url; res.locals = {};
        Object.setPrototypeOf(req, request); Object.setPrototypeOf(res, response);
        if (req.url === '/throw') throw new Error('x');
        res.end(req.url === '/big' ? 'x'.repeat(7 * 1024 * 1024) : JSON.stringify([req.query, req.body, req._body]));
      };
      exports.handler = app;`);
    const small = await fn.call('/', { method: 'POST', body: '{"a":1}', headers: { 'Content-Type': 'application/json' } });
    assert.strictEqual(small.text, '[{"own":1},{"a":1},true]');
    assert.strictEqual((await fn.call('/big')).status, 502);
    assert.strictEqual((await fn.call('/throw')).status, 500);
  });

  it('that are streamed without regard to a client that does not read are cut off', async (t) => {
    const fn = await start(t, `exports.handler = (req, res) => {
      res.on('close', () => clearInterval(timer));
      const timer = setInterval(() => { for (let i = 0; i < 8; i++) res.write(Buffer.alloc(65536)); }, 1);
    };`, { env: { FUNCTION_MAX_RESPONSE_BYTES: '1048576' } });
    await assert.rejects(new Promise((resolve, reject) => {
      fn.call('/', { onRequest: (r) => { r.on('response', (res) => { res.pause(); setTimeout(() => res.resume(), 1500); }); r.end(); } }).then(resolve, reject);
    }), /aborted|socket hang up|ECONNRESET/);
    await fn.logged((l) => /more than the limit/.test(l.message));
  });
});
