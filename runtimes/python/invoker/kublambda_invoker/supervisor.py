"""
The process that Kubernetes starts: it forks the one that runs the function, passes signals on, and watches. Nothing inside
an interpreter can end code that never gives up its lock, such as a runaway regular expression; and nobody but a parent can
say that a process was killed.
"""

import os
import re
import signal
import time

from .fatal import BLOCKED, CRASHED, LOAD_TIMEOUT, Fatal, write_termination_log
from .vitals import LOADING, OFF, SERVING

LOOK_SECONDS = 0.25
# Allowed on top of a limit: the function's process, when it can, ends the matter itself and says it better.
GRACE_SECONDS = 0.5
STACK_SIGNAL = signal.SIGUSR2
PASSED_ON = (signal.SIGTERM, signal.SIGINT)
WAITED_FOR = (signal.SIGCHLD, *PASSED_ON)


class Supervisor:
    def __init__(self, settings, log, vitals):
        self._settings = settings
        self._log = log
        self._vitals = vitals
        self._child = 0
        self._last = (time.monotonic(), 0)
        self._still = 0.0
        self._loading = 0.0
        self._suspected = False

    def fork(self):
        """True in the parent. Signals that come before either side listens wait."""
        signal.pthread_sigmask(signal.SIG_BLOCK, WAITED_FOR)
        self._child = os.fork()
        return self._child != 0

    def watch(self):
        """Returns the exit code."""
        os.close(self._vitals.stacks_write)
        while True:
            info = signal.sigtimedwait(WAITED_FOR, LOOK_SECONDS)
            if info is not None and info.si_signo in PASSED_ON:
                os.kill(self._child, info.si_signo)
            status = self._reap()
            if status is not None:
                return self._ended(status)
            finding = self._look()
            # Two looks in a row: after everything was stopped for a while, the function's process gets time to show that it lives.
            if finding and self._suspected:
                return self._stop(*finding)
            self._suspected = finding is not None

    def _reap(self):
        """As the first process of its container it inherits what the function leaves behind."""
        found = None
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return found
            if pid == 0:
                return found
            if pid == self._child:
                found = status

    def _look(self):
        now, beats, phase = time.monotonic(), self._vitals.beats, self._vitals.phase
        step = now - self._last[0]
        self._still = self._still + step if beats == self._last[1] else 0.0
        self._loading = self._loading + step if phase == LOADING else 0.0
        self._last = (now, beats)
        limits = self._settings
        if self._loading > limits.load_timeout + GRACE_SECONDS:
            return (
                LOAD_TIMEOUT,
                f"Loading the function took longer than {limits.load_timeout:g} s: the code that runs at load does not come to its end",
                "move long work out of the top level of the module into the handler, or raise FUNCTION_LOAD_TIMEOUT_SECONDS.")
        if phase == SERVING and self._still > limits.timeout + GRACE_SECONDS:
            return (
                BLOCKED,
                f"The function blocked the interpreter for longer than its timeout of {limits.timeout:g} s",
                "bound the work (a regular expression that backtracks without end, a call into C); if it needs more time, raise spec.timeoutSeconds.")
        return None

    def _stop(self, exit_code, cause, remedy):
        os.kill(self._child, STACK_SIGNAL)
        stacks = self._stacks(1.0)
        where = place(stacks, self._settings.source)
        if exit_code == LOAD_TIMEOUT and stacks and not where:
            cause = f"{cause}, or has not begun: the runtime was still loading what it needs itself"
            remedy = f"{remedy} Where the code is quick to load, the node or spec.resources.limits.cpu gives it too little processor time."
        fatal = Fatal(exit_code, f"{cause}{f' (at {where})' if where else ''}.", remedy)
        self._say(fatal, stacks)
        os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)
        return exit_code

    def _ended(self, status):
        code = os.waitstatus_to_exitcode(status)
        if self._vitals.phase == OFF:
            return code  # it said why
        stacks = self._stacks(0)
        where = place(stacks, self._settings.source)
        at = f" (at {where})" if where else ""
        if code < 0:
            try:
                name = signal.Signals(-code).name
            except ValueError:
                name = str(-code)
            self._say(Fatal(
                128 - code, f"The function's process was killed by the signal {name}{at}.",
                "see the log for what came before: SIGKILL is mostly a lack of memory (spec.resources.limits.memory), SIGSEGV a fault in an extension module."), stacks)
            return 128 - code
        self._say(Fatal(
            code or CRASHED, f"The function ended its own process with exit code {code} (os._exit).",
            "return or raise instead: an exception fails only its own request."), stacks)
        return code or CRASHED

    def _say(self, fatal, stacks):
        self._log.error(str(fatal), stacks=stacks or None)
        write_termination_log(self._settings.termination_log, str(fatal))

    def _stacks(self, wait):
        """What the function's process wrote of its threads: faulthandler needs no lock for that."""
        text, end = b"", time.monotonic() + wait
        while len(text) < 65536:
            try:
                part = os.read(self._vitals.stacks_read, 65536)
                if not part:
                    break
                text += part
            except BlockingIOError:
                if time.monotonic() > end or text:
                    break
                time.sleep(0.05)
        return text.decode("utf-8", "replace")


def place(stacks, source):
    """The first place in the user's own code that stacks or a traceback speak of: file:line, relative to the source."""
    match = re.search(rf'File "{re.escape(source)}/?([^"]+)", line (\d+),? in (\S+)', stacks)
    return f"{match[1]}:{match[2]} in {match[3]}" if match else None
