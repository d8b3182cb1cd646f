"""What steers a terminal does not reach it: names of files, studies, columns and series come through one filter."""

import io
import sys
import types
import warnings

import pytest
from typer.testing import CliRunner

from case_studies.common import cli, runs
from shared.errors import HexadWarning, RepairWarning
from shared.runtime import progress as progress_module
from shared.runtime.progress import progress

pytestmark = pytest.mark.any_pandas


STEERING = ["\x1b]0;owned\x07", "\x1b[2J", "\x9b31m", "\u202e", "\x08\x08", "\r", "\u2066", "\x1bc"]


def is_clean(text):
    return all(character.isprintable() or character == "\n" for character in text)


@pytest.fixture
def said(monkeypatch, tmp_path, capsys):
    """What the command line writes, both streams together."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)

    def call(*arguments):
        with pytest.raises(SystemExit):
            cli.main(list(arguments))
        both = capsys.readouterr()
        return both.out + both.err

    return call


@pytest.mark.parametrize("bad", STEERING)
def test_names_on_the_command_line(said, bad):
    for arguments in (
        ["run", f"demand{bad}"],
        ["run", "demand", "--data", f"none{bad}.csv", "--out", f"runs{bad}"],
        ["run", "demand", "--set", f"a{bad}=1"],
        ["predict", f"run{bad}", "--data", f"x{bad}.csv"],
        [f"no{bad}"],
        ["run", "demand", f"--no{bad}"],
        ["run", "demand", f"more{bad}"],
    ):
        text = said(*arguments)
        assert text
        assert is_clean(text), arguments


@pytest.mark.parametrize("bad", STEERING)
def test_sentences_after_a_run_and_a_prediction(monkeypatch, bad):
    monkeypatch.setattr(
        runs, "run_and_summarise", lambda *a, **b: (cli.Path(f"r{bad}"), [f"The series {bad} is dear."])
    )
    monkeypatch.setattr(runs, "predict_from", lambda *a, **b: (cli.Path(f"p{bad}"), [f"Of {bad}."]))
    for arguments in (["run", "demand"], ["predict", "r", "--data", "x"]):
        ended = CliRunner().invoke(cli.app, arguments)
        assert ended.exit_code == 0
        assert is_clean(ended.output)


@pytest.mark.parametrize("bad", STEERING)
def test_the_line_of_progress(monkeypatch, bad):
    stream = io.StringIO()
    stream.isatty = lambda: True
    monkeypatch.setattr(progress_module, "sys", types.SimpleNamespace(stderr=stream))
    monkeypatch.setattr(sys, "stderr", stream)
    with progress(f"series {bad}", 1, show=True) as advance:
        advance(f"model {bad}")
    assert "model" in stream.getvalue()
    assert "owned" not in stream.getvalue() or "\x1b]" not in stream.getvalue()
    assert bad == "\r" or bad not in stream.getvalue().replace("\x1b[2K", "")


@pytest.mark.parametrize("bad", STEERING)
def test_warnings(bad):
    for kind in (HexadWarning, RepairWarning):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            warnings.warn(f"left out {bad}", kind, stacklevel=1)
        assert is_clean(str(told[0].message))
