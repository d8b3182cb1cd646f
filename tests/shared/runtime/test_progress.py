"""Progress: shown on terminals, silent elsewhere."""

import io
import subprocess
import sys

import pytest

from shared.runtime.progress import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Put a terminal in the place of the error stream, but only once the test itself runs."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def open_terminal():
        monkeypatch.setattr(sys, "stderr", Terminal())
        return sys.stderr

    return open_terminal


def go(show=None, notes=("first", "second")):
    with progress("fitting", len(notes), show=show) as advance:
        for note in notes:
            advance(note)


def test_silent_when_piped(capsys):
    go()
    assert capsys.readouterr() == ("", "")


def test_silent_when_told_so(terminal):
    terminal = terminal()
    go(show=False)
    assert terminal.getvalue() == ""


def test_shown_on_a_terminal(terminal, capsys):
    terminal = terminal()
    go()
    assert "fitting: second" in terminal.getvalue()
    assert "2/2" in terminal.getvalue()
    assert capsys.readouterr().out == ""


def test_a_note_is_not_needed(terminal):
    terminal = terminal()
    go(notes=("",))
    assert "fitting" in terminal.getvalue()
    assert "fitting:" not in terminal.getvalue()


def test_shown_when_told_so(capsys):
    go(show=True)
    assert "fitting" in capsys.readouterr().err


def test_an_error_passes_through(terminal):
    terminal = terminal()
    with pytest.raises(KeyError), progress("fitting", 2):
        raise KeyError("x")


@pytest.mark.parametrize("note", ["[/b]", "model [lags=3]", "[red]"])
def test_names_with_brackets_are_shown_as_they_are(terminal, note):
    terminal = terminal()
    go(notes=(note,))
    assert note in terminal.getvalue()


def test_no_error_stream_is_silent(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    go()


def test_rich_is_not_loaded_when_silent():
    code = (
        "import sys; from shared.runtime.progress import progress\n"
        "with progress('a', 1) as advance: advance()\nsys.exit('rich' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, stderr=subprocess.PIPE).returncode == 0
