'use strict';

const { Readable, pipeline } = require('node:stream');

/** By its tag: to name the class `Response` would load all of fetch() with the first request. */
const isWebResponse = (value) => Object.prototype.toString.call(value) === '[object Response]' && value.headers !== undefined;

/** Values that a handler may return although it declares `res`; others are what `return res.end()`, `return setTimeout()` give. */
function isAnswer(value) {
  if (value === null || typeof value !== 'object') return value !== undefined && typeof value !== 'function' && typeof value !== 'symbol';
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Array.isArray(value)
    || value instanceof Uint8Array || value instanceof Readable || isWebResponse(value);
}

/**
 * Sends what a handler returned: nothing (204), a string (text), bytes, a stream, a web Response, `{status, headers, body}`,
 * or any other value as JSON. Status and headers that were set on res before are kept.
 */
function sendReturned(res, value) {
  if (isWebResponse(value)) {
    res.statusCode = value.status;
    for (const [name, each] of value.headers) res.append(name, each);
    return value.body ? sendBody(res, Readable.fromWeb(value.body)) : res.end();
  }
  if (isEnvelope(value)) {
    if (value.status !== undefined) res.status(value.status);
    if (value.headers) res.set(value.headers);
    return sendBody(res, value.body);
  }
  if (value === undefined || value === null) res.statusCode = res.statusCode === 200 ? 204 : res.statusCode;
  return sendBody(res, value);
}

/** An object with no other keys than these, and a status: anything else is data. */
function isEnvelope(value) {
  return value !== null && typeof value === 'object' && Number.isInteger(value.status)
    && Object.keys(value).every((key) => key === 'status' || key === 'headers' || key === 'body');
}

function sendBody(res, body) {
  if (body instanceof Readable) {
    // An error in the stream destroys the response: the client sees that the answer is cut off.
    return pipeline(body, res, (error) => error && res.emit('error', error));
  }
  if (typeof body === 'string' && !res.hasHeader('Content-Type')) res.type('txt');
  return res.send(body);
}

module.exports = { isAnswer, sendReturned };
