"""What takes long once says so: loops that are compiled at their first use, for whoever watches."""

from __future__ import annotations

import multiprocessing
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

__all__ = ["Announcer", "announce_compiling"]

# Seconds of waiting in silence after which people wonder whether something hangs.
LONG = 1.5
TEXT = "hexad: compiling loops at their first use, which takes some seconds"


class Announcer:
    """Says once that compiling takes its time, as soon as it has taken some.

    Parameters
    ----------
    tell : callable
        Takes the text.
    clock : callable
        Seconds.
    timer : callable
        Makes a timer of seconds and a function, as `threading.Timer` does: a single loop may take long.

    >>> announcer = Announcer(print, clock=iter([0.0, 1.0, 1.0, 2.0, 2.0]).__next__, timer=lambda *_: None)
    >>> for _ in range(2):
    ...     announcer.begin()
    ...     announcer.end()
    >>> announcer.begin()
    hexad: compiling loops at their first use, which takes some seconds
    """

    def __init__(
        self,
        tell: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        timer: Callable[[float, Callable[[], None]], Any] = threading.Timer,
    ) -> None:
        self.tell = tell
        self.clock = clock
        self.timer = timer
        self.lock = threading.RLock()
        self.told = False
        self.depth = 0
        self.spent = 0.0
        self.since = 0.0
        self.waiting: Any = None

    def begin(self) -> None:
        """Note that a loop begins to be compiled; one inside another counts as part of it."""
        with self.lock:
            self.depth += 1
            if self.told or self.depth > 1:
                return
            if self.spent >= LONG:
                self._say()
                return
            self.since = self.clock()
            self.waiting = self.timer(LONG - self.spent, self._say)
            if self.waiting is not None:
                self.waiting.daemon = True
                self.waiting.start()

    def end(self) -> None:
        """Note that a loop has been compiled."""
        with self.lock:
            self.depth -= 1
            if self.waiting is not None:
                self.waiting.cancel()
                self.waiting = None
            if not self.told and self.depth == 0:
                self.spent += self.clock() - self.since

    def _say(self) -> None:
        with self.lock:
            if not self.told:
                self.told = True
                self.tell(TEXT)


def announce_compiling(numba: Any) -> None:
    """Listen to numba, where somebody watches: on a terminal or in a notebook, and not in workers or pipes.

    Parameters
    ----------
    numba : module

    >>> from shared.runtime.compile import numba
    >>> announce_compiling(numba)
    """
    watched = (sys.stderr is not None and sys.stderr.isatty()) or "ipykernel" in sys.modules
    if not watched or multiprocessing.current_process().name != "MainProcess":
        return
    event = numba.core.event
    announcer = Announcer(_write)

    class Listener(event.Listener):  # type: ignore[misc, name-defined]
        def on_start(self, _: Any) -> None:
            announcer.begin()

        def on_end(self, _: Any) -> None:
            announcer.end()

    event.register("numba:compile", Listener())


def _write(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
