"""New rows: pasts grow as if they had been there, nothing is learnt anew, and what is not known is told."""

import numpy as np
import pandas as pd
import pytest

from domains.recommendation import Recommender, TextEncoder
from domains.recommendation.behaviour.history import History
from shared.data import Incidence, InteractionColumns
from tests.contract.test_recommenders import shop

CUT = pd.Timestamp("2024-04-01")


@pytest.fixture(scope="module")
def parts():
    table = shop(n_users=60)
    known = table[table["timestamp"] < CUT]
    later = table[(table["timestamp"] >= CUT) & table["item"].isin(known["item"])]
    return known, later


def history_of(model) -> pd.DataFrame:
    """What a model remembers, by names, in an order of its own."""
    history = model.history_
    frame = pd.DataFrame({"user": model.users_[history.users], "item": model.items_[history.items]})
    if history.ages is not None:
        frame["age"] = history.ages.round(6)
    if history.weights is not None:
        frame["weight"] = history.weights
    return frame.sort_values(list(frame)).reset_index(drop=True)


@pytest.mark.parametrize("columns", [[], ["rating"], ["timestamp"], ["rating", "timestamp"]])
@pytest.mark.parametrize("question", ["new", "next"])
def test_a_past_is_what_a_fit_on_everything_would_hold(parts, columns, question):
    known, later = (part[["user", "item", *columns]] for part in parts)
    fitted = Recommender(question=question).fit(known)
    weights, items = dict(fitted.weights_), fitted.items_.copy()
    assert fitted.update(later) is fitted
    whole = Recommender(question=question).fit(pd.concat([known, later]))
    pd.testing.assert_frame_equal(history_of(fitted), history_of(whole))
    assert fitted.weights_ == weights
    np.testing.assert_array_equal(fitted.items_, items)


def test_scores_after_it_are_those_of_the_same_parts_on_the_longer_past(parts):
    known, later = parts
    fitted = Recommender(question="next").fit(known)
    blend = fitted.blend_
    fitted.update(later)
    whole = Recommender(question="next").fit(pd.concat([known, later]))
    users = sorted(set(known["user"]))
    order = whole.user_codes(users)
    assert whole.items_.tolist() == fitted.items_.tolist()
    np.testing.assert_allclose(fitted.scores(users), blend.score(whole.history_, order), atol=1e-4)


def test_what_was_bought_since_is_not_new(parts):
    known, later = parts
    fitted = Recommender().fit(known).update(later)
    had = pd.concat([known, later]).groupby("user")["item"].agg(set)
    for user, shown in fitted.recommend(had.index.tolist(), n=99).lists().items():
        assert not set(shown) & had[user]


def test_new_users_are_known_from_then_on(parts):
    known, _ = parts
    fitted = Recommender().fit(known)
    before = fitted.scores(["stranger"])
    rows = pd.DataFrame(
        {"user": "fresh", "item": ["i0", "i1", "i2"], "rating": 3.0, "timestamp": pd.Timestamp("2024-05-01")}
    )
    fitted.update(rows)
    assert "1 new user" in fitted.notes_
    found = fitted.recommend(["fresh", "stranger"], n=5)
    assert not set(found.lists()["fresh"]) & {"i0", "i1", "i2"}
    assert [note for note in found.notes if "fresh" in note] == []
    assert any("'stranger'" in note for note in found.notes)
    assert not np.allclose(fitted.scores(["fresh"]), before)
    own = pd.Index(fitted.items_).get_indexer(["i3", "i4", "i5", "i6", "i7"])
    other = pd.Index(fitted.items_).get_indexer(["i11", "i12", "i13", "i14"])
    scores = fitted.scores(["fresh"])[0]
    assert scores[own].mean() > scores[other].mean()  # the taste that the three are of
    again = fitted.update(rows.assign(user="second"))
    np.testing.assert_allclose(again.scores(["second"]), again.scores(["fresh"]), rtol=1e-5)


def test_items_that_are_not_known_are_left_out_and_told(parts):
    known, _ = parts
    fitted = Recommender().fit(known)
    before = history_of(fitted)
    rows = pd.DataFrame(
        {"user": ["u1", "fresh"], "item": ["zebra", "i1"], "rating": 3.0, "timestamp": known["timestamp"].max()}
    )
    fitted.update(rows)
    assert any("'zebra'" in note for note in fitted.notes_)
    assert len(history_of(fitted)) == len(before) + 1
    fitted.update(rows.assign(item="zebra", user="nobody"))
    assert np.isfinite(fitted.scores(["nobody", "u1"])).all()
    assert any("'nobody'" in note for note in fitted.recommend("nobody").notes)


def test_older_rows_are_older_and_the_order_of_updates_does_not_matter(parts):
    known, later = parts
    first = Recommender().fit(known).update(later.iloc[::2]).update(later.iloc[1::2])
    second = Recommender().fit(known).update(later.iloc[1::2]).update(later.iloc[::2])
    pd.testing.assert_frame_equal(history_of(first), history_of(second))
    old = later.assign(timestamp=pd.Timestamp("2023-01-01"))
    third = Recommender().fit(known).update(old)
    ages = third.history_.ages
    days = (known["timestamp"].max() - pd.Timestamp("2023-01-01")).days
    assert ages.max() == days
    assert ages.min() == 0


def test_own_names_and_numbers_for_times(parts):
    known, later = parts
    names = {"user": "Member", "item": "Film", "rating": "Stars", "timestamp": "Day"}

    def own(table):
        made = table.rename(columns=names)
        made["Day"] = (made["Day"] - pd.Timestamp("2024-01-01")).dt.days
        return made

    columns = InteractionColumns("Member", "Film", "Stars", "Day")
    fitted = Recommender().fit(Incidence.from_interactions(own(known), columns))
    fitted.update(own(later))
    dated = Recommender().fit(known).update(later)
    pd.testing.assert_frame_equal(history_of(fitted), history_of(dated))
    again = Recommender().fit(Incidence.from_interactions(own(known), columns))
    again.update(Incidence.from_interactions(own(later), columns))
    pd.testing.assert_frame_equal(history_of(again), history_of(fitted))


def test_new_items_that_somebody_has_now_keep_their_neighbours(parts):
    known, _ = parts
    items = pd.DataFrame(
        {"item": [f"i{n}" for n in range(28)], "note": [f"taste{n // 8} and word{n % 3}" for n in range(28)]}
    )
    fitted = Recommender(text="note", encoder=TextEncoder("words", n_factors=4)).fit(known, items)
    rows = pd.DataFrame({"user": ["u1"], "item": ["i26"], "rating": 3.0, "timestamp": pd.Timestamp("2024-05-01")})
    fitted.update(rows)
    found = fitted.recommend(["u1", "u2"], n=99)
    assert "i26" not in found.lists()["u1"]
    assert "i26" in found.lists()["u2"]
    assert np.isfinite(found.to_frame()["score"]).all()
    assert fitted.search("taste3", 3).to_frame()["item"].isin(["i24", "i25", "i26", "i27"]).all()


def test_an_update_leaves_no_trace_of_what_was_worked_out_before(parts):
    """What a history keeps of its own matrices is not that of the shorter one."""
    known, later = parts
    asked = Recommender(question="next").fit(known)
    asked.recommend(["u1", "u2"])
    asked.similar("i1", by="behaviour")
    quiet = Recommender(question="next").fit(known)
    for model in (asked, quiet):
        model.update(later)
    pd.testing.assert_frame_equal(asked.recommend(["u1", "u2"]).to_frame(), quiet.recommend(["u1", "u2"]).to_frame())
    pd.testing.assert_frame_equal(
        asked.similar("i1", by="behaviour").to_frame(), quiet.similar("i1", by="behaviour").to_frame()
    )
    assert isinstance(asked.history_, History)


def test_what_somebody_took_since_is_not_called_new():
    table = shop()
    items = pd.DataFrame(
        {"item": [f"i{number}" for number in range(26)], "taste": [n // 8 for n in range(24)] + [0, 0]}
    )
    found = Recommender().fit(table, items.assign(taste=items["taste"].astype(str)))
    asked = table["user"].unique().tolist()
    told = found.recommend(asked, n=24).to_frame().set_index("item")["because"]
    assert told["i24"].str.startswith("new, and like ").all()
    found.update(table.head(5).assign(item="i24", timestamp=table["timestamp"].max()))
    told = found.recommend(asked, n=24).to_frame().set_index("item")["because"]
    assert told["i24"].str.startswith("like ").all()
    assert told["i25"].str.startswith("new, and like ").all()
