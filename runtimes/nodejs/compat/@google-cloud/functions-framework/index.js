'use strict';

// The part of https://github.com/GoogleCloudPlatform/functions-framework-nodejs that functions call: a name for a function,
// and how it wants to be called. Where the function's own node_modules hold the real package, that one is used.

const SIGNATURE = Symbol.for('kublambda.signature');
const registered = new Map();

function register(name, handler, signature) {
  if (typeof handler !== 'function') throw new TypeError(`The function "${name}" is no function.`);
  Object.defineProperty(handler, SIGNATURE, { value: signature, configurable: true });
  registered.set(name, handler);
}

exports.http = (name, handler) => register(name, handler, 'http');
exports.cloudEvent = (name, handler) => register(name, handler, 'cloudevent');
exports.registered = registered;
