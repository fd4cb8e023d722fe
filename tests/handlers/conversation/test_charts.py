"""Charts are pictures with words: PNGs that do not depend on the client's ground, alt text, a sentence."""

from __future__ import annotations

import io
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from matplotlib.image import imread

from handlers.conversation.charts import NothingToDraw, Picture, draw_forecast, draw_shares, draw_trend

RUNS = [(3, 300), (4, 1500), (5, 2700), (6, 2500), (7, 1500), (8, 900), (9, 400), (12, 200)]
WEEKS = [(date(2026, 5, 4) + timedelta(weeks=week), 4.0 + week) for week in range(12)]


def _forecast() -> Picture:
    return draw_forecast(RUNS, p50=date(2027, 1, 8), p85=date(2027, 1, 22), weeks_p50=6, weeks_p85=8)


@pytest.mark.parametrize(
    "picture",
    [_forecast, lambda: draw_trend(WEEKS, unit="a week", name="pace")],
)
def test_a_picture_is_an_opaque_png_of_a_size_that_chats_show(picture) -> None:  # type: ignore[no-untyped-def]
    pixels = imread(io.BytesIO(picture().png))
    height, width = pixels.shape[:2]
    assert 1000 < width < 1400
    assert 300 < height < 1000
    assert pixels.shape[2] == 3 or (pixels[..., 3] == 1).all()  # its own ground, on white and on black
    assert pixels[..., :3].std() > 0.02  # something is drawn on it


def test_bars_of_shares_are_as_long_as_they_are_large() -> None:
    def blue(share: float) -> int:
        pixels = imread(io.BytesIO(draw_shares([("orders", share)], title="Coverage")))
        return int(((pixels[..., 2] - pixels[..., 0]) > 0.3).sum())

    assert blue(80.0) == pytest.approx(2 * blue(40.0), rel=0.05)
    with pytest.raises(NothingToDraw):
        draw_shares([], title="Coverage")


def test_a_forecast_says_its_dates_in_words() -> None:
    drawn = _forecast()
    assert (
        drawn.summary
        == "Half of 10,000 simulated runs are done by 8 January 2027, 85 of 100 by 22 January 2027."
    )
    assert "from week 3 to week 12" in drawn.alt
    assert "Half are done by week 6, 85 of 100 by week 8" in drawn.alt


def test_a_plans_forecast_says_the_schedules_date_and_counts_its_weeks_from_the_work() -> None:
    days = {"p50": date(2027, 1, 8), "p85": date(2027, 1, 22), "weeks_p50": 6, "weeks_p85": 8}
    drawn = draw_forecast(RUNS, **days, since=date(2026, 12, 7), scheduled=date(2027, 1, 6))  # type: ignore[arg-type]
    assert drawn.summary.startswith(
        "Scheduled to 6 January 2027. Half of 10,000 simulated runs are done by 8 Jan"
    )
    assert drawn.alt.startswith("Scheduled to 6 January 2027. ")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([4, 4, 4, 4, 9, 9, 9, 9], "up from 4.0"),
        ([9, 9, 9, 9, 4, 4, 4, 4], "down from 9.0"),
        ([5] * 8, "about the same"),
    ],
)
def test_a_trend_says_which_way_it_goes(values: list[float], says: str) -> None:
    points = [(date(2026, 5, 4) + timedelta(weeks=week), float(value)) for week, value in enumerate(values)]
    assert says in draw_trend(points, unit="stories a week", name="throughput").summary


def test_nothing_is_not_drawn() -> None:
    with pytest.raises(NothingToDraw):
        draw_forecast([(3, 0)], p50=date(2027, 1, 8), p85=date(2027, 1, 8), weeks_p50=3, weeks_p85=3)
    with pytest.raises(NothingToDraw):
        draw_trend([], unit="x", name="y")


def test_threads_draw_the_same_at_once() -> None:
    alone = _forecast().png
    with ThreadPoolExecutor(4) as pool:
        drawn = [job.result().png for job in [pool.submit(_forecast) for _ in range(8)]]
    assert all(png == alone for png in drawn)
    assert "matplotlib.pyplot" not in sys.modules
