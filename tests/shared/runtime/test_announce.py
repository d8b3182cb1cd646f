"""Compiling says once that it takes its time, where somebody watches, and nowhere else."""

import io
import sys

import pytest

from shared.runtime import announce
from shared.runtime.announce import Announcer, announce_compiling


class Timer:
    made: list = []

    def __init__(self, seconds, function):
        self.seconds, self.function, self.started, self.cancelled = seconds, function, False, False
        Timer.made.append(self)

    def start(self):
        self.started = True

    def cancel(self):
        self.cancelled = True


def announcer(*times):
    Timer.made, told = [], []
    return Announcer(told.append, clock=iter(times).__next__, timer=Timer), told


def test_short_loops_are_compiled_in_silence():
    one, told = announcer(0.0, 0.4, 1.0, 1.4)
    for _ in range(2):
        one.begin()
        one.end()
    assert told == []
    assert [timer.cancelled for timer in Timer.made] == [True, True]


def test_many_loops_say_it_once():
    one, told = announcer(0.0, 1.0, 5.0, 6.0)
    for _ in range(5):
        one.begin()
        one.end()
    assert told == [announce.TEXT]


def test_one_long_loop_says_it_while_it_is_compiled():
    one, told = announcer(0.0, 9.0)
    one.begin()
    (timer,) = Timer.made
    assert timer.started
    assert timer.daemon
    assert timer.seconds == announce.LONG
    timer.function()
    assert told == [announce.TEXT]
    one.end()
    one.begin()
    assert len(told) == len(Timer.made) == 1


def test_what_is_compiled_inside_counts_once():
    one, told = announcer(0.0, 1.0)
    one.begin()
    one.begin()
    one.end()
    one.end()
    assert one.spent == 1.0
    assert len(Timer.made) == 1
    assert told == []


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "notebook", "heard"), [(Terminal(), False, 1), (io.StringIO(), False, 0), (io.StringIO(), True, 1)]
)
def test_only_who_watches_is_told(monkeypatch, stream, notebook, heard):
    from shared.runtime.compile import numba

    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(announce, "LONG", 0.0)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    if notebook:
        monkeypatch.setitem(sys.modules, "ipykernel", sys)
    listening = []
    monkeypatch.setattr(numba.core.event, "register", lambda kind, listener: listening.append((kind, listener)))
    announce_compiling(numba)
    assert len(listening) == heard
    for kind, listener in listening:
        assert kind == "numba:compile"
        for status in (numba.core.event.EventStatus.START, numba.core.event.EventStatus.END):
            listener.notify(numba.core.event.Event(kind, status, None))
    announce._write("told")
    assert stream.getvalue().endswith("told\n")


def test_numba_says_when_it_compiles():
    from shared.runtime.compile import numba

    heard = []

    class Listener(numba.core.event.Listener):
        def on_start(self, event):
            heard.append(event.kind)

        def on_end(self, event):
            heard.append("end")

    with numba.core.event.install_listener("numba:compile", Listener()):
        assert numba.njit(lambda x: x + 1)(1) == 2
    assert heard == ["numba:compile", "end"]
