'use strict';

const { getRegisteredFunction } = require('./function_registry.js');

/** The function that was registered under this name, or undefined. */
exports.getFunction = (name) => getRegisteredFunction(name)?.userFunction;
