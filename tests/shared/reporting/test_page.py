"""The report: one page, everything escaped, nothing from outside."""

import base64
import dataclasses
import hashlib
import html
import json
import re
from collections import Counter
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from shared.errors import HexadError
from shared.reporting import Link, Report
from shared.reporting.charts import line_figure
from shared.reporting.claims import Claim, Evidence, Number, given
from shared.reporting.figures import PALETTE, shorten_label
from shared.reporting.glossary import TERMS
from shared.reporting.page import Fact, Section, Source, cell_text
from shared.reporting.table import Table, lay_out

EVIL = "<script>alert(\"x\")</script><img src=x onerror='y'> & {{ 7 * 7 }}"
LINE = ([1, 2], [1.0, 2.0])


def full(text):
    """A report with a text in every place that there is."""
    report = Report(
        text, text, advice=[text, [text, text]], certainty=[text], doubts=[text],
        facts=[Fact(text, text), Fact(text, text, "better", Claim(text, (given(1.0),)))],
        sources=[Source(text, text, text, "f" * 64)], footer={text: text},
    )  # fmt: skip
    frame = pd.DataFrame({text: [text, 1.5], "n": [1.0, 2.0]}, index=pd.Index([text, "b"], name=text))
    rows = Evidence(text, pd.DataFrame({text: [1.0, 2.0], "who": [text, "b"]})).where(who=text)
    claim = Claim.of("{name} {n}", "none", name=text, n=rows.mean(text, unit=text))
    report.advice.append(Claim(text, claim.numbers, "worse", {text: text, "pair": [text]}))
    report.picture = line_figure({text: LINE, "b": LINE}, alt=text, caption=text, title=text)
    section = report.section(text).text(text, claim).note(text).code(text)
    section.table(frame, caption=text, best=text, name=text)
    section.figure(report.picture)
    section.link(Link(text, "map.html"))
    report.section(text + "!", fold=True).text(text)
    return report


class Elements(HTMLParser):
    """Reads a page: tags, attributes, texts, and what stands in scripts."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.texts, self.open, self.scripts = Counter(), [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += attrs
        self.open.append(tag)
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)
        else:
            self.texts.append(data)

    def values(self, name):
        return [value for known, value in self.attributes if known == name]


@pytest.mark.parametrize(
    "text", [EVIL, "</style></svg></main></script>", "'\"><b>", "<!-- x", "]]>", "\\u003c' &quot;"]
)
def test_everything_is_escaped(text):
    usual = ("qzj" * 30)[: len(text)]  # as long, so that it is laid out alike
    elements, plain = (Elements(full(content).html(folder=content)) for content in (text, usual))
    assert elements.tags == plain.tags
    assert elements.tags["script"] == 2
    assert {name for name, _ in elements.attributes} == {name for name, _ in plain.attributes}
    assert elements.texts.count(text) == plain.texts.count(usual) > 25
    assert "".join(elements.texts).count(text) == "".join(plain.texts).count(usual)
    assert elements.values("aria-label").count(text) == plain.values("aria-label").count(usual) == 4
    assert elements.scripts[-1] == plain.scripts[-1]
    told = json.loads(elements.scripts[0][1])
    assert [claim["text"] for claim in told] == [text, text, f"{text} 1 {text}"]
    assert json.loads(plain.scripts[0][1]) == json.loads(json.dumps(told).replace(json.dumps(text)[1:-1], usual))
    charts = [json.loads(chart) for chart in elements.values("data-chart")]
    assert [[line["name"] for line in chart["lines"]] for chart in charts] == [[shorten_label(text), "b"]] * 2


@pytest.mark.parametrize("text", [f"The lift {EVIL}", f"{EVIL} lift, NDCG", "<b>lift</b>", "lift' onmouseover='x"])
def test_texts_around_a_link_to_the_glossary_are_escaped(text):
    report = Report("A", advice=[text], facts=[Fact("1", text)])
    report.section("One").text(Claim(text)).note(text)
    elements = Elements(report.html())
    assert elements.values("href").count("#term-lift") == 1
    assert {"b", "img"} & set(elements.tags) <= {"b"}  # facts are set in bold
    assert elements.tags["script"] == 2
    assert "onmouseover" not in {name for name, _ in elements.attributes}
    assert "".join(elements.texts).count(text) == 4
    (meaning,) = (pair for pair in report_glossary(report) if pair[0] == "lift")
    assert meaning[1] == TERMS["lift"]


def report_glossary(report):
    """Terms and meanings at the end of a page."""
    page = report.html()
    found = re.findall(r'<dt id="term-[a-z-]*">(.*?)</dt><dd>(.*?)</dd>', page[page.index('id="glossary"') :])
    return [(html.unescape(term), html.unescape(meaning).replace("\u00a0", " ")) for term, meaning in found]


def test_nothing_comes_from_outside():
    page = full("plain").html()
    assert "default-src 'none'" in page
    elements = Elements(page)
    links = [value for name, value in elements.attributes if name in {"href", "xlink:href", "src", "action"}]
    assert all(link.startswith("#") or link == "map.html" for link in links)
    assert set(re.findall(r"https?://[^\s\"'<]*", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "@import" not in page
    assert not re.findall(r"url\((?!#)", page)
    assert not re.findall(r"\b(?:fetch|XMLHttpRequest|WebSocket|eval|import)\b", elements.scripts[-1][1])
    assert {name for name, _ in elements.attributes if name.startswith("on")} == set()


def test_only_the_script_of_the_page_may_run():
    elements = Elements(full(EVIL).html())
    policy = next(value for value in elements.values("content") if "script-src" in value)
    (data, _), (own, script) = elements.scripts
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"
    assert data == {"type": "application/json", "id": "claims"}
    assert own == {}


def test_files_are_linked_only_where_there_are_some():
    report = full("plain")
    assert not [link for link in Elements(report.html()).values("href") if link.startswith("tables/")]
    linked = [link for link in Elements(report.html(folder="run-1")).values("href") if link.startswith("tables/")]
    assert sorted(linked) == sorted([f"tables/{name}.csv" for name in report.tables()] + ["tables/all-tables.xlsx"])
    assert "“run-1”" in report.html(folder="run-1")


def test_every_name_is_there_once_and_every_link_within_the_page_leads_to_it():
    report = full("plain")
    for title in ("Claims", "Sources", "Glossary", "First", "Contents", "Term lift", "A", "A 1", "a", "A!"):
        section = report.section(title).text("The lift and the support.")
        for _ in range(2):
            section.table(pd.DataFrame({"n": [1]}), caption="One.")
    elements = Elements(report.html(folder="run"))
    names = elements.values("id")
    assert len(names) == len(set(names))
    assert {link[1:] for link in elements.values("href") if link.startswith("#")} <= set(names)
    assert set(elements.values("aria-labelledby")) <= set(names)


def test_every_claim_stands_in_the_page_as_data_under_its_number():
    report = full("plain")
    page = report.html()
    elements = Elements(page)
    told = json.loads(elements.scripts[0][1])
    assert sorted(map(int, elements.values("data-claim"))) == list(range(len(told)))
    for number, text in re.findall(r'data-claim="(\d+)">(?:<b>)?([^<]*)<', page):
        assert told[int(number)]["text"] == text.replace("\u00a0", " ")
    assert told[2]["numbers"][0] == {
        "text": "1 plain", "value": 1.0, "table": "plain", "statistic": "mean", "column": "plain",
        "where": {"who": "plain"}, "against": None, "by": "", "label": "", "scale": 1.0,
    }  # fmt: skip


def test_numbers_that_are_none_are_told_as_words():
    claim = Claim("A.", (Number("∞", float("inf"), where={"day": pd.Timestamp("2024-01-02"), "n": np.int64(3)}),))
    claim = dataclasses.replace(claim, detail={"lower": float("-inf"), "pair": (1, np.float64("nan"))})
    (told,) = json.loads(Elements(Report("a", advice=[claim]).html()).scripts[0][1])
    assert told["numbers"][0]["value"] == "inf"
    assert told["numbers"][0]["where"] == {"day": "2024-01-02 00:00:00", "n": 3}
    assert told["detail"] == {"lower": "-inf", "pair": [1, "nan"]}


def test_the_first_screen_says_what_to_do_how_sure_and_when_not_to_believe_it():
    report = Report("Demand", "Of Victoria.", ["Hold 5 MW."], ["Rather sure."], ["Not on hot days."])
    report.section("Later").text("More.")
    texts = [text.strip() for text in Elements(report.html()).texts if text.strip()]
    first = texts[texts.index("Demand", texts.index("To the report")) :][:8]
    assert first == [
        "Demand", "Of Victoria.", "What to do", "Hold 5\u00a0MW.", "How sure that is", "Rather sure.",
        "When not to believe it", "Not on hot days.",
    ]  # fmt: skip
    bare = Report("Demand").html()
    assert not any(heading in bare for heading in ("What to do", "How sure that is", "When not to believe it"))


def test_a_folded_chapter_is_whole_in_the_page():
    report = Report("a")
    report.section("Open").text("One.")
    report.section("Protocol", fold=True).text("Two.").table(pd.DataFrame({"n": [1]}))
    page = report.html()
    assert page.count("<details>") == 1
    folded = page[page.index("<details>") : page.index("</details>")]
    assert "<summary><h2>Protocol</h2></summary>" in folded
    assert "Two." in folded
    assert "<table>" in folded
    assert "One." not in folded


@pytest.mark.parametrize(
    ("verdict", "name"),
    [("better", "better"), ("worse", "worse"), ("none", "none"), ("too few", "too-few"), ("", None)],
)
def test_a_verdict_is_seen_on_the_card_and_at_the_sentence(verdict, name):
    page = Report(
        "a", advice=[Claim("So.", (), verdict)], facts=[Fact("1", "n", claim=Claim("1: n", (), verdict))]
    ).html()
    assert f'<span class="claim{" " + name if name else ""}" data-claim="0">So.</span>' in page
    assert f'<li{chr(32) + "class=" + chr(34) + name + chr(34) if name else ""} data-claim="1">' in page


def test_signs_that_no_page_can_hold_are_replaced():
    assert full("a\x00b\x0b").html().encode().count("a\ufffdb\ufffd".encode()) > 20
    assert "a\ufffd</h1>" in Report("a\ud800").html()


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
    assert [part.content for part in report.sections[0].parts] == [("one",), ("two",)]


def table(frame, **options):
    return lay_out(Table(frame, **options))


def test_a_link_leads_to_a_page_beside_the_report_and_nowhere_else():
    report = Report("A")
    report.section("Map").link(Link("<b>move</b>", "map.html"))
    assert '<a href="map.html">&lt;b&gt;move&lt;/b&gt;</a>' in report.html()
    for page in ("https://example.org/a.html", "../a.html", "javascript:alert(1)", "a.svg", "", 'x".html'):
        with pytest.raises(HexadError, match="no name of a page beside the report"):
            Link("x", page)


def test_a_table_of_sixty_rows_is_shown_whole_and_a_longer_one_says_so():
    whole, cut = (table(pd.DataFrame({"x": range(n)}), caption="All.") for n in (60, 1234))
    assert (len(whole["rows"]), whole["caption"]) == (60, "All.")
    assert (len(cut["rows"]), cut["caption"]) == (60, "All. The first 60 of 1,234 rows.")
    assert table(pd.DataFrame({"x": range(61)}))["caption"] == "The first 60 of 61 rows."
    page = Report("a", sections=[Section("s").table(pd.DataFrame({"x": range(1234)}), "All.")])
    assert "All. The first 60 of 1,234 rows." in page.html().replace("\u00a0", " ")
    assert page.html().count("<tr>") == 61
    assert len(page.tables()["s"]) == 1234


def test_the_index_is_the_first_column_and_the_best_row_stands_out():
    frame = pd.DataFrame({"x": [1.0, 2.0], 7: [True, None]}, index=pd.Index(["a", "b"], name="model"))
    made = table(frame, best="b")
    assert made["header"] == ["model", "x", "7"]
    assert [row["cells"] for row in made["rows"]] == [["a", "1", "yes"], ["b", "2", ""]]
    assert [row["best"] for row in made["rows"]] == [False, True]
    report = Report("a", sections=[Section("s").table(frame, best="b")])
    assert report.html().count('<tr class="best">') == 1


def test_without_a_best_row_none_stands_out():
    made = table(pd.DataFrame({"x": [1.0, 2.0]}, index=pd.Index([None, "b"], dtype=object)))
    assert not any(row["best"] for row in made["rows"])


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame({"x": []}), pd.DataFrame(index=[1, 2])])
def test_tables_without_rows_or_columns(frame):
    assert len(table(frame)["rows"]) == len(frame)
    assert "<table>" in Report("a", sections=[Section("s").table(frame)]).html()


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
        (-1234567, "−1,234,567"),
        (np.int64(12345), "12,345"),
        (0.0, "0"),
        (0.51837, "0.518"),
        (np.float32(0.51837), "0.518"),
        (-0.51837, "−0.518"),
        (5.1837, "5.18"),
        (51.837, "51.8"),
        (12345.6, "12,346"),
        (-12345.6, "−12,346"),
        (99.96, "100.0"),
        (999.96, "1,000"),
        (float("inf"), "∞"),
        (float("-inf"), "−∞"),
        (pd.Timestamp("2024-01-02"), "Tue 2 Jan 2024"),
        (pd.Timestamp("2024-01-02 03:04"), "Tue 2 Jan 2024, 03:04"),
        (pd.Timestamp("2024-01-02 03:04:05"), "Tue 2 Jan 2024, 03:04:05"),
        (pd.Timestamp("2024-01-02", tz="Europe/Berlin"), "Tue 2 Jan 2024"),
        (("a", 1), "('a', 1)"),
    ],
)
def test_cells(value, text):
    assert cell_text(value) == text


def test_nullable_columns_leave_missing_cells_empty():
    frame = pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": pd.array(["x", None], dtype="string")})
    assert [row["cells"][1:] for row in table(frame)["rows"]] == [["1", "x"], ["", ""]]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1.5, 22.25, 3.0], ["1.50", "22.25", "3.00"]),
        ([1.0, 2.0], ["1", "2"]),
        ([0.012, float("nan")], ["0.0120", ""]),
        ([-0.5, 0.25], ["−0.500", "0.250"]),
        ([-0.0001, 50.0, 60.5], ["0.0", "50.0", "60.5"]),
        ([1234.5, -17.0], ["1,234", "−17"]),
        ([float("inf"), 1.5, float("-inf")], ["∞", "1.50", "−∞"]),
        ([float("nan"), float("nan")], ["", ""]),
        (pd.array([1.5, None, 2.25], dtype="Float64"), ["1.50", "", "2.25"]),
        (np.array([1.5, 2.25], dtype=np.float32), ["1.50", "2.25"]),
        (pd.Series([1.5, None, 20.0], dtype=object), ["1.5", "", "20.0"]),
        (pd.Series([1.5, "not known"], dtype=object), ["1.50", "not known"]),
    ],
)
def test_numbers_of_a_column_have_one_number_of_decimals(values, texts):
    made = table(pd.DataFrame({"x": values, "y": 1}))
    assert [row["cells"][1] for row in made["rows"]] == texts


def test_columns_of_words_are_set_as_text():
    made = table(pd.DataFrame({"x": ["a sentence of some words", "b"], "n": [1.5, 2.5]}, index=["a", "b"]))
    assert made["words"] == [False, True, False]


def test_a_file_holds_the_whole_table_with_its_numbers_as_they_are():
    frame = pd.DataFrame({"x": np.arange(99) / 7, "who": "a"})
    assert Table(frame).to_file().columns.tolist() == ["name", "x", "who"]
    pd.testing.assert_series_equal(Table(frame).to_file()["x"], frame["x"])
    taken = pd.DataFrame({"name": ["a"], "name_": [1]})
    assert Table(taken).to_file().columns.tolist() == ["name__", "name", "name_"]
    assert Table(frame, data=taken).to_file() is taken


def test_files_of_tables_and_pictures_have_names_of_their_own():
    report = Report("a", picture=line_figure({"a": LINE}))
    for title in ("Überall", "By shop", "By shop!"):
        report.section(title).table(pd.DataFrame({"n": [1]})).figure(line_figure({"a": LINE}))
    report.section("By shop").table(pd.DataFrame({"n": [1]}), name="Best of all: 7 %")
    report.section("No data").figure(dataclasses.replace(line_figure({"a": LINE}), data=None))
    assert list(report.tables()) == [
        "first-screen", "berall", "berall-chart", "by-shop", "by-shop-chart", "best-of-all-7", "by-shop-2", "by-shop-chart-2",
    ]  # fmt: skip
