"""Files are written whole or not at all; models come back as they were, and nothing else comes with them."""

import builtins
import errno
import functools
import hashlib
import io
import json
import operator
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from shared.errors import StoreError
from shared.runtime import payload, store
from shared.runtime.files import write_bytes, write_json, write_text
from shared.runtime.payload import nodes_of
from shared.runtime.store import load_model, model_envelope, save_model

ROOT = Path(store.__file__).parents[2]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3))
Y = np.exp(X[:, 0])


class Stranger(BaseEstimator):
    """A class that nobody vouches for."""


@pytest.fixture
def line(tmp_path):
    path = tmp_path / "line.hexad"
    save_model(make_pipeline(StandardScaler(), LinearRegression()).fit(X, Y), path, data_fingerprint="abc")
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# Whole or not at all


def test_files_are_written_into_new_folders_and_over_old_files(tmp_path):
    path = tmp_path / "new" / "a.txt"
    write_text(path, "old")
    write_text(path, "ä€")
    assert path.read_bytes() == "ä€".encode()
    assert names(path.parent) == ["a.txt"]


def test_json_is_sorted_and_refuses_what_is_no_number(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"b": "ä", "a": 1})
    assert path.read_text(encoding="utf-8") == '{\n  "a": 1,\n  "b": "ä"\n}\n'
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"a": float("nan")})
    assert "ä" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("place", ["fsync", "replace"])
def test_a_failure_in_the_middle_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, error, place):
    path = tmp_path / "a.bin"
    write_bytes(path, b"old")

    def fail(*arguments):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(*((os, "fsync") if place == "fsync" else (Path, "replace")), fail)
        with pytest.raises(type(error)):
            write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


def test_a_leftover_that_cannot_be_removed_does_not_hide_the_error(tmp_path, monkeypatch):
    def fail(*arguments, **options):
        raise OSError(errno.EROFS, "read-only")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        patch.setattr(Path, "unlink", fail)
        with pytest.raises(OSError, match="read-only"):
            write_bytes(tmp_path / "a.bin", b"new")


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.bin"
    write_bytes(path, b"old")
    code = (
        "import resource, signal, sys; from pathlib import Path; from shared.runtime.files import write_bytes\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try: write_bytes(Path(sys.argv[1]), b'x' * 100000)\n"
        "except OSError: sys.exit(7)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, check=False)
    assert done.returncode == 7
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


# There and back

HIST = functools.partial(HistGradientBoostingRegressor, max_iter=2, random_state=0)
BOOST = functools.partial(GradientBoostingRegressor, n_estimators=5, random_state=0)
MODELS = {
    "pipeline": make_pipeline(StandardScaler(), FunctionTransformer(np.tanh), LinearRegression()),
    "hist stopped early": HIST(early_stopping=True),
    "hist constrained": HIST(monotonic_cst=[1, 0, -1], categorical_features=None, interaction_cst=[{0, 1}, {2}]),
    "hist pipeline": make_pipeline(StandardScaler(), HIST()),
    "forest": RandomForestRegressor(5, random_state=0),
    **{f"hist {loss}": HIST(loss=loss) for loss in ("squared_error", "absolute_error", "gamma", "poisson")},
    "hist quantile": HIST(loss="quantile", quantile=0.8),
    **{f"boost {loss}": BOOST(loss=loss) for loss in ("squared_error", "absolute_error", "huber", "quantile")},
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_comes_back_as_it_was(name, tmp_path):
    model = MODELS[name].fit(X, Y)
    save_model(model, tmp_path / "m")
    again = load_model(tmp_path / "m")
    assert type(again) is type(model)
    assert repr(again) == repr(model)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    save_model(again, tmp_path / "again")
    np.testing.assert_array_equal(load_model(tmp_path / "again").predict(X), model.predict(X))


def test_saving_twice_gives_the_same_bytes(tmp_path):
    model = HIST().fit(X, Y)
    for name in ("a", "b"):
        save_model(model, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_paths_may_be_text(tmp_path):
    save_model(LinearRegression().fit(X, Y), str(tmp_path / "m"))
    assert load_model(str(tmp_path / "m")).n_features_in_ == 3
    assert model_envelope(str(tmp_path / "m"))["format"] == 1


FIT = """
import sys, numpy as np
from pathlib import Path
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from shared.runtime.store import save_model
X = np.random.default_rng(0).normal(size=(80, 3)); y = X[:, 0] ** 2
forest = RandomForestRegressor(3, random_state=0)
hist = HistGradientBoostingRegressor(max_iter=3, random_state=0, interaction_cst=[{0, 1}, {2}])
shared = StandardScaler()
for name, model in {"forest": forest, "hist": hist, "pipe": make_pipeline(shared, shared, forest)}.items():
    save_model(model.fit(X, y), Path(sys.argv[1]) / name)
    (Path(sys.argv[1]) / (name + ".hex")).write_text(model.predict(X).tobytes().hex())
"""


def test_the_same_fit_in_two_processes_gives_the_same_bytes_and_loads_in_a_third(tmp_path):
    running = []
    for seed in ("1", "2"):
        (tmp_path / seed).mkdir()
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", FIT, str(tmp_path / seed)]
        running.append(subprocess.Popen(command, cwd=ROOT, env=environment))
    assert [process.wait() for process in running] == [0, 0]
    fresh = np.random.default_rng(0).normal(size=(80, 3))
    for name in ("forest", "hist", "pipe"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()
        told = (tmp_path / "1" / f"{name}.hex").read_text()
        assert load_model(tmp_path / "1" / name).predict(fresh).tobytes().hex() == told


def test_the_envelope_tells_what_is_inside(line):
    envelope = model_envelope(line)
    assert envelope["model"] == "sklearn.pipeline.Pipeline"
    assert envelope["data_fingerprint"] == "abc"
    assert set(envelope["versions"]) == {"python", "hexad", "numpy", "scikit-learn", "skops"}


def test_a_package_that_is_not_installed_is_told_as_such(monkeypatch):
    def missing(package):
        raise store.PackageNotFoundError(package)

    monkeypatch.setattr(store, "version", missing)
    assert store._versions()["hexad"] == "not installed"


# Refused when saving


STRANGERS = {
    "class": Stranger(),
    "lambda": FunctionTransformer(lambda x: x),
    "partial": FunctionTransformer(functools.partial(np.clip, a_min=0)),
    "itemgetter": FunctionTransformer(operator.itemgetter(0)),
    "methodcaller": FunctionTransformer(operator.methodcaller("fit")),
    "operator": FunctionTransformer(operator.add),
    "own function": FunctionTransformer(write_bytes),
    "numpy.load": FunctionTransformer(np.load),
    "os.system": FunctionTransformer(os.system),
    "eval": FunctionTransformer(builtins.eval),
    "iterator": FunctionTransformer(kw_args={"a": iter([])}),
    "generator": FunctionTransformer(kw_args={"a": (number for number in [1])}),
    "open file": FunctionTransformer(kw_args={"a": io.StringIO()}),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_a_model_that_could_not_be_loaded_again_is_not_saved(name, tmp_path):
    with pytest.raises(StoreError):
        save_model(make_pipeline(STRANGERS[name], LinearRegression()), tmp_path / "m")
    assert names(tmp_path) == []


# Refused when loading


def refused(path, text=None, **options):
    with pytest.raises(StoreError, match=text):
        load_model(path, **options)


def unzipped(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def forged(line, change, *, envelope=None, sign=True):
    """Write the model again with another payload, signed as if it were ours."""
    members = unzipped(line.read_bytes())
    members["model.skops"] = change(members["model.skops"])
    told = json.loads(members["envelope.json"])
    if sign:
        told["sha256"] = hashlib.sha256(members["model.skops"]).hexdigest()
    told.update(envelope or {})
    members["envelope.json"] = json.dumps(told).encode()
    line.write_bytes(zipped(members))
    return line


def same(payload):
    return payload


def rewritten(change):
    """Change the schema inside a payload."""

    def apply(payload):
        members = unzipped(payload)
        schema = json.loads(members["schema.json"])
        change(schema)
        return zipped({**members, "schema.json": json.dumps(schema).encode()})

    return apply


def named(name, loader="ObjectNode"):
    def change(schema):
        module, _, cls = name.rpartition(".")
        schema.update({"__module__": module, "__class__": cls, "__loader__": loader})

    return rewritten(change)


def test_a_file_that_is_not_there(tmp_path):
    refused(tmp_path / "none", "there is no such file")
    refused(tmp_path, "there is no such file")


@pytest.mark.parametrize("write", [lambda path: path.write_bytes(pickle.dumps(Y)), lambda path: joblib.dump(Y, path)])
def test_pickles_are_never_read(write, tmp_path, monkeypatch):
    write(tmp_path / "m")
    monkeypatch.setattr(pickle, "load", None)
    monkeypatch.setattr(pickle, "loads", None)
    refused(tmp_path / "m", "Pickles are never read")


@pytest.mark.parametrize("tear", ["cut", "flipped", "zeroed"])
def test_a_file_torn_at_any_tenth_byte(line, tear):
    whole = line.read_bytes()
    model = load_model(line)
    for place in range(0, len(whole), 10):
        torn = bytearray(whole)
        if tear == "cut":
            del torn[place:]
        elif tear == "flipped":
            torn[place] ^= 0xFF
        else:
            torn[place : place + 10] = bytes(len(torn[place : place + 10]))
        line.write_bytes(bytes(torn))
        try:
            loaded = load_model(line)
        except StoreError:
            continue
        assert tear != "cut"
        np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_a_changed_payload_is_refused(line):
    refused(forged(line, named("sklearn.linear_model._base.LinearRegression"), sign=False), "checksum")


def test_a_torn_payload_in_a_whole_file_is_refused(line):
    refused(forged(line, lambda payload: payload[:100]), "the model inside is torn")


def test_a_payload_without_its_schema_is_refused(line):
    refused(forged(line, lambda payload: zipped({"a": b""})), "members that are none of its own")


def test_a_payload_without_its_numbers_is_refused(line):
    def strip(payload):
        return zipped({"schema.json": unzipped(payload)["schema.json"]})

    refused(forged(line, strip), "names other members than it holds")


def test_a_payload_with_damaged_numbers_is_refused(line):
    def damage(payload):
        return zipped({name: data if name == "schema.json" else b"junk" for name, data in unzipped(payload).items()})

    refused(forged(line, damage), "line.hexad: an array of the model is of an unknown format")


@pytest.mark.parametrize("loader", ["ObjectNode", "TypeNode", "FunctionNode"])
@pytest.mark.parametrize(
    "name",
    [
        "test_store.Stranger",
        "functools.partial",
        "operator.methodcaller",
        "builtins.eval",
        "os.system",
        "posix.system",
        "subprocess.Popen",
        "shared.runtime.store.write_bytes",
        "shared.data.io.tables.read_table",
        "shared.data.io.tables.Path",
        "shared.reporting.page.Report",
        "domains.nothing.Here",
        "domains.timeseries.Nothing",
        "domains..Here",
        "domains.a\0b.Here",
        "domains.timeseries.forecast.pd",
    ],
)
def test_types_that_nobody_vouches_for_are_refused(line, name, loader):
    refused(forged(line, named(name, loader)), "not trusted|cannot be read")


def test_a_stranger_hidden_deep_inside_is_refused(line):
    def hide(schema):
        node = next(node for node in nodes_of(schema) if node["__class__"] == "LinearRegression")
        node.update({"__module__": "functools", "__class__": "partial"})

    refused(forged(line, rewritten(hide)), "not trusted: 'functools.partial'")


def test_another_version_of_scikit_learn_only_on_request(line):
    versions = {**model_envelope(line)["versions"], "scikit-learn": "0.24.2"}
    forged(line, same, envelope={"versions": versions})
    refused(line, r"written under scikit-learn 0\.24\.2")
    assert load_model(line, any_version=True).n_features_in_ == 3


@pytest.mark.parametrize(
    "envelope",
    [
        {"format": 2},
        {"format": None},
        {"versions": []},
        {"versions": "1.9"},
        {"versions": {"scikit-learn": 1}},
        {"versions": {"scikit-learn": None}},
        {"versions": {}},
        {"sha256": None},
    ],
    ids=str,
)
def test_an_envelope_that_is_none_of_ours(line, envelope):
    refused(forged(line, same, envelope=envelope))


@pytest.mark.parametrize("text", ["[]", "null", "{", "\xff", '{"a":' * 20_000 + "1" + "}" * 20_000, "{}", "1" * 5000])
def test_an_envelope_that_is_no_envelope(line, text):
    members = unzipped(line.read_bytes())
    line.write_bytes(zipped({**members, "envelope.json": text.encode("latin-1")}))
    refused(line)


@pytest.mark.parametrize("extra", ["evil.py", "../up.txt", "model.skops/"])
def test_extra_members_are_refused(line, extra):
    line.write_bytes(zipped({**unzipped(line.read_bytes()), extra: b"x"}))
    refused(line, "no Hexad model file")


def test_a_member_given_twice_is_refused(line):
    members = unzipped(line.read_bytes())
    with zipfile.ZipFile(line, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("model.skops", members["model.skops"])
    refused(line, "no Hexad model file")


def test_a_missing_member_is_refused(line):
    members = unzipped(line.read_bytes())
    line.write_bytes(zipped({"model.skops": members["model.skops"]}))
    refused(line, "no Hexad model file")


def test_huge_members_are_refused_before_they_are_unpacked(line, monkeypatch):
    forged(line, lambda payload: zipped({**unzipped(payload), "99.npy": bytes(5_000_000)}))
    assert line.stat().st_size < 50_000
    monkeypatch.setattr(store, "MAX_MODEL_BYTES", 1_000_000)
    monkeypatch.setattr(payload, "MAX_MODEL_BYTES", 1_000_000)
    refused(line, r"unpacks to 5,\d{3},\d{3} bytes, above the limit")
    members = unzipped(line.read_bytes())
    line.write_bytes(zipped({**members, "model.skops": bytes(5_000_000)}))
    refused(line, r"unpacks to 5,\d{3},\d{3} bytes, above the limit")


def test_an_encrypted_member_is_refused(line):
    data = bytearray(line.read_bytes())
    data[6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1
    line.write_bytes(bytes(data))
    refused(line)
