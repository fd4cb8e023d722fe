"""`roadmap`: what fits into a time to come, what if, and how the plan of record stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from agents.roadmap.items import Span
from agents.roadmap.kept import (
    OF_RECORD,
    NoSuchRoadmap,
    kept_roadmap,
    next_of_record,
    of_record,
    span_of,
    wishes_of,
)
from agents.roadmap.tables import RoadmapRow
from governance.people import Role
from governance.permissions import reads
from governance.places import Audience
from handlers.conversation.cards import Button, Buttons, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler
from handlers.conversation.origin import known
from handlers.conversation.turn import Turn
from handlers.delivery.preconditions import demand_teams
from handlers.delivery.roadmap.beginning import begin, suppose
from handlers.delivery.roadmap.parse import Asks, next_quarter, read_asks
from handlers.delivery.roadmap.presses import press_adopt, press_what_if
from handlers.delivery.roadmap.questions import answer_about_roadmap
from handlers.language.mood import Mood

_MOST_DAYS = 730
"""What lies further ahead nobody can plan by hours."""


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Show the plan of record where that is asked for and there is one; else have a roadmap worked out, or the
    thread's one under what is supposed. Raises CannotAnswer."""
    known(turn)
    if turn.place.audience is Audience.PUBLIC:
        raise CannotAnswer(
            "People from outside the department may read along here. Ask me in a direct message."
        )
    demand_teams(desk.department, turn.person)
    asks = read_asks(asked.text, desk.now, desk.department)
    if asks.teamless:
        names = ", ".join(team.name for team in desk.department.teams)
        raise CannotAnswer(f"In which team would “{asks.teamless}” be? There are {names}.")
    parent = await _of_thread(desk)
    if parent is not None and parent.draft is None:
        if asks.wishes.changes and not asks.makes:
            raise CannotAnswer(
                f"The roadmap {parent.name} is still being worked out. Say it again once it is here."
            )
        parent = None
    if asks.adopts and parent is not None:
        return _adopt_button(parent)
    if _changes(asks, asked, parent) and parent is not None:
        return await suppose(turn, desk, parent, asks.wishes)
    span = _demand_ahead(asks.span, desk)
    shows = (asks.shows or not asks.makes) and not asks.wishes.changes
    if shows and (record := await _record(desk, span)) is not None:
        return await begin(turn, desk, span_of(record), wishes_of(record), looks_at=record.id)
    meant = span or next_quarter(_today(desk))
    reply = await begin(turn, desk, meant, asks.wishes)
    return _none_yet(reply, meant) if asks.shows else reply


def _none_yet(reply: Reply, span: Span) -> Reply:
    """Who asks for the plan of record hears that there is none."""
    text = f"No roadmap for {span.name} is the plan of record yet, so I work out what would fit."
    first = Card("No plan of record yet", (Text((text,)),))
    return replace(reply, text=f"{text} {reply.text}", cards=(first, *reply.cards))


async def _of_thread(desk: Desk) -> RoadmapRow | None:
    """The roadmap that the thread is about."""
    id = desk.memory.topic.get("roadmap")
    if not id:
        return None
    try:
        row = await kept_roadmap(desk.tx, id)
    except NoSuchRoadmap:
        return None
    return row if row.looks_at is None else await kept_roadmap(desk.tx, row.looks_at)


def _changes(asks: Asks, asked: Asked, parent: RoadmapRow | None) -> bool:
    """Whether the thread's roadmap is supposed to be otherwise, and not another one asked for."""
    if parent is None or not asks.wishes.changes:
        return False
    other = asks.span is not None and (asks.span.starts, asks.span.ends) != (parent.starts, parent.ends)
    return not other and (not asks.makes or asked.mood is Mood.CORRECTION)


def _today(desk: Desk) -> date:
    return desk.now.astimezone(ZoneInfo(desk.department.calendar_of(None).time_zone)).date()


def _demand_ahead(span: Span | None, desk: Desk) -> Span | None:
    if span is None:
        return None
    if span.ends <= _today(desk):
        raise CannotAnswer(f"{span.name} is over. Name a time to come, such as “next quarter”.")
    if (span.ends - _today(desk)).days > _MOST_DAYS:
        raise CannotAnswer("Hours that far ahead are not known. Name a time that ends within two years.")
    return span


async def _record(desk: Desk, span: Span | None) -> RoadmapRow | None:
    """The plan of record that is meant: of the time that is said, or the one that runs or comes next."""
    if span is None:
        return await next_of_record(desk.tx, _today(desk))
    found = await of_record(desk.tx, span.starts, span.ends)
    return found[0] if found else None


def _adopt_button(row: RoadmapRow) -> Reply:
    """Words alone change nothing here: the button says what it does."""
    if row.state == OF_RECORD:
        return Reply(text=f"The roadmap {row.name} is the plan of record already.")
    text = f"Press the button to make the roadmap {row.name} the plan of record."
    button = Button("Approve as plan of record", "adopt_roadmap", row.id, "primary")
    return Reply(text=text, cards=(Card("Plan of record?", (Text((text,)), Buttons((button,))), "waiting"),))


HANDLER = Handler(
    name="roadmap",
    purpose="A roadmap for a quarter from backlog, capacity, priorities and return",
    example="Generate the Q2 roadmap based on backlog and capacity",
    group=Group.PLAN,
    permission=reads(Role.PRODUCT_OWNER, Role.ENGINEERING_DIRECTOR),
    answer=answer,
    presses={"adopt_roadmap": press_adopt, "roadmap_what_if": press_what_if},
    about=answer_about_roadmap,
)
