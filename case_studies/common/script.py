"""Running a study's own file as a script: python FOLDER/study.py."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

from case_studies.common.cli import main

__all__ = ["run_file"]


def run_file(file: str) -> NoReturn:
    """Run the study whose ``study.py`` was started as a script, with its own files and the command line's options.

    >>> run_file("nowhere/study.py")
    Traceback (most recent call last):
    ...
    SystemExit: 2
    """
    folder = Path(file).resolve().parent
    if sys.path and Path(sys.path[0]).resolve() == folder:
        del sys.path[0]  # the study's files are imported as a package; none of them hides a library of its name
    main(["run", str(folder), *sys.argv[1:]])
    raise SystemExit(0)
