'use strict';

const { ExitCodes, Fatal, writeTerminationLog } = require('./fatal');
const { position } = require('./loader');
const { describeError } = require('./log');

/** How the process ends, whoever ends it. */
class Lifecycle {
  #settings;
  #log;
  #dispatcher;
  #exit = process.exit.bind(process);
  #ending = false;
  #onDrain;

  /** 'loading', 'ready' or 'draining'. */
  status = 'loading';

  constructor({ settings, log, dispatcher }) {
    this.#settings = settings;
    this.#log = log;
    this.#dispatcher = dispatcher;
  }

  /** onDrain() stops taking connections; it runs once, after the drain delay. */
  install({ onDrain }) {
    this.#onDrain = onDrain;
    process.on('SIGTERM', () => this.#drain('SIGTERM'));
    process.on('SIGINT', () => this.#drain('SIGINT'));
    process.on('uncaughtException', (error, origin) => this.#crashed(error, origin));
    process.exit = (code) => this.#exitCalled(code);
  }

  /** Ends the process for a reason that the user has to know. */
  die(fatal) {
    this.#end(fatal.exitCode, fatal.message);
  }

  /** Called by the watchdog on the blocked thread: everything here is synchronous. */
  lastWords = (exitCode, cause, remedy) => {
    const fatal = new Fatal(exitCode, cause, remedy);
    this.#dispatcher.abandonAll(504, 'blocked', 'The function was stopped: it blocked for longer than its timeout. Its log tells where.');
    this.#log.error(fatal.message);
    writeTerminationLog(this.#settings.terminationLog, fatal.message);
    process.reallyExit(exitCode);
  };

  #crashed(error, origin) {
    const described = describeError(error);
    const where = position(described.stack ?? '', this.#settings.source);
    const what = origin === 'unhandledRejection' ? 'A promise was rejected and nobody handled it' : 'An exception was thrown outside of a request';
    const cause = `${what}: ${described.name}: ${described.message}${where ? ` (at ${where})` : ''}`;
    const remedy = 'await the promise or catch the error in the handler, and handle "error" events of what the function opens; then only its own request fails.';
    this.#dispatcher.abandonAll(500, 'crashed', 'The function was ended by an exception outside of this request. Its log tells the cause.');
    this.#end(ExitCodes.crashed, new Fatal(ExitCodes.crashed, cause, remedy).message, { error: described });
  }

  #exitCalled(code) {
    const stack = new Error('process.exit').stack;
    if (this.status === 'draining') {
      this.#log.info('process.exit() is ignored while the process ends: requests are completed first.');
      return;
    }
    const where = position(stack, this.#settings.source);
    const cause = `The function called process.exit(${code ?? ''})${where ? ` at ${where}` : ''}, which ends the process for all requests.`;
    const remedy = 'return or throw instead: a thrown error fails only its own request.';
    this.#dispatcher.abandonAll(500, 'exited', 'The function ended its own process with process.exit().');
    const exitCode = Number(code ?? process.exitCode) || ExitCodes.crashed;
    this.#end(exitCode, new Fatal(exitCode, cause, remedy).message, { stack });
  }

  #end(exitCode, message, fields) {
    if (!this.#ending) {
      this.#ending = true;
      this.#log.error(message, fields);
      writeTerminationLog(this.#settings.terminationLog, message);
    }
    this.#exit(exitCode);
  }

  /**
   * Readiness goes first, while requests are still taken: it takes a moment until no proxy sends any. Then no new
   * connections, and those that are open end with the answer they wait for.
   */
  async #drain(signal) {
    if (this.status === 'draining') return;
    const wasReady = this.status === 'ready';
    this.status = 'draining';
    this.#log.info(`${signal}: shutting down.`);
    if (wasReady) {
      const drained = this.#dispatcher.drained();
      await sleep(this.#settings.drainMs);
      this.#onDrain();
      await Promise.race([drained.then(() => this.#dispatcher.drained()), sleep(this.#settings.timeoutMs + 1000)]);
      // The last answers are on their way to the kernel.
      await sleep(10);
    }
    this.#exit(0);
  }
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

module.exports = { Lifecycle };
