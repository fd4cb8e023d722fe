"""The heads on the encoder: which request a vector is about, and in which mood.

They are trained with the encoder (`bench/train_encoder.py`) and lie beside it. Their confidence, and the
probability under which a name is not acted on, are set on lines that were kept aside.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handlers.language.encoder import Vectors

FILE = Path(__file__).parent / "heads.npz"


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
    def read(cls, file: Path = FILE) -> Heads:
        """What was trained. Raises OSError, and KeyError for another kind of file."""
        with np.load(file, allow_pickle=False) as kept:
            names, moods = (
                Head(tuple(map(str, kept[f"{of}_classes"])), kept[f"{of}_weights"], kept[f"{of}_bias"])
                for of in ("names", "moods")
            )
            return cls(names, moods, float(kept["threshold"]))

    def write(self, file: Path = FILE) -> None:
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
