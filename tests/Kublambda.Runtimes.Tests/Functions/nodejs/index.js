'use strict';

// The function of the conformance suite. Those of the other languages do the same: ../README.md.

const { Readable } = require('node:stream');
const { setTimeout: sleep } = require('node:timers/promises');

let running = 0;
let most = 0;
let left = 0;

exports.handler = async (req) => {
  switch (req.path) {
    case '/echo':
      return {
        method: req.method, path: req.path, query: req.query, header: req.get('X-Test'), body: req.rawBody?.toString('base64') ?? '',
      };
    case '/bytes':
      return { status: 200, headers: { 'Content-Type': 'application/octet-stream' }, body: req.rawBody };
    case '/made':
      return { status: 201, headers: { 'X-Made': 'yes' }, body: 'made' };
    case '/json':
      return { hello: 'Ada', list: [1, null, 'ü'] };
    case '/text':
      return 'grüße';
    case '/nothing':
      return undefined;
    case '/stream':
      return Readable.from(pieces());
    case '/broken-stream':
      return Readable.from(broken());
    case '/throw':
      throw new TypeError('boom');
    case '/slow':
      await sleep(Number(req.query.ms));
      return 'slow';
    case '/large':
      return Buffer.alloc(Number(req.query.bytes), 'x');
    case '/busy':
      most = Math.max(most, ++running);
      await sleep(300);
      running--;
      return { most };
    case '/endless':
      return Readable.from(endless());
    case '/left':
      return { left };
    case '/header':
      return { status: 200, headers: { 'X-Value': req.query.value }, body: 'set' };
    case '/live-bytes':
      require('node:v8').setFlagsFromString('--expose-gc');
      require('node:vm').runInNewContext('gc')();
      return process.memoryUsage().heapUsed;
    default:
      return '';
  }
};

async function* pieces() {
  for (const piece of ['one', 'two', 'three']) {
    yield `${piece}\n`;
    await sleep(300);
  }
}

async function* endless() {
  try {
    while (true) {
      yield 'on\n';
      await sleep(20);
    }
  } finally {
    left++;
  }
}

async function* broken() {
  yield 'part';
  await sleep(50);
  throw new Error('in the middle');
}

exports.event = async (event) => {
  if (event.type === 'throw') throw new Error('boom');
  if (event.type === 'silent') return undefined;
  const { data, ...attributes } = event;
  return { attributes, data: Buffer.isBuffer(data) ? { base64: data.toString('base64') } : data };
};
