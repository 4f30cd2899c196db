'use strict';

const { ExitCodes, Fatal } = require('./fatal');

const MiB = 1024 * 1024;

/** Reads the environment. Every variable, its default and its unit is in README.md. */
function readSettings(env) {
  const settings = {
    port: number(env, 'PORT', 8080, { integer: true, max: 65535 }),
    adminPort: number(env, 'ADMIN_PORT', 8081, { integer: true, max: 65535 }),
    /** Undefined: all addresses, IPv6 and IPv4. */
    listenAddress: env.LISTEN_ADDRESS || undefined,
    target: env.FUNCTION_TARGET || '',
    signature: env.FUNCTION_SIGNATURE_TYPE || 'http',
    source: env.FUNCTION_SOURCE || '/function',
    timeoutMs: number(env, 'FUNCTION_TIMEOUT_SECONDS', 60, { min: 0.1, max: 86400 }) * 1000,
    concurrency: number(env, 'FUNCTION_CONCURRENCY', 50, { integer: true, min: 1 }),
    maxRequestBytes: number(env, 'FUNCTION_MAX_REQUEST_BYTES', 10 * MiB, { integer: true }),
    maxResponseBytes: number(env, 'FUNCTION_MAX_RESPONSE_BYTES', 6 * MiB, { integer: true, min: 1 }),
    loadTimeoutMs: number(env, 'FUNCTION_LOAD_TIMEOUT_SECONDS', 20, { min: 0.1, max: 3600 }) * 1000,
    drainMs: number(env, 'SHUTDOWN_DRAIN_SECONDS', 3, { max: 3600 }) * 1000,
    terminationLog: env.KUBLAMBDA_TERMINATION_LOG || '/dev/termination-log',
    identity: {
      lambda: env.KUBLAMBDA_NAME ? `${env.KUBLAMBDA_NAMESPACE || 'default'}/${env.KUBLAMBDA_NAME}` : undefined,
      revision: env.KUBLAMBDA_REVISION || undefined,
    },
  };
  settings.queueLength = number(env, 'FUNCTION_QUEUE_LENGTH', settings.concurrency, { integer: true });
  return Object.freeze(settings);
}

function number(env, name, fallback, { min = 0, max = Number.MAX_SAFE_INTEGER, integer = false }) {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (Number.isFinite(value) && value >= min && value <= max && (!integer || Number.isInteger(value))) return value;
  throw new Fatal(
    ExitCodes.badTarget,
    `${name} is "${text}", which is not ${integer ? 'a whole number' : 'a number'} from ${min} to ${max}.`,
    `set ${name} to such a number, or leave it out for its default, ${fallback}.`);
}

module.exports = { readSettings };
