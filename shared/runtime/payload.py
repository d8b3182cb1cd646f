"""What is inside a model file, held to its bounds before anything of it is built.

skops reads the schema of a file, and the arrays it names, as they come. Here their number, depth and size are checked
first: what a file says of itself, what it unpacks to, and what it would take in memory.
"""

from __future__ import annotations

import functools
import io
import json
import math
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np

from shared.checks import is_whole
from shared.errors import StoreError, quote

__all__ = ["MAX_MODEL_BYTES", "check_payload", "nodes_of"]

MAX_MODEL_BYTES = 1 << 30
MAX_SCHEMA_BYTES = 1 << 27
MAX_DEPTH = 200
MAX_ARRAY_HEADER = 10_000
# A node of a schema takes a hundred letters and more; with far more brackets than that it would be all memory.
LETTERS_A_BRACKET, FREE_BRACKETS = 30, 1000
MEMBER = re.compile(r"\d{1,9}\.(npy|npz|bin)")


def check_payload(payload: bytes) -> None:
    """Refuse a skops file that would take more than it says, or that is not as `save_model` writes it.

    Raises
    ------
    StoreError

    >>> check_payload(b"no zip")
    Traceback (most recent call last):
    ...
    shared.errors.StoreError: the model inside is torn (File is not a zip file)
    """
    try:
        with zipfile.ZipFile(io.BytesIO(payload)) as archive:
            _check_members(archive)
            nodes = _check_schema(archive.read("schema.json"))
            named = [str(node["file"]) for node in nodes if "file" in node]
            sizes = {member.filename: member.file_size for member in archive.infolist()}
            del sizes["schema.json"]
            if set(named) != set(sizes):
                raise StoreError("the model names other members than it holds")
            if (total := sum(sizes[name] for name in named)) > MAX_MODEL_BYTES:  # each time it is named it is read
                raise StoreError(f"the model takes {total:,} bytes, above the limit")
            for name in sizes:
                _check_member(archive, name)
            for node in nodes:
                if node.get("__class__") == "Tree":
                    _check_tree(node, archive)
    except zipfile.BadZipFile as error:
        raise StoreError(f"the model inside is torn ({error})") from error
    except (StoreError, MemoryError):
        raise
    except Exception as error:  # zipfile, zlib and numpy raise whatever the damaged part leads to
        raise StoreError(f"the model inside is damaged ({type(error).__name__}: {str(error)[:100]})") from error


def _check_members(archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    names = [member.filename for member in members]
    if odd := [name for name in names if name != "schema.json" and not MEMBER.fullmatch(name)]:
        raise StoreError(f"the model holds members that are none of its own: {quote(odd)}")
    if len(set(names)) != len(names):
        raise StoreError("the model holds two members of the same name")
    total = sum(member.file_size for member in members)
    if total > MAX_MODEL_BYTES:
        raise StoreError(f"the model unpacks to {total:,} bytes, above the limit")
    if archive.getinfo("schema.json").file_size > MAX_SCHEMA_BYTES:
        raise StoreError("the description of the model is larger than that of any")


def _check_schema(text: bytes) -> list[dict[str, Any]]:
    """Check number, depth and ids of a schema's nodes, and return those that name a member, and trees."""
    if text.count(b"{") + text.count(b"[") > len(text) // LETTERS_A_BRACKET + FREE_BRACKETS:
        raise StoreError("the description of the model is mostly brackets")
    seen: set[int] = set()
    found = []
    for node in nodes_of(json.loads(text)):
        own = node["__id__"]
        if isinstance(own, bool) or not isinstance(own, int):
            raise StoreError("a part of the model has no number")
        if node.get("__loader__") != "CachedNode":
            if own in seen:
                raise StoreError("two parts of the model have the same number")
            seen.add(own)
        if "file" in node or node.get("__class__") == "Tree":
            found.append(node)
    return found


def nodes_of(schema: object) -> Iterator[dict[str, Any]]:
    """Every node of a skops schema, in the order in which it is written.

    >>> inner = {"__class__": "b", "__id__": 2}
    >>> [node["__id__"] for node in nodes_of({"__class__": "a", "__id__": 1, "content": [inner]})]
    [1, 2]
    """
    stack = [(schema, 0)]
    while stack:
        current, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise StoreError("the description of the model is nested too deeply")
        if isinstance(current, dict):
            if "__class__" in current:
                yield current
            stack.extend((value, depth + 1) for value in reversed(list(current.values())))
        elif isinstance(current, list):
            stack.extend((value, depth + 1) for value in reversed(current))


def _check_member(archive: zipfile.ZipFile, name: str) -> None:
    if name.endswith(".npy"):
        with archive.open(name) as member:
            _check_array(member, archive.getinfo(name).file_size)
    elif name.endswith(".npz"):
        with zipfile.ZipFile(io.BytesIO(archive.read(name))) as inner:
            if sum(member.file_size for member in inner.infolist()) > MAX_MODEL_BYTES:
                raise StoreError("a sparse matrix of the model unpacks to more than any may")
            for part in inner.infolist():
                with inner.open(part) as member:
                    _check_array(member, part.file_size)


def _check_array(member: Any, size: int) -> None:
    """An array's header has to promise just the bytes that follow it."""
    head = member.read(12)
    if head[:6] != b"\x93NUMPY" or head[6:8] not in {b"\x01\x00", b"\x02\x00"}:
        raise StoreError("an array of the model is of an unknown format")
    start = 10 if head[6] == 1 else 12
    length = int.from_bytes(head[8:start], "little")
    if length > MAX_ARRAY_HEADER:
        raise StoreError("an array of the model has a header larger than any")
    text = head[start:] + member.read(length - len(head[start:]))
    if start + length + _count_bytes(text) != size:
        raise StoreError("an array of the model is not of the size that it says")


@functools.lru_cache(maxsize=1024)
def _count_bytes(header: bytes) -> int:
    """Bytes of the array that a header describes; many arrays of a model have the same."""
    shape, _, dtype = np.lib.format.read_array_header_2_0(io.BytesIO(len(header).to_bytes(4, "little") + header))
    if dtype.hasobject:
        raise StoreError("an array of the model holds objects")
    return math.prod(shape) * dtype.itemsize


def _read_array(archive: zipfile.ZipFile, name: str) -> np.ndarray[Any, Any]:
    with archive.open(name) as member:
        return np.asarray(np.lib.format.read_array(member, allow_pickle=False))


def _check_tree(node: dict[str, Any], archive: zipfile.ZipFile) -> None:
    """What a tree of scikit-learn is made with: it copies as many numbers of classes as it has outputs, unasked."""
    n_features, classes, n_outputs = node["__reduce__"]["args"]["content"]
    counts = _read_array(archive, classes["file"])
    known = json.loads(n_features["content"]), json.loads(n_outputs["content"])
    if not all(is_whole(number, 1, 2**31 - 1) for number in known):
        raise StoreError("a tree has no number of features or outputs")
    if counts.dtype != np.intp or counts.shape != (known[1],) or not (counts >= 1).all() or (counts > 2**31).any():
        raise StoreError("a tree has other numbers of classes than outputs")
    state = node["content"]["content"]
    nodes, values = (_read_array(archive, state[name]["file"]) for name in ("nodes", "values"))
    if nodes.ndim != 1 or values.shape != (len(nodes), known[1], counts.max()):  # it looks at their shapes unasked, too
        raise StoreError("a tree has other values than nodes")
