"""One request, from its headers to the end of its answer."""

import re
import uuid

REQUEST_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)

WAITING, READING, RUNNING, DONE = range(4)


class Exchange:
    """
    The request's own thread and the clock both may want to answer: who takes the answer first gives it. `place` says whether
    it holds one of the places that the concurrency limit counts; the dispatcher's lock guards it.
    """

    __slots__ = ("head", "wire", "peer", "started", "stage", "place", "granted", "interrupted", "thread", "cancel", "code", "keep_alive", "linger", "_answer", "_id")

    def __init__(self, wire, peer, head, started, thread):
        self.wire = wire
        self.peer = peer
        self.head = head
        self.started = started
        self.thread = thread
        self.cancel = None  # ends what the thread waits for, where that is a coroutine
        self.stage = WAITING
        self.place = False
        self.granted = None
        self.interrupted = None
        self.code = 0
        self.keep_alive = head.keep_alive
        self.linger = False
        self._answer = [True]
        self._id = None

    def take_answer(self):
        """True for exactly one caller."""
        try:
            return self._answer.pop()
        except IndexError:
            return False

    @property
    def answered(self):
        return not self._answer

    @property
    def id(self):
        """The X-Request-Id of the caller where it is a sane one, else a new one. The same id is in logs and error answers."""
        if self._id is None:
            given = self.head.get("x-request-id")
            self._id = given if given and REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
        return self._id
