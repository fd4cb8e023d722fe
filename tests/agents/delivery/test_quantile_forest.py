"""The forest against distributions that are known, and the quantiles of tied values."""

from __future__ import annotations

import numpy as np
import pytest

from agents.delivery.quantile_forest import Distribution, QuantileForest, aged


def test_quantiles_lie_between_the_middles_of_tied_values() -> None:
    coin = Distribution(np.array([0.0, 1.0]), np.array([0.5, 0.5]))
    assert coin.quantile(0.25) == 0.0
    assert coin.quantile(0.5) == pytest.approx(0.5)
    assert coin.quantile(0.1) == 0.0
    assert coin.at_least(1.0) == 0.5
    assert coin.at_least(0.5) == 0.5
    assert coin.at_least(0.0) == 1.0


def test_four_fifths_of_outcomes_lie_within_and_the_spread_follows_the_feature() -> None:
    chance = np.random.default_rng(7)
    features = chance.uniform(size=(1200, 2))
    outcomes = 10 * features[:, 0] + chance.normal(size=1200) * (0.5 + 3 * (features[:, 1] > 0.5))
    ages = np.zeros(800)
    found = QuantileForest(features[:800], outcomes[:800], aged(ages, 1)).asked(features[800:])
    low, high = (np.array([one.quantile(share) for one in found]) for share in (0.1, 0.9))
    assert 0.75 <= np.mean((low <= outcomes[800:]) & (outcomes[800:] <= high)) <= 0.86
    noisy = features[800:, 1] > 0.5
    assert np.mean((high - low)[noisy]) > 2 * np.mean((high - low)[~noisy])


def test_newer_outcomes_weigh_more() -> None:
    same = np.zeros((40, 1))
    outcomes = np.repeat([0.0, 10.0], 20)
    ages = np.arange(40.0)[::-1]
    [even] = QuantileForest(same, outcomes, aged(ages, 1e9)).asked(same[:1])
    [newer] = QuantileForest(same, outcomes, aged(ages, 5)).asked(same[:1])
    assert even.at_least(10) == pytest.approx(0.5, abs=0.05)
    assert newer.at_least(10) > 0.85
