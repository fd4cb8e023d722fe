"""Fitting the heads again: once more changes nothing."""

from __future__ import annotations

import numpy as np

from bench.fit_heads import fitted_again, trained_names
from handlers.language.encoder import Heads
from handlers.language.utterances import NONE, Line


def test_fitted_as_often_as_one_likes_the_trained_share_stays() -> None:
    random = np.random.default_rng(7)
    names = ("costs", "deploy", NONE, "a_new_request")
    middles = random.normal(size=(len(names), 384))
    lines = [Line(f"line {number}", names[number % len(names)], None) for number in range(80)]
    near = np.array([middles[number % len(names)] for number in range(80)])
    vectors = (near + random.normal(scale=2.0, size=near.shape)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    apart = (vectors[:60], lines[:60], vectors[60:], lines[60:])
    once = fitted_again(Heads.read(), *apart)
    again = fitted_again(once, *apart)
    assert set(once.names.classes) == set(names)
    assert (once.names.weights == again.names.weights).all()
    assert (once.names.bias == again.names.bias).all()
    assert once.threshold == again.threshold
    assert {*names} - {*trained_names().classes} == {"a_new_request"}
