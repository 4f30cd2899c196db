'use strict';

const querystring = require('node:querystring');
const zlib = require('node:zlib');
const { promisify } = require('node:util');
const { mediaType } = require('./request');

const unpack = { gzip: promisify(zlib.gunzip), deflate: promisify(zlib.inflate), br: promisify(zlib.brotliDecompress) };

/** A request that gets an answer of its own before the handler sees it. */
class Refusal extends Error {
  constructor(status, reason, message) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

const hasBody = (req) => req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;

const tooLarge = (maxBytes) => new Refusal(
  413, 'request_too_large', `The request's body is larger than ${maxBytes} bytes. Send less, or raise FUNCTION_MAX_REQUEST_BYTES.`);

/** Whether the headers alone say that the body is over the limit. */
const announcesTooMuch = (req, maxBytes) => Number(req.headers['content-length'] ?? 0) > maxBytes;

/** Reads the body and sets req.rawBody and req.body; rejects with a Refusal. The limit holds for the unpacked body too. */
async function readBody(req, maxBytes) {
  const packed = await collect(req, maxBytes);
  req.rawBody = await decode(packed, req.headers['content-encoding'], maxBytes);
  req.body = parse(req.rawBody, req.headers['content-type']);
  // What body parsers for Express look at: this body is read already.
  req._body = true;
}

function collect(req, maxBytes) {
  if (announcesTooMuch(req, maxBytes)) return Promise.reject(tooLarge(maxBytes));
  return new Promise((resolve, reject) => {
    const chunks = [];
    let size = 0;
    req.on('data', (chunk) => {
      size += chunk.length;
      if (size <= maxBytes) return chunks.push(chunk);
      chunks.length = 0;
      return reject(tooLarge(maxBytes));
    });
    req.on('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    req.on('close', () => reject(new Refusal(400, 'bad_request', 'The client left before its request was complete.')));
  });
}

async function decode(bytes, encoding, maxBytes) {
  if (!encoding || encoding.toLowerCase() === 'identity') return bytes;
  const run = unpack[encoding.toLowerCase()];
  if (!run) {
    throw new Refusal(415, 'bad_request', `The Content-Encoding "${encoding}" is not known. Use gzip, deflate, br or none.`);
  }
  try {
    return await run(bytes, { maxOutputLength: Math.max(maxBytes, 1) });
  } catch (error) {
    if (error.code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    throw new Refusal(400, 'bad_request', `The request's body is no valid ${encoding}: ${error.message}.`);
  }
}

/** JSON, forms and text are parsed; everything else stays a Buffer. */
function parse(bytes, contentType) {
  const type = mediaType(contentType);
  if (!type) return bytes;
  if (type === 'application/json' || type.endsWith('+json')) return parseJson(bytes);
  if (type === 'application/x-www-form-urlencoded') return { ...querystring.parse(bytes.toString('utf8')) };
  if (type.startsWith('text/')) return decodeText(bytes, contentType);
  return bytes;
}

function parseJson(bytes) {
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.toString('utf8', 3) : bytes.toString('utf8'));
  } catch (error) {
    throw new Refusal(400, 'bad_request', `The request's body is no valid JSON: ${error.message}`);
  }
}

function decodeText(bytes, contentType) {
  const charset = /;\s*charset="?([^";\s]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    throw new Refusal(415, 'bad_request', `The charset "${charset}" is not known. Use utf-8.`);
  }
}

module.exports = { Refusal, announcesTooMuch, hasBody, readBody, tooLarge };
