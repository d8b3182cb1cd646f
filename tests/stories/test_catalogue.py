"""The study of catalogues: own items with texts, what gives the answer away, doubles, filters, new items and queries."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.claims.check import check_run
from case_studies.catalogue.alike import Reasons, fit_whole, pick_shown, search_alike
from case_studies.catalogue.check import EQUAL, LEARNT, WORDS, Trial, judge_columns
from case_studies.catalogue.finder import build_index, search_items, select_items
from case_studies.catalogue.guesses import guess_separator
from case_studies.catalogue.items import Items, prepare_items
from case_studies.catalogue.leaks import find_leaks, mask_names
from case_studies.catalogue.sayings import say_thirds
from case_studies.catalogue.settings import CatalogueSettings
from case_studies.catalogue.tables import RIGHT, Tables
from case_studies.common.runs import predict_from, run_study
from shared.errors import DataError, SettingsError, StoreError

FAST = ["n_jobs=1", "most_sentences=0", "judged=100"]
FLAVOURS = {
    "Riesling": ["lime", "slate", "petrol"],
    "Malbec": ["plum", "violet", "leather"],
    "Pinot Noir": ["cherry", "forest", "silk"],
    "Gamay": ["banana", "berry", "pepper"],
}


def bottles(n: int = 240) -> pd.DataFrame:
    """Wines whose notes tell their grape by taste and by name, a village that half tells it, and a cellar that does not."""
    rng = np.random.default_rng(3)
    grapes = rng.choice(list(FLAVOURS), n)
    notes = [
        f"A {grape} of {' and '.join(rng.choice(FLAVOURS[grape], 2, replace=False))}, {rng.choice(['dry', 'ripe', 'long'])}"
        for grape in grapes
    ]
    village = [
        f"village {grape[0]}" if rng.random() < 0.5 else f"village {rng.choice(list('XYZ'))}" for grape in grapes
    ]
    return pd.DataFrame(
        {
            "code": [f"W{number:03d}" for number in range(n)],
            "label": [f"Bottle {number}" for number in range(n)],
            "note": notes,
            "grape": grapes,
            "village": village,
            "cellar": rng.choice(list("abcdef"), n),
            "price": rng.integers(5, 50, n).astype(float),
        }
    )


ASKED = [*FAST, "columns.item=code", "columns.title=label", "columns.text=note", "columns.check=grape"]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    table = bottles()
    table.loc[240] = table.loc[7].to_dict() | {"code": "W900"}  # the same bottle under another key
    table.to_csv(folder / "wines.csv", index=False)
    asked = [*ASKED, 'queries=["cherry and silk"]', 'where=["price = to 20"]']
    return run_study("catalogue", data=folder / "wines.csv", overrides=asked, out=folder / "run").parent


# The check


def test_texts_and_columns_find_what_belongs_together(own):
    figures = json.loads((own / "metrics.json").read_text())
    assert figures["right"] > 0.9  # tastes alone tell the grape
    assert figures["right by chance"] < 0.35
    page = (own / "report.html").read_text()
    assert "More like this beats chance: of the 10 items found most like an item" in page
    assert "share its “grape”" in page
    assert "masked in 241 texts" in page
    assert "Texts are compared by their words alone" in page
    assert "films" not in page


def test_names_of_the_held_out_value_are_masked():
    items = prepare_items(bottles(), CatalogueSettings(columns={"text": "note", "check": "grape"}), "own")
    table, changed = mask_names(items)
    assert changed == 240
    assert not table["note"].str.contains("Riesling|Pinot|Noir|Gamay").any()
    assert items.table["note"].str.contains("Riesling").any()


def test_columns_that_give_the_answer_away_are_left_out():
    table = bottles().assign(grower=lambda one: "grower of " + one["grape"], soil=lambda one: one["grape"].str[:2])
    asked = CatalogueSettings(columns={"check": "grape"}, separator="", judged=100, n_jobs=1)
    items = prepare_items(table.drop(columns="note"), asked, "own")
    leaks = find_leaks(items)
    assert set(leaks) == {"grower", "soil"}
    trial = judge_columns(items, asked)
    assert trial.leaks == leaks
    assert "grower alone" not in trial.table.index
    assert trial.best_single == "village alone"


def test_noise_is_not_called_likeness():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({name: rng.choice(list("abcd"), 400) for name in ("one", "two", "kind")})
    asked = CatalogueSettings(columns={"check": "kind"}, n_jobs=1)
    trial = judge_columns(prepare_items(table, asked, "own"), asked)
    assert trial.verdict("chance") != "better"
    assert abs(trial.table.loc[LEARNT, "share"] - trial.chance) < 0.06


def test_the_order_of_the_table_says_nothing():
    """Of items equally near, none is taken for where it stands: sorted by the answer, a column of one value is chance."""
    table = pd.DataFrame(
        {
            "kind": np.repeat(list("abcd"), 100),
            "same": np.where(np.arange(400) % 33 == 5, "y", "x"),
            "other": list("uv") * 200,
        }
    )
    asked = CatalogueSettings(columns={"check": "kind"}, n_jobs=1)
    trial = judge_columns(prepare_items(table, asked, "own"), asked)
    assert trial.table.loc["same alone", "share"] == pytest.approx(trial.chance, abs=0.06)


def test_labels_of_judged_items_are_not_learnt_from():
    """Weights come out the same whatever the judged items' own values are."""
    settings = CatalogueSettings(columns={"check": "grape"}, judged=100, n_jobs=1)
    items = prepare_items(bottles().drop(columns="note"), settings, "own")
    asked = np.random.default_rng(settings.seed).choice(240, 100, replace=False)
    changed = items.table.copy()
    changed.loc[asked, "grape"] = np.random.default_rng(9).permutation(changed.loc[asked, "grape"])
    one, other = (
        judge_columns(Items(table, *list(vars(items).values())[1:]), settings) for table in (items.table, changed)
    )
    assert one.weights == other.weights
    assert one.table.loc[EQUAL, "share"] != other.table.loc[EQUAL, "share"]


def test_without_a_column_to_check_by_it_says_so(tmp_path):
    table = bottles()[["code", "note"]]
    table.to_csv(tmp_path / "wines.csv", index=False)
    folder = run_study(
        "catalogue", data=tmp_path / "wines.csv", overrides=[*FAST, "columns.text=note"], out=tmp_path / "run"
    )
    page = folder.read_text()
    assert "was not judged: no column was held out" in page
    assert "“code” is taken for the key" in page
    assert "right" not in json.loads((folder.parent / "metrics.json").read_text())


# The lists


def test_the_same_item_under_two_keys_is_found(own):
    twins = pd.read_parquet(own / "twins.parquet")
    assert ("W007", "W900") in set(zip(twins["first"], twins["second"], strict=True))


def test_twins_by_their_texts_share_nine_of_ten_words():
    """Texts of one kind are near to one another and not the same."""
    shapes = "small oak table for {} with {} drawers and a smooth top".format
    rooms, numbers = (
        ["kitchens", "offices", "halls", "studios", "lofts", "attics"],
        ["two", "three", "four", "five", "six", "seven"],
    )
    texts = [shapes(*both) for both in zip(rooms * 2, [*numbers, *numbers[1:], "one"], strict=True)]
    table = pd.DataFrame({"id": [f"T{place:02d}" for place in range(26)], "note": [*texts, *texts, texts[0], "other"]})
    table["kind"] = "wood"
    asked = CatalogueSettings(columns={"text": ["note"], "title": "", "check": ""}, n_jobs=1, twins=0.1)
    items = prepare_items(table.assign(colour=["red", "blue"] * 13), asked, "own")
    twins = search_alike(items, fit_whole(items, None, asked), asked).twins
    texts_of = table.set_index("id")["note"]
    assert len(twins) >= 12
    assert all(texts_of[one] == texts_of[other] for one, other in twins[["first", "second"]].to_numpy())


def test_sentences_are_taken_for_a_text_unasked():
    notes = [f"a dry red wine with a taste of number {place}" for place in range(40)]
    table = pd.DataFrame({"id": range(40), "note": notes, "kind": list("ab") * 20})
    items = prepare_items(table, CatalogueSettings(columns={"check": ""}), "own")
    assert items.text == ("note",)
    assert "“note” is taken for a text: it differs in nearly every row" in items.notes
    asked = prepare_items(table, CatalogueSettings(columns={"check": "", "attributes": ["kind"]}), "own")
    assert asked.text == ()


def test_a_key_may_be_long_in_a_few_rows_and_a_column_of_one_value_is_not_compared():
    table = pd.DataFrame({"name": [f"item-{place}" for place in range(100)], "kind": list("ab") * 50})
    table.loc[7, "name"] = "a-name-of-many-words-" * 4
    table["rare"] = ["usual"] * 99 + ["not"]
    items = prepare_items(table, CatalogueSettings(columns={"check": ""}), "own")
    assert items.key == "name"
    assert "rare" not in items.attributes
    assert any("“rare” is not compared: it has one value in 99 % of the rows" in note for note in items.notes)


def test_every_item_has_its_neighbours_with_reasons(own):
    found = pd.read_parquet(own / "neighbours.parquet")
    assert found.groupby("code").size().max() == 10
    assert (found["code"] != found["neighbour"]).all()
    assert found["because"].str.contains("grape: ").mean() > 0.5
    ordered = found.groupby("code")["similarity"].apply(lambda one: one.is_monotonic_decreasing)
    assert ordered.all()


def test_an_item_like_no_other_is_told():
    table = pd.DataFrame({"kind": [*"ab" * 20, "z"], "colour": [*"uuvv" * 10, "w"]})
    asked = CatalogueSettings(columns={"check": "colour", "attributes": ["kind"]}, n_jobs=1)
    items = prepare_items(table, asked, "own")
    alike = search_alike(items, fit_whole(items, None, asked), asked)
    assert np.flatnonzero(alike.closest < asked.lonely).tolist() == [40]
    assert alike.lists_of(40, 5).empty


def test_reasons_name_the_rarest_first():
    table = pd.DataFrame({"id": list("abcd"), "kind": ["x, y", "x, y", "x", "x"], "year": [1.0, 50.0, 60.0, 70.0]})
    reasons = Reasons(Items(table, "id", attributes=("kind", "year"), separator=", "))
    assert reasons.tell(reasons.own, 0, reasons.own, 1) == "kind: y, x"
    assert reasons.tell(reasons.own, 0, reasons.own, 2, texts=0.9) == "texts are alike; kind: x"


def test_items_to_be_shown_go_by_title_or_key():
    items = Items(pd.DataFrame({"id": list("abc"), "name": ["A", "B", "B"]}), "id", "name")
    assert pick_shown(items, CatalogueSettings(shown=["B", "c", "nobody"])) == ([1, 2], ["nobody"])
    assert len(pick_shown(items, CatalogueSettings())[0]) == 3


# Reading


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (["war, love", "love", "war", "crime, war"], ", "),
        (["war|love", "love", "war", "crime|war"], "|"),
        (["Smith, John", "Miller, Ann", "Baker, Joe", "Cook, Sue"], ""),
        (["war", "love", "war", "crime"], ""),
    ],
)
def test_the_separator_is_guessed_by_parts_that_come_again(cells, found):
    assert guess_separator(pd.DataFrame({"kind": cells * 5}), ["kind"])[0] == found


def test_many_items_are_drawn_from_and_that_is_told():
    items = prepare_items(bottles(), CatalogueSettings(most_items=50, columns={"check": "grape"}), "own")
    assert len(items.table) == 50
    assert any("50 were drawn by chance and the others are left out" in note for note in items.notes)


@pytest.mark.parametrize(
    ("change", "asked", "said"),
    [
        (lambda table: table.assign(code="x"), ["columns.item=code"], "column 'code': 240 rows share a key"),
        (lambda table: table.head(5), [], "has 5 rows, and at least 20 are needed"),
        (lambda table: table, ['columns.attributes=["cellar", "cru"]'], "column 'cru': is missing"),
        (lambda table: table[["code"]], [], "holds no column that items can be compared by"),
    ],
)
def test_wrong_tables_are_told(change, asked, said, tmp_path):
    change(bottles()).to_csv(tmp_path / "wines.csv", index=False)
    with pytest.raises(DataError, match=said):
        run_study("catalogue", data=tmp_path / "wines.csv", overrides=[*FAST, *asked], out=tmp_path / "run")


# Search


def test_search_by_words_with_filters():
    settings = CatalogueSettings(columns={"check": "grape", "title": "label"}, n_jobs=1)
    items = prepare_items(bottles().drop(columns="note"), settings, "own")
    index = build_index(items, fit_whole(items, None, settings))
    found = search_items(items, index, ["pinot NOIR", "malbec"], 4)
    assert found["grape"].tolist() == ["Pinot Noir"] * 4 + ["Malbec"] * 4
    assert found["words found"].iloc[0] == "2 of 2"
    allowed = select_items(items, ["price = 10 to 20", "cellar = A | b"])
    found = search_items(items, index, ["malbec"], 4, allowed)
    assert found["price"].between(10, 20).all()
    assert found["cellar"].isin(["a", "b"]).all()


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("price", "is no condition"),
        ("prize = 3", "no column 'prize'; did you mean 'price'"),
        ("price = cheap", "holds numbers"),
        ("cellar = zzz", "no item meets"),
    ],
)
def test_wrong_filters_are_told(where, said):
    items = prepare_items(bottles().drop(columns="note"), CatalogueSettings(columns={"check": "grape"}), "own")
    with pytest.raises(SettingsError, match=said):
        select_items(items, [where])


# New items, and queries


def test_new_items_find_what_they_are_most_like(own, tmp_path):
    new = bottles().head(3).assign(code=["N1", "N2", "W002"], cellar=["new", "a", None])
    new.to_csv(tmp_path / "new.csv", index=False)
    path, told = predict_from(own, data=tmp_path / "new.csv", out=tmp_path / "out.csv")
    found = pd.read_csv(path)
    assert told[0] == "3 new items: 30 items of the catalogue are found."
    assert found[found["rank"] == 1].set_index("code").loc["N1", "most like"] == "W000"
    assert "W002" not in set(found[found["code"] == "W002"]["most like"])
    assert found["because"].str.contains("texts are alike").any()


def test_queries_are_searched_for(own, tmp_path):
    pd.DataFrame({"query": ["lime and slate", "lime and slate", "qqq", None]}).to_csv(
        tmp_path / "asked.csv", index=False
    )
    path, told = predict_from(own, data=tmp_path / "asked.csv", overrides=["where=[]"], out=tmp_path / "out.csv")
    found = pd.read_csv(path)
    assert set(found["query"]) == {"lime and slate"}
    assert (found["grape"] == "Riesling").all()
    assert any("Nothing was found for “qqq”" in text for text in told)


def test_what_does_not_fit_the_run_is_told(own, tmp_path):
    bottles().head(3).drop(columns="village").to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataError, match=r"new\.csv: column 'village': is missing"):
        predict_from(own, data=tmp_path / "new.csv", out=tmp_path / "out.csv")
    bottles().head(3).to_csv(tmp_path / "new.csv", index=False)
    shutil.copytree(own, tmp_path / "run")
    (tmp_path / "run" / "items.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(StoreError, match="a table is missing or damaged"):
        predict_from(tmp_path / "run", data=tmp_path / "new.csv", out=tmp_path / "out.csv")


def test_where_likeness_says_nothing_the_first_screen_says_so(tmp_path):
    table = bottles()
    table["grape"] = np.random.default_rng(0).permutation(table["grape"].to_numpy())
    table.to_csv(tmp_path / "wines.csv", index=False)
    folder = run_study("catalogue", data=tmp_path / "wines.csv", overrides=ASKED, out=tmp_path / "run").parent
    page = (folder / "report.html").read_text()
    assert "Nothing was found beyond chance" in page[: page.index("<section id=")]


# The bundled films


def test_films_are_judged_by_genre(study_run):
    folder = study_run("catalogue", "quick")
    page = (folder / "report.html").read_text()
    assert "More like this beats chance" in page
    assert "Nobody’s choices are in the table" in page
    assert WORDS not in page  # they have no texts
    checked = check_run(folder)
    assert checked.claims > 10
    assert [str(finding) for finding in checked.wrong] == []
    assert checked.loose == []
    found = pd.read_parquet(folder / "columns.parquet").set_index("column")
    assert found["weight"].sum() == pytest.approx(1)
    assert found.loc["genre", "role"] == "check"


@pytest.mark.parametrize("asked", ["neighbours=0", "weights=best", "twins=2", "judged=3", "found=0"])
def test_settings_out_of_range_are_refused(asked, tmp_path):
    with pytest.raises(SettingsError, match=asked.split("=")[0]):
        run_study("catalogue", quick=True, overrides=[asked], out=tmp_path / "run")


def test_large_numbers_are_told_in_full():
    table = pd.DataFrame({"id": list("ab"), "votes": [1234567.0, 1234568.5]})
    reasons = Reasons(Items(table.reindex(range(2)), "id", attributes=("votes",)))
    reasons.sorted["votes"] = np.arange(100.0)  # so that two of them are close
    assert reasons.tell(reasons.own, 0, reasons.own, 1) == "votes: 1234567 and 1234568.5"


def test_that_near_ones_are_right_more_often_is_said_only_where_it_is_shown():
    trial = Trial(pd.DataFrame(), 0.1, 60, True, "a", "b", {}, thirds=(0.4, 0.5), thirds_error=0.08)
    rows = pd.DataFrame({"model": "a", "metric": RIGHT, "whose": "x", "value": [0.4, 0.5], "third": ["far", "near"]})
    tables = Tables(rows, pd.DataFrame())
    assert "is not shown" in say_thirds(trial, tables).text
    sure = replace(trial, thirds_error=0.02)
    assert "Believe near ones more: where the nearest is most like the item 50 %" in say_thirds(
        sure, tables
    ).text.replace("\u00a0", " ")
