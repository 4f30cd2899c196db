'use strict';

const { registered } = require('./index.js');

/** The function that was registered under this name, or undefined. */
exports.getFunction = (name) => registered.get(name);
