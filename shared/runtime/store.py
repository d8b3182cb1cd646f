"""Models that travel without pickles.

A model file is a zip of two members: ``envelope.json`` (format, versions, data fingerprint, checksum) and
``model.skops``. Memory addresses and times that skops writes are replaced by running numbers, so that the same
model gives the same bytes.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import platform
import sys
import zipfile
import zlib
from dataclasses import is_dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

from shared.errors import StoreError, quote
from shared.runtime.array_checks import check_learnt
from shared.runtime.files import write_bytes
from shared.runtime.payload import MAX_MODEL_BYTES, check_payload, nodes_of

__all__ = ["dump_model", "load_model", "model_envelope", "save_model"]

FORMAT = 1
MAX_ENVELOPE_BYTES = 1 << 20
# What is inside is packed already; what swells when unpacked once more was made to do so.
MAX_SWELL, FREE_SWELL = 50, 1 << 20
FIX = "Take the file from its run again, or fit the model anew and save it with save_model."
EPOCH = (1980, 1, 1, 0, 0, 0)
OWN_PACKAGES = ("domains.", "shared.data.", "shared.evaluation.")
BRIDGES = tuple(f"sklearn.externals.array_api_compat.{library}" for library in ("cupy", "dask", "torch"))
TRUSTED = frozenset(
    {
        # scikit-learn's fitted trees and losses: plain data with no code of their own.
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.tree._tree.Tree",
        "sklearn._loss._loss.CyAbsoluteError",
        "sklearn._loss._loss.CyHalfGammaLoss",
        "sklearn._loss._loss.CyHalfPoissonLoss",
        "sklearn._loss._loss.CyHalfSquaredError",
        "sklearn._loss._loss.CyPinballLoss",
        "sklearn._loss.link.IdentityLink",
        "sklearn._loss.link.Interval",
        "sklearn._loss.link.LogLink",
        "sklearn._loss.loss.AbsoluteError",
        "sklearn._loss.loss.HalfGammaLoss",
        "sklearn._loss.loss.HalfPoissonLoss",
        "sklearn._loss.loss.HalfSquaredError",
        "sklearn._loss.loss.PinballLoss",
        # Sparse matrices: their indices are checked by `check_learnt`.
        "scipy.sparse._csr.csr_array",
        "scipy.sparse._csc.csc_array",
    }
)


def save_model(model: object, path: Path, *, data_fingerprint: str = "") -> None:
    """Save a fitted model as a skops file in an envelope; the same model gives the same bytes.

    Parameters
    ----------
    model : object
        Estimator of Hexad or scikit-learn.
    path : path
        File to write.
    data_fingerprint : str
        Fingerprint of the table it was fitted on (see `shared.data.fingerprint`).

    Raises
    ------
    StoreError
        The model holds types that could not be loaded again.

    >>> import tempfile
    >>> from sklearn.linear_model import LinearRegression
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0]), Path(folder) / "line.hexad")
    ...     load_model(Path(folder) / "line.hexad").coef_.round(6).tolist()
    [2.0]
    """
    write_bytes(Path(path), dump_model(model, data_fingerprint=data_fingerprint))


def _how_to_hold(foreign: list[str]) -> str:
    if any(name.startswith("pandas._libs.tslibs.offsets.") for name in foreign):
        return "Write a frequency as text, as in freq='D' or freq=business_days(closed=[...])."
    return "Use scikit-learn's or Hexad's own estimators inside it."


def dump_model(model: object, *, data_fingerprint: str = "") -> bytes:
    """Bytes of a model file; see `save_model`.

    >>> from sklearn.linear_model import LinearRegression
    >>> dump_model(LinearRegression())[:2]
    b'PK'
    """
    try:
        payload = _canonical(_skops_io().dumps(model))
    except MemoryError:
        raise
    except Exception as error:  # skops raises whatever the part that cannot be stored leads to
        raise StoreError(f"{type(model).__name__} cannot be stored ({type(error).__name__}: {error})") from error
    foreign = [name for name in _find_untrusted(payload) if not _is_vouched_for(name)]
    if foreign:
        raise StoreError(
            f"{type(model).__name__} holds types that a model file may not hold: {quote(foreign)}. "
            f"{_how_to_hold(foreign)}"
        )
    envelope = {
        "format": FORMAT,
        "model": f"{type(model).__module__}.{type(model).__qualname__}",
        "versions": _versions(),
        "data_fingerprint": data_fingerprint,
        "sha256": hashlib.sha256(payload).hexdigest(),
    }
    text = json.dumps(envelope, indent=2, sort_keys=True).encode()
    return _zip({"envelope.json": text, "model.skops": payload})


def model_envelope(path: Path) -> dict[str, Any]:
    """Read a model file's envelope: format, versions, data fingerprint; the model itself is not loaded.

    Raises
    ------
    StoreError
        The file is no model file, is torn, or is of another format.

    >>> model_envelope(Path("no-such-file"))
    Traceback (most recent call last):
    ...
    shared.errors.StoreError: no-such-file: there is no such file. Check the spelling and the folder
    """
    return _open(path)[0]


def load_model(path: Path, *, any_version: bool = False) -> Any:
    """Load a model file; nothing in it is executed, and types that are not on the list are refused.

    Parameters
    ----------
    path : path
        A file written by `save_model`.
    any_version : bool
        Load although it was written under another version of scikit-learn, at your own risk.

    Raises
    ------
    StoreError
        The file is torn, changed, of another format or version, or holds types that are not trusted.

    >>> load_model(Path("no-such-file"))
    Traceback (most recent call last):
    ...
    shared.errors.StoreError: no-such-file: there is no such file. Check the spelling and the folder
    """
    path = Path(path)
    envelope, payload = _open(path)
    written = envelope["versions"].get("scikit-learn", "?")
    present = version("scikit-learn")
    if written.split(".")[:2] != present.split(".")[:2] and not any_version:
        raise StoreError(
            f"{path.name} was written under scikit-learn {written}, this is {present}. "
            "Fit again, install that version, or pass any_version=True at your own risk."
        )
    untrusted = _find_untrusted(payload)
    foreign = [name for name in untrusted if not _is_vouched_for(name)]
    if foreign:
        raise StoreError(f"{path.name} holds types that are not trusted: {quote(foreign)}. It was not loaded. {FIX}")
    try:
        model = _skops_io().loads(payload, trusted=untrusted)
        check_learnt(model)
    except MemoryError:
        raise
    except Exception as error:  # skops raises whatever the damaged part leads to
        raise StoreError(f"{path.name} cannot be loaded ({type(error).__name__}: {str(error)[:200]}). {FIX}") from error
    return model


def _open(path: Path) -> tuple[dict[str, Any], bytes]:
    path = Path(path)
    try:
        there = path.is_file()
    except ValueError:  # a name that no file can have
        there = False
    if not there:
        raise StoreError(f"{str(path)[-300:]}: there is no such file. Check the spelling and the folder")
    envelope, payload = _members(path)
    if not isinstance(envelope, dict) or envelope.get("format") != FORMAT or not _has_versions(envelope):
        raise StoreError(
            f"{path.name} has another format than {FORMAT}; it was written by another version of Hexad. {FIX}"
        )
    if hashlib.sha256(payload).hexdigest() != envelope.get("sha256"):
        raise StoreError(f"{path.name}: the model does not fit its checksum; the file was changed or damaged. {FIX}")
    try:
        check_payload(payload)
    except StoreError as error:
        raise StoreError(f"{path.name}: {error}. {FIX}") from error
    return envelope, payload


def _members(path: Path) -> tuple[Any, bytes]:
    """Envelope and model of a file, unpacked only where they are not larger than they may be."""
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {member.filename: member.file_size for member in archive.infolist()}
            if set(sizes) != {"envelope.json", "model.skops"} or len(archive.infolist()) != 2:
                raise StoreError(f"{path.name} is no Hexad model file. Pickles and other formats are never read. {FIX}")
            if sum(sizes.values()) > MAX_MODEL_BYTES or sizes["envelope.json"] > MAX_ENVELOPE_BYTES:
                raise StoreError(f"{path.name} unpacks to {sum(sizes.values()):,} bytes, above the limit. {FIX}")
            if sizes["model.skops"] > MAX_SWELL * archive.getinfo("model.skops").compress_size + FREE_SWELL:
                raise StoreError(f"{path.name} swells to more than {MAX_SWELL} times its size when unpacked. {FIX}")
            return json.loads(archive.read("envelope.json")), archive.read("model.skops")
    except StoreError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
        raise StoreError(
            f"{path.name} is no Hexad model file, or is torn ({error}). Pickles are never read. {FIX}"
        ) from error


def _has_versions(envelope: dict[str, Any]) -> bool:
    versions = envelope.get("versions")
    return isinstance(versions, dict) and all(isinstance(text, str) for text in versions.values())


def _skops_io() -> ModuleType:
    """skops.io, whose import looks for estimators in all of scikit-learn, without the libraries it bridges to.

    No estimator lies behind a bridge, and torch alone takes seconds.
    """
    name = "skops.io"
    if name not in sys.modules:
        hidden = [bridge for bridge in BRIDGES if bridge not in sys.modules]
        try:
            sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: it cannot be imported
            importlib.import_module(name)
        finally:
            for bridge in hidden:
                sys.modules.pop(bridge, None)
    return importlib.import_module(name)


def _find_untrusted(payload: bytes) -> list[str]:
    """Types in a skops file that skops itself does not vouch for."""
    try:
        return list(_skops_io().get_untrusted_types(data=payload))
    except Exception as error:  # a crafted schema may fail in any way
        raise StoreError(f"the model cannot be read ({type(error).__name__}: {str(error)[:200]}). {FIX}") from error


def _is_vouched_for(name: str) -> bool:
    """Whether our list, or one of our own packages, vouches for a type."""
    return name in TRUSTED or _is_own(name)


def _is_own(name: str) -> bool:
    """Whether a name is an estimator or a dataclass of our own packages, or a class that declares its arrays."""
    from sklearn.base import BaseEstimator

    if not name.startswith(OWN_PACKAGES):
        return False
    module, _, attribute = name.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), attribute, None)
    except ImportError:
        return False
    if not isinstance(found, type):
        return False
    return issubclass(found, BaseEstimator) or is_dataclass(found) or "declare_arrays" in vars(found)


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in ("hexad", "numpy", "scikit-learn", "skops"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def _canonical(payload: bytes) -> bytes:
    """Rewrite a skops file with running numbers for memory addresses and without times."""
    with zipfile.ZipFile(io.BytesIO(payload)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(members.pop("schema.json"))
    shared_ids = {node["__id__"] for node in nodes_of(schema) if node.get("__loader__") == "CachedNode"}
    numbers: dict[int, int] = {}
    files: dict[str, str] = {}
    for count, node in enumerate(nodes_of(schema)):
        old = node["__id__"]
        node["__id__"] = numbers.setdefault(old, count) if old in shared_ids else count
        if "file" in node:
            node["file"] = files.setdefault(node["file"], f"{len(files)}{Path(node['file']).suffix}")
    schema.pop("_skops_version", None)
    renamed = {files.get(name, name): data for name, data in members.items()}
    ordered = {name: renamed[name] for name in sorted(renamed)}
    return _zip({**ordered, "schema.json": json.dumps(schema).encode()})


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            member = zipfile.ZipInfo(name, date_time=EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            archive.writestr(member, data)
    return buffer.getvalue()
