"""The admin port: probes and metrics. It runs inside the function's interpreter, so liveness fails when that stands still."""

import threading
import time

from .http1 import Gone, Refusal, Wire, head_of_answer
from .server import listen

READ_SECONDS = 5


class AdminServer:
    def __init__(self, settings, status, metrics):
        """status() gives 'loading', 'ready' or 'draining'; metrics() gives text."""
        self._settings = settings
        self._status = status
        self._metrics = metrics

    def start(self):
        """Returns the port."""
        listener = listen(self._settings.admin_port, self._settings.address)
        threading.Thread(target=self._accept, args=(listener,), name="admin", daemon=True).start()
        return listener.getsockname()[1]

    def _accept(self, listener):
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        with sock:
            sock.settimeout(READ_SECONDS)
            wire = Wire(sock)
            try:
                if not wire.wait():
                    return
                head = wire.read_head(time.monotonic() + READ_SECONDS)
                code, kind, text = self._answer(head.method, head.target.split("?", 1)[0])
                body = text.encode()
                headers = [("Content-Type", f"{kind}; charset=utf-8"), ("Content-Length", len(body)), ("Cache-Control", "no-store")]
                wire.send(head_of_answer(code, headers, keep_alive=False) + (b"" if head.method == "HEAD" else body))
            except (Gone, Refusal):
                pass

    def _answer(self, method, path):
        if method not in ("GET", "HEAD"):
            return 405, "text/plain", "Only GET and HEAD.\n"
        if path == "/healthz/live":
            return 200, "text/plain", "ok\n"
        if path == "/healthz/ready":
            status = self._status()
            return (200, "text/plain", "ok\n") if status == "ready" else (503, "text/plain", f"{status}\n")
        if path == "/metrics":
            return 200, "text/plain; version=0.0.4", self._metrics()
        return 404, "text/plain", "Here are /healthz/live, /healthz/ready and /metrics.\n"
