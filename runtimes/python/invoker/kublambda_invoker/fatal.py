"""How a process that cannot go on says why."""

import os

# Exit codes. The deployer turns them into the reason of the Lambda's Deployed condition.
CRASHED = 1  # the process ended outside of a request
BAD_TARGET = 64  # no such module or function, or a setting that makes no sense
LOAD_FAILED = 65  # the module could not be loaded
LOAD_TIMEOUT = 66  # loading took longer than FUNCTION_LOAD_TIMEOUT_SECONDS
BLOCKED = 70  # the interpreter stood still, or too many calls did not end, over the request timeout

# Kubernetes keeps 4096 bytes of a termination message; half of it is plenty for cause and remedy.
MAX_MESSAGE_BYTES = 2048


class Fatal(Exception):
    """Something the process cannot go on from: what happened, and what the user can do about it."""

    def __init__(self, exit_code, cause, remedy=None):
        super().__init__(f"{cause}\nRemedy: {remedy}" if remedy else cause)
        self.exit_code = exit_code


def truncate(text, max_bytes):
    """Cuts text to a number of UTF-8 bytes without cutting a character."""
    data = text.encode("utf-8", "replace")
    if len(data) <= max_bytes:
        return text
    return data[: max_bytes - 3].decode("utf-8", "ignore") + "..."


def write_termination_log(path, message):
    """
    Writes the container's termination message, where Kubernetes shows it. Kubernetes makes the file; it is never created
    here, so outside a pod nothing happens.
    """
    try:
        file = os.open(path, os.O_WRONLY | os.O_TRUNC)
        try:
            os.write(file, truncate(message, MAX_MESSAGE_BYTES).encode("utf-8", "replace"))
        finally:
            os.close(file)
    except OSError:
        pass  # The same words go to stderr; a message that cannot be kept must not hide the reason for the end.
