'use strict';

// The part of https://github.com/GoogleCloudPlatform/functions-framework-nodejs that functions call: a name for a function,
// and how it wants to be called. Where the function's own node_modules hold the real package, that one is used.

const { register } = require('./function_registry.js');

exports.http = (name, handler) => register(name, 'http', handler);
exports.cloudEvent = (name, handler) => register(name, 'cloudevent', handler);
