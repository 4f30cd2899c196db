"""Accepts connections. Each has a thread of its own: handing requests from thread to thread would cost more than a small function."""

import errno
import socket
import struct
import threading
import time

from .dispatcher import cut, linger
from .exchange import Exchange
from .fatal import LOAD_FAILED, Fatal
from .http1 import Gone, Refusal, Wire, head_of_answer

# Longer than the idle timeout of the usual proxies (60 s), so that it is they who close an idle connection.
KEEP_ALIVE_SECONDS = 75
# Connections beyond the places and the queue; more are closed as they come.
SPARE_CONNECTIONS = 512
TIME_LIMIT = struct.pack("ll", KEEP_ALIVE_SECONDS, 0)


def listen(port, address):
    """A listening socket on all addresses of both families, or on the one given."""
    try:
        if address is None and socket.has_dualstack_ipv6():
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=1024)
        return socket.create_server((address or "", port), backlog=1024)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Fatal(
                LOAD_FAILED, f"Port {port} is taken: the module itself listens on it.",
                "do not start a server (app.run()) in the module; define the handler, the runtime listens.") from error
        raise


class FunctionServer:
    def __init__(self, settings, dispatcher):
        self._settings = settings
        self._dispatcher = dispatcher
        self._idle = set()
        self._connections = 0
        self._limit = settings.concurrency + settings.queue_length + SPARE_CONNECTIONS
        self._lock = threading.Lock()
        self._closed = False
        self._listener = None

    def start(self):
        """Returns the port."""
        self._listener = listen(self._settings.port, self._settings.address)
        threading.Thread(target=self._accept, name="accept", daemon=True).start()
        return self._listener.getsockname()[1]

    def _accept(self):
        while True:
            try:
                sock, peer = self._listener.accept()
            except OSError as error:
                if self._closed:
                    return
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    time.sleep(0.1)
                continue
            with self._lock:
                full = self._connections >= self._limit
                self._connections += not full
            if full:
                sock.close()
            else:
                threading.Thread(target=self._serve, args=(sock, peer), daemon=True).start()

    def _serve(self, sock, peer):
        try:
            with sock:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                # A limit of the kernel's: Python's own costs a poll() for every receive.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, TIME_LIMIT)
                self._requests(Wire(sock), peer[0])
        except BaseException:  # what is left of an interrupted call, and peers that left
            pass
        finally:
            self._idle.discard(sock)
            with self._lock:
                self._connections -= 1

    def _requests(self, wire, peer):
        me, dispatcher, sock = threading.get_ident(), self._dispatcher, wire.socket
        while True:
            self._idle.add(sock)
            if self._closed or not wire.wait():
                return
            self._idle.discard(sock)
            started = time.monotonic()
            try:
                head = wire.read_head(started + self._settings.timeout)
            except Refusal as refusal:
                return refuse(wire, refusal)
            exchange = Exchange(wire, peer, head, started, me)
            if not dispatcher.handle(exchange):
                if exchange.linger:
                    linger(sock)
                return

    def close(self):
        """No more connections; those that wait for a request end."""
        self._closed = True
        cut(self._listener)
        self._listener.close()
        for sock in list(self._idle):
            cut(sock)


def refuse(wire, refusal):
    """What was received is no request yet, so it has no id and no place in the metrics."""
    body = f'{{"error": "{refusal.reason}", "message": "{refusal}"}}'.encode()
    headers = [("Content-Type", "application/json; charset=utf-8"), ("Content-Length", len(body))]
    try:
        wire.send(head_of_answer(refusal.status, headers, keep_alive=False) + body)
        linger(wire.socket)
    except Gone:
        pass
