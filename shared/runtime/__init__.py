"""What everything runs on: settings, files, models, parallel work, progress, seeds."""

import os
import sys


def _calm() -> None:
    """Let a forked process work with one thread: its parent's OpenMP threads are not there, and waited for."""
    if "sklearn" in sys.modules:
        from threadpoolctl import threadpool_limits

        threadpool_limits(1, user_api="openmp")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_calm)
