"""A fan: what was done period by period, and what is foretold of the next ones with how far it may be off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from handlers.conversation import chart_canvas as canvas
from handlers.conversation.charts import NothingToDraw, Picture


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A period to come: the 10th, 50th and 90th percentile of what will be done."""

    day: date
    low: float
    middle: float
    high: float


def draw_fan(
    past: Sequence[tuple[date, float]], ahead: Sequence[Foreseen], *, title: str, unit: str
) -> Picture:
    """Bars of the past by the first day of each period, and behind them the fan. Raises NothingToDraw."""
    if not past:
        raise NothingToDraw(title)
    figure, axes = canvas.blank(height=3.3)
    values = [value for _, value in past]
    places = range(len(past))
    axes.bar(places, values, width=0.72, color=canvas.BAR, zorder=2, label="done")
    top = max([*values, *(one.high for one in ahead), 1.0])
    if ahead:
        fan = range(len(past), len(past) + len(ahead))
        low, middle, high = zip(*((one.low, one.middle, one.high) for one in ahead), strict=True)
        spread = [upper - lower for lower, upper in zip(low, high, strict=True)]
        axes.bar(
            fan, spread, bottom=low, width=0.72, color=canvas.PALE, zorder=2, label="eight of ten times within"
        )
        axes.hlines(
            middle,
            [place - 0.36 for place in fan],
            [place + 0.36 for place in fan],
            color=canvas.WARM,
            linewidth=2.4,
            zorder=3,
            label="as likely more as less",
        )
    axes.set_ylim(0, top * 1.3)
    axes.set_ylabel(unit)
    days = [*(day for day, _ in past), *(one.day for one in ahead)]
    every = max(1, -(-len(days) // 9))
    axes.set_xticks(range(0, len(days), every), [f"{day.day} {day:%b}" for day in days[::every]])
    if top >= 4:
        canvas.whole_numbers(axes.yaxis)
    axes.legend(frameon=False, loc="upper left", ncols=3, labelcolor=canvas.SOFT, fontsize=9.5)
    canvas.title(axes, title)
    return Picture(canvas.png(figure), _alt(past, ahead, title, unit), _summary(past, ahead, title, unit))


def _alt(past: Sequence[tuple[date, float]], ahead: Sequence[Foreseen], title: str, unit: str) -> str:
    each = ", ".join(f"{canvas.day(day)} {value:g}" for day, value in past)
    told = "; ".join(
        f"{canvas.day(one.day)} {one.middle:g}, eight of ten times {one.low:g} to {one.high:g}" for one in ahead
    )
    return f"{title}, bars of {unit} by first day: {each}. {f'Foretold: {told}.' if told else 'No forecast.'}"


def _summary(past: Sequence[tuple[date, float]], ahead: Sequence[Foreseen], title: str, unit: str) -> str:
    last = f"{title}: {past[-1][1]:g} {unit} last"
    if not ahead:
        return f"{last}; there is no forecast."
    one = ahead[0]
    return f"{last}; next {one.middle:g}, eight of ten times {one.low:g} to {one.high:g}."
