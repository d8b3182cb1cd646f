"""The report: one page, everything escaped, nothing from outside."""

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from shared.errors import HexadError
from shared.reporting import Link, Report
from shared.reporting.charts import line_figure
from shared.reporting.figures import PALETTE
from shared.reporting.page import Fact, Section, Source, cell_text

EVIL = "<script>alert(\"x\")</script><img src=x onerror='y'> & {{ 7 * 7 }}"


def full(text):
    report = Report(
        text, text, [text], [Fact(text, text)], sources=[Source(text, text, text, "f" * 64)], footer={text: text}
    )
    section = report.section(text).text(text).note(text).code(text)
    frame = pd.DataFrame({text: [text, 1.5]}, index=pd.Index([text, "b"], name=text))
    section.table(frame, caption=text, best=text)
    section.figure(line_figure({text: ([1, 2], [1.0, 2.0]), "b": ([1, 2], [2.0, 1.0])}, alt=text, caption=text))
    return report


class Elements(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.texts, self.open = set(), [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.texts.append(data)


@pytest.mark.parametrize("text", [EVIL, "</style></svg></main>", "'\"><b>", "<!-- x", "]]>"])
def test_everything_is_escaped(text):
    elements, plain = (Elements(full(content).html()) for content in (text, "plain"))
    assert elements.tags == plain.tags
    assert {name for name, _ in elements.attributes} == {name for name, _ in plain.attributes}
    assert "script" not in elements.tags
    assert elements.texts.count(text) == plain.texts.count("plain") > 10
    assert dict(elements.attributes)["aria-label"] == text


def test_nothing_comes_from_outside():
    page = full("plain").html()
    assert "default-src 'none'" in page
    links = [value for name, value in Elements(page).attributes if name in {"href", "xlink:href", "src", "action"}]
    assert all(link.startswith("#") for link in links)
    assert set(re.findall(r"https?://[^\s\"'<]*", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "@import" not in page
    assert "url(http" not in page


def test_the_page_is_the_same_for_the_same_content():
    assert full("a").html() == full("a").html()


def test_light_and_dark_colours_are_there():
    page = Report("a").html()
    assert "prefers-color-scheme: dark" in page
    for name, (_, light, dark) in PALETTE.items():
        assert f"--{name}: {light};" in page
        assert f"--{name}: {dark};" in page


def test_an_empty_report_is_a_page():
    page = Report("a").html()
    assert page.startswith("<!doctype html>")
    assert "<h1>a</h1>" in page
    assert Report("a")._repr_html_() == page


def test_the_page_is_written_whole(tmp_path):
    report = full("ä")
    report.write(tmp_path / "new" / "report.html")
    assert (tmp_path / "new" / "report.html").read_text(encoding="utf-8") == report.html()


def test_a_section_goes_on_under_its_title():
    report = Report("a")
    report.section("x").text("one")
    report.section("y")
    report.section("x").text("two")
    assert [section.title for section in report.sections] == ["x", "y"]
    assert [part.content for part in report.sections[0].parts] == ["one", "two"]


def table(frame, **options):
    return Section("a").table(frame, **options).parts[0]


def test_a_link_leads_to_a_page_beside_the_report_and_nowhere_else():
    report = Report("A")
    report.section("Map").link(Link("<b>move</b>", "map.html"))
    assert '<a href="map.html">&lt;b&gt;move&lt;/b&gt;</a>' in report.html()
    for page in ("https://example.org/a.html", "../a.html", "javascript:alert(1)", "a.svg", "", 'x".html'):
        with pytest.raises(HexadError, match="no name of a page beside the report"):
            Link("x", page)


def test_a_table_of_sixty_rows_is_shown_whole_and_a_longer_one_says_so():
    whole, cut = (table(pd.DataFrame({"x": range(n)}), caption="All.") for n in (60, 1234))
    assert (len(whole.content["rows"]), whole.caption) == (60, "All.")
    assert (len(cut.content["rows"]), cut.caption) == (60, "All. The first 60 of 1,234 rows.")
    assert table(pd.DataFrame({"x": range(61)})).caption == "The first 60 of 61 rows."


def test_the_index_is_the_first_column_and_the_best_row_stands_out():
    part = table(pd.DataFrame({"x": [1.0, 2.0], 7: [True, None]}, index=pd.Index(["a", "b"], name="model")), best="b")
    assert part.content["header"] == ["model", "x", "7"]
    assert [row["cells"] for row in part.content["rows"]] == [["a", "1", "yes"], ["b", "2", ""]]
    assert [row["best"] for row in part.content["rows"]] == [False, True]
    report = Report("a", sections=[Section("s", [part])])
    assert report.html().count('<tr class="best">') == 1


def test_without_a_best_row_none_stands_out():
    part = table(pd.DataFrame({"x": [1.0, 2.0]}, index=pd.Index([None, "b"], dtype=object)))
    assert not any(row["best"] for row in part.content["rows"])


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame({"x": []}), pd.DataFrame(index=[1, 2])])
def test_tables_without_rows_or_columns(frame):
    assert len(table(frame).content["rows"]) == len(frame)


def test_the_table_is_left_unchanged():
    frame = pd.DataFrame({"x": range(99)})
    before = frame.copy()
    table(frame)
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        ("", ""),
        (True, "yes"),
        (False, "no"),
        (np.True_, "yes"),
        (np.False_, "no"),
        (None, ""),
        (pd.NaT, ""),
        (pd.NA, ""),
        (float("nan"), ""),
        (np.float64("nan"), ""),
        (np.float32("nan"), ""),
        (7, "7"),
        (-1234567, "-1,234,567"),
        (np.int64(12345), "12,345"),
        (0.0, "0"),
        (0.51837, "0.518"),
        (np.float32(0.51837), "0.518"),
        (-0.51837, "-0.518"),
        (5.1837, "5.18"),
        (51.837, "51.8"),
        (12345.6, "12,346"),
        (-12345.6, "-12,346"),
        (99.96, "100"),
        (999.96, "1,000"),
        (float("inf"), "inf"),
        (pd.Timestamp("2024-01-02"), "2024-01-02"),
        (pd.Timestamp("2024-01-02 03:04"), "2024-01-02 03:04"),
        (pd.Timestamp("2024-01-02 03:04:05"), "2024-01-02 03:04:05"),
        (pd.Timestamp("2024-01-02", tz="Europe/Berlin"), "2024-01-02"),
        (("a", 1), "('a', 1)"),
    ],
)
def test_cells(value, text):
    assert cell_text(value) == text


def test_nullable_columns_leave_missing_cells_empty():
    frame = pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": pd.array(["x", None], dtype="string")})
    assert [row["cells"][1:] for row in table(frame).content["rows"]] == [["1", "x"], ["", ""]]
