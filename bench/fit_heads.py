"""The head of names fitted again on the encoder as it stands: minutes, without torch.

A request that was added after the encoder was trained is learnt by whoever starts the product, which takes ten
seconds at each first start, and knows less than the heads do. Here the heads learn it once for all: a logistic
regression on the vectors of all lines and utterances takes its mean with the head that was trained, which is
kept apart (`TRAINED`): fitted as often as one likes, its share stays a half. A name that the trained head does
not know has the fitted row alone. Confidence and threshold are set on the lines kept
aside, as in the training (`bench/train_encoder.py`), which remains better where many requests are new.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from handlers.language.encoder import (
    Head,
    Heads,
    Vectors,
    calibrated,
    read_encoder,
    threshold_of,
)
from handlers.language.utterances import LINES, NONE, Line, read_hand, read_lines, read_utterances

TRAINED = Path(__file__).parent / "trained_names.npz"
"""The head of names as the encoder's training left it, before anything was fitted: of the encoder as it is."""
STRETCH = 4.0
HIGHEST_THRESHOLD = 0.43
SHARE_OF_UTTERANCES = 0.35
BY_CHANCE = 0.01
"""One standard error of a share of .9 of 900 lines."""


def fit_heads() -> int:
    """Fit, judge, write. The heads stay as they were where that is worse on the lines kept aside, by more than
    chance does to so few of them: then 1."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--vectors", type=Path, help="a file that keeps the vectors for the next time")
    given = arguments.parse_args()
    trained, aside = read_lines()
    learnt = [*trained, *utterance_lines()]
    kept = _kept(given.vectors)
    known = _encoded([line.text for line in (*learnt, *aside)], kept)
    if given.vectors is not None:
        np.savez_compressed(given.vectors, texts=np.array(list(known)), vectors=np.array(list(known.values())))
    before = Heads.read()
    vectors = np.array([known[line.text] for line in aside])
    now = fitted_again(before, np.array([known[line.text] for line in learnt]), learnt, vectors, aside)
    old, new = (right_share(heads.names, vectors, aside) for heads in (before, now))
    print(f"aside, {len(aside)} lines: right name {old:.3f} before, {new:.3f} now")
    if new < old - BY_CHANCE:
        print("the heads stay as they were", file=sys.stderr)
        return 1
    now.write()
    return 0


def fitted_again(
    before: Heads, vectors: Vectors, learnt: Sequence[Line], vectors_aside: Vectors, aside: Sequence[Line]
) -> Heads:
    """The heads with a head of names of the trained one and of these lines, whatever was fitted `before`."""
    fitted = fitted_names(vectors, learnt)
    names = named_heads(_grown(trained_names(), fitted), fitted, vectors_aside, aside)
    return Heads(names, before.moods, threshold(names, vectors_aside, aside))


def trained_names() -> Head:
    """The head of names that was trained with the encoder. Raises OSError, KeyError."""
    with np.load(TRAINED, allow_pickle=False) as kept:
        return Head(tuple(map(str, kept["classes"])), kept["weights"], kept["bias"])


def keep_trained_names(head: Head) -> None:
    """Keep what training found, for `trained_names`."""
    weights, bias = head.weights.astype(np.float32), head.bias.astype(np.float32)
    np.savez(TRAINED, classes=np.array(head.classes), weights=weights, bias=bias)


def utterance_lines() -> list[Line]:
    """What the catalogue's requests are asked with, without a mood."""
    return [Line(text, name, None) for name, texts in read_utterances().items() for text in texts]


def fitted_names(vectors: Vectors, learnt: Sequence[Line]) -> Head:
    """Multinomial logistic regression on the vectors (one a line), in which the lines written for what was
    confused (`second_look.txt`) weigh more, and utterances, of which there are many alike, less."""
    from sklearn.linear_model import LogisticRegression

    again = {line.text for line in read_hand(LINES / "second_look.txt")}
    weights = [3.0 if line.text in again else 1.0 if line.mood else SHARE_OF_UTTERANCES for line in learnt]
    model = LogisticRegression(C=4.0, max_iter=300)
    model.fit(vectors * STRETCH, [line.name for line in learnt], sample_weight=weights)
    return Head(tuple(map(str, model.classes_)), model.coef_ * STRETCH, model.intercept_)


def named_heads(trained: Head, fitted: Head, vectors: Vectors, aside: Sequence[Line]) -> Head:
    """The mean of both heads, which know the same names, as sure as it is right on the lines kept aside."""
    at = [fitted.classes.index(name) for name in trained.classes]
    weights, bias = (trained.weights + fitted.weights[at]) / 2, (trained.bias + fitted.bias[at]) / 2
    mean = Head(trained.classes, weights.astype(np.float32), bias.astype(np.float32))
    return calibrated(mean, vectors, [line.name for line in aside])


def threshold(names: Head, vectors: Vectors, aside: Sequence[Line]) -> float:
    """Under which probability a name is not acted on."""
    return min(threshold_of(names, vectors, [line.name for line in aside], NONE), HIGHEST_THRESHOLD)


def right_share(names: Head, vectors: Vectors, aside: Sequence[Line]) -> float:
    """How many of the lines get their name."""
    found = (names.classes[int(names.probabilities(vector).argmax())] for vector in vectors)
    return float(np.mean([name == line.name for name, line in zip(found, aside, strict=True)]))


def _grown(trained: Head, fitted: Head) -> Head:
    """The trained head, its rows as long on the whole as the fitted ones, with the fitted row of each name that
    it does not know. Names that are gone leave it."""
    old = [name for name in trained.classes if name in fitted.classes]
    shared, theirs = ([head.classes.index(name) for name in old] for head in (trained, fitted))
    scale = np.linalg.norm(fitted.weights[theirs]) / np.linalg.norm(trained.weights[shared])
    weights, bias = fitted.weights.copy(), fitted.bias.copy()
    weights[theirs], bias[theirs] = trained.weights[shared] * scale, trained.bias[shared] * scale
    return Head(fitted.classes, weights, bias)


def _encoded(texts: Sequence[str], kept: Mapping[str, Vectors]) -> dict[str, Vectors]:
    encoder = read_encoder()
    return {text: kept[text] if text in kept else encoder.encode(text) for text in dict.fromkeys(texts)}


def _kept(file: Path | None) -> dict[str, Vectors]:
    if file is None or not file.exists():
        return {}
    with np.load(file, allow_pickle=False) as found:
        return dict(zip(map(str, found["texts"]), found["vectors"], strict=True))


if __name__ == "__main__":
    sys.exit(fit_heads())
