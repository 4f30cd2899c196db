'use strict';

const { Session } = require('node:inspector');
const { workerData } = require('node:worker_threads');
const { ExitCodes, writeTerminationLog } = require('./fatal');
const { position } = require('./loader');
const { Cells, Phases } = require('./watchdog');

const LOOK_MS = 250;
/** Allowed on top of a limit: the main thread, when it can run, ends the matter itself and says it better. */
const GRACE_MS = 500;
/** How long the main thread may take to come to a stop where code of its own can run. */
const PAUSE_MS = 3000;

const { cells, loadTimeoutMs, timeoutMs, source, terminationLog } = workerData;

let lastLook = performance.now();
let lastBeat = 0;
let stillMs = 0;
let loadingMs = 0;
let suspected = false;

const timer = setInterval(() => {
  const now = performance.now();
  const step = now - lastLook;
  lastLook = now;
  const phase = Atomics.load(cells, Cells.phase);
  const beat = Atomics.load(cells, Cells.beat);
  stillMs = beat === lastBeat ? stillMs + step : 0;
  lastBeat = beat;
  loadingMs = phase === Phases.loading ? loadingMs + step : 0;
  const finding = loadingMs > loadTimeoutMs + GRACE_MS ? loadTimeout() : phase === Phases.serving && stillMs > timeoutMs + GRACE_MS ? blocked() : null;
  // Two looks in a row: after the whole process was stopped for a while, the main thread gets the time to show that it lives.
  if (finding && suspected) stop(finding);
  suspected = finding !== null;
}, LOOK_MS);

const loadTimeout = () => ({
  exitCode: ExitCodes.loadTimeout,
  cause: `Loading the function took longer than ${loadTimeoutMs / 1000} s: the code that runs at load blocks`,
  remedy: 'move long work out of the top level of the module into the handler, or raise FUNCTION_LOAD_TIMEOUT_SECONDS.',
});

const blocked = () => ({
  exitCode: ExitCodes.blocked,
  cause: `The function blocked the event loop for longer than its timeout of ${timeoutMs / 1000} s`,
  remedy: 'end the loop or split the work (await between pieces, or a worker thread); if it needs more time, raise spec.timeoutSeconds.',
});

/**
 * Stops the main thread where it is, asks where that is, and lets it say its last words there. If it does not stop (it waits
 * inside a system call), the process is killed; where the kernel protects it as pid 1, the liveness probe ends it.
 */
function stop({ exitCode, cause, remedy }) {
  clearInterval(timer);
  writeTerminationLog(terminationLog, `${cause}.\nRemedy: ${remedy}`);
  const session = new Session();
  session.connectToMainThread();
  const scripts = new Map();
  session.on('Debugger.scriptParsed', ({ params }) => scripts.set(params.scriptId, params.url));
  session.on('Debugger.paused', ({ params }) => {
    const where = place(params.callFrames, scripts);
    const call = `process[Symbol.for('kublambda.lastWords')](${[exitCode, `${cause}${where}.`, remedy].map((v) => JSON.stringify(v)).join(', ')})`;
    session.post('Runtime.evaluate', { expression: call });
  });
  session.post('Debugger.enable');
  session.post('Debugger.pause');
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), PAUSE_MS);
}

function place(frames, scripts) {
  for (const { functionName, location } of frames) {
    const at = position(`${scripts.get(location.scriptId)}:${location.lineNumber + 1}`, source);
    if (at) return ` (at ${at}${functionName ? ` in ${functionName}` : ''})`;
  }
  return '';
}
