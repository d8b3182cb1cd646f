"""Reports as people see them: on a desk and on a phone, light and dark, printed, by keyboard, and without scripts."""

import functools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from case_studies.common.study import find_studies
from domains.timeseries.figures import forecast_figure, pit_figure
from shared.reporting import Claim, Link, Report, Table
from shared.reporting.charts import bar_figure, density_figure, dependence_figure, line_figure
from shared.reporting.downloads import write_downloads
from shared.reporting.glossary import TERMS
from shared.reporting.page import Fact, Source
from tests.browser.paper import fills

pytestmark = [pytest.mark.browser, pytest.mark.any_pandas]

AUDIT = (Path(__file__).parent / "audit.js").read_text()
EVERYTHING = "everything"  # a report with all that there is
WIDTHS = (1200, 390)
MARGIN = 16 / 297  # of a printed page, at head and foot
each_report = pytest.mark.parametrize("name", [EVERYTHING, *sorted(find_studies())])
each_view = pytest.mark.parametrize(
    ("width", "dark"), [*((width, dark) for width in WIDTHS for dark in (False, True)), (360, False)], ids="{}".format
)


def write_everything(folder):
    """A report with each kind of part, long names and wide tables among them."""
    hours = pd.date_range("2024-03-28", periods=72, freq="h")
    wave = 4000 + 900 * np.sin(np.arange(72) / 4)
    long = "a name of a product that is much longer than anybody would like it to be, 12 x 330 ml"
    report = Report("A report with everything in it", "Of nothing in particular; tried 13 times.")
    report.advice = ["Hold 829 MW above the forecast at Friday's peak.", Claim("The MASE is 0.8.", (), "better")]
    report.certainty = ["The coverage was 93 % of 90 %.", ["One more.", "And one."]]
    report.doubts = ["Only 13 trials were made.", "It fails " + "where everything changes at once " * 5]
    report.facts = [
        Fact("1,482.9 EUR/MWh", "of reserve", "better"),
        Fact("−3 %", "against the best baseline", "worse"),
        Fact("No difference shown", "in error (95 % interval: −21 to 58 %)", "none"),
        Fact("1,234,567 EUR", long, "too few"),
    ]
    past, ahead = hours[:48], hours[48:]
    report.picture = forecast_figure(
        past, wave[:48], ahead, wave[48:], lower=wave[48:] - 200, upper=wave[48:] + 300, level=90, y_label="MW"
    ).tell("Demand peaks at 4,900 MW on Friday", data=pd.DataFrame({"at": hours, "mw": wave}))
    lines = {"model": (hours, wave), "same time yesterday": (hours, wave * 0.9), "actual": (hours, wave * 1.05)}
    points = np.random.default_rng(0).normal(size=(2000, 2))
    days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    chapter = report.section("Charts")
    for number in range(2):
        chapter.figure(line_figure(lines, y_label="MW", caption="What was expected.", title=f"Lines, {number}"))
        chapter.figure(bar_figure({long: 3.5, "b": 12.25, "c": 0.5}, lower=[3, 12, 0], upper=[4, 13, 1], x_label="h"))
    chapter.figure(density_figure(*points.T, x_label="first", y_label="second"))
    chapter.figure(pit_figure([0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1], [0.125] * 8))
    chapter.figure(dependence_figure({"": (days, np.arange(7.0))}, share=np.full(7, 1 / 7), x_label="day"))
    wide = pd.DataFrame({f"column number {one}": wave[:24] * one for one in range(12)}, index=hours[:24])
    words = pd.DataFrame({"why": [long + "; " + long] * 5, "n": np.arange(5) * 1234.5}, index=list("abcde"))
    chapter = report.section("Tables").table(wide, "A wide one.").table(words, "One of words.", best="b")
    chapter.table(pd.DataFrame({"n": np.arange(90)}), "A long one.").table(pd.DataFrame({"n": [1]}))
    chapter.add(Table(wide, "A folded one.", name="folded", fold=True))
    report.section("How it was done", fold=True).text(*TERMS).note("A caveat.").code("hexad predict " + "x" * 90)
    report.section("How it was done").table(wide, "In a folded chapter.").figure(line_figure(lines)).link(
        Link("A page beside it", "map.html")
    )
    report.sources = [Source("Demand", "https://example.org/" + "a" * 90, "not stated", "f" * 64)]
    report.footer = {"Run": "2024-01-01, 3 seconds."}
    folder.mkdir()
    (folder / "report.html").write_text(report.html(folder=folder.name), encoding="utf-8")
    (folder / "map.html").write_text("<!doctype html><title>Map</title>")
    write_downloads(folder / "tables", report.tables())
    return folder


@pytest.fixture(scope="session")
def find_report(tmp_path_factory, study_run):
    """Folder of a report by name: of a study's run that other tests look at, too, or of everything."""

    @functools.cache
    def find(name):
        if name == EVERYTHING:
            return write_everything(tmp_path_factory.mktemp("reports") / EVERYTHING)
        return study_run(name, "quick")

    return find


@pytest.fixture(scope="session")
def look(browser, find_report):
    """What is wrong with a report in one view, and what it said and asked for meanwhile; looked at once."""

    @functools.cache
    def look_at(name, width, dark):
        page = browser.open(address_of(find_report(name)), width=width, dark=dark)
        found = page.run(AUDIT)
        found["told"], found["asked"] = page.heard()
        page.close()
        return found

    return look_at


def address_of(folder):
    return (folder / "report.html").resolve().as_uri()


@each_report
@each_view
def test_nothing_sticks_out_of_the_page(look, name, width, dark):
    found = look(name, width, dark)
    assert found["overflow"] == []
    assert found["cut"] == []


@each_report
@each_view
def test_no_text_is_too_small_to_read(look, name, width, dark):
    assert look(name, width, dark)["small"] == []


@each_report
@each_view
def test_every_text_stands_out_from_its_ground(look, name, width, dark):
    assert look(name, width, dark)["faint"] == []


@each_report
@each_view
def test_it_asks_nobody_and_has_nothing_to_complain_of(look, find_report, name, width, dark):
    found = look(name, width, dark)
    assert found["told"] == []
    assert found["asked"] == [address_of(find_report(name))]


@each_report
def test_every_link_leads_somewhere(look, find_report, name):
    found = look(name, WIDTHS[0], False)
    assert found["anchors"] == []
    folder = find_report(name)
    assert [link for link in found["files"] if not (folder / link).is_file()] == []
    assert "tables/all-tables.xlsx" in found["files"]


WANTED = """(() => {
  document.querySelectorAll("details").forEach((one) => { one.open = true; });
  const all = [...document.querySelectorAll("body *")].filter((one) => one.matches("a[href], summary")
    || (/auto|scroll/.test(getComputedStyle(one).overflowX) && one.scrollWidth > one.clientWidth && !one.querySelector("a")));
  window.wanted = new Set(all.filter((one) => one.checkVisibility()));
  document.addEventListener("focusin", (event) => window.wanted.delete(event.target));
  return window.wanted.size;
})()"""


@each_report
@pytest.mark.parametrize("width", WIDTHS)
def test_the_keyboard_reaches_all_that_folds_leads_or_scrolls(browser, find_report, name, width):
    page = browser.open(address_of(find_report(name)), width=width)
    count = page.run(WANTED)
    assert count > 3
    pressed = 0
    while page.run("window.wanted.size") and pressed < count + 100:
        page.press("Tab", 9)
        pressed += 1
    left = page.run("[...window.wanted].map((one) => one.outerHTML.slice(0, 90))")
    page.close()
    assert left == []


@each_report
def test_it_is_whole_without_scripts(browser, find_report, name):
    texts = []
    for scripts in (True, False):
        page = browser.open(address_of(find_report(name)), scripts=scripts)
        texts.append(page.run("document.body.textContent"))
        page.close()
    assert texts[0] == texts[1]
    assert len(texts[0]) > 1000


@each_report
@pytest.mark.parametrize("width", WIDTHS)
def test_charts_tell_their_values_to_whoever_points_at_them(browser, find_report, name, width):
    page = browser.open(address_of(find_report(name)), width=width)
    page.run('document.querySelectorAll("details").forEach((one) => { one.open = true; })')
    count = page.run('document.querySelectorAll("figure[data-chart]").length')
    if name == EVERYTHING:
        assert count == 5
    for number in range(count):
        chart, place = page.run(PLACE % number)
        line, at = chart["lines"][0], len(chart["lines"][0]["x"]) // 2
        frame = chart["frames"][place["drawing"]]
        left, right, top, bottom, x0, x1, _, _ = frame
        x = place["left"] + place["scale"] * (left + (line["x"][at] - x0) / (x1 - x0) * (right - left))
        page.point(x, place["top"] + place["scale"] * (top + bottom) / 2)
        told = page.run(TOLD % number)
        assert told is not None, f"chart {number} says nothing"
        value = page.run(
            f"new Intl.NumberFormat('en-GB', {{maximumSignificantDigits: 4}}).format({json.dumps(line['y'][at])})"
        )
        assert f"{line['name']}: {value}" in told["text"].split("\n")
        assert told["rule"] == pytest.approx(x, abs=1)
        assert 0 <= told["left"] <= told["right"] <= width
    page.close()


PLACE = """(() => {
  const figure = document.querySelectorAll("figure[data-chart]")[%d];
  figure.scrollIntoView({block: "center", behavior: "instant"});
  const boxes = [...figure.querySelectorAll(".chart > div")];
  const drawing = boxes.findIndex((box) => box.getBoundingClientRect().width > 0);
  const svg = boxes[drawing].querySelector("svg"), place = svg.getBoundingClientRect();
  const scale = place.width / svg.viewBox.baseVal.width;
  return [JSON.parse(figure.dataset.chart), {drawing, left: place.left, top: place.top, scale}];
})()"""
TOLD = """(() => {
  const figure = document.querySelectorAll("figure[data-chart]")[%d];
  const tip = [...figure.querySelectorAll(".tip")].find((one) => !one.hidden && one.getBoundingClientRect().width > 0);
  if (!tip) { return null; }
  const box = tip.getBoundingClientRect(), rule = tip.parentElement.querySelector(".rule").getBoundingClientRect();
  return {text: tip.innerText, left: box.left, right: box.right, rule: (rule.left + rule.right) / 2};
})()"""


@each_report
def test_in_print_all_is_open_and_no_page_is_half_empty_but_the_last(browser, find_report, name):
    page = browser.open(address_of(find_report(name)))
    assert page.run('document.querySelectorAll("details:not([open])").length') > 0
    shares = fills(page.print(), MARGIN)
    page.close()
    assert len(shares) >= 2
    assert [f"page {number}: {share:.2f}" for number, share in enumerate(shares[:-1], 1) if share < 0.5] == []


def test_a_link_into_a_folded_chapter_opens_it(browser, find_report):
    page = browser.open(address_of(find_report(EVERYTHING)) + "#how-it-was-done")
    assert page.run('document.querySelector("#how-it-was-done details").open') is True
    page.run('location.hash = "#sources"')
    assert (
        page.run('new Promise((done) => setTimeout(() => done(document.querySelector("#sources details").open)))')
        is True
    )
    page.run('location.hash = "#%E0%A4%A"')
    assert page.heard()[0] == []
    page.close()


FAULTS = """<!doctype html><html><body style="margin:0">
<p style="width: 150vw">wide</p>
<p style="color: #999; background: #fff">faint</p>
<p style="opacity: .45">seen through</p>
<p style="font-size: 10px">small</p>
<a href="#nowhere">x</a><i id="a">a</i><i id="a">b</i>
<div style="overflow-x: auto; width: 50px; white-space: nowrap">cannot be reached by any key</div>
<svg viewBox="0 0 400 100" width="200" height="50"><rect width="400" height="100" fill="#333"/>
<text x="9" y="40" font-size="30" fill="#000">on dark</text><text x="9" y="90" font-size="18" fill="#fff">half</text></svg>
<script>fetch("http://127.0.0.1:9/x").catch(() => 0); console.error("no");</script>
</body></html>"""


def test_the_checks_find_what_is_wrong(browser, tmp_path):
    (tmp_path / "report.html").write_text(FAULTS)
    page = browser.open(address_of(tmp_path), width=390)
    found = page.run(AUDIT)
    told, asked = page.heard()
    page.close()
    assert len(found["overflow"]) == 1
    assert sorted(text.split("“")[1] for text in found["faint"]) == ["faint”", "on dark”", "seen through”"]
    assert sorted(text.split("“")[1] for text in found["small"]) == ["half”", "small”"]
    assert found["anchors"] == ["#nowhere", "twice: #a"]
    assert len(found["unreachable"]) == 1
    assert len(asked) == 2
    assert told


def test_a_half_empty_page_is_found(browser, tmp_path):
    style = "@page { size: A4; margin: 16mm 15mm; } section { break-after: page; }"
    parts = "".join(f"<section>{'<p>a line</p>' * count}</section>" for count in (2, 20, 2))
    (tmp_path / "report.html").write_text(f"<!doctype html><style>{style}</style>{parts}")
    page = browser.open(address_of(tmp_path))
    shares = fills(page.print(), MARGIN)
    page.close()
    assert len(shares) == 3
    assert shares[0] < 0.2
    assert shares[1] > 0.5
