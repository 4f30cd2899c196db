'use strict';

const { isAnswer, sendReturned } = require('./answer');
const { Refusal, announcesTooMuch, hasBody, readBody, tooLarge } = require('./body');
const { describeError, describeRequest } = require('./log');
const { FunctionRequest } = require('./request');

/** How long the rest of a refused body is read and thrown away, so that the client gets to see the answer. */
const LINGER_MS = 5000;

/** One request, from its headers to the end of its answer. */
class Exchange {
  running = false;
  readingBody = false;
  /** True once the invoker answered in the handler's place, or nobody waits for an answer any more. */
  over = false;

  constructor(req, res, startedAt) {
    this.req = req;
    this.res = res;
    this.startedAt = startedAt;
  }
}

const EXCHANGE = Symbol('exchange');

/** Takes requests to the handler and answers back: concurrency limit, timeout, errors, returned values. */
class Dispatcher {
  #handler;
  #settings;
  #log;
  #metrics;
  #clock;
  #declaresRes;
  #ownMethods;
  /** Every exchange whose response is not closed, oldest first. */
  #open = new Set();
  #queue = new Set();
  #running = 0;
  #draining = false;
  #onIdle;

  constructor({ settings, log, metrics, clock = () => performance.now() }) {
    this.#settings = settings;
    this.#log = log;
    this.#metrics = metrics;
    this.#clock = clock;
    const dispatcher = this;
    this.onClose = function onClose() {
      dispatcher.#closed(this[EXCHANGE]);
    };
    this.onStreamError = function onStreamError(error) {
      dispatcher.#failed(this[EXCHANGE], error);
    };
  }

  set handler(handler) {
    this.#handler = handler;
    // A handler that does not take `res` can only answer by returning.
    this.#declaresRes = handler.length >= 2;
    // An Express application replaces the prototype of res; what bounds answers has to stay.
    this.#ownMethods = typeof handler.handle === 'function' ? ['end', 'write'] : undefined;
  }

  get inFlight() {
    return this.#running;
  }

  get queued() {
    return this.#queue.size;
  }

  accept(req, res) {
    const exchange = new Exchange(req, res, this.#clock());
    req.res = res;
    res[EXCHANGE] = exchange;
    this.#open.add(exchange);
    res.on('close', this.onClose);
    res.on('error', this.onStreamError);
    if (this.#draining) res.shouldKeepAlive = false;
    if (this.#ownMethods) for (const name of this.#ownMethods) res[name] = res[name];

    if (announcesTooMuch(req, this.#settings.maxRequestBytes)) this.#refuse(exchange, tooLarge(this.#settings.maxRequestBytes));
    else if (this.#running < this.#settings.concurrency) this.#start(exchange);
    else if (this.#queue.size < this.#settings.queueLength) this.#queue.add(exchange);
    else this.#overloaded(exchange);
  }

  #start(exchange) {
    exchange.running = true;
    this.#running++;
    if (!hasBody(exchange.req)) return this.#invoke(exchange);
    exchange.readingBody = true;
    return readBody(exchange.req, this.#settings.maxRequestBytes).then(
      () => {
        exchange.readingBody = false;
        if (!exchange.over) this.#invoke(exchange);
      },
      (error) => this.#refuse(exchange, error));
  }

  #invoke(exchange) {
    let value;
    try {
      value = this.#handler(exchange.req, exchange.res);
    } catch (error) {
      return this.#refuse(exchange, error);
    }
    if (typeof value?.then === 'function' && value !== exchange.res) {
      return value.then((v) => this.#returned(exchange, v), (error) => this.#refuse(exchange, error));
    }
    return this.#returned(exchange, value);
  }

  #returned(exchange, value) {
    const { res } = exchange;
    if (exchange.over || res.headersSent || res.writableEnded) return;
    if (this.#declaresRes && !isAnswer(value)) return;
    try {
      sendReturned(res, value);
    } catch (error) {
      this.#failed(exchange, error);
    }
  }

  #failed(exchange, error) {
    const id = FunctionRequest.idOf(exchange.req);
    const fields = { id, request: describeRequest(exchange.req), error: describeError(error) };
    if (exchange.over || exchange.res.writableEnded) {
      this.#log.warn('The function failed after its request had been answered.', fields);
      return;
    }
    this.#metrics.error('exception');
    this.#log.error('The function failed.', fields);
    this.#giveUp(exchange, 500, 'exception', 'The function failed. Its log tells the cause under this id.');
  }

  #refuse(exchange, error) {
    if (!(error instanceof Refusal)) return this.#failed(exchange, error);
    if (exchange.over) return undefined;
    this.#metrics.error(error.reason);
    const { req, res } = exchange;
    if (!req.complete && !req.destroyed && !req.headers.expect) {
      // Closing at once would reset the connection under a client that still sends, and lose the answer.
      res.shouldKeepAlive = true;
      req.resume();
      setTimeout(() => req.complete || req.destroy(), LINGER_MS).unref();
    }
    return this.#giveUp(exchange, error.status, error.reason, error.message);
  }

  #overloaded(exchange) {
    this.#metrics.error('overloaded');
    exchange.res.setHeader('Retry-After', '1');
    this.#giveUp(exchange, 503, 'overloaded',
      `The function works on ${this.#settings.concurrency} requests and ${this.#settings.queueLength} wait. Try again later, or raise spec.scaling (concurrency, maxReplicas).`);
  }

  /** For createResponseClass. */
  answerTooLarge(res, error) {
    const exchange = res[EXCHANGE];
    if (exchange.over) return;
    this.#metrics.error('response_too_large');
    this.#log.error(error.message, { id: FunctionRequest.idOf(exchange.req), request: describeRequest(exchange.req) });
    this.#giveUp(exchange, 502, 'response_too_large', error.message);
  }

  /** Call this a few times a second: requests that have run out of time get their answer here. */
  expire() {
    const bound = this.#clock() - this.#settings.timeoutMs;
    for (const exchange of this.#open) {
      if (exchange.startedAt > bound) break;
      if (!exchange.over) this.#timedOut(exchange);
    }
  }

  #timedOut(exchange) {
    const seconds = this.#settings.timeoutMs / 1000;
    if (!exchange.running) return this.#overloaded(exchange);
    this.#metrics.error('timeout');
    if (exchange.readingBody) {
      // What still comes is the rest of a body that nobody reads: no request may follow it.
      exchange.res.shouldKeepAlive = false;
      return this.#giveUp(exchange, 408, 'timeout', `The request's body did not arrive within ${seconds} s.`);
    }
    const unanswered = !exchange.res.headersSent;
    const message = unanswered
      ? `The function did not answer within ${seconds} s. It has to call res.send() or res.end(), or return a value; more time is spec.timeoutSeconds.`
      : `The function did not complete its answer within ${seconds} s. More time is spec.timeoutSeconds.`;
    this.#log.error(message, { id: FunctionRequest.idOf(exchange.req), request: describeRequest(exchange.req) });
    return this.#giveUp(exchange, 504, 'timeout', message);
  }

  /** Answers every open request at once, for a process that is about to end. Writes synchronously. */
  abandonAll(status, reason, message) {
    for (const exchange of this.#open) {
      if (exchange.over || exchange.res.writableEnded) continue;
      this.#metrics.error(reason);
      exchange.res.shouldKeepAlive = false;
      this.#giveUp(exchange, status, reason, message);
    }
  }

  /** The invoker answers in the handler's place, or cuts the answer off where part of it is sent. */
  #giveUp(exchange, status, reason, message) {
    const { req, res } = exchange;
    exchange.over = true;
    if (res.headersSent) {
      res.destroy();
    } else {
      const retryAfter = res.getHeader('Retry-After');
      for (const name of res.getHeaderNames()) res.removeHeader(name);
      const id = FunctionRequest.idOf(req);
      const body = JSON.stringify({ error: reason, message, id });
      res.statusCode = status;
      res.statusMessage = '';
      res.setHeader('Content-Type', 'application/json; charset=utf-8');
      res.setHeader('Content-Length', Buffer.byteLength(body));
      res.setHeader('X-Request-Id', id);
      if (status === 503 && retryAfter) res.setHeader('Retry-After', retryAfter);
      res.end(body);
    }
    mute(res);
    FunctionRequest.abort(req, new Error(message));
    this.#release(exchange);
  }

  #closed(exchange) {
    this.#open.delete(exchange);
    this.#queue.delete(exchange);
    const { req, res, startedAt } = exchange;
    const finished = res.writableFinished;
    this.#metrics.request(finished || res.headersSent ? res.statusCode : 0, (this.#clock() - startedAt) / 1000);
    if (!finished) FunctionRequest.abort(req, new Error('The client left.'));
    exchange.over = true;
    this.#release(exchange);
    if (this.#open.size === 0) this.#onIdle?.();
  }

  #release(exchange) {
    if (!exchange.running) return;
    exchange.running = false;
    this.#running--;
    for (const next of this.#queue) {
      if (this.#running >= this.#settings.concurrency) break;
      this.#queue.delete(next);
      if (!next.over) this.#start(next);
    }
  }

  /** From now on each answer closes its connection. Resolves when no request is open. */
  drained() {
    this.#draining = true;
    for (const { res } of this.#open) if (!res.headersSent) res.shouldKeepAlive = false;
    return this.#open.size === 0 ? Promise.resolve() : new Promise((resolve) => (this.#onIdle = resolve));
  }
}

/** A handler that is late must not fail for it: what it still does with res goes nowhere. */
function mute(res) {
  const nothing = () => res;
  for (const name of ['setHeader', 'appendHeader', 'removeHeader', 'writeHead', 'flushHeaders', 'end', 'addTrailers', 'writeContinue']) res[name] = nothing;
  res.write = () => true;
}

module.exports = { Dispatcher };
