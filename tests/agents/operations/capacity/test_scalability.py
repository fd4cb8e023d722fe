"""The scalability law: its coefficients, and what it does not know."""

from __future__ import annotations

from math import inf

import pytest

from agents.operations.capacity.scalability import TooFewLoads, fit_scalability


def law(load: float, alpha: float, beta: float, gamma: float) -> float:
    return gamma * load / (1 + alpha * (load - 1) + beta * load * (load - 1))


LOADS = (1, 2, 4, 8, 16, 32, 64, 128)
FALLING = [(load, law(load, 0.03, 0.0005, 50)) for load in LOADS]
WAITING = [(load, law(load, 0.1, 0.0, 50)) for load in LOADS]
LINEAR = [(load, 50.0 * load) for load in LOADS]
NOISE = (1.02, 0.99, 1.01, 0.97, 1.03, 0.98, 1.01, 0.99)


def test_the_coefficients_are_found_again_with_their_errors() -> None:
    found = fit_scalability(FALLING)
    assert found.alpha.value == pytest.approx(0.03, rel=1e-4)
    assert found.beta.value == pytest.approx(0.0005, rel=1e-4)
    assert found.gamma.value == pytest.approx(50, rel=1e-4)
    noisy = fit_scalability([(load, value * off) for (load, value), off in zip(FALLING, NOISE, strict=True)])
    assert noisy.alpha.low <= 0.03 <= noisy.alpha.high
    assert noisy.beta.low <= 0.0005 <= noisy.beta.high
    assert noisy.gamma.error > found.gamma.error
    assert (noisy.least, noisy.most, noisy.points) == (1, 128, 8)


def test_a_peak_that_was_passed_is_found_with_its_interval() -> None:
    found = fit_scalability([(load, value * off) for (load, value), off in zip(FALLING, NOISE, strict=True)])
    assert found.peak is not None
    assert found.peak == found.fitted_peak
    true = (0.97 / 0.0005) ** 0.5
    assert found.peak.low < true < found.peak.high < 128
    assert found.peak.throughput == pytest.approx(found.throughput(found.peak.load)) == found.ceiling
    assert found.says().startswith("The peak is at 4")


def test_a_peak_beyond_what_was_measured_is_none_that_was_found() -> None:
    found = fit_scalability(
        [(load, value * off) for (load, value), off in zip(FALLING[:5], NOISE, strict=False)]
    )
    assert found.peak is None
    assert found.says().startswith("No peak found in the measured range, 1 to 16")


def test_where_throughput_still_grows_there_is_no_peak() -> None:
    found = fit_scalability(WAITING)
    assert found.fitted_peak is None
    assert found.says() == "No peak found in the measured range, 1 to 128: throughput still grows at its end."
    assert found.ceiling == pytest.approx(500, rel=1e-3)
    assert fit_scalability(LINEAR).ceiling > 1e6


def test_no_coefficient_is_below_zero() -> None:
    better = [(load, 50 * load**1.1) for load in LOADS]
    found = fit_scalability(better)
    assert min(found.alpha.value, found.beta.value, found.alpha.low, found.beta.low) >= 0


def test_the_load_for_a_throughput_is_the_least_one() -> None:
    found = fit_scalability(FALLING)
    load = found.load_for(500.0)
    assert load is not None
    assert found.throughput(load) == pytest.approx(500)
    assert load < found.peak.load  # type: ignore[union-attr]
    assert found.load_for(20.0) == 1.0
    assert found.load_for(found.ceiling * 1.01) is None


@pytest.mark.parametrize("loads", [[], [1, 2, 4], [1, 1, 1, 2, 4]])
def test_too_few_loads_are_refused(loads: list[int]) -> None:
    with pytest.raises(TooFewLoads, match="takes 4 different loads to tell"):
        fit_scalability([(load, 10.0 * load) for load in loads])


@pytest.mark.parametrize("bad", [(0.5, 10.0), (2.0, 0.0), (2.0, -1.0), (inf, 10.0), (2.0, float("nan"))])
def test_figures_that_cannot_be_are_refused(bad: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="a load is a number from 1 on"):
        fit_scalability([*FALLING, bad])


def test_a_peak_that_is_told_exactly_but_lies_beyond_is_none_that_was_found() -> None:
    found = fit_scalability(FALLING[:5])
    assert found.fitted_peak is not None
    assert 16 < found.fitted_peak.low <= found.fitted_peak.high < inf
    assert found.peak is None
    assert "the fit would put one at 44" in found.says()
