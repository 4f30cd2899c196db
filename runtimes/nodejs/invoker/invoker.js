'use strict';

const { createAdminServer } = require('./lib/admin');
const { Dispatcher } = require('./lib/dispatcher');
const { ExitCodes, Fatal, writeTerminationLog } = require('./lib/fatal');
const { Lifecycle } = require('./lib/lifecycle');
const { loadHandler } = require('./lib/loader');
const { Log } = require('./lib/log');
const { Metrics } = require('./lib/metrics');
const { createFunctionServer, listen } = require('./lib/server');
const { readSettings } = require('./lib/settings');
const { Phases, startWatchdog } = require('./lib/watchdog');

async function main() {
  const settings = readSettings(process.env);
  const log = new Log(settings.identity);
  const metrics = new Metrics(() => ({ inFlight: dispatcher.inFlight, queued: dispatcher.queued, ready: lifecycle.status === 'ready' }));
  const dispatcher = new Dispatcher({ settings, log, metrics });
  const lifecycle = new Lifecycle({ settings, log, dispatcher });
  const server = createFunctionServer({ settings, dispatcher });
  const admin = createAdminServer({ status: () => lifecycle.status, metrics });
  const watchdog = startWatchdog({ settings, onBeat: () => dispatcher.expire(), lastWords: lifecycle.lastWords });

  lifecycle.install({
    onDrain() {
      server.close();
      server.closeIdleConnections();
    },
  });
  try {
    const adminPort = await listen(admin, settings.adminPort, settings.listenAddress);
    dispatcher.handler = await withinLoadTimeout(settings);
    const port = await listen(server, settings.port, settings.listenAddress);
    watchdog.enter(Phases.serving);
    if (lifecycle.status === 'loading') lifecycle.status = 'ready';
    log.info('Listening.', { port, adminPort, target: settings.target, node: process.version });
  } catch (error) {
    watchdog.stop();
    lifecycle.die(error instanceof Fatal ? error : new Fatal(ExitCodes.crashed, String(error?.stack ?? error)));
  }
}

function withinLoadTimeout(settings) {
  let timer;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Fatal(
      ExitCodes.loadTimeout,
      `Loading the function took longer than ${settings.loadTimeoutMs / 1000} s: a top-level await does not come to its end.`,
      'move long work out of the top level of the module into the handler, or raise FUNCTION_LOAD_TIMEOUT_SECONDS.')), settings.loadTimeoutMs);
  });
  process.chdir(settings.source);
  return Promise.race([loadHandler(settings), timeout]).finally(() => clearTimeout(timer));
}

main().catch((error) => {
  const message = error instanceof Fatal ? error.message : String(error?.stack ?? error);
  writeTerminationLog(process.env.KUBLAMBDA_TERMINATION_LOG || '/dev/termination-log', message);
  new Log({}).error(message);
  process.exit(error instanceof Fatal ? error.exitCode : ExitCodes.crashed);
});
