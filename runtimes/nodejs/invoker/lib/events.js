'use strict';

const { Refusal, hasBody } = require('./body');
const { mediaType } = require('./request');

// CloudEvents 1.0 over HTTP: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md

const BATCH = 'application/cloudevents-batch';
const STRUCTURED = 'application/cloudevents';
const REQUIRED = ['specversion', 'id', 'source', 'type'];
const VERSIONS = ['1.0', '0.3'];

const bad = (message) => new Refusal(400, 'bad_event', message);

/** A handler of requests out of one of events, `(cloudEvent)` or `(cloudEvent, callback)`: the Functions Framework's shapes. */
function onEvents(handler) {
  if (handler.length < 2) return (req) => handler(readEvent(req));
  return (req) => new Promise((resolve, reject) => {
    const result = handler(readEvent(req), (error, value) => (error ? reject(error) : resolve(value)));
    if (typeof result?.then === 'function') result.then(resolve, reject);
  });
}

/** The event of a request whose body was read, in binary or structured mode, told apart by the Content-Type. */
function readEvent(req) {
  const type = mediaType(req.headers['content-type']) ?? '';
  if (type.startsWith(BATCH)) throw bad('The request is a batch of events. Send them one by one.');
  const event = type.startsWith(STRUCTURED) ? structured(req, type) : binary(req);
  // As the Functions Framework has it.
  if (req.headers.traceparent) event.traceparent ??= req.headers.traceparent;
  return event;
}

function binary(req) {
  const event = {};
  for (const [name, value] of Object.entries(req.headers)) {
    if (/^ce-[a-z0-9]+$/.test(name) && name !== 'ce-datacontenttype') event[name.slice(3)] = decoded(name, value);
  }
  if (Object.keys(event).length === 0) {
    throw bad('The request is no CloudEvent: it has neither ce-... headers nor the Content-Type application/cloudevents+json.');
  }
  check(event);
  if (req.headers['content-type']) event.datacontenttype = req.headers['content-type'];
  if (hasBody(req)) event.data = req.body;
  return event;
}

/** Percent-encoded UTF-8, decoded once; the header itself came as ISO 8859-1. */
function decoded(name, value) {
  const bytes = Buffer.from(value.replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))), 'latin1');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw bad(`The header ${name} is no percent-encoded UTF-8.`);
  }
}

function structured(req, type) {
  if (type !== 'application/cloudevents+json') throw bad(`The event format ${type} is not known. Use application/cloudevents+json.`);
  const members = req.body;
  if (members === null || typeof members !== 'object' || Array.isArray(members)) throw bad('The event is no JSON object.');
  const event = {};
  for (const [name, value] of Object.entries(members)) if (value !== null || name === 'data') event[name] = value;
  if (event.data_base64 !== undefined) {
    if (event.data !== undefined) throw bad('The event has both data and data_base64.');
    if (typeof event.data_base64 !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(event.data_base64) || event.data_base64.length % 4 !== 0) {
      throw bad("The event's data_base64 is no base64.");
    }
    event.data = Buffer.from(event.data_base64, 'base64');
    delete event.data_base64;
  }
  check(event);
  return event;
}

function check(event) {
  const missing = REQUIRED.filter((name) => typeof event[name] !== 'string' || event[name] === '');
  if (missing.length > 0) throw bad(`The event lacks ${missing.join(', ')}.`);
  if (!VERSIONS.includes(event.specversion)) throw bad(`The event's specversion is ${event.specversion}; 1.0 is what is understood.`);
}

module.exports = { onEvents };
