"""A roadmap's card: while it is worked out, and what came of it, with its chart and files."""

from __future__ import annotations

import asyncio
import re

from sqlalchemy import select

from agents.roadmap.kept import OF_RECORD, kept_roadmap, roadmap_of
from agents.roadmap.roadmap import Roadmap
from agents.roadmap.tables import RoadmapRow
from agents.work.runs import steps_of
from agents.work.tables import RunRow
from governance.moments import day_text
from governance.visibility import EVERYTHING
from handlers.conversation.cards import (
    Block,
    Bold,
    Bullets,
    Button,
    Buttons,
    Card,
    Chart,
    Code,
    File,
    Form,
    Inline,
    Input,
    Moment,
    Progress,
    Reply,
    Small,
    Table,
    Text,
)
from handlers.conversation.charts import Bar, draw_bars
from handlers.conversation.desk import Desk
from handlers.conversation.run_card import run_reply
from handlers.delivery.roadmap.document import as_csv, as_markdown
from handlers.delivery.roadmap.drift_card import drift_blocks, drift_facts, drift_text
from handlers.delivery.roadmap.facts import facts_of
from handlers.delivery.roadmap.words import (
    absences_text,
    chance_word,
    changes_text,
    gap_text,
    lead_text,
    never_known,
    wishes_text,
)

_MOST_ROWS, _MOST_OUT, _MOST_BARS = 12, 5, 24
_LONGEST_NAME = 42
_STEPS = (
    "Read the backlog, the customers and the calendars",
    "Choose what fits, and play it through 1,000 times",
)


async def roadmap_reply(desk: Desk, row: RoadmapRow) -> Reply:
    """The roadmap as it stands: under way, done, or why not."""
    roadmap = roadmap_of(row)
    if roadmap is None:
        run = (await desk.tx.execute(select(RunRow).where(RunRow.id == row.run))).scalar()
        if run is not None and run.state != "running":
            return await run_reply(desk, run)
        return await _drawing(desk, row)
    if row.drift is not None and row.looks_at is not None:
        return await _drifted(desk, row, roadmap)
    return await _drawn(desk, row, roadmap)


def _key(row: RoadmapRow) -> str:
    return f"run:{row.run}"


async def _drawing(desk: Desk, row: RoadmapRow) -> Reply:
    """How far it is: what was read is told by its step, once it is."""
    told = next((step.detail for step in await steps_of(desk.tx, row.run or "") if step.detail), None)
    first, second = _STEPS
    steps = Progress(
        (("done", f"{first}: {told}"), ("doing", second)) if told else (("doing", first), ("waiting", second))
    )
    title = f"Working out the roadmap {row.name}"
    text = f"{title}. It comes here, usually within ten seconds."
    return Reply(text=text, cards=(Card(title, (steps,), "waiting"),), key=_key(row))


async def _drawn(desk: Desk, row: RoadmapRow, roadmap: Roadmap) -> Reply:
    lead = lead_text(roadmap)
    blocks: list[Block] = [Text((lead,))]
    parent = None if row.parent is None else roadmap_of(await kept_roadmap(desk.tx, row.parent))
    if supposed := wishes_text(roadmap):
        blocks.insert(0, Text((Bold("Supposed: "), f"{supposed}.")))
    if parent is not None:
        blocks.append(Bullets(tuple((line,) for line in changes_text(roadmap, parent))))
    blocks += await _chart(desk, row, roadmap)
    blocks += [*_in(roadmap), *_out(roadmap), *_capacity(roadmap)]
    if told := (*roadmap.supposed, *never_known(roadmap), gap_text(roadmap)):
        blocks.append(Small((" ".join(filter(None, told)),)))
    blocks += await _files(desk, row, roadmap)
    blocks += _standing(row, roadmap)
    title = f"Roadmap {row.name}{': what if' if roadmap.wishes.changes else ''}"
    changed = " ".join(changes_text(roadmap, parent)) if parent is not None else ""
    return Reply(
        text=f"{title}. {lead} {changed}".strip(),
        cards=(Card(title, tuple(blocks), "good" if row.state == OF_RECORD else "plain"),),
        facts=facts_of(roadmap),
        key=_key(row),
    )


def _in(roadmap: Roadmap) -> list[Block]:
    if not roadmap.chosen:
        return []
    shown = roadmap.chosen[:_MOST_ROWS]
    rows = tuple(
        (
            f"{item.title} ({item.id})",
            ", ".join(roadmap.team_name(team) for team in item.teams),
            f"{day_text(item.begins)} to {day_text(item.ends)}",
            chance_word(item.chance),
        )
        for item in shown
    )
    blocks: list[Block] = [Table(("In", "Team", "If each takes its median", "In time"), rows, "lllr")]
    if len(roadmap.chosen) > len(shown):
        blocks.append(Small((f"{len(roadmap.chosen) - len(shown)} more are in; the files have all.",)))
    return blocks


def _out(roadmap: Roadmap) -> list[Block]:
    if not roadmap.left:
        return []
    shown = roadmap.left[:_MOST_OUT]
    items: tuple[tuple[Inline, ...], ...] = tuple(
        (f"{item.title} ({item.id}, {item.priority}): {item.why}.",) for item in shown
    )
    blocks: list[Block] = [Text((Bold("Out"),)), Bullets(items)]
    if len(roadmap.left) > len(shown):
        rest = f"{len(roadmap.left) - len(shown)} more are out; the files say why. Or ask “why is … out?”"
        blocks.append(Small((rest,)))
    return blocks


def _capacity(roadmap: Roadmap) -> list[Block]:
    rows = tuple(
        (
            team.hours.name,
            f"{team.free:,.0f}",
            f"{team.used:,.0f}",
            f"{team.hours.away} d, {team.hours.lost:,.0f} h" if team.hours.away else "none",
            team.tightest or "-",
        )
        for team in roadmap.teams
    )
    columns = ("Team", "Free hours", "Planned", "Away", "Fullest")
    away = [absences_text(team) for team in roadmap.teams if team.hours.away]
    blocks: list[Block] = [Table(columns, rows, "lrrrl")] if rows else []
    return blocks + ([Small((" ".join(away),))] if away else [])


async def _chart(desk: Desk, row: RoadmapRow, roadmap: Roadmap) -> list[Block]:
    if not roadmap.chosen:
        return []
    file = f"fi_{row.id}_png"
    shown = roadmap.chosen[:_MOST_BARS]
    if not await desk.files.has(desk.tx, file):
        bars = [Bar(_short(f"{item.id} {item.title}"), item.begins, item.ends, item.chance) for item in shown]
        png = await asyncio.to_thread(
            draw_bars,
            bars,
            title=f"Roadmap {row.name}",
            starts=min(item.begins for item in shown),
            ends=roadmap.span.ends,
        )
        await desk.files.put(desk.tx, f"{_name(row)}.png", "image/png", png, EVERYTHING, id=file)
    least = min(roadmap.chosen, key=lambda item: item.chance)
    more = f" The first {len(shown)} of {len(roadmap.chosen)}." if len(roadmap.chosen) > len(shown) else ""
    summary = f"Least likely in time: {least.title} ({least.chance:.0%}).{more}"
    alt = "Bars of when each item is worked on: " + "; ".join(
        f"{item.id} {day_text(item.begins)} to {day_text(item.ends)}, {item.chance:.0%}" for item in shown
    )
    return [Chart(file, f"{alt}. {summary}", summary)]


async def _files(desk: Desk, row: RoadmapRow, roadmap: Roadmap) -> list[Block]:
    blocks: list[Block] = []
    kinds = (
        ("md", "text/markdown", as_markdown, "Each item with why it is in or out, to read and forward"),
        ("csv", "text/csv", as_csv, "One row an item, for a spreadsheet"),
    )
    for ending, media_type, write, about in kinds:
        file, name = f"fi_{row.id}_{ending}", f"{_name(row)}.{ending}"
        if not await desk.files.has(desk.tx, file):
            content = (await asyncio.to_thread(write, roadmap, desk.department)).encode()
            await desk.files.put(desk.tx, name, media_type, content, EVERYTHING, id=file)
        blocks.append(File(file, name, about))
    if roadmap.chosen:
        blocks.append(File(f"fi_{row.id}_png", f"{_name(row)}.png", "The chart by itself"))
    return blocks


def _standing(row: RoadmapRow, roadmap: Roadmap) -> list[Block]:
    """Whether it is the plan of record, and what can be done with it."""
    what_if = Button("What if…", "roadmap_what_if", row.id, form=_FORM)
    if row.state == OF_RECORD and row.adopted is not None:
        look = Button("Where does it stand?", "ask", f"roadmap show the roadmap {row.name}")
        recorded = Text((Bold("Plan of record"), " since ", Moment(row.adopted), "."))
        return [recorded, Buttons((look, what_if)), Small((Code(row.id),))]
    if row.state != "drawn" or not roadmap.chosen:
        return [Buttons((what_if,)), Small((Code(row.id),))]
    adopt = Button("Approve as plan of record", "adopt_roadmap", row.id, "primary")
    says = (
        "A proposal: nothing is planned by it until somebody approves it, and no story changes by that either."
    )
    return [Buttons((adopt, what_if)), Small((f"{says} ", Code(row.id)))]


_FORM = Form(
    "What if…",
    "Work it out",
    (
        Input(
            "supposed",
            "What is to be different?",
            "line",
            hint="“without the mobile app”, “two more engineers in Gamma”, “80% of the capacity”",
        ),
    ),
)


async def _drifted(desk: Desk, row: RoadmapRow, now: Roadmap) -> Reply:
    record = await kept_roadmap(desk.tx, row.looks_at or "")
    planned = roadmap_of(record)
    if planned is None or row.drift is None:
        raise ValueError(f"{row.id} looks at a roadmap that was not worked out")
    text = drift_text(record, row.drift)
    anew = Button("Plan it anew", "ask", f"roadmap generate the roadmap {row.name}")
    blocks: list[Block] = [Text((text,)), *drift_blocks(row.drift)]
    blocks += await _chart(desk, record, planned)
    blocks += await _files(desk, record, planned)
    blocks.append(Buttons((anew,)))
    since = Moment(record.adopted) if record.adopted else "then"
    blocks.append(
        Small(("Plan of record since ", since, f", as worked out on {day_text(planned.as_of.date())}. "))
    )
    title = f"Roadmap {row.name}: where it stands"
    facts = (*drift_facts(row.drift, desk.now), *facts_of(now, of="now "))
    return Reply(text=f"{title}. {text}", cards=(Card(title, tuple(blocks)),), facts=facts, key=_key(row))


def _name(row: RoadmapRow) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", row.name.casefold()).strip("-")
    return f"roadmap-{plain or 'ahead'}"


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
