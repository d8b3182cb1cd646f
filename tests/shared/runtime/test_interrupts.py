"""Ctrl-C is not lost, wherever it comes."""

import signal
import threading

import pytest

from shared.runtime.interrupts import raise_if_interrupted, remember_interrupts
from shared.runtime.parallel import map_parallel


class Interrupted:
    """Python prints what is raised here, and goes on."""

    def __del__(self):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_one_that_a_destructor_swallows_is_raised_at_the_next_piece(n_jobs):
    def work(number):
        done.append(number)
        if number == 1 and threading.current_thread() is threading.main_thread():
            Interrupted()
        return number

    def heard(number):
        if number == 1 and n_jobs == 2:
            Interrupted()

    done = []
    with pytest.raises(KeyboardInterrupt), remember_interrupts():
        map_parallel(work, range(6), n_jobs=n_jobs, done=heard)
    assert {0, 1} <= set(done)  # two threads do not keep an order
    assert n_jobs == 2 or done == [0, 1]


def test_what_was_set_before_is_set_again():
    before = signal.getsignal(signal.SIGINT)
    with remember_interrupts():
        assert signal.getsignal(signal.SIGINT) is not before
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
    raise_if_interrupted()


def test_in_another_thread_nothing_changes():
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def elsewhere():
        with remember_interrupts():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [before]
