"""The study of marketing: what is told of channels, when no money is to be moved, limits, and the next budget."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from case_studies.common import cli
from case_studies.common.runs import predict_from, run_study
from case_studies.marketing.datasets import CHANNELS, simulate_world
from case_studies.marketing.history import to_history
from case_studies.marketing.learning import _find_together
from case_studies.marketing.limits import make_limits
from case_studies.marketing.plan import compare_searches
from case_studies.marketing.settings import MarketingSettings
from case_studies.marketing.trial import NoAdverts, SpendTask
from domains.optimization import ResponseCurves, allocate_budget
from shared.data import WalkForward
from shared.decision import InfeasibleError, Limit, Limits
from shared.errors import DataError, SettingsError, StoreError
from shared.evaluation import evaluate
from tests.stories.recount import recount

NAMES = {"week": "Woche", "television": "TV Spot", "search": "suche", "social": "netz", "sales": "Umsatz"}
SPENT = list(NAMES.values())[1:4]
FEW = [
    "columns.time=Woche",
    "columns.response=Umsatz",
    "n_jobs=1",
    "tries=3",
    "draws=40",
    "sweeps=120",
    "evaluations=400",
]
SMALL = MarketingSettings(n_jobs=1, tries=3, draws=40, sweeps=120, evaluations=400)


def table(rows=104, noise=2_000.0):
    """Three channels that sell by curves of their own, and nothing else that moves sales but noise."""
    rng = np.random.default_rng(3)
    found = pd.DataFrame({"Woche": pd.date_range("2023-01-02", periods=rows, freq="7D")})
    for name, usual in zip(SPENT, (20_000, 8_000, 5_000), strict=True):
        found[name] = (usual * rng.lognormal(0, 0.5, rows)).round()
    curves = ResponseCurves.make(SPENT, top=[30_000, 60_000, 60_000], half=[8_000, 14_000, 12_000], shape=[1, 1, 1.2])
    return found.assign(Umsatz=100_000 + curves.value(found[SPENT]).sum(axis=1) + rng.normal(0, noise, rows))


def run(path, folder, asked=(), **more):
    return run_study("marketing", data={"spend": path, **more}, overrides=[*FEW, *asked], out=folder / "run").parent


def wrote(folder, found=None, name="geld.csv"):
    (table() if found is None else found).to_csv(folder / name, index=False)
    return folder / name


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A table from the last row to the first, limits and groups under other names."""
    folder = tmp_path_factory.mktemp("own")
    limits = pd.DataFrame({"Name": ["online hoechstens"], "Wofuer": ["Art = online"], "Max": ["16000"], "Min": [None]})
    groups = pd.DataFrame({"Kanal": SPENT, "Art": ["klassisch", "online", "online"]})
    asked = [f"columns.limits.{role}={name}" for role, name in
             (("name", "Name"), ("applies_to", "Wofuer"), ("least", "Min"), ("most", "Max"))]  # fmt: skip
    return run(
        wrote(folder, table()[::-1]), folder, [*asked, "columns.groups.channel=Kanal", "currency=EUR"],
        limits=wrote(folder, limits, "grenzen.csv"), groups=wrote(folder, groups, "arten.csv"),
    )  # fmt: skip


# The bundled run


def test_the_bundled_run_says_it_is_simulated_and_what_really_came(study_run):
    folder = study_run("marketing", "quick")
    page = (folder / "report.html").read_text()
    assert "All channels, spending and sales here are simulated by the project" in page
    assert page.index("simulated by the project") < page.index("EUR a week, spend: ")
    assert "By the simulator&#39;s truth" in page or "By the simulator's truth" in page
    assert "a real series (an insurer" in page
    found = json.loads((folder / "metrics.json").read_text())
    assert found["true gain"] > 0
    assert 0.5 < found["share of the possible"] <= 1 + 1e-6
    plan = pd.read_parquet(folder / "plan.parquet").set_index("channel")
    assert plan["spend"].sum() == pytest.approx(plan["now"].sum(), rel=1e-6)
    assert plan.loc["television", "spend"] >= 20_000 - 1e-6
    assert plan.loc[["search", "social"], "spend"].sum() <= 13_000 + 1e-3


def test_another_seed_is_another_firm():
    one, two = simulate_world(1), simulate_world(2)
    assert one.table.columns.tolist() == ["week", *CHANNELS, "sales"]
    assert not np.allclose(one.truth, two.truth)
    pd.testing.assert_frame_equal(one.table, simulate_world(1).table)


def test_every_number_that_is_said_comes_from_a_table(own, study_run):
    assert recount(own) > 20
    assert recount(study_run("marketing", "quick")) > 60


# Own data


def test_own_tables_make_a_budget(own):
    plan = pd.read_parquet(own / "plan.parquet").set_index("channel")
    assert plan.index.tolist() == SPENT
    assert plan.loc[["suche", "netz"], "spend"].sum() <= 16_000 + 1e-3
    assert (plan["spend"] <= 1.5 * plan["now"] + 1e-6).all()
    assert (plan["spend"] >= 0.5 * plan["now"] - 1e-6).all()
    found = json.loads((own / "metrics.json").read_text())
    assert found["recommended"] == 1
    assert 0 < found["gain low"] < found["gain"] < found["gain high"]
    page = (own / "report.html").read_text()
    assert "EUR a week, spend: TV Spot " in page
    assert "online hoechstens" in page
    assert "Umsatz a week more than today" in page
    for word in ("simulat", "insurer", "firm"):
        assert word not in page


def test_what_is_learnt_does_not_depend_on_the_order_of_rows(tmp_path):
    settings = SMALL.model_copy(update={"columns": SMALL.columns.model_copy(
        update={"time": "Woche", "response": "Umsatz", "spend": SPENT})})  # fmt: skip
    one, two = (to_history(found, settings, "t").table for found in (table(), table().sample(frac=1, random_state=0)))
    pd.testing.assert_frame_equal(one, two)


def test_one_channel_leaves_nothing_to_split(tmp_path):
    folder = run(wrote(tmp_path, table()[["Woche", "suche", "Umsatz"]]), tmp_path)
    page = (folder / "report.html").read_text()
    assert "One channel leaves nothing to split. Ten percent more on suche" in page
    assert "What to spend" not in page


# When no money is to be moved


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.assign(Umsatz=np.random.default_rng(0).normal(1e5, 5e3, len(t))), "no effect is shown of TV Spot, "),
        (lambda t: t.assign(netz=(0.3 * t["suche"]).round()), "moved together with that on"),
        (lambda t: t.tail(20), "there are too few rows to try the curves on a part held out"),
    ],
)  # fmt: skip
def test_no_money_is_moved_where_the_table_cannot_tell(change, said, tmp_path):
    folder = run(wrote(tmp_path, change(table())), tmp_path)
    page = (folder / "report.html").read_text()
    assert "move money on this: " in page
    advice = page[page.index("What to do") : page.index("How sure that is")]
    assert "Nothing was found beyond today" in advice
    assert said in page
    assert "a week, spend: " not in page
    assert json.loads((folder / "metrics.json").read_text())["recommended"] == 0
    path, told = predict_from(folder, data=wrote(tmp_path, pd.DataFrame({"channel": SPENT}), "next.csv"))
    assert told[0].startswith("Don't move money on this: ")
    assert said in told[0]
    assert len(pd.read_csv(path)) == 3


def test_less_than_a_year_is_told(tmp_path):
    page = (run(wrote(tmp_path, table(45)), tmp_path) / "report.html").read_text()
    assert "The table holds 45 rows, less than a year" in page


def test_channels_that_move_together_are_found_and_only_those():
    rng = np.random.default_rng(0)
    found = table().assign(drei=lambda t: t["suche"] + t["netz"] + rng.normal(0, 300, len(t)))
    settings = MarketingSettings(columns={"time": "Woche", "response": "Umsatz", "spend": [*SPENT, "drei"]})
    told = _find_together(to_history(found, settings, "t"))
    assert any("drei" in one for one in told)
    assert not any("TV Spot" in one for one in told)
    assert _find_together(to_history(table(), settings.model_copy(
        update={"columns": settings.columns.model_copy(update={"spend": SPENT})}), "t")) == ()  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.assign(netz=t["netz"].where(t.index != 5, -3.0)), r"column 'netz': 1 .* below 0.*row 6"),
        (lambda t: t.assign(netz=0.0), r"'netz': is 0 in every row.*columns\.spend='\[\"TV Spot\", \"suche\"\]'"),
        (lambda t: t.assign(netz=7.0), "'netz': is 7 in every row, so that its effect cannot be told"),
        (lambda t: t.drop(index=[20, 21, 50]), "3 stamps are missing in 2 gaps"),
        (lambda t: pd.concat([t, t.tail(1)]), "Woche"),
        (lambda t: t.head(12), "has 12 rows, too few to learn of 3 channels"),
        (lambda t: t[["Woche", "Umsatz"]], "has no column of spending"),
        (lambda t: t.assign(Umsatz=5.0), "'Umsatz': never changes"),
    ],
)
def test_wrong_tables_are_told(change, said, tmp_path):
    with pytest.raises(DataError, match=said):
        run(wrote(tmp_path, change(table())), tmp_path)
    assert not (tmp_path / "run" / "settings.toml").exists()


def test_missing_weeks_are_filled_where_that_is_asked(tmp_path):
    asked = ["read.repair=interpolate"]
    page = (run(wrote(tmp_path, table().drop(index=[20, 50])), tmp_path, asked) / "report.html").read_text()
    assert "104 weeks" in page


def test_a_budget_of_nothing_is_refused(tmp_path):
    found = table()
    found.loc[found.index[-13:], SPENT] = 0
    with pytest.raises(SettingsError, match=r"nothing was spent in the last 13 rows.*--set total"):
        run(wrote(tmp_path, found), tmp_path)
    with pytest.raises(SettingsError, match="total"):
        run(wrote(tmp_path), tmp_path, ["total=-5"])


# Limits


def test_limits_that_clash_are_told_with_the_least_that_would_have_to_give(tmp_path, monkeypatch, capsys):
    limits = pd.DataFrame({"applies_to": ["netz", "every channel"], "least": [9_000, None], "most": [None, 8_000]})
    file, given = wrote(tmp_path), wrote(tmp_path, limits, "limits.csv")
    with pytest.raises(InfeasibleError) as told:
        run(file, tmp_path, limits=given)
    assert "Two limits cannot hold together" in str(told.value)
    assert "The least that would have to give is" in str(told.value)
    monkeypatch.chdir(tmp_path)
    asked = [part for one in FEW for part in ("--set", one)]
    with pytest.raises(SystemExit) as ended:
        cli.main(["run", "marketing", *asked, "--data", f"spend={file}", "--data", f"limits={given}"])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("hexad: No split of the budget meets the limits")


def test_what_stays_stays_and_names_are_checked(tmp_path):
    folder = run(wrote(tmp_path), tmp_path, ['fixed=["TV Spot"]'])
    plan = pd.read_parquet(folder / "plan.parquet").set_index("channel")
    assert plan.loc["TV Spot", "spend"] == pytest.approx(plan.loc["TV Spot", "now"])
    with pytest.raises(SettingsError, match="there is no channel 'fax'"):
        run(wrote(tmp_path), tmp_path / "other", ['fixed=["fax"]'])


def test_what_is_asked_for_by_name_counts_for_more_than_the_rule_for_all():
    now = pd.Series({"a": 10.0, "b": 10.0})
    asked = Limits([Limit("out", "a", most=0.0), Limit("more", "b", least=18.0)])
    made = {one.name: (one.least, one.most) for one in make_limits(now, 3 * now, asked, SMALL)}
    assert made["change of a by 50 %"] == (0.0, 15.0)
    assert made["change of b by 50 %"] == (5.0, 18.0)
    free = make_limits(now, 3 * now, Limits(), SMALL.model_copy(update={"most_change": 0.0}))
    assert [one.name for one in free] == ["most seen of a", "most seen of b"]


def test_searches_stay_within_limits_and_below_the_bound():
    from case_studies.marketing.wishes import Wishes

    curves = ResponseCurves.make(["a", "b", "c"], top=[50, 40, 30], half=[10, 8, 12], shape=[2, 1, 1.5])
    groups = {"kind": {"a": "x", "b": "x", "c": "y"}}
    limits = Limits([Limit("x", "kind = x", most=18.0), Limit("c", "c", least=2.0, most=20.0)])
    decision = allocate_budget(curves, 30.0, limits=limits, groups=groups)
    settings = SMALL.model_copy(update={"evaluations": 3_000})
    found = compare_searches(decision, curves, limits, Wishes(limits, groups, 30.0), settings).set_index("way")
    assert found.index.tolist() == ["proof", "genetic algorithm", "particle swarm"]
    assert found["feasible"].all()
    assert found.loc[found.index[1:], "evaluations"].tolist() == [3_000, 3_000]
    assert (found["response"] <= decision.bound * (1 + 1e-6)).all()
    assert found["gap"].max() < 0.05


# A part held out


def test_the_guard_watches_and_the_baseline_knows_nothing_of_spending():
    found = table()
    task = SpendTask("Umsatz", tuple(SPENT))
    walk = WalkForward(4, every=4, n_splits=2, ds="Woche")
    scores = evaluate({"a": NoAdverts()}, found, walk, ["mae"], baselines={"b": NoAdverts()}, task=task, show=False)
    assert scores.guarded, scores.explain_leaks()
    one = NoAdverts().fit(found[SPENT], found["Umsatz"])
    assert one.predict(found[SPENT]).tolist() == one.predict(10 * found[SPENT]).tolist()


# The next budget


def test_the_next_budget_follows_what_is_spent_and_asked(own, tmp_path):
    asked = pd.DataFrame({"channel": SPENT[::-1], "present": [5_000, 7_000, 21_000], "most": [None, 7_500, None]})
    path, told = predict_from(own, data=wrote(tmp_path, asked, "next.csv"), out=tmp_path / "out.csv")
    plan = pd.read_csv(path).set_index("channel")
    assert plan["now"].to_dict() == {"TV Spot": 21_000, "suche": 7_000, "netz": 5_000}
    assert plan["spend"].sum() == pytest.approx(33_000)
    assert plan.loc["suche", "spend"] <= 7_500 + 1e-3
    assert plan.loc[["suche", "netz"], "spend"].sum() <= 16_000 + 1e-3
    assert told[0].startswith("Of 33,000 a week, spend: TV Spot ")


def test_another_total_is_split_too(own, tmp_path):
    file = wrote(tmp_path, pd.DataFrame({"channel": SPENT}), "next.csv")
    path, told = predict_from(own, data=file, overrides=["total=30000"], out=tmp_path / "out.csv")
    assert pd.read_csv(path)["spend"].sum() == pytest.approx(30_000)
    assert any(text.startswith("What is spent now is taken from the run") for text in told)


def test_a_wrong_next_table_and_a_damaged_run_are_told(own, tmp_path):
    file = wrote(tmp_path, pd.DataFrame({"channel": ["TV Spot", "fax"], "present": [1.0, 2.0]}), "next.csv")
    with pytest.raises(DataError) as told:
        predict_from(own, data=file, out=tmp_path / "out.csv")
    assert "'fax' was never learnt" in str(told.value)
    assert "'suche', 'netz'" in str(told.value)
    with pytest.raises(DataError, match="present"):
        predict_from(
            own, data=wrote(tmp_path, pd.DataFrame({"channel": SPENT, "present": [1.0, -2.0, 3.0]}), "next.csv"),
            out=tmp_path / "out.csv",
        )  # fmt: skip
    shutil.copytree(own, tmp_path / "run")
    (tmp_path / "run" / "seen.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(StoreError, match=r"seen\.parquet is missing or damaged"):
        predict_from(tmp_path / "run", data=wrote(tmp_path, pd.DataFrame({"channel": SPENT}), "next.csv"))


def test_what_cannot_be_met_next_time_is_told(own, tmp_path):
    asked = pd.DataFrame({"channel": SPENT, "least": [None, 9_000, 9_000]})
    with pytest.raises(InfeasibleError, match="online hoechstens"):
        predict_from(own, data=wrote(tmp_path, asked, "next.csv"), out=tmp_path / "out.csv")


@pytest.mark.parametrize("asked", ["holdout=0", "most_change=2", "draws=5", "recent=0", "season=9"])
def test_settings_out_of_range_are_refused(asked, tmp_path):
    with pytest.raises(SettingsError, match=asked.split("=")[0]):
        run_study("marketing", quick=True, overrides=[asked], out=tmp_path / "run")


@pytest.mark.parametrize("named", [True, False])
def test_an_empty_cell_of_spending_is_refused_or_nothing_spent(tmp_path, named):
    """Nobody writes the zeros of a channel that is off: whether an empty cell is one is for the user to say."""
    made = table()
    made.loc[made.index % 4 == 0, SPENT[1]] = np.nan
    asked = [] if named else ["columns.spend=[]"]
    with pytest.raises(
        DataError, match=r"26 values are missing .* where they mean that nothing was spent, .*missing=.zero"
    ):
        to_history(made, settings_of(asked), "geld.csv")
    history = to_history(made, settings_of([*asked, "missing=zero"]), "geld.csv")
    assert (history.table[SPENT[1]] == 0).sum() == 26
    assert f"26 empty cells of “{SPENT[1]}” taken for 0" in history.notes


def settings_of(asked):
    """Settings of the study for the table above."""
    names = {"time": "Woche", "response": "Umsatz", "spend": [] if "columns.spend=[]" in asked else list(SPENT)}
    return MarketingSettings(columns=names, missing="zero" if "missing=zero" in asked else "refuse")
