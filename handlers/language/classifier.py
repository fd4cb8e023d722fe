"""Learning a request from a few utterances: kernel ridge regression over embeddings and n-grams.

Requests that were added after the heads were trained are recognised by it.

The kernel is k(x, y) = exp(-|e(x) - e(y)|²) + w·t(x)·t(y), with e the mean-centred unit embedding and t
the TF-IDF vector. Regression on one-hot classes, (K + λI)⁻¹Y, has its leave-one-out predictions in
closed form (Allen's PRESS: y - α / diag((K + λI)⁻¹)), so confidence is calibrated on every training example
as if it had never been seen. The three constants were chosen on the validation
parts of the public sets that `bench/intents.py` runs and on these leave-one-out predictions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handlers.language.embedding import Embed, Vectors
from handlers.language.ngrams import Vocabulary, features, learn_vocabulary

Matrix = NDArray[np.float32]

SURFACE_WEIGHT = 0.1
RIDGE = 0.1
_TEMPERATURES = np.geomspace(0.02, 1.0, 60)


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
    vocabulary = learn_vocabulary(found)
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
