'use strict';

const fs = require('node:fs');

/** Exit codes. The deployer turns them into the reason of the Lambda's Deployed condition. */
const ExitCodes = Object.freeze({
  /** An exception outside a request, or process.exit(0) called by the function. */
  crashed: 1,
  /** No such module or export, or a setting that makes no sense. */
  badTarget: 64,
  /** The module could not be loaded. */
  loadFailed: 65,
  /** Loading took longer than FUNCTION_LOAD_TIMEOUT_SECONDS. */
  loadTimeout: 66,
  /** The event loop was blocked for longer than the request timeout. */
  blocked: 70,
});

/** Kubernetes keeps 4096 bytes of a termination message; half of it is plenty for cause and remedy. */
const MAX_MESSAGE_BYTES = 2048;

/** Something the process cannot go on from: what happened, and what the user can do about it. */
class Fatal extends Error {
  constructor(exitCode, cause, remedy) {
    super(remedy ? `${cause}\nRemedy: ${remedy}` : cause);
    this.name = 'Fatal';
    this.exitCode = exitCode;
  }
}

/** Cuts text to a number of UTF-8 bytes without cutting a character. */
function truncate(text, maxBytes) {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes - 3;
  while (end > 0 && (bytes[end] & 0xc0) === 0x80) end--;
  return `${bytes.toString('utf8', 0, end)}...`;
}

/**
 * Writes the container's termination message, where Kubernetes shows it. Kubernetes makes the file; it is never created
 * here, so outside a pod nothing happens.
 */
function writeTerminationLog(path, message) {
  try {
    const file = fs.openSync(path, fs.constants.O_WRONLY | fs.constants.O_TRUNC);
    try {
      fs.writeSync(file, truncate(message, MAX_MESSAGE_BYTES));
    } finally {
      fs.closeSync(file);
    }
  } catch {
    // The same words go to stderr; a message that cannot be kept must not hide the reason for the end.
  }
}

module.exports = { ExitCodes, Fatal, truncate, writeTerminationLog };
