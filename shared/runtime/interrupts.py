"""Ctrl-C that is not lost.

Python raises KeyboardInterrupt wherever the program happens to be; inside a destructor or a callback of the garbage
collector it is printed and forgotten, and the program goes on. Here it is remembered, and raised again at the next
place that asks: between two pieces of parallel work, and between the steps of a run.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

__all__ = ["raise_if_interrupted", "remember_interrupts"]

_asked = threading.Event()


@contextlib.contextmanager
def remember_interrupts() -> Iterator[None]:
    """Remember Ctrl-C while the block runs; outside the main thread nothing changes.

    >>> with remember_interrupts():
    ...     raise_if_interrupted()
    """

    def interrupt(_: int, __: FrameType | None) -> None:
        _asked.set()
        raise KeyboardInterrupt

    def report(lost: sys.UnraisableHookArgs) -> None:
        if not issubclass(lost.exc_type, KeyboardInterrupt):  # that one is raised again, and told then
            report_before(lost)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before, report_before = signal.signal(signal.SIGINT, interrupt), sys.unraisablehook
    sys.unraisablehook = report
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        sys.unraisablehook = report_before
        _asked.clear()


def raise_if_interrupted() -> None:
    """Raise KeyboardInterrupt if Ctrl-C was pressed and got lost.

    >>> raise_if_interrupted()
    """
    if _asked.is_set():
        raise KeyboardInterrupt
