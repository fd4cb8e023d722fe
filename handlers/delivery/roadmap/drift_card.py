"""Where the plan of record stands: what is done, what slipped, and why."""

from __future__ import annotations

from datetime import datetime

from agents.roadmap.drift import ItemDrift, drift_from_json
from agents.roadmap.tables import RoadmapRow
from governance.facts import Fact, Source
from governance.moments import day_text
from handlers.conversation.cards import Block, Bold, Bullets, Small, Table, Text
from handlers.conversation.wording import counted, listed

_MOST_ROWS = 20
_LATE = 0.05
"""A chance that fell by less stays as it was: the runs alone move it by as much."""


def drift_text(record: RoadmapRow, stored: str) -> str:
    """In a sentence or two."""
    drift = drift_from_json(stored)
    said = (
        f"{record.name}: {drift.count('done')} of {counted(len(drift.items), 'item')} done,"
        f" {drift.count('under way')} under way, {drift.count('open')} not begun."
    )
    if lost := [item.id for item in drift.items if item.state in ("no longer fits", "dropped")]:
        said += f" No longer in it: {listed(lost[:5])}{f' and {len(lost) - 5} more' if len(lost) > 5 else ''}."
    later = [item for item in drift.items if _slipped(item)]
    if later:
        worst = max(later, key=lambda item: item.days)
        said += f" {counted(len(later), 'item')} drifted; most: {worst.title} ({worst.id}), {_days(worst)}."
    elif not lost:
        said += " Nothing drifted."
    return said


def drift_blocks(stored: str) -> list[Block]:
    """The items then and now, the ones that drifted first; the teams; and what is new."""
    drift = drift_from_json(stored)
    ordered = sorted(drift.items, key=lambda item: (not _slipped(item), item.state == "done", -item.days))
    rows = tuple(
        (
            f"{item.title} ({item.id})",
            f"{item.state}, {item.done} of {item.stories} done",
            f"{item.chance_was:.0%} → {_chance(item)}",
            f"{day_text(item.ends_was)} → {day_text(item.ends) if item.ends else '-'}",
        )
        for item in ordered[:_MOST_ROWS]
    )
    blocks: list[Block] = [Table(("Item", "Now", "In time", "Done by"), rows, "lllr")]
    if len(ordered) > _MOST_ROWS:
        blocks.append(Small((f"{len(ordered) - _MOST_ROWS} more stand as they stood.",)))
    if why := tuple((f"{item.id}: {_why(item)}.",) for item in ordered if _why(item)):
        blocks += [Text((Bold("Why"),)), Bullets(why[:8])]
    if moved := [one for one in drift.teams if abs(one[2] - one[1]) >= 1]:
        told = "; ".join(f"{name} {was:,.0f} → {now:,.0f}" for name, was, now in moved)
        blocks.append(Small((f"Free agent-hours in its time, then and now: {told}.",)))
    if drift.fresh_count:
        names = ", ".join(drift.fresh)
        fresh = counted(drift.fresh_count, "new item")
        blocks.append(Small((f"Since then {fresh} came to the backlog, not on it: {names}.",)))
    return blocks


def drift_facts(stored: str, now: datetime) -> tuple[Fact, ...]:
    """The figures behind it."""
    drift = drift_from_json(stored)
    tracker = Source("query", "the roadmap's stories in the tracker, by status")
    was = Source("query", "the plan of record, as it was approved")
    facts = [Fact("done", "Items done", drift.count("done"), "items", now, tracker)]
    for item in drift.items[:_MOST_ROWS]:
        facts += [
            Fact(
                f"{item.id}.done", f"Stories of {item.id} done", item.done, f"of {item.stories}", now, tracker
            ),
            Fact(f"{item.id}.was", f"Chance of {item.id} then", round(100 * item.chance_was, 1), "%", now, was),
        ]
    return tuple(facts)


def _slipped(item: ItemDrift) -> bool:
    lost = item.chance is not None and item.chance < item.chance_was - _LATE
    return item.state in ("no longer fits", "dropped") or lost or item.days > 5


def _chance(item: ItemDrift) -> str:
    if item.state == "done":
        return "done"
    return "not known" if item.chance is None else f"{item.chance:.0%}"


def _days(item: ItemDrift) -> str:
    if item.days > 0:
        return f"{counted(item.days, 'day')} later"
    return f"{item.chance_was:.0%} → {_chance(item)}"


def _why(item: ItemDrift) -> str:
    said = [item.why] if item.why else []
    if item.added:
        said.append(f"{counted(item.added, 'story', 'stories')} came to it since")
    if item.hours - item.hours_was >= 1:
        said.append(f"{item.hours_was:,.0f} → {item.hours:,.0f} agent-hours are left")
    return "; ".join(said)
