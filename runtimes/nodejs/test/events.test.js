'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { start } = require('../testing/harness');

const CLOUDEVENT = { env: { FUNCTION_SIGNATURE_TYPE: 'cloudevent' } };
const BINARY = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/test', 'ce-type': 'test.made' };
const JSON_EVENT = 'application/cloudevents+json; charset=utf-8';

describe('events', { concurrency: 4 }, () => {
  it('come in binary mode, with attributes decoded once and data by its type', async (t) => {
    const fn = await start(t, `exports.handler = (event) => event;`, CLOUDEVENT);
    const sent = await fn.call('/', {
      method: 'POST', body: '{"a":1}',
      headers: { ...BINARY, 'ce-subject': 'gr%C3%BC%C3%9Fe%2520', 'ce-datacontenttype': 'text/lies', 'Content-Type': 'application/json' },
    });
    assert.deepStrictEqual(sent.json(), {
      specversion: '1.0', id: '1', source: '/test', type: 'test.made', subject: 'grüße%20', datacontenttype: 'application/json', data: { a: 1 },
    });
    assert.strictEqual((await fn.call('/', { method: 'POST', headers: BINARY })).json().data, undefined);
  });

  it('come in structured mode, base64 data as bytes', async (t) => {
    const fn = await start(t, `exports.handler = (event) => Buffer.isBuffer(event.data) ? event.data.toString('hex') : event;`, CLOUDEVENT);
    const event = { specversion: '1.0', id: '2', source: '/s', type: 't', kind: 'Pod', data: { b: [1] } };
    const post = (body) => fn.call('/', { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': JSON_EVENT } });
    assert.deepStrictEqual((await post(event)).json(), event);
    assert.strictEqual((await post({ ...event, data: undefined, data_base64: 'AP8=' })).text, '00ff');
  });

  it('that are none get a 400 that says why', async (t) => {
    const fn = await start(t, `exports.handler = () => 'never';`, CLOUDEVENT);
    for (const [message, headers, body] of [
      [/no CloudEvent/, {}, ''],
      [/lacks id/, { ...BINARY, 'ce-id': '' }, ''],
      [/specversion is 7/, { ...BINARY, 'ce-specversion': '7' }, ''],
      [/percent-encoded UTF-8/, { ...BINARY, 'ce-subject': '%ff' }, ''],
      [/batch/, { 'Content-Type': 'application/cloudevents-batch+json' }, '[]'],
      [/application\/cloudevents\+avro is not known/, { 'Content-Type': 'application/cloudevents+avro' }, 'x'],
      [/no JSON object/, { 'Content-Type': JSON_EVENT }, '[]'],
      [/both data and data_base64/, { 'Content-Type': JSON_EVENT }, '{"data":1,"data_base64":"AA=="}'],
    ]) {
      const answer = await fn.call('/', { method: 'POST', headers, body });
      assert.deepStrictEqual([answer.status, answer.json().error], [400, 'bad_event'], answer.text);
      assert.match(answer.json().message, message);
    }
  });

  it('are answered by nothing, a value, a callback, or an error', async (t) => {
    const fn = await start(t, `
      exports.handler = (event, done) => {
        if (event.type === 'throws') throw new Error('no');
        if (event.type === 'fails') return done(new Error('no'));
        return done(null, event.type === 'value' ? { ok: 1 } : undefined);
      };`, CLOUDEVENT);
    const post = async (type) => (await fn.call('/', { method: 'POST', headers: { ...BINARY, 'ce-type': type } }));
    assert.strictEqual((await post('x')).status, 204);
    assert.deepStrictEqual((await post('value')).json(), { ok: 1 });
    assert.strictEqual((await post('throws')).status, 500);
    assert.strictEqual((await post('fails')).status, 500);
  });

  it('reach functions that were registered with the Functions Framework, from CommonJS and from ES modules', async (t) => {
    const cjs = await start(t, `require('@google-cloud/functions-framework').cloudEvent('handler', (event) => event.id);`);
    assert.strictEqual((await cjs.call('/', { method: 'POST', headers: BINARY })).text, '1');
    const esm = await start(t, { 'index.mjs': `import { http } from '@google-cloud/functions-framework'; http('handler', (req, res) => res.send('hi'));` });
    assert.strictEqual((await esm.call('/')).text, 'hi');
  });

  it('reach functions by the names, and with the signatures, that the package of their own keeps', async (t) => {
    const home = 'node_modules/@google-cloud/functions-framework';
    const fn = await start(t, {
      [`${home}/package.json`]: '{"name": "@google-cloud/functions-framework", "main": "build/src/index.js", "exports": {".": "./build/src/index.js"}}',
      [`${home}/build/src/index.js`]: `exports.cloudEvent = (name, handler) => require('./function_registry').register(name, 'cloudevent', handler);`,
      [`${home}/build/src/function_registry.js`]: `
        const all = new Map();
        exports.register = (name, signatureType, userFunction) => all.set(name, { signatureType, userFunction });
        exports.getRegisteredFunction = (name) => all.get(name);`,
      'index.js': `require('@google-cloud/functions-framework').cloudEvent('on-made', (event) => [event.id, event.traceparent].join());`,
    }, { env: { FUNCTION_TARGET: 'index.on-made' } });
    assert.strictEqual((await fn.call('/', { method: 'POST', headers: { ...BINARY, traceparent: '00-a-b-01' } })).text, '1,00-a-b-01');
  });
});
