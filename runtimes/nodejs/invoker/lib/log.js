'use strict';

const { truncate } = require('./fatal');

const MAX_STACK_BYTES = 8192;
const MAX_URL_BYTES = 1024;

/** One JSON object a line on stderr; every line names the Lambda and its revision. */
class Log {
  #identity;
  #write;

  constructor(identity, write = (line) => process.stderr.write(line)) {
    this.#identity = identity;
    this.#write = write;
  }

  info(message, fields) {
    this.#line('info', message, fields);
  }

  warn(message, fields) {
    this.#line('warning', message, fields);
  }

  error(message, fields) {
    this.#line('error', message, fields);
  }

  #line(level, message, fields) {
    this.#write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...this.#identity, ...fields })}\n`);
  }
}

/** What a log line says of a request: neither its query, which may hold secrets, nor its body. */
function describeRequest(req) {
  return {
    method: req.method,
    path: truncate(String(req.url).split('?', 1)[0], MAX_URL_BYTES),
    userAgent: req.headers['user-agent'] && truncate(req.headers['user-agent'], MAX_URL_BYTES),
    contentType: req.headers['content-type'],
    contentLength: req.headers['content-length'],
  };
}

/** What a log line says of anything that was thrown: JavaScript can throw values that are no errors. */
function describeError(error) {
  if (error instanceof Error || (error !== null && typeof error === 'object' && typeof error.stack === 'string')) {
    return {
      name: error.name,
      message: truncate(String(error.message), MAX_STACK_BYTES),
      stack: truncate(String(error.stack), MAX_STACK_BYTES),
      cause: error.cause === undefined ? undefined : truncate(asText(error.cause), MAX_STACK_BYTES),
    };
  }
  return { name: typeof error, message: truncate(asText(error), MAX_STACK_BYTES) };
}

function asText(value) {
  try {
    return value instanceof Error ? String(value.stack) : typeof value === 'object' ? JSON.stringify(value) : String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

module.exports = { Log, asText, describeError, describeRequest };
