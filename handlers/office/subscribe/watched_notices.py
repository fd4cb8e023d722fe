"""What somebody subscribed to has happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from governance.overrides.rows import freeze_of
from governance.people import Person
from governance.tables import OverrideRow, WindowRow
from governance.visibility import Scope, scope_of
from handlers.conversation.cards import Block, Bullets, Button, Buttons, Card, Reply, Text, Tone
from handlers.conversation.desk import Desk
from handlers.conversation.wording import moment_text, names_of_people
from handlers.delivery.whereabouts.words import PLAIN, STATUS
from handlers.notices import NoticeKind
from handlers.office.subscribe.keeping import watch_of
from handlers.office.subscribe.looking import Looker
from handlers.office.subscribe.tables import SubscriptionRow
from handlers.office.subscribe.watched import STANDING, Event, Kind, Watch, called
from integrations.tracker import NoSuchItem, StoryStatus

_SHOWN = 5


async def happened(desk: Desk, ids: Mapping[str, Any], person: Person | None) -> Reply | None:
    """What happened, as far as the person may see it now; nothing where they do not see it any more."""
    if person is None:
        return None
    query = select(SubscriptionRow).where(SubscriptionRow.id == ids["subscription"])
    row = (await desk.tx.execute(query)).scalar_one()
    watch, scope = watch_of(row), scope_of(person)
    if await Looker(desk).look(watch.kind, watch.subject, scope) is None:
        return None
    lines = await _lines(desk, watch, scope, ids["marks"], person)
    text = _said(watch, lines, is_over=ids["is_over"])
    if text is None:
        return None
    tone: Tone = "warning" if watch.kind in STANDING and watch.event is Event.BEGINS else "good"
    blocks: list[Block] = [Text((text,))]
    if len(lines) > 1:
        blocks.append(Bullets(tuple((line,) for line in lines[:_SHOWN])))
    blocks.append(Buttons(_buttons(row, watch)))
    title = f"{watch.name[:1].upper()}{watch.name[1:]}: {_TITLES[watch.event]}"
    return Reply(text=text, cards=(Card(title, tuple(blocks), tone),))


_TITLES = {
    Event.DONE: "done",
    Event.APPROVED: "decided",
    Event.CHANGES: "news",
    Event.BEGINS: "news",
    Event.ENDS: "over",
    Event.BLOCKED: "blocked",
}


def _said(watch: Watch, lines: Sequence[str], *, is_over: bool) -> str | None:
    """One sentence or two; None where what changed is nothing that the person sees."""
    if is_over:
        return (
            f"{called(watch)} was cancelled, so what you wait for will not come. I do not tell you of it again."
        )
    match watch.event:
        case Event.DONE:
            return f"{called(watch)} is done, as you wanted to hear."
        case Event.APPROVED:
            return f"{called(watch)} is approved, as you wanted to hear."
        case _ if not lines:
            return None
        case Event.CHANGES:
            more = f", and {len(lines) - 1} more" if len(lines) > 1 else ""
            return f"{called(watch)} moved: {lines[0]}{more}."
        case _:
            return f"{'; '.join(lines[:_SHOWN])}."


async def _lines(desk: Desk, watch: Watch, scope: Scope, marks: Sequence[str], person: Person) -> list[str]:
    """What each mark says, in words."""
    match watch.kind:
        case Kind.INCIDENTS:
            return await _incidents(desk, marks, person)
        case Kind.HALTS | Kind.FREEZES | Kind.EMERGENCIES:
            return await _overrides(desk, marks, is_over=watch.event is Event.ENDS)
        case Kind.PRIORITY:
            return [f"{title} is {watch.subject}" for title in await _titles(desk, scope, marks)]
        case _:
            stories = [mark.partition(":")[0] for mark in marks if not mark.startswith("pl_")]
            plans = [mark.partition(":")[2] for mark in marks if mark.startswith("pl_")]
            moved = await _titles(desk, scope, stories, with_status=True)
            return [*(f"the plan is {_PLAN_STATES.get(state, state)}" for state in plans), *moved]


_PLAN_STATES = {
    "drafting": "being worked out",
    "asking": "waiting for its product to be named",
    "proposed": "proposed",
    "executing": "being set up",
    "created": "set up",
}


async def _titles(desk: Desk, scope: Scope, stories: Sequence[str], *, with_status: bool = False) -> list[str]:
    """Stories by id and title; those that the scope does not reach are left out."""
    found: list[str] = []
    for story_id in stories:
        try:
            story = await desk.ports.tracker.story(scope, story_id)
        except NoSuchItem:
            continue
        words: Mapping[StoryStatus, str] = STATUS if scope.everything else PLAIN
        name = f"{story.id} {story.title}" if scope.everything else story.title
        found.append(f"{name} is {words[story.status]}" if with_status else name)
    return found


async def _incidents(desk: Desk, marks: Sequence[str], person: Person) -> list[str]:
    names = await names_of_people(desk.tx)
    rows = (await desk.tx.execute(select(WindowRow).where(WindowRow.id.in_(marks)))).scalars()
    return [
        f"Incident, said by {names[row.opened_by]}: {row.reason.rstrip('.')}"
        + (f" (until {moment_text(row.ends, person)})" if row.ends > desk.now else ", and it is over")
        for row in rows
    ]


async def _overrides(desk: Desk, marks: Sequence[str], *, is_over: bool) -> list[str]:
    names = await names_of_people(desk.tx)
    query = select(OverrideRow).where(OverrideRow.id.in_(marks)).order_by(OverrideRow.made)
    lines: list[str] = []
    for row in (await desk.tx.execute(query)).scalars():
        what = _override_text(row)
        who = names[row.ended_by or row.made_by] if is_over else names[row.made_by]
        lines.append(f"{what} is over ({who})" if is_over else f"{what}, by {who}: {row.reason.rstrip('.')}")
    return lines


def _override_text(row: OverrideRow) -> str:
    match row.kind:
        case "halt":
            return "Halt of all agents"
        case "freeze":
            return f"Freeze of {freeze_of(row).describe()}"
        case _:
            return f"Emergency deployment of {row.subject}"


def _buttons(row: SubscriptionRow, watch: Watch) -> tuple[Button, ...]:
    buttons = [Button("Where is it?", "ask", f"status {watch.subject}")] if _is_a_thing(watch) else []
    if row.ended is None:
        buttons.append(Button("Stop telling me", "end_subscription", row.id))
    return tuple(buttons) or (Button("What else am I told of?", "ask", "subscribe what am I subscribed to"),)


def _is_a_thing(watch: Watch) -> bool:
    return watch.kind in (Kind.EPIC, Kind.STORY, Kind.PLAN, Kind.REQUEST)


NOTICES = (
    NoticeKind("subscription", happened),
    NoticeKind("incident_begun", happened, urgent="incident"),
)
