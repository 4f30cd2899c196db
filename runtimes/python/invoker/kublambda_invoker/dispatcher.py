"""Takes requests to the handler and answers back: concurrency limit, timeout, errors."""

import collections
import ctypes
import json
import socket
import sys
import threading
import time
import traceback

from .coroutines import EventLoop
from .exchange import DONE, READING, RUNNING, WAITING
from .fatal import BLOCKED, Fatal
from .http1 import Gone, Refusal, head_of_answer
from .log import describe_error, describe_request
from .supervisor import place

# How long the rest of a refused body is read, so that the client gets to see the answer.
LINGER_SECONDS = 5
# How long a call that was interrupted may take to end before it counts as stuck.
STUCK_AFTER_SECONDS = 2
FEWEST_STUCK = 10


class TimeIsUp(BaseException):
    """Raised inside a handler whose request has run out of time; no `except Exception` holds it up."""


class Dispatcher:
    def __init__(self, settings, log, metrics):
        self._settings = settings
        self._log = log
        self._metrics = metrics
        self._lock = threading.Lock()
        self._open = {}  # of exchanges, oldest first
        self._waiting = collections.deque()
        self._running = 0
        self.loop = EventLoop()
        self.function = None
        self.draining = False

    @property
    def in_flight(self):
        return self._running

    @property
    def queued(self):
        return len(self._waiting)

    @property
    def idle(self):
        return not self._open

    def handle(self, exchange):
        """On the connection's own thread. Whether the connection can take another request."""
        self._open[exchange] = True
        try:
            if self.draining:
                exchange.keep_alive = False
            self._process(exchange)
        except Refusal as refusal:
            self._refuse(exchange, refusal)
        except Gone:
            exchange.keep_alive = False
        except TimeIsUp:
            pass
        try:
            self._finish(exchange)
        except TimeIsUp:  # it can come as late as here, and only once
            self._finish(exchange)
        return exchange.keep_alive and exchange.interrupted is None

    def _finish(self, exchange):
        with self._lock:
            exchange.stage = DONE
        self._leave(exchange)
        if self._open.pop(exchange, False):
            self._metrics.request(exchange.code, time.monotonic() - exchange.started)

    def _process(self, exchange):
        head, limits = exchange.head, self._settings
        if head.length > limits.max_request_bytes:
            exchange.wire.read_body(head, limits.max_request_bytes)
        if not self._enter(exchange):
            return
        body = b""
        if head.length or head.chunked:
            exchange.stage = READING
            body = exchange.wire.read_body(head, limits.max_request_bytes)
        with self._lock:
            if exchange.answered:
                raise Gone
            exchange.stage = RUNNING
        try:
            self.function(exchange, body, self)
        except (Gone, Refusal):
            raise
        except SystemExit as error:
            self.failed(exchange, error, "exited", "The function called sys.exit(), which only ended this request.")
        except BaseException as error:  # the thread ends with its request, whatever it was
            self.failed(exchange, error)

    def _enter(self, exchange):
        with self._lock:
            if self._running < self._settings.concurrency:
                self._running += 1
                exchange.place = True
                return True
            if len(self._waiting) < self._settings.queue_length:
                exchange.granted = threading.Event()
                self._waiting.append(exchange)
        if exchange.granted is None:
            raise self._overload()
        exchange.granted.wait()
        if exchange.answered:
            return False
        try:
            gone = exchange.wire.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            gone = False
        except OSError:
            gone = True
        if gone:
            raise Gone
        return True

    def _leave(self, exchange):
        with self._lock:
            if not exchange.place:
                return
            exchange.place = False
            while self._waiting:
                other = self._waiting.popleft()
                if not other.answered:
                    other.place = True
                    other.granted.set()
                    return
            self._running -= 1

    def failed(self, exchange, error, reason="exception", message="The function failed. Its log tells the cause under this id."):
        fields = {"id": exchange.id, "request": describe_request(exchange.head), "error": describe_error(error)}
        if isinstance(error, TimeIsUp) or (exchange.answered and exchange.interrupted is not None):
            self._log.warn("The function was interrupted after its time was up.", **fields)
            return
        self._metrics.error(reason)
        self._log.error("The function failed.", **fields)
        self.answer_instead(exchange, 500, reason, message)

    def too_large(self, exchange, size):
        limit = self._settings.max_response_bytes
        message = f"The function's answer has {size} bytes, more than the limit of {limit}. Answer less, stream it (return a generator), or raise FUNCTION_MAX_RESPONSE_BYTES."
        self._metrics.error("response_too_large")
        self._log.error(message, id=exchange.id, request=describe_request(exchange.head))
        self.answer_instead(exchange, 502, "response_too_large", message)

    def _overload(self):
        s = self._settings
        return Refusal(
            503, "overloaded",
            f"The function works on {s.concurrency} requests and {s.queue_length} wait. Try again later, or raise spec.scaling (concurrency, maxReplicas).")

    def _refuse(self, exchange, refusal):
        self._metrics.error(refusal.reason)
        if exchange.head.length or exchange.head.chunked:
            # Closing at once would reset the connection under a client that still sends, and lose the answer.
            exchange.keep_alive = False
            exchange.linger = True
        self.answer_instead(exchange, refusal.status, refusal.reason, str(refusal))

    def answer_instead(self, exchange, status, reason, message):
        """The invoker answers in the handler's place, or cuts the answer off where part of it is sent."""
        if not exchange.take_answer():
            exchange.keep_alive = False
            cut(exchange.wire.socket)
            return
        exchange.code = status
        body = json.dumps({"error": reason, "message": message, "id": exchange.id}).encode()
        headers = [("Content-Type", "application/json; charset=utf-8"), ("Content-Length", len(body)), ("X-Request-Id", exchange.id)]
        if status == 503:
            headers.append(("Retry-After", "1"))
        data = head_of_answer(status, headers, exchange.keep_alive)
        try:
            exchange.wire.send(data if exchange.head.method == "HEAD" else data + body)
        except Gone:
            exchange.keep_alive = False

    def expire(self):
        """Call this a few times a second: requests that have run out of time get their answer here. Returns a Fatal when the process is lost."""
        now = time.monotonic()
        bound = now - self._settings.timeout
        stuck = []
        for exchange in list(self._open):
            if exchange.started > bound:
                break
            if exchange.interrupted is None:
                self._timed_out(exchange, now)
            elif now - exchange.interrupted > STUCK_AFTER_SECONDS and exchange.stage == RUNNING:
                stuck.append(exchange)
        if len(stuck) < max(self._settings.concurrency, FEWEST_STUCK):
            return self.loop.check(self._settings.timeout, self._settings.source)
        frames = sys._current_frames()
        stack = "".join("".join(reversed(traceback.format_stack(frames[e.thread]))) for e in stuck[:1] if e.thread in frames)
        where = place(stack, self._settings.source)
        return Fatal(
            BLOCKED, f"{len(stuck)} calls of the function did not end although their time was up{f' (at {where})' if where else ''}.",
            "give what the function waits for (requests, sockets, locks) a time limit of its own, below spec.timeoutSeconds.")

    def _timed_out(self, exchange, now):
        if exchange.stage == DONE:
            return
        exchange.interrupted = now
        exchange.keep_alive = False
        seconds = f"{self._settings.timeout:g}"
        if exchange.stage == WAITING:
            self._refuse(exchange, self._overload())
            exchange.granted.set()
            return
        self._metrics.error("timeout")
        if exchange.stage == READING:
            self.answer_instead(exchange, 408, "timeout", f"The request's body did not arrive within {seconds} s.")
            cut(exchange.wire.socket, socket.SHUT_RD)
            return
        what = "complete its answer" if exchange.answered else "answer"
        message = f"The function did not {what} within {seconds} s. It has to return a value; more time is spec.timeoutSeconds."
        self._log.error(message, id=exchange.id, request=describe_request(exchange.head))
        self.answer_instead(exchange, 504, "timeout", message)
        with self._lock:
            if exchange.stage == RUNNING:
                interrupt(exchange)
        cut(exchange.wire.socket)
        self._leave(exchange)


def interrupt(exchange):
    cancel = exchange.cancel
    if cancel is not None:
        cancel()
    else:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(exchange.thread), ctypes.py_object(TimeIsUp))


def cut(sock, how=socket.SHUT_RDWR):
    try:
        sock.shutdown(how)
    except OSError:
        pass


def linger(sock):
    """Reads and throws away what still comes, for a while."""
    end = time.monotonic() + LINGER_SECONDS
    try:
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(LINGER_SECONDS)
        while time.monotonic() < end and sock.recv(65536):
            pass
    except OSError:
        pass
