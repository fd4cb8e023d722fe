"""Replanning in words: what is left out, start, budget, team; of a proposal, and of work in the tracker."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from agents.planning.draft import PlanChanges, PlanDraft
from agents.plans.rows import changes_of, changes_to_json, plan_for_update, steps_of
from agents.plans.steps import is_set_up
from agents.plans.tables import PlanRow
from governance.department import Calendar, Department
from governance.record import intervened
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import known
from handlers.conversation.turn import Turn
from handlers.delivery.preconditions import demand_agents
from handlers.delivery.whereabouts.kinds import product_things, team_things
from handlers.language.dates import read_moment
from handlers.language.durations import read_hours
from handlers.language.local_time import Leaning
from handlers.language.matching import Resolved, find
from handlers.language.periods import read_period
from handlers.language.words import in_digits
from storage.jobs import defer

_DROP = re.compile(r"\b(?:drop|leave out|without|remove|take)\b")
_LAST = re.compile(r"\b(?:the )?last (?P<count>\d+)? ?stor(?:y|ies)\b")
_KEYS = re.compile(r"\b(?:s|story |stories )(?P<number>\d+)\b|(?:,|and) s?(?P<more>\d+)\b")
_LATER = re.compile(r"\b(?P<count>\d+) (?P<unit>weeks?|sprints?|days?)\b(?= (?:later|back)|$)")
_PRODUCT = re.compile(
    r"\bproduct(?:'s| is| should be| must be|:| to)?\b"
    r"|\b(?:it|this|that|plan)(?:[’']?s| is| should be| must be) (?:meant )?for\b",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:not|instead of|rather than)\b", re.IGNORECASE)
_START = re.compile(r"\b(?:start|begin|not before|from)\w*\b")


def read_replan(
    text: str, plan: PlanRow, draft: PlanDraft, department: Department, now: datetime, zone: ZoneInfo
) -> PlanChanges | None:
    """The changes with what the text adds to them; None where it says nothing that can be told."""
    said, standing = in_digits(text), changes_of(plan)
    keys = _named(said, draft)
    team = _team(said, department)
    changed = standing
    if keys and _DROP.search(said):
        changed = replace(changed, drop=tuple(sorted({*standing.drop, *keys}, key=_number)))
    elif team is not None:
        moved = dict(standing.move) | dict.fromkeys(keys or [story.key for story in draft.stories], team)
        changed = replace(changed, move=tuple(moved.items()))
    start = _start(said, draft, now, zone, department.calendar_of(None))
    if start is not None:
        changed = replace(changed, start=start)
    if (hours := read_hours(said)) is not None:
        changed = replace(changed, budget_hours=hours)
    if (product := product_wished(text, department)) is not None:
        changed = replace(changed, product=product)
    if changed == standing or not [s for s in draft.stories if s.key not in changed.drop]:
        return None
    return changed


def product_wished(text: str, department: Department) -> str | None:
    """The product that words want a plan to be for; None where they speak of none."""
    wish = _PRODUCT.search(text)
    if wish is None:
        return None
    found = find(_NOT.split(text[wish.end() :])[0], product_things(department))
    return found.thing.id if isinstance(found, Resolved) else None


def _named(said: str, draft: PlanDraft) -> list[str]:
    known = [story.key for story in draft.stories]
    if last := _LAST.search(said):
        return known[-int(last["count"] or 1) :]
    numbers = [found["number"] or found["more"] for found in _KEYS.finditer(said)]
    return [f"S{number}" for number in dict.fromkeys(numbers) if f"S{number}" in known]


def _team(said: str, department: Department) -> str | None:
    found = find(said, team_things(department))
    return found.thing.id if isinstance(found, Resolved) and re.search(r"\bteam\b|\bsquad\b", said) else None


def _start(said: str, draft: PlanDraft, now: datetime, zone: ZoneInfo, calendar: Calendar) -> date | None:
    today = now.astimezone(zone).date()
    if later := _LATER.search(said):
        days = {"d": 1, "w": 7, "s": 14}[later["unit"][0]] * int(later["count"])
        first = min((place.starts for place in draft.schedule), default=today)
        return max(today, first + timedelta(days=days))
    if not _START.search(said):
        return None
    if (moment := read_moment(said, now, zone.key, Leaning.FUTURE, calendar)) is not None:
        return max(today, moment.at.astimezone(zone).date())
    period = read_period(said, now, zone.key, Leaning.FUTURE, calendar)
    return None if period is None else max(today, period.start.astimezone(zone).date())


def _number(key: str) -> int:
    return int(key[1:])


async def replan_set_up(turn: Turn, desk: Desk, plan: PlanRow, draft: PlanDraft, text: str) -> Reply:
    """Have what is open worked out anew, from another day on where the words name one."""
    if not is_set_up(await steps_of(desk.tx, plan.id)):
        raise CannotAnswer(
            f"“{plan.title}” is still being set up. Ask again when its stories are made; its progress says so."
        )
    desk.demand_order(f"schedule what is open of “{plan.title}” anew")
    row = await plan_for_update(desk.tx, plan.id)
    here = ZoneInfo(desk.department.calendar_of(None).time_zone)
    today = desk.now.astimezone(here).date()
    to_come = replace(draft, schedule=tuple(place for place in draft.schedule if place.starts > today))
    standing = changes_of(row)
    wanted = read_replan(text, row, to_come, desk.department, desk.now, here) or standing
    if replace(wanted, start=standing.start) != standing:
        raise CannotAnswer(
            f"The stories of “{plan.title}” are in the tracker. I schedule what is open of them anew, from a"
            " day that you name or as soon as there is room; a new budget goes with resuming it, and single"
            " stories are changed by themselves."
        )
    demand_agents(desk, f"“{plan.title}” stays as it is; ask again when they go on.")
    person = known(turn)
    row.changes, row.turn = changes_to_json(wanted), turn.id
    await intervened(desk.tx, "modified", person.id, plan.id, "asked to replan it", desk.now)
    args = {"plan": plan.id, "person": person.id, "turn": turn.id}
    await defer(desk.tx, "replan", args, lock=f"plan:{plan.id}", slow=True)
    where = "here"
    if plan.thread != turn.place.key:
        where = "to the plan's own thread"
    start = f", not before {wanted.start}" if wanted.start and wanted.start > today else ""
    return Reply(
        text=f"I work out anew what of “{plan.title}” is open{start}: estimated from all that is done by now,"
        f" and scheduled into today's capacity. What is done or under way stays. The proposal comes {where}."
    )
