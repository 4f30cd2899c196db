'use strict';

const http = require('node:http');
const querystring = require('node:querystring');
const { randomUUID } = require('node:crypto');

const REQUEST_ID = /^[\w.:-]{1,128}$/;

/**
 * What functions written for the Functions Framework expect of `req`, on top of Node's IncomingMessage. Forwarding headers
 * are trusted: a function is reached through a Service or Ingress of the cluster.
 * rawBody (a Buffer) is there when the request has a body.
 */
class FunctionRequest extends http.IncomingMessage {
  #id;
  #abort;
  #query;
  body = {};
  params = {};

  /** The X-Request-Id of the caller where it is a sane one, else a new one. The same id is in logs and error answers. */
  get id() {
    if (this.#id === undefined) {
      const given = this.headers['x-request-id'];
      this.#id = given && REQUEST_ID.test(given) ? given : randomUUID();
    }
    return this.#id;
  }

  /** Aborted when the client leaves or the request runs out of time: for fetch() and the like. */
  get signal() {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  // Static, because frameworks such as Express change the prototype of req.

  static idOf(req) {
    return Reflect.get(FunctionRequest.prototype, 'id', req);
  }

  /** Aborts the signal if the handler ever asked for it. */
  static abort(req, reason) {
    req.#abort?.abort(reason);
  }

  get path() {
    const end = this.url.indexOf('?');
    return end < 0 ? this.url : this.url.slice(0, end);
  }

  get originalUrl() {
    return this.url;
  }

  get baseUrl() {
    return '';
  }

  get query() {
    if (this.#query === undefined) {
      const start = this.url.indexOf('?');
      this.#query = { ...(start < 0 ? null : querystring.parse(this.url.slice(start + 1))) };
    }
    return this.#query;
  }

  get(name) {
    const key = String(name).toLowerCase();
    return key === 'referer' || key === 'referrer' ? this.headers.referrer ?? this.headers.referer : this.headers[key];
  }

  header(name) {
    return this.get(name);
  }

  get protocol() {
    return first(this.headers['x-forwarded-proto']) || 'http';
  }

  get secure() {
    return this.protocol === 'https';
  }

  get host() {
    return first(this.headers['x-forwarded-host']) || this.headers.host;
  }

  get hostname() {
    return this.host?.replace(/:\d+$/, '');
  }

  get ips() {
    return list(this.headers['x-forwarded-for']);
  }

  get ip() {
    return this.ips[0] ?? this.socket.remoteAddress;
  }

  get xhr() {
    return this.headers['x-requested-with']?.toLowerCase() === 'xmlhttprequest';
  }

  /** The first of the types that the body's Content-Type matches ('json', 'text/*', 'application/xml'...), else false. */
  is(...types) {
    const own = mediaType(this.headers['content-type']);
    return (own && types.flat().find((t) => matches(own, expand(t)))) || false;
  }

  /** The one of the types that the client likes best, else false; without types what it accepts, best first. */
  accepts(...types) {
    const ranges = list(this.headers.accept ?? '*/*')
      .map((part) => ({ type: mediaType(part), q: Number(/;\s*q=([\d.]+)/.exec(part)?.[1] ?? 1) }))
      .filter((r) => r.type && r.q > 0)
      .sort((a, b) => b.q - a.q);
    const offers = types.flat();
    if (offers.length === 0) return ranges.map((r) => r.type);
    for (const { type } of ranges) {
      const found = offers.find((o) => matches(expand(o), type));
      if (found) return found;
    }
    return false;
  }
}

// Frameworks and middleware put values of their own in place of these.
for (const [name, { get, set }] of Object.entries(Object.getOwnPropertyDescriptors(FunctionRequest.prototype))) {
  if (!get || set) continue;
  Object.defineProperty(FunctionRequest.prototype, name, {
    configurable: true,
    get,
    set(value) {
      Object.defineProperty(this, name, { value, writable: true, configurable: true, enumerable: true });
    },
  });
}

const SHORT_TYPES = {
  html: 'text/html', text: 'text/plain', txt: 'text/plain', json: 'application/json', xml: 'application/xml', css: 'text/css',
  js: 'text/javascript', csv: 'text/csv', urlencoded: 'application/x-www-form-urlencoded', multipart: 'multipart/*', svg: 'image/svg+xml',
  png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', webp: 'image/webp', ico: 'image/x-icon', pdf: 'application/pdf',
  zip: 'application/zip', wasm: 'application/wasm', bin: 'application/octet-stream', yaml: 'application/yaml', md: 'text/markdown',
};

/** 'json', '.json' or a full type: the full type. */
function expand(type) {
  return type.includes('/') ? type : SHORT_TYPES[type.replace(/^\./, '')] ?? 'application/octet-stream';
}

function mediaType(value) {
  return value?.split(';', 1)[0].trim().toLowerCase();
}

function matches(type, pattern) {
  if (pattern === '*/*' || type === pattern) return true;
  return pattern.endsWith('/*') ? type.startsWith(pattern.slice(0, -1)) : type.endsWith('/*') && pattern.startsWith(type.slice(0, -1));
}

function list(value) {
  return value ? value.split(',').map((s) => s.trim()).filter(Boolean) : [];
}

function first(value) {
  return list(value)[0];
}

module.exports = { FunctionRequest, expand, mediaType };
