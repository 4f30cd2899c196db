'use strict';

// Where the real package keeps them too: the invoker looks here.

const registered = new Map();

exports.register = (name, signatureType, userFunction) => {
  if (typeof userFunction !== 'function') throw new TypeError(`The function "${name}" is no function.`);
  registered.set(name, { signatureType, userFunction });
};

exports.getRegisteredFunction = (name) => registered.get(name);
