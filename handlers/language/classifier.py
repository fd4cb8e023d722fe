"""Learning a request from a few utterances: kernel ridge regression over embeddings and n-grams.

Requests that were added after the heads were trained are recognised by it.

The kernel is k(x, y) = exp(-|e(x) - e(y)|²) + w·t(x)·t(y), with e the mean-centred unit embedding and t
the TF-IDF vector. Regression on one-hot classes, (K + λI)⁻¹Y, has its leave-one-out predictions in
closed form (Allen's PRESS: y - α / diag((K + λI)⁻¹)), so confidence is calibrated on every training example
as if it had never been seen. The three constants were chosen on the validation
parts of the public sets that `bench/intents.py` runs and on these leave-one-out predictions.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handlers.language.embedding import Embed, Vectors

Matrix = NDArray[np.float32]

SURFACE_WEIGHT = 0.1
RIDGE = 0.1
_TEMPERATURES = np.geomspace(0.02, 1.0, 60)

_WORD = re.compile(r"[\w']+")
_CHARACTER_SIZES = (2, 3, 4)

# What a slot looks like says what kind of request it is; its exact value does not.
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\bprd[-_ ]?[\w-]*\d[\w-]*", re.IGNORECASE), " shapeprd "),
    (re.compile(r"\bcve-\d{4}-\d+\b", re.IGNORECASE), " shapecve "),
    (re.compile(r"\b[a-z]{2,6}-\d+\b", re.IGNORECASE), " shapeticket "),
    (re.compile(r"\bv?\d+\.\d+(\.\d+)*\b", re.IGNORECASE), " shapeversion "),
    (re.compile(r"\bp[0-3]\b", re.IGNORECASE), " shapepriority "),
    (re.compile(r"\b(q[1-4]|h[12])\b( ?20\d\d)?", re.IGNORECASE), " shapequarter "),
    (re.compile(r"[$€£] ?\d[\d,.]*k?\b", re.IGNORECASE), " shapemoney "),
    (re.compile(r"\b\d+\b"), " shapenumber "),
)


@dataclass(frozen=True, slots=True)
class Classifier:
    """Fitted weights. `support` (n, d) are the centred examples, `dual` (n, k) their coefficients,
    `surface` (v, k) the n-grams' weights; a softmax at `temperature` makes probabilities of scores."""

    names: tuple[str, ...]
    mean: Vectors
    support: Matrix
    dual: Matrix
    vocabulary: Vocabulary
    surface: Matrix
    temperature: float

    def probabilities(self, texts: Sequence[str], embed: Embed) -> NDArray[np.float64]:
        """One row a text, one column a name; each row sums to 1."""
        centred = _centre(embed(texts), self.mean)
        scores = [self._meaning(row) + self._surface(text) for row, text in zip(centred, texts, strict=True)]
        return _softmax(np.stack(scores), self.temperature)

    # einsum, not @: the threads of numpy's BLAS spin on after a product and would slow down the
    # next message's embedding tenfold on two cores.
    def _meaning(self, row: Matrix) -> Matrix:
        likeness = np.exp(2 * (np.einsum("nd,d->n", self.support, row) - 1))
        return np.asarray(np.einsum("n,nk->k", likeness, self.dual))

    def _surface(self, text: str) -> Matrix:
        vector = self.vocabulary.vector(features(text))
        weights = np.fromiter(vector.values(), np.float32, len(vector))
        return np.asarray(np.einsum("v,vk->k", weights, self.surface[list(vector)]))


def fit(examples: Sequence[tuple[str, str]], embed: Embed) -> Classifier:
    """Learn from (name, text) pairs, and from each name's own words as one more example of it.

    Raises ValueError if there are fewer than two names.
    """
    names = tuple(sorted({name for name, _ in examples}))
    if len(names) < 2:
        raise ValueError("a classifier needs examples of two names at least")
    spoken = [(name, name.replace("_", " ").lower()) for name in names]
    pairs = [*examples, *(pair for pair in spoken if pair not in set(examples))]
    texts = [text for _, text in pairs]
    classes = np.array([names.index(name) for name, _ in pairs])
    vectors = embed(texts)
    mean = vectors.mean(axis=0)
    support = _centre(vectors, mean)
    found = [features(text) for text in texts]
    vocabulary = _learn_vocabulary(found)
    weighted = _sparse([vocabulary.vector(one) for one in found], len(vocabulary.idf))

    kernel = _kernel(support, support) + SURFACE_WEIGHT * (weighted @ weighted.T).toarray()
    kernel[np.diag_indices_from(kernel)] += RIDGE
    inverse = np.linalg.inv(kernel.astype(np.float64))
    targets = np.eye(len(names))[classes]
    dual = inverse @ targets
    left_out = targets - dual / np.diag(inverse)[:, None]
    return Classifier(
        names,
        mean,
        support,
        dual.astype(np.float32),
        vocabulary,
        (SURFACE_WEIGHT * (weighted.T @ dual)).astype(np.float32),
        _temperature(left_out, classes),
    )


def _centre(vectors: Vectors, mean: Vectors) -> Matrix:
    centred = vectors - mean
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.asarray(centred / np.maximum(lengths, 1e-9), dtype=np.float32)


def _kernel(left: Matrix, right: Matrix) -> Matrix:
    return np.asarray(np.exp(2 * (left @ right.T - 1)), dtype=np.float32)


def _sparse(vectors: Sequence[dict[int, float]], width: int) -> Any:
    """The vectors as rows of a scipy CSR matrix (n, width); imported here, for only fitting needs it."""
    from scipy.sparse import csr_array

    ends = np.cumsum([0, *map(len, vectors)])
    columns = np.fromiter((at for vector in vectors for at in vector), np.int32, ends[-1])
    values = np.fromiter((value for vector in vectors for value in vector.values()), np.float32, ends[-1])
    return csr_array((values, columns, ends), shape=(len(vectors), width))


def _softmax(scores: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    shifted = (scores - scores.max(axis=1, keepdims=True)).astype(np.float64) / temperature
    powers = np.exp(shifted)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _temperature(scores: NDArray[np.float64], classes: NDArray[np.intp]) -> float:
    """The temperature at which the left-out examples are least surprising (mean negative log-likelihood)."""
    rows = np.arange(len(classes))
    surprise = [-np.log(_softmax(scores, t)[rows, classes] + 1e-12).mean() for t in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(surprise))])


@dataclass(frozen=True, slots=True)
class Features:
    """Counts of word n-grams and of character n-grams of one message."""

    words: Mapping[str, int]
    characters: Mapping[str, int]


def features(text: str) -> Features:
    """Word uni- and bigrams, and character 2- to 4-grams within words, slots replaced by their shape."""
    shaped = text.lower()
    for pattern, shape in _SHAPES:
        shaped = pattern.sub(shape, shaped)
    words = _WORD.findall(shaped)
    pairs = [f"{first} {second}" for first, second in pairwise(words)]
    characters = (gram for word in words for gram in _within(f" {word} "))
    return Features(Counter(words + pairs), Counter(characters))


def _within(word: str) -> Iterable[str]:
    for size in _CHARACTER_SIZES:
        yield from (word[at : at + size] for at in range(max(1, len(word) - size + 1)))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """N-grams with their index and inverse document frequency: words first, then characters."""

    words: Mapping[str, int]
    characters: Mapping[str, int]
    idf: Sequence[float]

    def vector(self, found: Features) -> dict[int, float]:
        """TF-IDF by index (sublinear tf); the word part and the character part each have length 1."""
        return self._part(found.words, self.words) | self._part(found.characters, self.characters)

    def _part(self, counts: Mapping[str, int], index: Mapping[str, int]) -> dict[int, float]:
        weights = {
            index[gram]: (1 + math.log(count)) * self.idf[index[gram]]
            for gram, count in counts.items()
            if gram in index
        }
        length = math.sqrt(sum(value * value for value in weights.values()))
        return {at: value / length for at, value in weights.items()}


def _learn_vocabulary(documents: Sequence[Features]) -> Vocabulary:
    """Every word n-gram, and every character n-gram that occurs in two messages or more.

    The inverse document frequency is smoothed: ln((1 + n) / (1 + df)) + 1.
    """
    words = Counter(gram for document in documents for gram in document.words)
    characters = Counter(gram for document in documents for gram in document.characters)
    characters = Counter({gram: count for gram, count in characters.items() if count > 1})
    word_index = {gram: at for at, gram in enumerate(sorted(words))}
    character_index = {gram: at + len(word_index) for at, gram in enumerate(sorted(characters))}
    frequencies = [words[gram] for gram in word_index] + [characters[gram] for gram in character_index]
    idf = tuple(math.log((1 + len(documents)) / (1 + frequency)) + 1 for frequency in frequencies)
    return Vocabulary(word_index, character_index, idf)
