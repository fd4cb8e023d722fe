"""Composing a digest: what is due or asked for in one message, and the daily summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from governance.facts import Fact, Source
from governance.people import Person
from governance.visibility import EVERYTHING, scope_of
from handlers.conversation.cards import Block, Bold, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.waiting import waiting, waiting_reply
from handlers.conversation.wording import counted, listed, moment_text
from handlers.delivery.whereabouts.overview import PlanUnderWay, plan_line, plans_under_way
from handlers.delivery.whereabouts.work_state import reason_text
from handlers.office.digest.movement import (
    MOST,
    Line,
    Movement,
    blocked_line,
    blocked_text,
    ending,
    facts,
    movement,
    section,
    story_line,
    story_section,
)
from handlers.office.digest.weekly import weekly_reply
from handlers.office.digests.parse import Wish
from handlers.office.digests.settings import SCHEDULED, DigestKind, Setting
from integrations.tracker import Story

_STORIES = ("story", "stories")


async def digest_reply(desk: Desk, to: Person | None, since: Mapping[DigestKind, datetime]) -> Reply | None:
    """The kinds that `since` names, each with what was new since then; None where there is nothing to say.

    For a channel where `to` is None. A person's is for their eyes alone.
    """
    parts: list[Reply] = []
    for kind, moment in since.items():
        part = await _part(desk, to, kind, moment, DigestKind.APPROVALS not in since)
        if part is not None:
            parts.append(part)
    if not parts:
        return None
    return Reply(
        text=" ".join(part.text for part in parts),
        cards=tuple(card for part in parts for card in part.cards),
        facts=tuple(fact for part in parts for fact in part.facts),
        restricted=next((part.restricted for part in parts if part.restricted), None),
        personal=to is not None,
    )


async def _part(
    desk: Desk, to: Person | None, kind: DigestKind, since: datetime, lists_waiting: bool
) -> Reply | None:
    match kind:
        case DigestKind.DAILY:
            return await _daily_reply(desk, to, since, lists_waiting=lists_waiting)
        case DigestKind.WEEKLY:
            return await weekly_reply(desk, to, since)
        case DigestKind.APPROVALS if to is not None:
            mine, _ = await waiting(to, desk)
            return await waiting_reply(mine, [], desk) if mine else None
        case _:
            return None


async def _daily_reply(
    desk: Desk, person: Person | None, since: datetime, *, lists_waiting: bool = True
) -> Reply | None:
    """The summary for a person as far as they may see, or for a channel of the department.

    None where nothing moved, nothing is blocked and nothing waits. Without `lists_waiting`, what waits is
    shown beside it.
    """
    scope = EVERYTHING if person is None else scope_of(person)
    found = await movement(desk.ports.tracker, scope, since, desk.now)
    waits = [row.title for row in (await waiting(person, desk))[0]] if person and lists_waiting else []
    plans = await plans_under_way(desk) if scope.everything else []
    if not (found.anything or waits or any(plan.state == "paused" for plan in plans)):
        return None
    if not scope.everything:
        return _plainly(found, waits, desk)
    return _for_department(_own_first(desk, person), found, waits, plans, desk, personal=person is not None)


def _for_department(
    own: frozenset[str],
    found: Movement,
    waits: Sequence[str],
    plans: Sequence[PlanUnderWay],
    desk: Desk,
    *,
    personal: bool,
) -> Reply:
    def first(stories: Sequence[Story]) -> list[Story]:
        return sorted(stories, key=lambda story: story.product not in own)

    def line(story: Story) -> Line:
        return story_line(desk, story)

    blocked = first(found.blocked)
    blocks: list[Block] = [Text((f"{_moved(found)}.",))]
    blocks += story_section("Finished", first(found.finished), line)
    blocks += story_section("Started", first(found.started), line)
    blocks += section(
        "Blocked",
        [blocked_line(desk, story, new=story.id in found.newly_blocked) for story in blocked[:MOST]],
        len(blocked),
    )
    blocks += section("Plans", [plan_line(plan) for plan in plans])
    blocks += section("Waits for you", [(title,) for title in waits])
    blocks += story_section("Next, in the sprints that run", first(found.upcoming)[:3], line)
    blocks += ending(found.since, waits=bool(waits), personal=personal)
    said = [f"{_moved(found)}."]
    if blocked:
        said.append(f"Blocked: {listed(blocked_text(story.id, story) for story in blocked[:MOST])}.")
    said += _waits_text(waits)
    if found.upcoming:
        said.append(f"Next: {first(found.upcoming)[0].title}.")
    return Reply(
        text=f"Daily summary. {' '.join(said)}",
        cards=(Card(_title(found), tuple(blocks), "warning" if blocked else "plain"),),
        facts=_facts(found, waits, desk),
        personal=personal,
    )


def _plainly(found: Movement, waits: Sequence[str], desk: Desk) -> Reply:
    """For those who speak with customers: their items, without teams, sprints or hours."""

    def line(story: Story) -> Line:
        return (story.title,)

    held: list[Line] = [
        (Bold(story.title), f": {reason_text(story.blocked_reason)}") for story in found.blocked[:MOST]
    ]
    lead = f"For your customers: {_lower(_moved(found))}."
    blocks: list[Block] = [Text((lead,))]
    blocks += story_section("Finished", found.finished, line)
    blocks += story_section("Being worked on since then", found.started, line)
    blocks += section("Held up", held, len(found.blocked))
    blocks += section("Waits for you", [(title,) for title in waits])
    blocks += story_section("Planned next", found.upcoming[:3], line)
    blocks += ending(found.since, waits=bool(waits), personal=True)
    names = [blocked_text(story.title, story) for story in found.blocked[:MOST]]
    held_text = [f"Held up: {listed(names)}."] if names else []
    return Reply(
        text=" ".join(["Daily summary.", lead, *held_text, *_waits_text(waits)]),
        cards=(Card(f"Your customers' items: {_title(found).partition(': ')[2]}", tuple(blocks)),),
        facts=_facts(found, waits, desk),
        personal=True,
    )


def _moved(found: Movement) -> str:
    parts = [
        f"{counted(len(found.finished), *_STORIES)} finished" if found.finished else "",
        f"{counted(len(found.started), *_STORIES)} started" if found.started else "",
        f"{counted(found.added, *_STORIES)} put into the backlog" if found.added else "",
        f"{counted(len(found.newly_blocked), *_STORIES)} newly blocked" if found.newly_blocked else "",
    ]
    return listed(filter(None, parts)) or "Nothing moved"


def _title(found: Movement) -> str:
    done, blocked = len(found.finished), len(found.blocked)
    return f"Daily summary: {done} finished, {len(found.started)} started, {blocked} blocked"


def _lower(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}"


def _waits_text(waits: Sequence[str]) -> list[str]:
    if not waits:
        return []
    return [f"{counted(len(waits), 'decision waits', 'decisions wait')} for you: {'; '.join(waits[:MOST])}."]


def _own_first(desk: Desk, person: Person | None) -> frozenset[str]:
    """The products whose stories come first in a list: those that the person owns."""
    if person is None:
        return frozenset()
    return frozenset(product.id for product in desk.department.products if product.owner == person.id)


def _facts(found: Movement, waits: Sequence[str], desk: Desk) -> tuple[Fact, ...]:
    tracker = Source("query", f"tracker: stories and their events since {moment_text(found.since, None)}")
    record = Source("query", "open approvals in which this person's vote would count")
    counts = (
        ("finished", "Finished", len(found.finished), "stories"),
        ("started", "Started", len(found.started), "stories"),
        ("added", "Put into the backlog", found.added, "stories"),
        ("in_progress", "In progress", found.in_progress, "stories"),
        ("blocked", "Blocked", len(found.blocked), "stories"),
        ("newly_blocked", "Newly blocked", len(found.newly_blocked), "stories"),
    )
    waiting_for = (("waiting", "Waits for you", len(waits), "decisions"),)
    return (*facts(desk, "daily", tracker, counts), *facts(desk, "daily", record, waiting_for))


def kinds_to_show(wish: Wish, settings: Mapping[DigestKind, Setting]) -> tuple[DigestKind, ...]:
    """The kinds that somebody wants to see now: those named, or what they get."""
    named = tuple(kind for kind in wish.kinds if kind is not DigestKind.BLOCKERS)
    return named or tuple(kind for kind in SCHEDULED if settings[kind].is_on) or (DigestKind.DAILY,)
