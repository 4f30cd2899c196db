"""The entry point: two processes, so that a function which blocks or kills its own leaves somebody who says so."""

import os
import sys

from kublambda_invoker.fatal import Fatal, write_termination_log
from kublambda_invoker.log import Log
from kublambda_invoker.settings import read_settings
from kublambda_invoker.supervisor import Supervisor
from kublambda_invoker.vitals import Vitals


def main():
    try:
        settings = read_settings(os.environ)
    except Fatal as fatal:
        write_termination_log(os.environ.get("KUBLAMBDA_TERMINATION_LOG") or "/dev/termination-log", str(fatal))
        Log({}).error(str(fatal))
        return fatal.exit_code
    vitals = Vitals()
    supervisor = Supervisor(settings, Log(settings.identity), vitals)
    if supervisor.fork():
        return supervisor.watch()
    # Only the function's process pays for what it needs.
    from kublambda_invoker.worker import run
    return run(settings, vitals)


if __name__ == "__main__":
    sys.exit(main())
