"""Models that were altered by somebody who also wrote the right checksum: refused before a kernel sees an array."""

import hashlib
import io
import json
import zipfile
from functools import cached_property

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeRegressor

from domains.anomaly import (
    AlertClassifier,
    AnomalyDetector,
    MixtureDetector,
    SeriesDetector,
    StreamDetector,
    SubspaceDetector,
)
from domains.basket import RuleRecommender
from domains.recommendation import (
    EaseRecommender,
    FactorRecommender,
    NeighbourRecommender,
    Recommender,
    SemanticIndex,
    TextEncoder,
)
from domains.recommendation.text.packed import PackedTexts
from domains.timeseries import AutoForecaster, LagForecaster, NaturalGradientBoosting, QuantileBoosting, Recipe, Rolling
from shared.errors import StoreError
from shared.runtime.array_checks import objects_in
from shared.runtime.array_of import ArrayOf
from shared.runtime.store import load_model, save_model
from tests.contract.test_table_learners import LEARNERS, history

pytestmark = pytest.mark.any_pandas


X = np.random.default_rng(0).normal(size=(120, 3))
Y = X[:, 0] + X[:, 1] ** 2


def series():
    steps = np.arange(120)
    return pd.DataFrame({"ds": steps, "y": np.sin(steps / 3) + steps / 50})


def baskets():
    rows = np.random.default_rng(1).integers(0, 6, size=(200, 3))
    return pd.DataFrame({"order": np.repeat(np.arange(200), 3), "item": [f"i{code}" for code in rows.ravel()]})


def odd_rows():
    return pd.DataFrame(X, columns=["a", "b", "c"]).assign(kind=np.where(Y > 0, "x", "y"))


def labelled_rows():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"a": rng.normal(size=300), "kind": rng.choice(["x", "y"], 300)})
    return rows.assign(odd=(rng.random(300) < 0.3).astype(int))


def grown():
    return {
        "boosting": QuantileBoosting((0.5,), max_iter=3, min_samples_leaf=5).fit(X, Y),
        "natural": NaturalGradientBoosting(n_estimators=5).fit(X, Y),
        "lags": LagForecaster(recipe=Recipe((1, 2), rolling=(Rolling(3, "mean"),)), horizon=2).fit(series()),
        "own spread": LagForecaster(
            QuantileBoosting((0.25, 0.5, 0.75), max_iter=3, min_samples_leaf=5),
            recipe=Recipe((1, 2)),
            horizon=2,
            spread="own",
        ).fit(series()),
        "automatic": AutoForecaster(horizon=2).fit(series()),
        "forest": RandomForestRegressor(n_estimators=2, max_depth=3).fit(X, Y),
        "tree": DecisionTreeRegressor(max_depth=3).fit(X, Y),
        "histogram": HistGradientBoostingRegressor(max_iter=2, min_samples_leaf=5).fit(X, Y),
        "rules": RuleRecommender(significance=None).fit(baskets()),
        "odd": AnomalyDetector(random_state=0).fit(odd_rows()),
        "stream": StreamDetector(random_state=0).fit(X),
        "axes": SubspaceDetector(random_state=0).fit(X),
        "mixture": MixtureDetector(random_state=0).fit(X),
        "watch": SeriesDetector(random_state=0).fit(series()),
        "labelled": AlertClassifier(label="odd", random_state=0).fit(labelled_rows()),
        "near": NeighbourRecommender().fit(visits()),
        "linear": EaseRecommender(signal="scaled").fit(visits()),
        "factors": FactorRecommender(3).fit(visits()),
        "taste": Recommender(attributes=["kind"]).fit(visits(), items()),
        "texts": SemanticIndex(TextEncoder("words", n_factors=2)).add(["a", "b"], ["red wine", "hard cheese"]),
    }


def visits():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {"user": rng.integers(40, size=400), "item": rng.integers(12, size=400), "timestamp": np.arange(400) // 4}
    )


def items():
    return pd.DataFrame({"item": np.arange(15), "kind": [f"k{number % 3}" for number in range(15)]})


@pytest.fixture(scope="module")
def models():
    return grown()


def unzipped(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def forge(path, change):
    """Change the members of the model inside a file, and write the checksum that fits."""
    outer = unzipped(path.read_bytes())
    inner = unzipped(outer["model.skops"])
    payload = change(inner)
    payload = payload if isinstance(payload, bytes) else zipped(payload)
    envelope = json.loads(outer["envelope.json"]) | {"sha256": hashlib.sha256(payload).hexdigest()}
    path.write_bytes(zipped({"envelope.json": json.dumps(envelope), "model.skops": payload}))
    return path


def refused(path, *words):
    with pytest.raises(StoreError) as told:
        load_model(path)
    assert all(word in str(told.value) for word in words), str(told.value)


def altered(model, path, attribute, value):
    """A model file with one array changed, saved as the product saves it."""
    owner = next(part for part in objects_in(model) if attribute in getattr(part, "__dict__", {}))
    before = getattr(owner, attribute)
    object.__setattr__(owner, attribute, value(before) if callable(value) else value)
    try:
        save_model(model, path)
    finally:
        object.__setattr__(owner, attribute, before)
    return path


ARRAYS = [
    ("boosting", "levels_", lambda a: a * np.nan),
    ("boosting", "boosters_", []),
    ("own spread", "levels_", lambda a: np.append(a[:2], np.nan)),
    ("own spread", "regressor_", None),
    ("natural", "feature_", lambda a: a + 2**31 - 5),
    ("natural", "feature_", lambda a: a - 9),
    ("natural", "feature_", lambda a: a[:, :, :2]),
    ("natural", "split_", lambda a: a[:2]),
    ("natural", "value_", lambda a: a * np.nan),
    ("natural", "value_", lambda a: a[:, :, 1:]),
    ("natural", "start_", lambda a: a[:1]),
    ("natural", "max_depth", 40),
    ("lags", "indptr", lambda a: a * 2**40),
    ("lags", "indptr", lambda a: a[::-1].copy()),
    ("lags", "indptr", lambda a: a - 7),
    ("lags", "starts", lambda a: a[:0]),
    ("lags", "lags", (-(2**31), 1)),
    ("lags", "coef_", lambda a: a[:1]),
    ("lags", "origins", lambda a: a[:-1]),
    ("automatic", "indptr", lambda a: a + 1),
    ("automatic", "weights_", lambda a: a[:, :1]),
    ("automatic", "rooted_", lambda a: a[:0]),
    ("rules", "rule_items_", lambda a: a * 0 + 2**31 - 5),
    ("rules", "rule_items_", lambda a: a * 0 - 1),
    ("rules", "rule_ptr_", lambda a: a + 1),
    ("rules", "rule_ptr_", lambda a: a[::-1].copy()),
    ("rules", "rule_weights_", lambda a: a[:-1]),
    ("rules", "popularity_", lambda a: a * np.inf),
    ("rules", "ease_items_", lambda a: a + 2**31 - 5),
    ("rules", "ease_ptr_", lambda a: a * 2),
    ("rules", "ease_weights_", lambda a: a * np.nan),
    ("rules", "ease_together_", lambda a: a - 10**6),
    ("rules", "ease_modelled_", lambda a: a[:-1]),
    ("rules", "items_", lambda a: a[:2]),
    ("odd", "column_", lambda a: a + 2**15),
    ("odd", "column_", lambda a: a[:, :3]),
    ("odd", "second_", lambda a: a + 2**15),
    ("odd", "expected_", lambda a: a[:, :-1]),
    ("odd", "cut_", lambda a: a[:2]),
    ("odd", "depth_", 15),
    ("odd", "spread_", lambda a: a[:1]),
    ("odd", "references_", lambda a: a[:2]),
    ("odd", "references_", lambda a: a * np.nan),
    ("odd", "k_", 10**6),
    ("odd", "ordered_", lambda a: a[:1]),
    ("odd", "counts_", lambda a: a + 10**6),
    ("odd", "low", lambda a: a[:1]),
    ("odd", "scores", lambda a: a[::-1].copy()),
    ("odd", "scores", lambda a: a[:0]),
    ("odd", "counts", lambda a: a[:1] - 10**6),
    ("odd", "columns", lambda a: a[:1]),
    ("odd", "mean", lambda a: a[:1]),
    ("stream", "pool_", lambda a: a[:, :1]),
    ("stream", "pending_", lambda a: a[:, :1]),
    ("stream", "n_looks_", -1),
    ("stream", "model_", None),
    ("axes", "axes_", lambda a: a[:, :1]),
    ("axes", "centre_", lambda a: a * np.nan),
    ("mixture", "roots_", lambda a: a[:, :1]),
    ("mixture", "constants_", lambda a: np.append(a, 0.0)),
    ("watch", "window_", lambda a: a + 10**6),
    ("watch", "learnt_", lambda a: a + 10**6),
    ("watch", "seen_", lambda a: a - 10**6),
    ("watch", "centre_", lambda a: a[:, :0]),
    ("watch", "unit_", lambda a: a * 0),
    ("watch", "stretch_", lambda a: a[:2]),
    ("watch", "standstill_", lambda a: a - 10**6),
    ("watch", "filled_", lambda a: a[:2]),
    ("labelled", "usual_", lambda a: a[:1]),
    ("labelled", "slope_", -1.0),
    ("labelled", "counts", lambda a: a[:2]),
    ("labelled", "shares", lambda a: a + 5),
    ("near", "users", lambda a: a + 10**6),
    ("near", "users", lambda a: a - 10**6),
    ("near", "items", lambda a: a + 10**6),
    ("near", "ages", lambda a: a[:1]),
    ("near", "n_users", 10**6),
    ("near", "n_items", 3),
    ("near", "indices", lambda a: a + 10**6),
    ("near", "indices", lambda a: a - 10**6),
    ("near", "indptr", lambda a: a * 2),
    ("near", "indptr", lambda a: a[::-1].copy()),
    ("near", "weights", lambda a: a[:-1] * np.nan),
    ("near", "users_", lambda a: a[:2]),
    ("near", "items_", lambda a: a[:2]),
    ("near", "items_", lambda a: a * 0),
    ("near", "part_", None),
    ("near", "history_", None),
    ("linear", "weights", lambda a: a[:, :2]),
    ("linear", "weights", lambda a: a * np.nan),
    ("linear", "scale", lambda a: a[:2]),
    ("factors", "vectors", lambda a: a[:2]),
    ("factors", "scale", lambda a: a - 10**6),
    ("taste", "neighbours", lambda a: a + 10**6),
    ("taste", "neighbours", lambda a: a - 10**6),
    ("taste", "similarity", lambda a: a[:, :1]),
    ("taste", "scales", lambda a: a[:1]),
    ("taste", "indices_", lambda a: a + 10**6),
    ("taste", "indices_", lambda a: a - 10**6),
    ("taste", "indptr_", lambda a: a * 2),
    ("taste", "data_", lambda a: a[:-1]),
    ("taste", "rows_", lambda a: a + 10**6),
    ("taste", "rows_", lambda a: a[:2]),
    ("taste", "columns_", None),
    ("taste", "blend_", 3),
    ("taste", "new_", 3),
    ("texts", "keys", lambda a: a[:1]),
    ("texts", "texts", lambda a: PackedTexts.of(a.tolist()[:1])),
    ("texts", "texts", None),
    ("texts", "ends", lambda a: a + 10**6),
    ("texts", "ends", lambda a: a[::-1].copy()),
    ("texts", "ends", lambda a: a[:0]),
    ("texts", "data", lambda a: a[:1]),
    ("texts", "vectors", lambda a: a[:1]),
    ("texts", "vectors", lambda a: a * np.nan),
    ("texts", "encoder", None),
]


@pytest.mark.parametrize(("name", "attribute", "value"), ARRAYS)
def test_an_array_out_of_its_bounds_is_refused(models, tmp_path, name, attribute, value):
    path = tmp_path / "m.hexad"
    save_model(models[name], path)
    load_model(path)  # as it is, it is loaded
    refused(altered(models[name], path, attribute, value), "m.hexad cannot be loaded")


def nodes_with(inner, field):
    """The members that hold a tree's nodes."""
    for name, data in inner.items():
        if name.endswith(".npy"):
            array = np.load(io.BytesIO(data))
            if array.dtype.names and field in array.dtype.names:
                yield name, array


def with_nodes(field, **values):
    def change(inner):
        found = dict(nodes_with(inner, field))
        assert found
        for name, array in found.items():
            for key, value in values.items():
                array[key][0] = value
            buffer = io.BytesIO()
            np.save(buffer, array)
            inner[name] = buffer.getvalue()
        return inner

    return change


@pytest.mark.parametrize("name", ["boosting", "histogram"])
@pytest.mark.parametrize(
    "values",
    [{"left": 0}, {"right": 0}, {"left": 2**31}, {"right": 2**32 - 1}, {"feature_idx": -1}, {"feature_idx": 3},
     {"feature_idx": 2**40}, {"is_categorical": 1, "bitset_idx": 7}],
)  # fmt: skip
def test_nodes_of_boosted_trees(models, tmp_path, name, values):
    path = tmp_path / "m.hexad"
    save_model(models[name], path)
    refused(forge(path, with_nodes("left", **values)), "a node of a tree")


@pytest.mark.parametrize("name", ["forest", "tree"])
@pytest.mark.parametrize(
    "values",
    [
        {"left_child": 0},
        {"right_child": 0},
        {"left_child": 2**31},
        {"right_child": -5},
        {"feature": 3},
        {"feature": -2},
    ],
)
def test_nodes_of_decision_trees(models, tmp_path, name, values):
    path = tmp_path / "m.hexad"
    save_model(models[name], path)
    refused(forge(path, with_nodes("left_child", **values)), "a node of a tree")


def schema(change):
    def apply(inner):
        return inner | {"schema.json": change(inner["schema.json"])}

    return apply


def repeated_numbers(text):
    """Lists of two lists of the same number, forty deep: a walk over all of them never ends."""
    node = {
        "__class__": "int",
        "__module__": "builtins",
        "__loader__": "JsonNode",
        "content": "1",
        "is_json": True,
        "__id__": 1,
    }
    for depth in range(2, 42):
        node = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "__id__": depth,
                "content": [node, {**node, "content": node["content"]}]}  # fmt: skip
        if depth > 12:
            node["content"] = [node["content"][0], {**node["content"][0], "content": []}]
    return json.dumps({**node, "protocol": json.loads(text)["protocol"]})


BOMBS = {
    "numbers that repeat": (schema(repeated_numbers), "have the same number"),
    "brackets": (schema(lambda text: "[" + "[]," * 20_000_000 + "0]"), "mostly brackets"),
    "objects": (schema(lambda text: "[" + "{}," * 2_000_000 + "0]"), "mostly brackets"),
    "depth": (schema(lambda text: "[" * 900 + "]" * 900), "nested too deeply"),
    "great depth": (schema(lambda text: '{"a' + " " * 60 + '":' * 50_000 + "1" + "}" * 50_000), ""),
    "a large description": (schema(lambda text: " " * (1 << 27) + text.decode()), "larger than that of any"),
    "a member of another name": (lambda inner: inner | {"../x.npy": b""}, "none of its own"),
    "a member too many": (lambda inner: inner | {"77.npy": b""}, "names other members"),
    "an array that says more": (
        lambda inner: {name: data.replace(b"'shape': (", b"'shape': (9") for name, data in inner.items()}, ""
    ),
    "no zip": (lambda inner: b"PK", "torn"),
    "much of nothing": (lambda inner: bytes(200 << 20), "swells"),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_goes_off(tmp_path, name):
    change, words = BOMBS[name]
    path = tmp_path / "m.hexad"
    save_model(LinearRegression().fit(X, Y), path)
    refused(forge(path, change), words)


def test_one_member_that_is_read_many_times(tmp_path):
    """A hundred arrays of one member would be a hundred times its size."""
    array = np.zeros(5_000_000)
    path = tmp_path / "m.hexad"
    save_model([array, array + 0], path)

    def change(inner):
        tree = json.loads(inner["schema.json"])
        first = tree["content"][0]
        name = first["file"]
        tree["content"] = [{**first, "__id__": number} for number in range(100, 200)]
        return {"schema.json": json.dumps(tree), name: inner[name]}

    refused(forge(path, change), "above the limit")


def test_every_array_of_every_model_is_declared(tmp_path, models):
    """What is not declared is not checked; every array of a class of ours is, in every model that can be saved.

    What a class works out anew, as its cached properties, does not travel.
    """
    fitted = [*models.values(), *(LEARNERS[name].fit(history()) for name in LEARNERS)]
    lost = set()
    for model in fitted:
        for part in objects_in(model):
            kind = type(part)
            if not kind.__module__.startswith(("domains.", "shared.")):
                continue
            if isinstance(part, BaseEstimator) and not any(name.endswith("_") for name in vars(part)):
                continue  # a template that is not fitted
            declared = set(part.declare_arrays()) if hasattr(kind, "declare_arrays") else set()
            held = (
                {name for name, value in vars(part).items() if holds_array(value)}
                if hasattr(part, "__dict__")
                else set()
            )
            parameters = set(part.get_params(deep=False)) if isinstance(part, BaseEstimator) else set()
            worked_out = {name for name in held if isinstance(getattr(kind, name, None), cached_property)}
            lost |= {f"{kind.__qualname__}.{name}" for name in held - declared - parameters - worked_out}
    assert lost == set()


def holds_array(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else [value]
    return any(isinstance(one, np.ndarray) and one.dtype != object for one in inner)


@pytest.mark.parametrize(
    ("wanted", "value", "told"),
    [
        (ArrayOf("i", low=0), np.array([-1]), "below 0"),
        (ArrayOf("i", high=3), np.array([4]), "above 3"),
        (ArrayOf("i"), np.array([1.5]), "kind float64"),
        (ArrayOf("b"), np.array([1]), "kind int64"),
        (ArrayOf("f"), np.zeros((2, 2)), "shape (2, 2), not (any,)"),
        (ArrayOf("f", finite=True), np.array([np.nan]), "no finite number"),
        (ArrayOf("f", low=0), np.array([np.nan, -1.0]), "below 0"),
        (ArrayOf("f", low=0), np.array([np.nan]), ""),
        (ArrayOf("i", increasing=True), np.array([2, 1]), "does not increase"),
        (ArrayOf("i", first=0), np.array([1]), "does not begin with 0"),
        (ArrayOf("i", last=3), np.array([], dtype=int), "does not end with 3"),
        (ArrayOf("i"), "text", "is a str"),
        (ArrayOf("i"), None, "is missing"),
        (ArrayOf("i", optional=True), None, ""),
        (ArrayOf("f", (), low=1), 0.5, "below 1"),
    ],
)
def test_what_is_said_of_an_array(wanted, value, told):
    problem = wanted.problem(value)
    assert told in problem if told else problem == ""
