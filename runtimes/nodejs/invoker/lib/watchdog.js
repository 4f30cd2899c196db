'use strict';

const path = require('node:path');
const { Worker } = require('node:worker_threads');

/** Cells of the shared memory. */
const Cells = Object.freeze({ beat: 0, phase: 1, length: 2 });
const Phases = Object.freeze({ loading: 0, serving: 1, off: 2 });

/** Where the watchdog thread finds the last words: a function on `process` that answers open requests and ends the process. */
const LAST_WORDS = Symbol.for('kublambda.lastWords');

const BEAT_MS = 200;

/**
 * A thread that sees when the event loop stands still: code that loops for ever can be stopped by nothing on its own thread.
 * onBeat runs with every heartbeat; lastWords(exitCode, cause, remedy) runs on the blocked thread, in the middle of whatever blocks it.
 */
function startWatchdog({ settings, onBeat, lastWords }) {
  const cells = new Int32Array(new SharedArrayBuffer(Cells.length * Int32Array.BYTES_PER_ELEMENT));
  Object.defineProperty(process, LAST_WORDS, { value: lastWords });
  const worker = new Worker(path.join(__dirname, 'watchdog-thread.js'), {
    name: 'watchdog',
    // What the user sets in NODE_OPTIONS, --require among it, is for the function's thread only.
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
    workerData: {
      cells,
      loadTimeoutMs: settings.loadTimeoutMs,
      timeoutMs: settings.timeoutMs,
      source: settings.source,
      terminationLog: settings.terminationLog,
    },
  });
  worker.unref();
  worker.on('error', () => {}); // Without a watchdog the liveness probe remains.
  const timer = setInterval(() => {
    Atomics.add(cells, Cells.beat, 1);
    onBeat();
  }, BEAT_MS);
  return {
    enter(phase) {
      Atomics.store(cells, Cells.phase, phase);
    },
    stop() {
      clearInterval(timer);
      Atomics.store(cells, Cells.phase, Phases.off);
    },
  };
}

module.exports = { Cells, LAST_WORDS, Phases, startWatchdog };
