"""One JSON object a line on stderr; every line names the Lambda and its revision."""

import json
import os
import time

from .fatal import truncate

MAX_STACK_BYTES = 8192
MAX_URL_BYTES = 1024


class Log:
    def __init__(self, identity):
        self._identity = identity

    def info(self, message, **fields):
        self._line("info", message, fields)

    def warn(self, message, **fields):
        self._line("warning", message, fields)

    def error(self, message, **fields):
        self._line("error", message, fields)

    def _line(self, level, message, fields):
        now = time.time()
        stamp = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now * 1000) % 1000:03d}Z"
        line = {"time": stamp, "level": level, "message": message, **self._identity, **fields}
        data = (json.dumps({k: v for k, v in line.items() if v is not None}, ensure_ascii=False, default=repr) + "\n").encode("utf-8", "replace")
        try:
            # One write a line, past Python's buffers: lines of threads do not mix, and nothing is lost when the process is killed.
            while data:
                data = data[os.write(2, data):]
        except OSError:
            pass


def describe_request(head):
    """What a log line says of a request: neither its query, which may hold secrets, nor its body."""
    said = {"method": head.method, "path": truncate(head.target.split("?", 1)[0], MAX_URL_BYTES)}
    for name, key in (("user-agent", "userAgent"), ("content-type", "contentType"), ("content-length", "contentLength")):
        value = head.get(name)
        if value is not None:
            said[key] = truncate(value, MAX_URL_BYTES)
    return said


def describe_error(error):
    import traceback  # costs 3 MB that a function without errors need not pay

    stack = "".join(traceback.format_exception(error))
    # The end of a stack is where it happened.
    if len(stack) > MAX_STACK_BYTES:
        stack = "..." + stack[-MAX_STACK_BYTES:]
    return {"name": type(error).__name__, "message": truncate(str(error), MAX_STACK_BYTES), "stack": stack}
