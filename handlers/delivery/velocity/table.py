"""Velocity as rows: on the card, and as a CSV file that a spreadsheet opens."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from handlers.conversation.cards import Table
from handlers.delivery.velocity.figures import Velocity, days_text, fan_text, plain, trend_text

_COLUMNS = ("team", "sprint", "starts", "ends", "unit", "done", "p10", "p50", "p90")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def sprint_table(one: Velocity) -> Table:
    """One team's sprints, those to come with their fan."""
    rows = [(past.sprint.name, days_text(past.sprint), plain(past.done), "") for past in one.past]
    now = one.series.running
    if now is not None:
        told = one.forecast.running
        rows.append(
            (
                now.sprint.name,
                days_text(now.sprint),
                f"{plain(now.done)} so far",
                fan_text(told.fan) if told else "",
            )
        )
    rows += [
        (each.sprint.name, days_text(each.sprint), "", fan_text(each.fan)) for each in one.forecast.sprints
    ]
    return Table(("Sprint", "From", "Done", "Foretold (P10 to P90)"), tuple(rows), "llrr")


def team_table(every: Sequence[Velocity]) -> Table:
    """Teams side by side."""
    rows = tuple(
        (
            one.name,
            plain(one.past[-1].done) if one.past else "",
            plain(round(one.mean, 1)),
            trend_text(one.trend, one.series.unit),
            fan_text(one.forecast.sprints[0].fan) if one.forecast.sprints else "too few sprints",
            f"{one.backtest.within} of {one.backtest.tested}" if one.backtest else "",
        )
        for one in every
    )
    columns = ("Team", "Last sprint", "Mean", "Trend", "Next (P10 to P90)", "Past forecasts held")
    return Table(columns, rows, "lrrlrr")


def as_csv(every: Sequence[Velocity]) -> bytes:
    """Every sprint of every team, UTF-8 with a mark by which spreadsheets know it."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(_COLUMNS)
    for one in every:
        unit = one.series.unit.value
        for past in one.past:
            sprint = past.sprint
            writer.writerow(
                (
                    _cell(one.name),
                    _cell(sprint.name),
                    sprint.starts,
                    sprint.ends,
                    unit,
                    plain_number(past.done),
                    "",
                    "",
                    "",
                )
            )
        for each in one.forecast.sprints:
            fan = (plain_number(value) for value in (each.fan.low, each.fan.middle, each.fan.high))
            sprint = each.sprint
            writer.writerow((_cell(one.name), _cell(sprint.name), sprint.starts, sprint.ends, unit, "", *fan))
    return written.getvalue().encode("utf-8-sig")


def plain_number(value: float) -> str:
    """Without a thousands' mark."""
    return f"{value:g}" if value < 1e6 else f"{value:.0f}"


def _cell(text: str) -> str:
    """A name that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
