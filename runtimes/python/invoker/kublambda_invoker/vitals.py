"""What the function's process tells the one that watches it, in memory that both share."""

import mmap
import os

LOADING, SERVING, OFF = 0, 1, 2
BEAT_SECONDS = 0.1


class Vitals:
    """A heartbeat, a phase, and a pipe for stacks that the interpreter writes in the middle of whatever blocks it."""

    def __init__(self):
        self._cells = mmap.mmap(-1, 16)
        self._beats = 0
        self.stacks_read, self.stacks_write = os.pipe()
        os.set_blocking(self.stacks_read, False)
        os.set_blocking(self.stacks_write, False)

    def beat(self):
        self._beats = (self._beats + 1) & 0xFFFFFFFF
        self._cells[0:4] = self._beats.to_bytes(4, "little")

    def enter(self, phase):
        self._cells[4] = phase

    @property
    def beats(self):
        return int.from_bytes(self._cells[0:4], "little")

    @property
    def phase(self):
        return self._cells[4]
