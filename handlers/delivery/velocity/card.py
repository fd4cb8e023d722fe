"""Velocity on a card: the answer, a fan, a table, and how far to trust it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, time
from functools import partial

from agents.delivery.sprint_history import MOST_STORIES, History
from agents.delivery.sprints import Unit
from governance.moments import day_text
from governance.visibility import EVERYTHING
from handlers.conversation.cards import Block, Button, Buttons, Card, Chart, File, Reply, Small, Text
from handlers.conversation.charts import Line, draw_lines
from handlers.conversation.desk import Desk
from handlers.conversation.fan_chart import Foreseen, draw_fan
from handlers.conversation.wording import listed
from handlers.delivery.velocity.figures import Velocity, amount, calibration, facts_of, lead, trend_text
from handlers.delivery.velocity.table import as_csv, sprint_table, team_table
from handlers.delivery.velocity.wish import Wish

_MOST_LINES = 5


async def velocity_reply(
    desk: Desk, wish: Wish, shown: Sequence[Velocity], whole: Velocity | None, history: History
) -> Reply:
    """The named teams, or all with what they make together."""
    first = whole or shown[0]
    text = lead(first) if whole or len(shown) == 1 else _compared(shown)
    if wish.csv:
        return await _file(desk, text, shown if whole is None else (*shown, whole))
    blocks: list[Block] = [Text((text,))]
    blocks += await (_fan(desk, first) if whole or len(shown) == 1 else _lines(desk, shown))
    blocks.append(sprint_table(first) if len(shown) == 1 else team_table(shown))
    if len(shown) == 1 or whole is not None:
        blocks.append(Text((calibration(first),)))
    blocks.append(Buttons(_buttons(wish, shown)))
    blocks.append(Small((_how(wish, history, first),)))
    every = shown if whole is None else (whole, *shown)
    facts = tuple(fact for number, one in enumerate(every) for fact in facts_of(f"v{number}", one, desk.now))
    title = f"Velocity: {first.name}" if whole or len(shown) == 1 else "Velocity compared"
    return Reply(text=text, cards=(Card(title, tuple(blocks)),), facts=facts)


def _compared(shown: Sequence[Velocity]) -> str:
    each = listed(
        f"{one.name} {amount(one.mean, one.series.unit)} a sprint ({trend_text(one.trend, one.series.unit)})"
        for one in shown
    )
    return f"{each}. Teams count differently large pieces, so this says how each moves, not which is better."


async def _fan(desk: Desk, one: Velocity) -> list[Block]:
    if not one.past:
        return []
    past = [(each.sprint.starts, each.done) for each in one.past]
    told = [*([one.forecast.running] if one.forecast.running else ()), *one.forecast.sprints]
    ahead = [Foreseen(each.sprint.starts, each.fan.low, each.fan.middle, each.fan.high) for each in told]
    draw = partial(draw_fan, past, ahead, title=f"{one.name}, sprint by sprint", unit=one.series.unit.value)
    picture = await asyncio.to_thread(draw)
    file = await desk.files.put(desk.tx, "velocity.png", "image/png", picture.png, EVERYTHING)
    return [Chart(file, picture.alt, picture.summary)]


async def _lines(desk: Desk, shown: Sequence[Velocity]) -> list[Block]:
    drawn = [one for one in shown if one.past][:_MOST_LINES]
    if not drawn:
        return []
    lines = [
        Line(
            one.name,
            [datetime.combine(past.sprint.starts, time()) for past in one.past],
            [past.done for past in one.past],
            accent=not number,
        )
        for number, one in enumerate(drawn)
    ]
    unit = shown[0].series.unit.value
    png = await asyncio.to_thread(partial(draw_lines, lines, title="Sprint by sprint", unit=unit))
    file = await desk.files.put(desk.tx, "velocity.png", "image/png", png, EVERYTHING)
    said = "; ".join(f"{one.name} {', '.join(f'{past.done:g}' for past in one.past)}" for one in drawn)
    return [Chart(file, f"Lines of {unit} done by sprint, oldest first: {said}.", _compared(shown))]


async def _file(desk: Desk, text: str, every: Sequence[Velocity]) -> Reply:
    file = await desk.files.put(desk.tx, "velocity.csv", "text/csv", as_csv(every), EVERYTHING)
    rows = sum(len(one.past) + len(one.forecast.sprints) for one in every)
    block = File(file, "velocity.csv", f"{rows} sprints: what was done, and P10, P50 and P90 of those to come")
    facts = tuple(fact for number, one in enumerate(every) for fact in facts_of(f"v{number}", one, desk.now))
    return Reply(text=text, cards=(Card("Velocity as a file", (Text((text,)), block)),), facts=facts)


def _buttons(wish: Wish, shown: Sequence[Velocity]) -> tuple[Button, ...]:
    other = "hours" if wish.unit is Unit.STORIES else "stories"
    buttons = [Button(f"In {other}", "ask", f"velocity in {other}"), Button("As CSV", "ask", "velocity as csv")]
    if len(shown) > 1:
        name = shown[0].name
        buttons.append(Button(f"{name} alone", "ask", f"velocity and {name}"))
    return tuple(buttons)


def _how(wish: Wish, history: History, one: Velocity) -> str:
    said = (
        "Stories count in the sprint in which they were finished."
        if wish.unit is Unit.STORIES
        else "Agent-hours are the estimates of the stories that were finished in a sprint."
    )
    if wish.points:
        said += " The tracker keeps no points, so hours stand for them."
    said += " Eight of ten outcomes are meant to lie in the range in brackets"
    said += ", a few more where numbers are small and whole." if wish.unit is Unit.STORIES else "."
    if any(each.sprint.id.startswith(f"{each.sprint.team}-20") for each in one.past):
        said += " The tracker has no sprints of this team, so these are weeks."
    said += f" Read since {day_text(history.since)}: {history.stories:,} finished stories"
    return f"{said}{_limits(history)}."


def _limits(history: History) -> str:
    if history.alone:
        return f", of this team alone (of all teams there are more than {MOST_STORIES:,})"
    return ""
