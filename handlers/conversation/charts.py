"""From numbers to pictures: PNGs that stay legible wherever a chat client puts them.

Each function draws on a figure of its own and returns the bytes with what they say in words. Drawing
takes long enough to hold up an event loop: callers run it in a thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from statistics import mean
from typing import Any

from handlers.conversation import chart_canvas as canvas


class NothingToDraw(ValueError):
    """There are no numbers to draw."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG, what it shows for those who do not see it, and the same in one sentence for everybody."""

    png: bytes
    alt: str
    summary: str


def draw_forecast(
    histogram: Sequence[tuple[int, int]],
    *,
    p50: date,
    p85: date,
    weeks_p50: int,
    weeks_p85: int,
    since: date | None = None,
    scheduled: date | None = None,
) -> Picture:
    """Simulated runs by the week in which they were done, with the weeks of P50 and P85.

    `histogram` is (week, runs), ascending: weeks from today, or where `since` is given weeks of work, the one
    of that day being the first. `scheduled` is the schedule's own day. Raises NothingToDraw.
    """
    runs = sum(count for _, count in histogram)
    if not runs:
        raise NothingToDraw("no simulated runs")
    figure, axes = canvas.blank(height=3.3)
    weeks = [week for week, _ in histogram]
    colours = [canvas.BAR if week <= weeks_p85 else canvas.PALE for week in weeks]
    shares = [100 * count / runs for _, count in histogram]
    axes.bar(weeks, shares, width=0.82, color=colours, zorder=2)
    top = max(shares) * 1.34
    axes.set_ylim(0, top)
    left = weeks[0] - 0.8
    # Wide enough that both dates stand right of their lines, where neither crosses the other's.
    axes.set_xlim(left, max(weeks[-1] + 0.8, left + (weeks_p85 + 0.5 - left) / 0.62))
    for week, name, day, height, colour in (
        (weeks_p50, "half", p50, 0.985, canvas.ACCENT),
        (weeks_p85, "85 of 100", p85, 0.875, canvas.WARM),
    ):
        axes.axvline(week + 0.5, ymax=height - 0.03, color=colour, linewidth=1.8, zorder=3)
        canvas.label(axes, f"{name} by {canvas.day(day)}", week + 0.5, top * height, colour)
    axes.set_xlabel("weeks from today" if since is None else f"weeks of work from {canvas.day(since)}")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0f} %")
    canvas.whole_numbers(axes.xaxis)
    canvas.title(axes, "When simulated runs finish")
    plan = "" if scheduled is None else f"Scheduled to {canvas.day(scheduled)}. "
    summary = (
        f"{plan}Half of {runs:,} simulated runs are done by {canvas.day(p50)}, 85 of 100 by {canvas.day(p85)}."
    )
    alt = (
        f"{plan}Histogram of {runs:,} simulated runs by finishing week, from week {weeks[0]} to week"
        f" {weeks[-1]}."
        f" Half are done by week {weeks_p50}, 85 of 100 by week {weeks_p85}."
    )
    return Picture(canvas.png(figure), alt, summary)


def draw_trend(points: Sequence[tuple[date, float]], *, unit: str, name: str) -> Picture:
    """A figure by week with its mean over four weeks. `unit` is read after the value. Raises NothingToDraw."""
    if not points:
        raise NothingToDraw(f"no {name}")
    figure, axes = canvas.blank(height=3.1)
    days = [day for day, _ in points]
    values = [value for _, value in points]
    means = [mean(values[max(0, at - 3) : at + 1]) for at in range(len(values))]
    axes.bar(days, values, width=5.2, color=canvas.PALE, zorder=2, label="each week")  # type: ignore[arg-type]
    axes.plot(days, means, color=canvas.ACCENT, linewidth=2.2, zorder=3, label="mean of four weeks")  # type: ignore[arg-type]
    axes.set_ylim(0, max(max(values), 1) * 1.28)
    axes.set_ylabel(unit)
    if max(values) >= 4:
        canvas.whole_numbers(axes.yaxis)
    canvas.dates(axes)
    axes.legend(frameon=False, loc="upper left", ncols=2, labelcolor=canvas.SOFT, fontsize=9.5)
    canvas.title(axes, f"{name[:1].upper()}{name[1:]}")
    way = _way(means)
    summary = f"{name[:1].upper()}{name[1:]}: {means[-1]:.1f} {unit} over the last four weeks, {way}."
    alt = (
        f"Weekly {name} from {canvas.day(days[0])} to {canvas.day(days[-1])}: lowest {min(values):g},"
        f" highest {max(values):g}, last {values[-1]:g} {unit}, with the mean of four weeks {way}."
    )
    return Picture(canvas.png(figure), alt, summary)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart: values by time; NaN leaves a gap. `accent` is what the chart is about."""

    name: str
    times: Sequence[datetime]
    values: Sequence[float]
    accent: bool = False


def draw_lines(
    lines: Sequence[Line], *, title: str, unit: str, marks: Sequence[tuple[datetime, str]] = ()
) -> bytes:
    """Lines over time from nought on, with moments marked by a few words: a PNG. Raises NothingToDraw."""
    values = [value for line in lines for value in line.values if isfinite(value)]
    if not values:
        raise NothingToDraw(title)
    figure, axes = canvas.blank(height=3.1)
    for line in lines:
        colour, width = (canvas.ACCENT, 2.2) if line.accent else (canvas.SOFT, 1.6)
        axes.plot(line.times, line.values, color=colour, linewidth=width, zorder=3, label=line.name)  # type: ignore[arg-type]
    top = max(*values, 1e-9) * 1.34
    axes.set_ylim(0, top)
    axes.set_ylabel(unit)
    for number, (moment, words) in enumerate(marks):
        axes.axvline(moment, color=canvas.WARM, linewidth=1.2, linestyle="--", zorder=2)  # type: ignore[arg-type]
        canvas.label(axes, words, moment, top * (0.97 - 0.08 * (number % 3)), canvas.WARM)  # type: ignore[arg-type]
    canvas.dates(axes)
    axes.legend(frameon=False, loc="upper left", ncols=3, labelcolor=canvas.SOFT, fontsize=9.5)
    canvas.title(axes, title)
    return canvas.png(figure)


def draw_by_rate(points: Sequence[tuple[float, float]], *, limit: float, unit: str) -> bytes:
    """A value by requests a second (rising), with the limit that it is to stay under: a PNG. Raises
    NothingToDraw."""
    if not points:
        raise NothingToDraw("no rates")
    figure, axes = canvas.blank(height=3.1)
    rates, values = zip(*points, strict=True)
    axes.plot(rates, values, color=canvas.ACCENT, linewidth=2.2, marker="o", markersize=5, zorder=3)
    axes.axhline(limit, color=canvas.OVER, linewidth=1.4, linestyle="--", zorder=2)
    canvas.label(axes, f"limit {limit:g}", 0.0, limit * 1.04, canvas.OVER)
    axes.set_xlim(0, max(rates) * 1.06)
    axes.set_ylim(0, max(*values, limit) * 1.2)
    axes.set_xlabel("requests a second")
    axes.set_ylabel(unit)
    canvas.title(axes, "How long requests took by rate")
    return canvas.png(figure)


def draw_states(counts: Sequence[tuple[str, int]]) -> Picture:
    """How many stories are in which state, in the order given. Raises NothingToDraw."""
    if not any(count for _, count in counts):
        raise NothingToDraw("no open stories")
    figure, axes = canvas.blank(height=1.1 + 0.42 * len(counts))
    positions = range(len(counts))
    values = [count for _, count in counts]
    colours = [canvas.OVER if state == "blocked" else canvas.BAR for state, _ in counts]
    axes.barh(positions, values, height=0.6, color=colours, zorder=3)
    for position, value in zip(positions, values, strict=True):
        canvas.beside(axes, str(value), value, position)
    axes.set_yticks(positions, [state for state, _ in counts])
    axes.set_ylim(len(counts) - 0.4, -0.6)
    axes.set_xlim(0, max(values) * 1.12)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x", color=canvas.GRID, linewidth=0.8)
    canvas.whole_numbers(axes.xaxis)
    axes.set_xlabel("stories")
    canvas.title(axes, "Open stories by state")
    each = ", ".join(f"{count} {state}" for state, count in counts)
    return Picture(canvas.png(figure), f"Bars of open stories by state: {each}.", f"Open stories: {each}.")


def draw_shares(shares: Sequence[tuple[str, float]], *, title: str) -> bytes:
    """Per cents by name, in the order given: a PNG. Raises NothingToDraw."""
    if not shares:
        raise NothingToDraw(title)
    figure, axes = canvas.blank(height=1.1 + 0.36 * len(shares))
    positions = range(len(shares))
    axes.barh(positions, [100] * len(shares), height=0.6, color=canvas.GRID, zorder=2)
    axes.barh(positions, [share for _, share in shares], height=0.6, color=canvas.BAR, zorder=3)
    for position, (_, share) in zip(positions, shares, strict=True):
        canvas.beside(axes, f"{share:.1f} %", 100, position)
    axes.set_yticks(positions, [name for name, _ in shares])
    axes.set_ylim(len(shares) - 0.4, -0.6)
    axes.set_xlim(0, 112)
    axes.grid(visible=False)
    axes.set_xticks([])
    canvas.title(axes, title)
    return canvas.png(figure)


@dataclass(frozen=True, slots=True)
class Bar:
    """One thing that takes time: its first and last day, and how likely it is done in time, 0 to 1."""

    name: str
    begins: date
    ends: date
    chance: float


def draw_bars(bars: Sequence[Bar], *, title: str, starts: date, ends: date) -> bytes:
    """Things over the days from `starts` to `ends`, top to bottom in the order given, the less likely ones in
    other colours and each with its chance beside it: a PNG. Raises NothingToDraw."""
    if not bars:
        raise NothingToDraw(title)
    from matplotlib.dates import date2num

    number: Any = date2num
    figure, axes = canvas.blank(height=1.3 + 0.27 * len(bars))
    for position, bar in enumerate(bars):
        colour = canvas.BAR if bar.chance >= 0.85 else canvas.PALE if bar.chance >= 0.5 else canvas.WARM
        length = max(number(bar.ends) - number(bar.begins), 0) + 1
        axes.barh(position, length, left=number(bar.begins), height=0.62, color=colour, zorder=3)
        canvas.beside(axes, f"{bar.chance:.0%}", number(bar.begins) + length, position)
    axes.axvline(number(ends), color=canvas.WARM, linewidth=1.2, linestyle="--", zorder=2)
    axes.set_yticks(range(len(bars)), [bar.name for bar in bars])
    axes.set_ylim(len(bars) - 0.4, -0.6)
    first, last = number(starts), max(number(ends), *(number(bar.ends) for bar in bars))
    axes.set_xlim(first, last + 0.08 * (last - first))
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x", color=canvas.GRID, linewidth=0.8)
    axes.xaxis_date()
    canvas.dates(axes)
    canvas.title(axes, title)
    return canvas.png(figure)


def _way(means: Sequence[float]) -> str:
    before = means[max(0, len(means) - 5)]
    if before == 0 or abs(means[-1] - before) / before < 0.05:
        return "about the same as a month before"
    return f"{'up' if means[-1] > before else 'down'} from {before:.1f} a month before"
