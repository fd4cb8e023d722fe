"""A roadmap as files that can be forwarded: Markdown to read, CSV to calculate with. No revenue is in them."""

from __future__ import annotations

import csv
import io
import re

from agents.roadmap.items import Worth
from agents.roadmap.roadmap import Chosen, Left, Roadmap, TeamPlan
from governance.department import Department
from governance.moments import day_text
from handlers.delivery.roadmap.words import absences_text, gap_text, lead_text, never_known, product_name

_MARKUP = re.compile(r"[\\`*_\[\]<>|#]")
_COLUMNS = (
    *("id", "title", "product", "kind", "priority", "in_or_out", "begins", "ends", "chance"),
    *("done_in_85_of_100_by", "agent_hours", "weight", "urgency", "customers_waiting", "due", "why"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_markdown(roadmap: Roadmap, department: Department) -> str:
    """Everything that the roadmap says, each item with the reason why it is in or out."""
    parts = [f"# Roadmap {_line(roadmap.span.name)}", lead_text(roadmap)]
    sections = (
        ("In", (_in(item, roadmap, department) for item in roadmap.chosen)),
        ("Out", (_out(item, department) for item in roadmap.left)),
        ("Capacity", (_team(team) for team in roadmap.teams)),
        ("Supposed", roadmap.supposed),
        ("Not known", never_known(roadmap)),
        ("How good the choice is", filter(None, (gap_text(roadmap),))),
    )
    for title, lines in sections:
        if told := "\n".join(f"- {line}" for line in lines):
            parts += [f"## {title}", told]
    return "\n\n".join(parts) + "\n"


def as_csv(roadmap: Roadmap, department: Department) -> str:
    """One row an item. What a spreadsheet would take for a formula begins with an apostrophe."""
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(_COLUMNS)
    for one in roadmap.chosen:
        dates = (one.begins.isoformat(), one.ends.isoformat(), f"{one.chance:.3f}", one.likely.isoformat())
        rows.writerow(map(_cell, (*_head(one, department, one.kind), "in", *dates, *_worth(one), one.why)))
    for left in roadmap.left:
        rows.writerow(
            map(_cell, (*_head(left, department, ""), "out", "", "", "", "", *_worth(left), left.why))
        )
    return written.getvalue()


def _head(item: Chosen | Left, department: Department, kind: str) -> tuple[str, ...]:
    return item.id, item.title, product_name(department, item.product), kind, item.priority


def _worth(item: Chosen | Left) -> tuple[str, ...]:
    worth: Worth = item.worth
    due = worth.due.isoformat() if worth.due else ""
    return f"{item.hours:g}", f"{worth.weight:g}", str(worth.urgency), str(len(worth.waiting)), due


def _cell(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value


def _in(item: Chosen, roadmap: Roadmap, department: Department) -> str:
    teams = ", ".join(roadmap.team_name(team) for team in item.teams)
    return (
        f"{item.id} {_line(item.title)} ({_line(product_name(department, item.product))}; {_line(teams)}):"
        f" {day_text(item.begins)} to {day_text(item.ends)}, {item.hours:,.0f} agent-hours, {item.chance:.0%}"
        f" likely in time, in 85 of 100 runs by {day_text(item.likely)}. In because: {_line(item.why)}."
    )


def _out(item: Left, department: Department) -> str:
    return (
        f"{item.id} {_line(item.title)} ({_line(product_name(department, item.product))}, {item.priority},"
        f" {item.hours:,.0f} agent-hours): {_line(item.why)}."
    )


def _team(team: TeamPlan) -> str:
    lines = ", ".join(
        f"{name} {team.planned.get(name, 0.0):,.0f} of {free:,.0f}" for name, free in team.hours.free.items()
    )
    away = absences_text(team)
    planned = f"{team.used:,.0f} of {team.free:,.0f} agent-hours planned ({lines})"
    return f"{_line(team.hours.name)}: {planned}. {_line(away)}"


def _line(text: str) -> str:
    """Somebody's words as one line that makes no link, picture, tag or cell."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.split()))
