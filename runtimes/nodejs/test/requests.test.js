'use strict';

const assert = require('node:assert');
const net = require('node:net');
const zlib = require('node:zlib');
const { describe, it } = require('node:test');
const { sleep, start } = require('../testing/harness');

const ECHO = `exports.handler = (req) => ({
  body: Buffer.isBuffer(req.body) ? { buffer: req.body.toString('hex') } : req.body,
  raw: req.rawBody && req.rawBody.toString('latin1'),
});`;

describe('requests', { concurrency: 4 }, () => {
  it('have what functions for the Functions Framework expect', async (t) => {
    const fn = await start(t, `exports.handler = (req, res) => {
      const { path, query, originalUrl, url, method, protocol, secure, host, hostname, ip, ips, xhr, params, id, baseUrl } = req;
      res.json({ path, query, originalUrl, url, method, protocol, secure, host, hostname, ip, ips, xhr, params, id, baseUrl,
        get: req.get('X-Test'), header: req.header('x-test'), referrer: req.get('Referrer'), missing: req.get('nope') === undefined,
        is: [req.is('json'), req.is('text/*'), req.is('html', 'application/json')],
        accepts: [req.accepts('html'), req.accepts(['json', 'text']), req.accepts('png'), req.accepts()],
        signal: req.signal instanceof AbortSignal, resReq: res.req === req, reqRes: req.res === res });
    };`);
    const { host, ...plain } = (await fn.call('/a%20b/c?x=1&y=a&y=b&z')).json();
    assert.match(host, /^127\.0\.0\.1:\d+$/);
    assert.deepStrictEqual(
      [plain.path, plain.query, plain.originalUrl, plain.method, plain.protocol, plain.secure, plain.hostname, plain.ip, plain.xhr],
      ['/a%20b/c', { x: '1', y: ['a', 'b'], z: '' }, '/a%20b/c?x=1&y=a&y=b&z', 'GET', 'http', false, '127.0.0.1', '127.0.0.1', false]);
    assert.deepStrictEqual([plain.params, plain.baseUrl, plain.missing, plain.signal, plain.resReq, plain.reqRes], [{}, '', true, true, true, true]);
    assert.match(plain.id, /^[0-9a-f-]{36}$/);

    const forwarded = (await fn.call('/', {
      method: 'POST', body: '{}',
      headers: {
        'Content-Type': 'application/json; charset=utf-8', 'X-Test': 'v', Referer: 'http://r/', 'X-Request-Id': 'abc-1', 'X-Forwarded-For': '1.2.3.4, 10.0.0.1',
        'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'shop.example.com:444', 'X-Requested-With': 'XMLHttpRequest', Accept: 'text/html;q=0.5, application/json',
      },
    })).json();
    assert.deepStrictEqual(
      [forwarded.get, forwarded.header, forwarded.referrer, forwarded.id, forwarded.ip, forwarded.ips, forwarded.secure, forwarded.hostname, forwarded.xhr],
      ['v', 'v', 'http://r/', 'abc-1', '1.2.3.4', ['1.2.3.4', '10.0.0.1'], true, 'shop.example.com', true]);
    assert.deepStrictEqual(forwarded.is, ['json', false, 'application/json']);
    assert.deepStrictEqual(forwarded.accepts, ['html', 'json', false, ['application/json', 'text/html']]);
    assert.notStrictEqual((await fn.call('/', { headers: { 'X-Request-Id': 'bad id\t{}' } })).json().id, 'bad id\t{}');
  });

  it('have their body parsed by its type, and raw', async (t) => {
    const fn = await start(t, ECHO);
    const post = async (type, body, headers = {}) =>
      (await fn.call('/', { method: 'POST', body, headers: { ...(type && { 'Content-Type': type }), ...headers } })).json();
    assert.deepStrictEqual(await post('application/json', '{"a":[1]}'), { body: { a: [1] }, raw: '{"a":[1]}' });
    assert.deepStrictEqual((await post('application/cloudevents+json', '\ufeff{"a":1}')).body, { a: 1 });
    assert.deepStrictEqual((await post('application/json', '"word"')).body, 'word');
    assert.deepStrictEqual(await post('application/x-www-form-urlencoded', 'a=1&b=x+y&b=%C3%A4'), { body: { a: '1', b: ['x y', 'ä'] }, raw: 'a=1&b=x+y&b=%C3%A4' });
    assert.strictEqual((await post('text/plain', 'grüße')).body, 'grüße');
    assert.strictEqual((await post('text/plain; charset=iso-8859-1', Buffer.from('grüße', 'latin1'))).body, 'grüße');
    assert.deepStrictEqual((await post('application/octet-stream', Buffer.from([0, 255]))).body, { buffer: '00ff' });
    assert.deepStrictEqual((await post(undefined, Buffer.from([1]))).body, { buffer: '01' });
    assert.deepStrictEqual(await post('application/json', ''), { body: {} });
    assert.deepStrictEqual((await fn.call('/')).json(), { body: {} });
    const chunked = await fn.call('/', { method: 'PUT', headers: { 'Content-Type': 'text/plain' }, onRequest: (r) => { r.write('a'); setTimeout(() => r.end('b'), 20); } });
    assert.strictEqual(chunked.json().body, 'ab');
    for (const [encoding, pack] of [['gzip', zlib.gzipSync], ['deflate', zlib.deflateSync], ['br', zlib.brotliCompressSync]]) {
      assert.deepStrictEqual((await post('application/json', pack('{"z":1}'), { 'Content-Encoding': encoding })).body, { z: 1 }, encoding);
    }
  });

  it('that cannot be parsed get an answer that says why', async (t) => {
    const fn = await start(t, ECHO);
    const post = (headers, body) => fn.call('/', { method: 'POST', body, headers });
    for (const [status, message, headers, body] of [
      [400, /no valid JSON/, { 'Content-Type': 'application/json' }, '{"a":'],
      [400, /no valid gzip/, { 'Content-Encoding': 'gzip' }, 'nope'],
      [415, /Content-Encoding "zstd"/, { 'Content-Encoding': 'zstd' }, 'x'],
      [415, /charset "klingon"/, { 'Content-Type': 'text/plain; charset=klingon' }, 'x'],
    ]) {
      const answer = await post(headers, body);
      assert.strictEqual(answer.status, status);
      assert.match(answer.json().message, message);
      assert.strictEqual(answer.headers['x-request-id'], answer.json().id);
    }
  });

  it('over the body limit are a 413: announced, chunked, unpacked, or asked for with Expect', async (t) => {
    const fn = await start(t, ECHO, { env: { FUNCTION_MAX_REQUEST_BYTES: '100000' } });
    const over = (a) => {
      assert.strictEqual(a.status, 413);
      assert.match(a.json().message, /larger than 100000 bytes.*FUNCTION_MAX_REQUEST_BYTES/);
    };
    const big = Buffer.alloc(3_000_000, 'x');
    over(await fn.call('/', { method: 'POST', body: big }));
    over(await fn.call('/', { method: 'POST', onRequest: (r) => { r.write(big); r.end(big); } }));
    over(await fn.call('/', { method: 'POST', body: zlib.gzipSync(Buffer.alloc(50_000_000)), headers: { 'Content-Encoding': 'gzip' } }));
    let continued = false;
    over(await fn.call('/', {
      method: 'POST', headers: { Expect: '100-continue', 'Content-Length': big.length },
      onRequest: (r) => { r.on('continue', () => (continued = true)); r.flushHeaders(); },
    }));
    assert.strictEqual(continued, false);
    assert.strictEqual((await fn.call('/', { method: 'POST', body: Buffer.alloc(100_000, 'y') })).status, 200);
    const asked = await fn.call('/', {
      method: 'POST', headers: { Expect: '100-continue', 'Content-Length': 2, 'Content-Type': 'text/plain' },
      onRequest: (r) => { r.on('continue', () => r.end('ok')); r.flushHeaders(); },
    });
    assert.strictEqual(asked.json().body, 'ok');
  });

  it('with headers over 16 KiB are a 431, and without HTTP a 400', async (t) => {
    const fn = await start(t, ECHO);
    const long = await fn.call('/', { headers: { 'X-Long': 'x'.repeat(20_000) } });
    assert.strictEqual(long.status, 431);
    assert.match(long.json().message, /larger than 16384 bytes/);
    const garbage = await new Promise((resolve, reject) => {
      let text = '';
      const socket = net.connect(fn.port, '127.0.0.1', () => socket.write('what is this\r\n\r\n'));
      socket.on('data', (d) => (text += d)).on('end', () => resolve(text)).on('error', reject);
    });
    assert.match(garbage, /^HTTP\/1\.1 400 Bad Request\r\n[^]*no valid HTTP/);
  });

  it('keep their connection for longer than usual proxies do', async (t) => {
    const fn = await start(t, ECHO);
    assert.match((await fn.call('/', { headers: { Connection: 'keep-alive' } })).headers['keep-alive'], /timeout=75/);
  });

  it('over the concurrency wait in a bounded queue, then get a 503 with Retry-After', async (t) => {
    const fn = await start(t, `
      let running = 0, most = 0;
      exports.handler = async (req) => {
        most = Math.max(most, ++running);
        await new Promise((r) => setTimeout(r, 200));
        running--;
        return { most };
      };`, { env: { FUNCTION_CONCURRENCY: '2', FUNCTION_QUEUE_LENGTH: '3' } });
    const answers = await Promise.all(Array.from({ length: 8 }, () => fn.call('/')));
    assert.deepStrictEqual(answers.map((a) => a.status).sort(), [200, 200, 200, 200, 200, 503, 503, 503]);
    const refused = answers.find((a) => a.status === 503);
    assert.strictEqual(refused.headers['retry-after'], '1');
    assert.match(refused.json().message, /works on 2 requests and 3 wait.*spec\.scaling/);
    assert.deepStrictEqual(answers.filter((a) => a.status === 200).map((a) => a.json().most), [2, 2, 2, 2, 2]);
  });

  it('whose client leaves the queue or the handler free their place, and abort req.signal', async (t) => {
    const fn = await start(t, `
      let aborted = 0;
      exports.handler = (req, res) => {
        if (req.path === '/aborted') return res.json({ aborted });
        req.signal.addEventListener('abort', () => aborted++);
      };`, { env: { FUNCTION_CONCURRENCY: '1', FUNCTION_QUEUE_LENGTH: '1' } });
    const leave = (ms) => new Promise((resolve) => fn.call('/', { onRequest: (r) => { r.end(); setTimeout(() => r.destroy(), ms); } }).catch(resolve));
    await Promise.all([leave(200), leave(100)]);
    await sleep(50);
    const answer = await fn.call('/aborted');
    assert.deepStrictEqual([answer.status, answer.text], [200, '{"aborted":1}']);
    assert.strictEqual(await fn.metric('kublambda_function_requests_in_flight'), 0);
  });
});
