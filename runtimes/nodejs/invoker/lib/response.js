'use strict';

const http = require('node:http');
const { expand } = require('./request');

/** Data a client has not taken yet, as a multiple of the answer limit, above which a streamed answer is cut off. */
const BACKLOG_FACTOR = 4;

/** The answer is over the limit: 502 with a message, unless part of it is on its way already. */
class AnswerTooLarge extends Error {
  constructor(bytes, maxBytes) {
    super(`The function's answer has ${bytes} bytes, more than the limit of ${maxBytes}. Answer less, stream it with res.write(), or raise FUNCTION_MAX_RESPONSE_BYTES.`);
    this.name = 'AnswerTooLarge';
  }
}

/**
 * Makes the class of `res`: what functions written for the Functions Framework expect, on top of Node's ServerResponse, and
 * the limits on answers. onTooLarge(res, error) is called for an answer over the limit and takes it over.
 */
function createResponseClass({ maxResponseBytes, onTooLarge }) {
  return class FunctionResponse extends http.ServerResponse {
    #locals;

    get locals() {
      this.#locals ??= {};
      return this.#locals;
    }

    set locals(value) {
      this.#locals = value;
    }

    /** Anything handed over in one piece is bounded; streams (write) are bounded by what the client leaves unread. */
    end(chunk, encoding, callback) {
      if (!this.headersSent && (typeof chunk === 'string' || chunk instanceof Uint8Array) && chunk.length * 3 > maxResponseBytes) {
        const bytes = typeof chunk === 'string' ? Buffer.byteLength(chunk, typeof encoding === 'string' ? encoding : 'utf8') : chunk.length;
        if (bytes > maxResponseBytes) {
          onTooLarge(this, new AnswerTooLarge(bytes, maxResponseBytes));
          return this;
        }
      }
      return super.end(chunk, encoding, callback);
    }

    write(chunk, encoding, callback) {
      const more = super.write(chunk, encoding, callback);
      if (!more && this.writableLength > maxResponseBytes * BACKLOG_FACTOR) {
        onTooLarge(this, new AnswerTooLarge(this.writableLength, maxResponseBytes * BACKLOG_FACTOR));
      }
      return more;
    }

    status(code) {
      if (!Number.isInteger(code) || code < 200 || code > 999) throw new RangeError(`${String(code)} is no status code (200 to 999).`);
      this.statusCode = code;
      return this;
    }

    sendStatus(code) {
      this.status(code).type('txt');
      return this.send(http.STATUS_CODES[code] ?? String(code));
    }

    /** set(name, value) or set({name: value}). */
    set(name, value) {
      if (typeof name === 'object') {
        for (const [key, each] of Object.entries(name)) this.set(key, each);
        return this;
      }
      this.setHeader(name, Array.isArray(value) ? value.map(String) : String(value));
      return this;
    }

    header(name, value) {
      return this.set(name, value);
    }

    get(name) {
      return this.getHeader(name);
    }

    append(name, value) {
      const before = this.getHeader(name);
      return this.set(name, before === undefined ? value : [].concat(before, value));
    }

    vary(name) {
      const before = this.getHeader('Vary');
      return this.set('Vary', before ? [].concat(before, name).join(', ') : name);
    }

    type(type) {
      const full = expand(type);
      const text = /^text\/|[/+](json|xml|javascript|yaml)$/.test(full);
      return this.set('Content-Type', text && !full.includes('charset') ? `${full}; charset=utf-8` : full);
    }

    contentType(type) {
      return this.type(type);
    }

    location(url) {
      return this.set('Location', encodeURI(decodeURISafely(String(url))));
    }

    /** redirect(url) or redirect(status, url). */
    redirect(status, url) {
      const [code, target] = url === undefined ? [302, status] : [status, url];
      this.status(code).location(target).type('txt');
      return this.send(`${http.STATUS_CODES[code] ?? code}. Redirecting to ${this.getHeader('Location')}`);
    }

    /** Options as in Express (maxAge in milliseconds); signed cookies are not supported. */
    cookie(name, value, options = {}) {
      return this.append('Set-Cookie', serializeCookie(name, value, options));
    }

    clearCookie(name, options = {}) {
      return this.cookie(name, '', { ...options, maxAge: undefined, expires: new Date(1) });
    }

    json(value) {
      const text = JSON.stringify(value);
      if (!this.hasHeader('Content-Type')) this.setHeader('Content-Type', 'application/json; charset=utf-8');
      return sendBytes(this, text ?? '');
    }

    /** A string (as HTML unless a type is set), bytes, nothing, or anything else as JSON. */
    send(body) {
      if (body === undefined || body === null) return sendBytes(this, '');
      if (typeof body === 'string') {
        if (!this.hasHeader('Content-Type')) this.setHeader('Content-Type', 'text/html; charset=utf-8');
        return sendBytes(this, body);
      }
      if (body instanceof Uint8Array) {
        if (!this.hasHeader('Content-Type')) this.setHeader('Content-Type', 'application/octet-stream');
        return sendBytes(this, body);
      }
      return this.json(body);
    }
  };
}

function sendBytes(res, body) {
  if (res.statusCode === 204 || res.statusCode === 304) {
    for (const name of ['Content-Type', 'Content-Length', 'Transfer-Encoding']) res.removeHeader(name);
    res.end();
  } else {
    res.setHeader('Content-Length', typeof body === 'string' ? Buffer.byteLength(body) : body.length);
    res.end(body);
  }
  return res;
}

function decodeURISafely(url) {
  try {
    return decodeURI(url);
  } catch {
    return url;
  }
}

function serializeCookie(name, value, options) {
  if (options.signed) throw new TypeError('Signed cookies are not supported.');
  const text = typeof value === 'object' ? `j:${JSON.stringify(value)}` : String(value);
  const parts = [`${name}=${encodeURIComponent(text)}`, `Path=${options.path ?? '/'}`];
  if (options.maxAge !== undefined) {
    parts.push(`Max-Age=${Math.floor(options.maxAge / 1000)}`, `Expires=${new Date(Date.now() + options.maxAge).toUTCString()}`);
  } else if (options.expires) {
    parts.push(`Expires=${options.expires.toUTCString()}`);
  }
  if (options.domain) parts.push(`Domain=${options.domain}`);
  if (options.httpOnly) parts.push('HttpOnly');
  if (options.secure) parts.push('Secure');
  if (options.sameSite) parts.push(`SameSite=${options.sameSite === true ? 'Strict' : capitalize(String(options.sameSite))}`);
  return parts.join('; ');
}

const capitalize = (text) => text.charAt(0).toUpperCase() + text.slice(1).toLowerCase();

module.exports = { AnswerTooLarge, createResponseClass };
