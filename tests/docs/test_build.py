"""Pages are run when they are built: results, tables and pictures are what the examples give, and nothing is fetched."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("docs_build", ROOT / "docs" / "build.py")
build = importlib.util.module_from_spec(SPEC)
sys.modules["docs_build"] = build
SPEC.loader.exec_module(build)

TEXT = """# A page of <tests>

Words, and [another page](basket.md).

| a | b |
| --- | --- |
| 1 | 2 |

```python
>>> import pandas as pd
>>> from domains.timeseries import SeasonalNaive
>>> table = pd.DataFrame({"ds": range(20), "y": [float(i % 4) for i in range(20)]})
>>> forecast = SeasonalNaive(4).fit(table).predict(12, levels=[80])
>>> forecast
Forecast(1 series × 12 steps, 80 % intervals, by SeasonalNaive)
>>> forecast.plot()
Figure(...)

```

```
hexad run demand
```

```python
>>> print("<b>", forecast.frame["mean"].max())
anything
>>> 1 / 0
Traceback (most recent call last):
ZeroDivisionError: division by zero

```
"""


def test_a_page_shows_what_its_examples_give(tmp_path):
    (tmp_path / "page.md").write_text(TEXT, encoding="utf-8")
    page = build.build_page(tmp_path / "page.md")
    assert "<title>A page of &lt;tests&gt;</title>" in page
    assert page.count("<svg") == 1
    assert "10 of 12 rows shown." in page  # the table, as in a notebook
    assert '<pre class="result">&lt;b&gt; 3.0</pre>' in page  # what it gives, and not what was written
    assert "ZeroDivisionError: division by zero" in page
    assert "anything" not in page
    assert ">>>" not in page
    assert "hexad run demand" in page
    assert '<a href="basket.html">' in page
    assert re.findall(r'(?:src|href)="(?!basket\.html|#)([^"]+)"', page) == []  # nothing to fetch


def test_an_example_that_fails_stops_the_build(tmp_path):
    (tmp_path / "page.md").write_text("# A\n\n```python\n>>> int('x')\n1\n\n```\n", encoding="utf-8")
    with pytest.raises(build.ExampleError, match=r"page\.md, block of line 3: int\('x'\): ValueError: invalid literal"):
        build.build_page(tmp_path / "page.md")
    assert sys.displayhook is sys.__displayhook__


def test_pages_are_named(tmp_path, capsys):
    build.main([str(tmp_path), "safety"])
    assert capsys.readouterr().out == f"{tmp_path / 'safety'}.html\n"
    assert (tmp_path / "safety.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    with pytest.raises(SystemExit):
        build.main([str(tmp_path), "nothing"])
    assert "there is no page 'nothing'; there are anomaly, basket" in capsys.readouterr().err
