"""Handlers that are coroutines: one event loop, on a thread of its own, for all of them; a request's thread waits for its own."""

import asyncio
import sys
import threading
import time
import traceback

from .fatal import BLOCKED, Fatal
from .supervisor import place
from .vitals import BEAT_SECONDS

# On top of the limit: the requests that wait for the loop get their own answers first.
GRACE_SECONDS = 0.5


class EventLoop:
    """Started with the first coroutine: a function without any has none."""

    def __init__(self):
        self._lock = threading.Lock()
        self._loop = None
        self._thread = None
        self._asked = None  # when the loop was asked for a sign of life that has not come yet
        self._looks = 0

    def run(self, awaitable, exchange):
        """The result of an awaitable. Variables of the caller's context, such as flask.request, are there; when the request's time is up it is cancelled."""
        future = self.start(awaitable, exchange)
        try:
            return future.result()
        finally:
            exchange.cancel = None

    def start(self, awaitable, exchange):
        """Its future. Who has it in the end takes `exchange.cancel` away again."""
        future = asyncio.run_coroutine_threadsafe(_coroutine(awaitable), self._started())
        exchange.cancel = future.cancel
        # The clock of the time limit either finds this, or came before it.
        if exchange.interrupted is not None:
            future.cancel()
        return future

    def iterate(self, pieces, exchange):
        """An asynchronous iterator as one that blocks."""
        pieces = aiter(pieces)
        try:
            while True:
                try:
                    piece = self.run(anext(pieces), exchange)
                except StopAsyncIteration:
                    return
                yield piece
        finally:
            # One that was cancelled has ended itself.
            if hasattr(pieces, "aclose"):
                asyncio.run_coroutine_threadsafe(pieces.aclose(), self._started())

    def call_soon(self, callback, *args):
        self._loop.call_soon_threadsafe(callback, *args)

    def check(self, timeout, source):
        """Call this every BEAT_SECONDS. Returns a Fatal when a coroutine has held up the loop, and so all others, for longer than a request may take."""
        if self._loop is None:
            return None
        asked = self._asked
        if asked is None:
            self._asked, self._looks = time.monotonic(), 0
            self._loop.call_soon_threadsafe(self._alive)
            return None
        # A process that did not get to run has not looked either: time alone proves nothing.
        self._looks += 1
        if time.monotonic() - asked <= timeout + GRACE_SECONDS or self._looks * BEAT_SECONDS < timeout + GRACE_SECONDS:
            return None
        frame = sys._current_frames().get(self._thread.ident)
        where = place("".join(reversed(traceback.format_stack(frame))), source) if frame else None
        return Fatal(
            BLOCKED, f"A coroutine blocked the event loop for longer than the timeout of {timeout:g} s{f' (at {where})' if where else ''}.",
            "await what takes time (asyncio.sleep, an asynchronous client, asyncio.to_thread), or write the handler as a plain def, which runs in a thread of its own.")

    def _alive(self):
        self._asked = None

    def _started(self):
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._forever, name="event loop", daemon=True)
                self._thread.start()
        return self._loop

    def _forever(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()


async def _coroutine(awaitable):
    return await awaitable
