"""Changes of bytes, text, trees of JSON, arrays and zips."""

from __future__ import annotations

import io
import json
import random
import re
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.mutated.base import BOUNDARIES, FLOATS, ODD_TEXTS, ODD_VALUES, Members

# Bytes


def mutate_bytes(rng: random.Random, data: bytes) -> bytes:
    r"""Flip, insert, delete, cut, double or overwrite some bytes, one to three times.

    >>> mutate_bytes(random.Random(1), b"abcdefgh") != b"abcdefgh"
    True
    """
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        _mutate_once(rng, changed)
    return bytes(changed)


def _mutate_once(rng: random.Random, changed: bytearray) -> None:
    size = len(changed)
    near = rng.random()  # the ends hold what steers the reading of the rest
    place = rng.randrange(min(size, 64) + 1) if near < 0.2 else rng.randrange(size + 1)
    place = max(0, size - rng.randrange(400)) if near > 0.7 else place
    length = rng.choice([1, 1, 2, 4, 8, 16, 100])
    match rng.randrange(8):
        case 0 if place < size:
            changed[place] ^= 1 << rng.randrange(8)
        case 1:
            changed[place:place] = rng.randbytes(length)
        case 2:
            del changed[place : place + length]
        case 3 if rng.random() < 0.4:
            del changed[place:]
        case 4:
            changed[place:place] = changed[place : place + length] * rng.choice([1, 2, 50])
        case 5:
            changed[place : place + length] = rng.choice([b"\x00", b"\xff"]) * len(changed[place : place + length])
        case _:
            width = rng.choice([1, 2, 4, 4, 8, 8])
            place -= rng.choice([0, place % width])
            if place + width <= size:
                changed[place : place + width] = boundary_bytes(rng, width)


def boundary_bytes(rng: random.Random, width: int) -> bytes:
    """A number at a boundary, in so many bytes."""
    value = rng.choice(BOUNDARIES) & ((1 << 8 * width) - 1)
    return value.to_bytes(width, rng.choice(["little", "little", "big"]))


# Text and trees of JSON

NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
TOKENS = [
    '"',
    "'",
    ",",
    ";",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\x00",
    "\ufeff",
    "{",
    "}",
    "[",
    "]",
    ":",
    "null",
    "NaN",
    "-Infinity",
]
TOKENS += [
    "1e400",
    "-0",
    "\\u0000",
    "\\ud800",
    "\\udc00",
    "\\",
    "9" * 400,
    "9" * 5000,
    "[" * 3000,
    '{"a":' * 3000,
    '""',
    "true",
]
TOKENS += [
    "2024-02-30",
    "0000-00-00",
    "2024-01-31T10:00+99:99",
    "=1+1",
    "x" * 70_000,
    "," * 12_000,
    "\n" * 5000,
    "\u2028",
]


def mutate_text(rng: random.Random, text: str) -> str:
    """Change a text at its tokens: numbers to boundaries, lines doubled or lost, odd tokens put in.

    >>> mutate_text(random.Random(2), "a,b") != "a,b"
    True
    """
    for _ in range(rng.choice([1, 1, 2])):
        place = rng.randrange(len(text) + 1)
        lines = text.split("\n")
        line = rng.randrange(len(lines))
        numbers = list(NUMBER.finditer(text))
        match rng.randrange(6):
            case 0 if numbers:
                one = rng.choice(numbers)
                text = text[: one.start()] + str(rng.choice([*BOUNDARIES, *FLOATS])) + text[one.end() :]
            case 1:
                lines[line:line] = [lines[line]] * rng.choice([1, 2, 300])
                text = "\n".join(lines)
            case 2:
                del lines[line]
                text = "\n".join(lines)
            case 3:
                end = place + rng.choice([1, 3, 20])
                text = text[:place] + text[place:end] * rng.choice([0, 2, 30]) + text[end:]
            case _:
                text = text[:place] + rng.choice(TOKENS) + text[place + rng.choice([0, 0, 1, 4]) :]
    return text


def mutate_tree(rng: random.Random, tree: object) -> Any:
    """Change one place of what was read from JSON, in place: a value, a name, a part lost, doubled or moved.

    >>> mutate_tree(random.Random(3), {"a": [1, 2]}) != {"a": [1, 2]}
    True
    """
    places = _places(tree)
    if not places:
        return rng.choice(ODD_VALUES)
    owner, key = rng.choice(places)
    value = owner[key]
    other = rng.choice(places)
    match rng.randrange(7):
        case 0:
            del owner[key]
        case 1:
            owner[key] = rng.choice(ODD_VALUES)
        case 2:
            owner[key] = json.loads(json.dumps(other[0][other[1]]))
        case 3 if isinstance(owner, list):
            owner[key:key] = [json.loads(json.dumps(value)) for _ in range(rng.choice([1, 3, 200]))]
        case 3:
            owner[rng.choice([str(other[1]), *ODD_TEXTS[:4]])] = owner.pop(key)
        case 4 if isinstance(value, dict) and "__id__" in value:
            known = [part["__id__"] for part, name in places if name == "__id__"]
            owner[key] = value | {"__loader__": "CachedNode", "__id__": rng.choice(known)}
        case _:
            owner[key] = _odd_like(rng, value)
    return tree


def _odd_like(rng: random.Random, value: object) -> Any:
    """Something of the same type that is at a boundary, or odd."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return rng.choice([value + 1, value - 1, -value, *BOUNDARIES])
    if isinstance(value, float):
        return rng.choice([-value, value * 1e9, *FLOATS])
    if isinstance(value, str):
        if NUMBER.fullmatch(value) or value in {"true", "false", "null"}:  # skops writes plain values as JSON in text
            return rng.choice(
                [str(rng.choice(BOUNDARIES)), json.dumps(rng.choice(FLOATS)), "null", "true", '"x"', "[]", "{}"]
            )
        return rng.choice([*ODD_TEXTS, value + "x", value[:-1], json.dumps(rng.choice(BOUNDARIES)), value * 2])
    return rng.choice(ODD_VALUES)


def _places(tree: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    stack = [tree]
    while stack:
        current = stack.pop()
        keys: Iterable[Any] = current if isinstance(current, dict) else range(len(current))
        for key in keys:
            found.append((current, key))
            if isinstance(current[key], dict | list):
                stack.append(current[key])
    return found


# Arrays


def mutate_array(rng: random.Random, data: bytes) -> bytes:
    """Change the values, the type, the shape or the header of an array in numpy's own format.

    >>> import io
    >>> buffer = io.BytesIO()
    >>> np.save(buffer, np.arange(3))
    >>> mutate_array(random.Random(1), buffer.getvalue()) != buffer.getvalue()
    True
    """
    kind = rng.random()
    if kind < 0.08:
        return mutate_bytes(rng, data)
    if kind < 0.18:
        return _with_other_header(rng, data)
    array = np.load(io.BytesIO(data), allow_pickle=False)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if kind < 0.65 and array.size:
            array = array.copy()
            for _ in range(rng.choice([1, 1, 2, 5])):
                _set_odd(rng, array)
        elif kind < 0.8:
            array = _retype(rng, array)
        else:
            array = _reshape(rng, array)
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _set_odd(rng: random.Random, array: NDArray[Any]) -> None:
    part = array[rng.choice(array.dtype.names)] if array.dtype.names else array
    flat = part.reshape(-1) if part.flags.c_contiguous else part.ravel()
    odd = _odd_scalar(rng, part.dtype, array.size)
    if rng.random() < 0.15 or part.ndim != 1:
        part[...] = odd if rng.random() < 0.5 else part
    flat[rng.randrange(flat.size)] = odd
    if not np.shares_memory(flat, part):
        part[...] = flat.reshape(part.shape)


def _odd_scalar(rng: random.Random, dtype: Any, length: int) -> Any:
    """A value at a boundary of a type, wrapped around where it does not fit."""
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        low, high = int(info.min), int(info.max)
        value = rng.choice([low, high, high - 1, length, length - 1, length + 1, -length, *BOUNDARIES])
        return (value - low) % (high - low + 1) + low
    if dtype.kind in "fc":
        return np.asarray(rng.choice(FLOATS)).astype(dtype)
    if dtype.kind in "mM":
        return np.asarray(rng.choice([-(2**63), 2**63 - 1, 0, -1, 2**61])).view(dtype)
    if dtype.kind == "b":
        return rng.random() < 0.5
    if dtype.kind in "US":
        return (
            np.asarray(rng.choice(["", "x", "ß", "\x00", "\U0010ffff", "99"]))
            .astype("U")
            .astype(dtype, casting="unsafe")
        )
    return np.zeros((), dtype)


def _retype(rng: random.Random, array: Any) -> Any:
    kinds = [
        "i1",
        "u1",
        "i4",
        "u4",
        "i8",
        "u8",
        "f2",
        "f4",
        "f8",
        "c16",
        "?",
        "U1",
        "U30",
        "S3",
        ">i4",
        ">f8",
        "M8[ns]",
        "f16",
    ]
    kind = rng.choice(kinds)
    if array.dtype.names:
        names = list(array.dtype.names)
        kept = rng.choice([names[:-1], names[::-1], names])
        pairs = [
            (name, rng.choice(kinds) if kept is names and rng.random() < 0.2 else array.dtype[name]) for name in kept
        ]
        return array[kept].astype(np.dtype(pairs))
    if rng.random() < 0.3 and array.ndim:
        return np.ascontiguousarray(array).view("u1")
    return array.astype(kind)


def _reshape(rng: random.Random, array: NDArray[Any]) -> Any:
    shapes: list[Callable[[], Any]] = [
        lambda: array.reshape(-1),
        lambda: array[..., None],
        lambda: array[None],
        array.T.copy,
        lambda: array[:0],
        lambda: array[:-1],
        lambda: array[1:],
        lambda: array[::-1],
        lambda: np.concatenate([array, array]),
        lambda: np.repeat(array, 1000)[:100_000],
        lambda: array.reshape(-1)[0],
        lambda: array[..., :-1],
        lambda: np.asfortranarray(array[..., None].repeat(2, axis=-1)),
    ]
    return rng.choice(shapes)()


def _with_other_header(rng: random.Random, data: bytes) -> bytes:
    """The same bytes behind a header that tells of another type or shape."""
    start = 10 + struct.unpack("<H", data[8:10])[0]
    told = data[10:start].decode("latin-1")
    text = rng.choice(
        [
            re.sub(r"\d+(?=[,)])", lambda _: str(rng.choice(BOUNDARIES)), told, count=1),
            re.sub(
                r"'shape': \([^)]*\)",
                "'shape':"
                f" {rng.choice(['(0,)', '()', '(2, 2)', '(-1,)', '(0, 4611686018427387904)', '(2147483647,)', '(1000000000,)', '(3000000, 1000)', '(1,)*33'])}",
                told,
            ),
            re.sub(
                r"'descr': ('[^']*'|\[.*?\]),",
                f"'descr': {rng.choice(['|O', '<U999999999', '|V0', '<f8', '<i1', '|S0', '<M8[ns]', '<U0', 'O8'])!r},",
                told,
            ),
            told.replace("False", "True"),
            told.replace("{", "{" * 50),
            "x" * 60_000,
        ]
    ).rstrip()
    head = (text + " " * (-(len(text) + 11) % 64) + "\n").encode("latin-1")[:65_535]
    return data[:8] + struct.pack("<H", len(head)) + head + data[start:]


# Zips


def members_of(data: bytes) -> Members:
    """The members of a zip."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zip_members(members: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of names that come twice
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, method)
    return buffer.getvalue()


def mutate_zip(rng: random.Random, data: bytes) -> bytes:
    """Change a field of a zip's headers, or its list of members.

    >>> mutate_zip(random.Random(2), zip_members([("a", b"1")])) != zip_members([("a", b"1")])
    True
    """
    if rng.random() < 0.4:
        members = list(members_of(data).items())
        place = rng.randrange(len(members))
        name, content = members[place]
        changes: list[list[tuple[str, bytes]]] = [
            [],
            [(name, content)] * 2,
            [(name + "/", content)],
            [("../" + name, content)],
            [("", content)],
            [(name, b"")],
            [(name, content), ("x", b"x")],
            [(name, zip_members([(name, content)]))],
            [(name.upper(), content)],
            [(name, content * 50)],
        ]
        members[place : place + 1] = rng.choice(changes)
        methods = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
        return zip_members(members, rng.choice(methods))
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 2])):
        head, fields = rng.choice(
            [
                (b"PK\x03\x04", [(4, 2), (6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2)]),
                (
                    b"PK\x01\x02",
                    [(6, 2), (8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (38, 4), (42, 4)],
                ),
                (b"PK\x05\x06", [(4, 2), (6, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2)]),
            ]
        )
        starts = [one.start() for one in re.finditer(re.escape(head), data)]
        offset, width = rng.choice(fields)
        if starts:
            place = rng.choice(starts) + offset
            changed[place : place + width] = boundary_bytes(rng, width) if rng.random() < 0.7 else rng.randbytes(width)
    return bytes(changed)
