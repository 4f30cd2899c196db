"""The function's process: loads the handler, serves it, and ends in order."""

import atexit
import faulthandler
import os
import signal
import sys
import threading
import time

from .admin import AdminServer
from .dispatcher import Dispatcher
from .fatal import CRASHED, Fatal, write_termination_log
from .loader import load_function
from .log import Log, describe_error
from .metrics import Metrics
from .server import FunctionServer
from .supervisor import STACK_SIGNAL, WAITED_FOR
from .vitals import BEAT_SECONDS, OFF, SERVING


class Worker:
    def __init__(self, settings, vitals):
        self._settings = settings
        self._vitals = vitals
        self._log = Log(settings.identity)
        self._metrics = Metrics()
        self._dispatcher = Dispatcher(settings, self._log, self._metrics)
        self._server = FunctionServer(settings, self._dispatcher)
        self._status = "loading"
        self._supervisor = os.getppid()

    def start(self):
        threading.excepthook = self._thread_failed
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WAITED_FOR)
        admin = AdminServer(self._settings, lambda: self._status, self._render).start()
        self._dispatcher.function = load_function(self._settings)
        port = self._server.start()
        self._vitals.beat()
        self._vitals.enter(SERVING)
        self._status = "ready"
        self._log.info("Listening.", port=port, adminPort=admin, target=self._settings.target, python=sys.version.split()[0])

    def serve(self):
        """Beats, and ends requests that have run out of time, until told to stop."""
        while self._status == "ready":
            self._tick()
        self._drain()

    def _tick(self):
        time.sleep(BEAT_SECONDS)
        self._vitals.beat()
        fatal = self._dispatcher.expire()
        if fatal is not None:
            raise fatal
        if os.getppid() != self._supervisor:
            os._exit(CRASHED)  # nobody is left who could pass signals on

    def _drain(self):
        """
        Readiness has gone, while requests are still taken: it takes a moment until no proxy sends any. Then no new
        connections, and those that are open end with the answer they wait for.
        """
        self._dispatcher.draining = True
        self._until(self._settings.drain, lambda: False)
        self._server.close()
        self._until(self._settings.timeout + 1, lambda: self._dispatcher.idle)

    def _until(self, seconds, condition):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not condition():
            self._tick()

    def _signalled(self, number, frame):
        if self._status == "draining":
            return
        was, self._status = self._status, "draining"
        self._log.info(f"{signal.Signals(number).name}: shutting down.")
        if was == "loading":
            self._vitals.enter(OFF)
            os._exit(0)

    def _thread_failed(self, args):
        if args.exc_type is not SystemExit:
            self._log.error("A thread of the function ended with an exception.", error=describe_error(args.exc_value))

    def _render(self):
        return self._metrics.render(self._dispatcher.in_flight, self._dispatcher.queued, self._status == "ready")


def run(settings, vitals):
    """Never returns."""
    os.close(vitals.stacks_read)
    faulthandler.enable(vitals.stacks_write, all_threads=True)
    faulthandler.register(STACK_SIGNAL, vitals.stacks_write, all_threads=True)
    code = 0
    try:
        worker = Worker(settings, vitals)
        worker.start()
        worker.serve()
        atexit._run_exitfuncs()
    except BaseException as error:
        fatal = error if isinstance(error, Fatal) else None
        code = fatal.exit_code if fatal else CRASHED
        message = str(fatal) if fatal else f"The invoker failed: {type(error).__name__}: {error}"
        Log(settings.identity).error(message, error=None if fatal else describe_error(error))
        write_termination_log(settings.termination_log, message)
    vitals.enter(OFF)
    sys.stdout.flush()
    # Threads that the function left behind must not hold up the end.
    os._exit(code)
