"""Pages with their results and pictures: each page is run, and becomes one HTML file that works offline.

``python docs/build.py OUT [PAGE ...]`` writes OUT/timeseries.html and so on. What a page's examples give is run anew:
tables are shown as a notebook shows them, figures are drawn, and an example that fails stops the build.
"""

from __future__ import annotations

import argparse
import contextlib
import doctest
import html
import io
import sys
import traceback
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
if str(DOCS.parent) not in sys.path:  # as a script it finds the project it lies in
    sys.path.insert(0, str(DOCS.parent))

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>__TITLE__</title><style>
body{font:16px/1.55 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color:#1d2433;background:#fff}
pre{background:#f4f6fa;padding:.7rem .9rem;overflow-x:auto;font-size:14px;margin:.4rem 0}
pre.result{background:none;border-left:3px solid #c9d3e3;white-space:pre-wrap}figure{margin:.6rem 0}figure svg{width:100%;height:auto}
div.result{overflow-x:auto}table{border-collapse:collapse;font-size:14px}td,th{padding:.2rem .6rem;text-align:right;
border-bottom:1px solid #e3e8f0}a{color:#0b5cab}
</style></head><body>__BODY__</body></html>
"""


class ExampleError(RuntimeError):
    """An example of a page failed; the text says where and why."""


def run_examples(text: str, names: dict[str, Any], where: str) -> str:
    r"""Run the examples of a block, and give them as HTML with what they gave.

    Parameters
    ----------
    text : str
        Lines that begin with >>> or ..., and what they are expected to give.
    names : dict
        What earlier blocks of the page have defined; further names are added.
    where : str
        For messages.

    Raises
    ------
    ExampleError

    >>> run_examples(">>> x = 2\n>>> x + 1\n3\n", {}, "a page")
    '<pre>x = 2\nx + 1</pre>\n<pre class="result">3</pre>\n'
    """
    told, waiting = [], []
    for example in doctest.DocTestParser().get_examples(text):
        waiting.append(example.source.rstrip("\n"))
        result = _run(example, names, where)
        if result:
            told += [f"<pre>{html.escape(chr(10).join(waiting))}</pre>\n", result]
            waiting = []
    if waiting:
        told.append(f"<pre>{html.escape(chr(10).join(waiting))}</pre>\n")
    return "".join(told)


def _run(example: doctest.Example, names: dict[str, Any], where: str) -> str:
    """Run one example; what it printed and what it gave, as HTML."""
    shown: list[str] = []

    def show(value: object) -> None:
        if value is None:
            return
        make = getattr(value, "_repr_html_", None)
        rich = make() if make is not None else None
        shown.append(f'<div class="result">{rich}</div>\n' if rich else _as_result(repr(value)))

    printed, before = io.StringIO(), sys.displayhook
    sys.displayhook = show
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(example.source, where, "single"), names)  # noqa: S102  # the project's own pages
    except Exception as error:
        if example.exc_msg is None:
            last = "".join(traceback.format_exception_only(error)).strip()
            raise ExampleError(f"{where}: {example.source.strip()}: {last}") from error
        shown.append(_as_result("".join(traceback.format_exception_only(error)).strip()))
    finally:
        sys.displayhook = before
    text = printed.getvalue().rstrip("\n")
    return "".join([_as_result(text) if text else "", *shown])


def _as_result(text: str) -> str:
    return f'<pre class="result">{html.escape(text)}</pre>\n'


def build_page(path: Path) -> str:
    """One page as HTML, its examples run in their order.

    Parameters
    ----------
    path : path
        A Markdown file.
    """
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens, names = reader.parse(path.read_text(encoding="utf-8")), {"__name__": "__main__"}
    body = []
    for token in tokens:
        if token.type == "fence" and ">>>" in token.content:
            begin = token.map[0] + 1 if token.map else 0
            body.append(run_examples(token.content, names, f"{path.name}, block of line {begin}"))
        else:
            if token.type == "inline":
                _link_pages(token)
            body.append(reader.renderer.render([token], reader.options, {}))
    title = next((tokens[place + 1].content for place, one in enumerate(tokens) if one.tag == "h1"), path.stem)
    return PAGE.replace("__TITLE__", html.escape(title)).replace("__BODY__", "".join(body))


def _link_pages(token: Any) -> None:
    """Let links to other pages lead to what is made of them."""
    for child in token.children or ():
        target = str(child.attrGet("href") or "") if child.type == "link_open" else ""
        if target.endswith(".md") and "/" not in target:
            child.attrSet("href", f"{target.removesuffix('.md')}.html")


def main(arguments: list[str] | None = None) -> None:
    """Build the pages that are named, or all."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("out", type=Path)
    asked.add_argument("pages", nargs="*", help="such as timeseries; all where left out")
    given = asked.parse_args(arguments)
    known = {path.stem: path for path in sorted(DOCS.glob("*.md"))}
    if unknown := [page for page in given.pages if page not in known]:
        asked.error(f"there is no page {unknown[0]!r}; there are {', '.join(known)}")
    from shared.runtime.files import write_text

    for page in given.pages or known:
        write_text(given.out / f"{page}.html", build_page(known[page]))
        sys.stdout.write(f"{given.out / page}.html\n")


if __name__ == "__main__":
    main()
