"""What a meeting needs: who is meant, what it is about with its pre-read, when it may be, and who is free
then."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from agents.meetings.meeting_run import UnderWay, under_way
from agents.meetings.slots import Attendee
from governance.people import Person
from governance.tables import PersonRow
from governance.visibility import EVERYTHING, scope_of
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.subjects import Unclear, people_named
from handlers.conversation.times import calendar_for, moment_said, spans_said
from handlers.conversation.wording import listed
from handlers.delivery.schedule_meeting.kinds import entry_of, members, names_in, team_members
from handlers.delivery.schedule_meeting.parse import usual_role
from handlers.language.calendar_words import in_calendar_words
from handlers.language.clock import read_clock
from handlers.language.kinds import Thing
from handlers.language.matching import nearest
from handlers.language.resolver import Found, NotThere, Several, resolve, resolve_all
from integrations.calendar import LONGEST_LOOK, MOST_PEOPLE, Busy, CalendarError, Span
from integrations.calendar.actions import ToRead, pre_read_of
from integrations.documents import DocumentError

LOOKED_AHEAD = timedelta(days=14)
"""Where no time is said, a slot is looked for within this."""

_WITH = re.compile(r"\b(?:with|invite|add|between|and|,|get)\s+(?=[A-ZÀ-Þ])(?P<name>[A-ZÀ-Þ][\w'’-]+)")
_DEADLINE = re.compile(r"\b(?P<word>before|by|until|no later than)\b(?P<when>.+)", re.IGNORECASE)
_AFTER = re.compile(r"\b(?:after|from|starting)\b", re.IGNORECASE)
_ALL_INVOLVED = re.compile(r"\b(?:everyone|everybody) involved\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class About:
    """What a meeting is about: its name, what invitations say of it, what is read before, and its team."""

    name: str = ""
    text: str = ""
    pre_read: ToRead | None = None
    team: str | None = None


@dataclass(frozen=True, slots=True)
class When:
    """When it may be: at one moment (`at`), or within one of the `windows`."""

    windows: tuple[Span, ...]
    at: datetime | None = None
    is_said: bool = True


async def people_meant(desk: Desk, text: str, but: Iterable[str] = ()) -> tuple[str, ...]:
    """Everybody who is named, or belongs to a group or team that is, in that order, by their ids.

    Raises Unclear for a name that is nobody's or several people's, CannotAnswer for more than can be invited.
    """
    everybody = await names_in(desk)
    found = [one.id for one in await people_named(desk, text)]
    named = [
        *await resolve_all(desk, text, "group", EVERYTHING),
        *await resolve_all(desk, text, "team", EVERYTHING),
    ]
    if _ALL_INVOLVED.search(text):
        named = [one for one in named if not (isinstance(one, Found) and one.id == "everyone")]
    for one in named:
        if isinstance(one, Several):
            ids = {each.id for each in one.candidates}
            if len({frozenset(members(id, desk.department, tuple(everybody.values()))) for id in ids}) > 1:
                raise Unclear(one)
            one = one.candidates[0]
        team = one.kind == "team"
        found += (
            team_members(one.id, desk.department)
            if team
            else members(one.id, desk.department, tuple(everybody.values()))
        )
    _demand_known(text, everybody.values(), named)
    people = tuple(one for one in dict.fromkeys(found) if one in everybody and one not in but)
    if len(people) > MOST_PEOPLE:
        raise CannotAnswer(f"That is {len(people)} people; I invite {MOST_PEOPLE} at most. Name fewer.")
    return people


_OUTSIDE = re.compile(
    r"\bwith (?:the )?(?P<who>legal|marketing|sales|finance|hr|customers?|clients?|vendors?|suppliers?)\b",
    re.IGNORECASE,
)


def _demand_known(text: str, everybody: Iterable[Person], named: Sequence[Found | Several]) -> None:
    """Raises Unclear where somebody is named whom nobody knows: nobody is left out in silence."""
    if outside := _OUTSIDE.search(text):
        raise CannotAnswer(
            f"I invite people of the department alone, and “{outside['who']}” is nobody there. Name whom I can"
            " invite."
        )
    things = [Thing(one.id, one.name, tuple(one.name.split()[:1])) for one in everybody]
    known = {word for thing in things for word in thing.name.casefold().split()}
    known |= {word for one in named if isinstance(one, Found) for word in one.name.casefold().split()}
    for found in _WITH.finditer(text):
        name = found["name"]
        is_group = re.match(r"(?:Team|Senior|SREs?|POs?|CS|QA)\b", name) is not None
        spelt = name.casefold().removesuffix("'s").removesuffix("’s")
        if spelt in known or is_group or _names_time(name):
            continue
        if found[0].lstrip().casefold().startswith(("with", "invite", "add", "between", "get")):
            raise Unclear(NotThere("person", name, nearest(name, things)))


def _names_time(word: str) -> bool:
    return re.search(r"day\b|month", in_calendar_words(word)) is not None or word.isupper()


async def usual_people(desk: Desk, kind: str, about: About) -> tuple[str, ...]:
    """Whom a meeting of this kind is with where nobody is named: architects and whose it is, for a design."""
    everybody = tuple((await names_in(desk)).values())
    role = usual_role(kind)
    found = () if role is None else members(f"role:{role.value}", desk.department, everybody)
    lead = () if about.team is None else (desk.department.team(about.team).lead,)
    return tuple(dict.fromkeys((*found, *lead)))


async def about_meant(desk: Desk, person: Person, words: str) -> About:
    """What the words name, with its text to read before: a story, a document, a service; else the words
    alone."""
    if not words:
        return About()
    scope = scope_of(person)
    found = await resolve(desk, words, ("story", "document", "service", "product"), scope)
    if not isinstance(found, Found) or not found.sure:
        return About(words)
    match found.kind:
        case "story":
            story = await desk.ports.tracker.story(scope, found.id)
            lines = [f"# {story.id}: {story.title}", story.description]
            lines += (
                ["## It is done when", *(f"- {one}" for one in story.acceptance)] if story.acceptance else []
            )
            text = "\n\n".join(filter(None, lines))
            return About(f"{story.title} ({story.id})", "", pre_read_of(story.id, text), story.team)
        case "document":
            try:
                document = await desk.ports.documents.read(found.id)
            except DocumentError as unread:
                return About(found.name, f"{found.name} could not be attached: {unread}")
            return About(words, "", pre_read_of(found.name, document.text))
        case "product":
            return About(words, team=desk.department.product(found.id).teams[0])
        case _:
            owners = [one.team for one in await desk.ports.services.find(found.id, 5) if one.id == found.id]
            known = {team.id for team in desk.department.teams}
            return About(words, team=next((team for team in owners if team in known), None))


def when_meant(desk: Desk, person: Person, text: str) -> When:
    """When it may be, as it is said. Raises CannotAnswer for a time that is over, or too far away."""
    if found := _DEADLINE.search(text):
        until = moment_said(desk, person, found["when"])
        if until is not None:
            ends = until.at if found["word"].casefold() == "before" else until.ends
            return _demand_to_come(desk, When((Span(desk.now, max(ends, desk.now)),)))
    moment = moment_said(desk, person, text)
    if moment is not None and not moment.whole_day:
        spans = spans_said(desk, person, text)
        is_range = len(spans) == 1 and spans[0].start <= moment.at and not _is_clock(text)
        if is_range:
            return _demand_to_come(desk, When((Span(spans[0].start, spans[0].end),)))
        if _AFTER.search(text) and _is_clock(text):
            zone = ZoneInfo(person.time_zone)
            midnight = datetime.combine(
                moment.at.astimezone(zone).date() + timedelta(days=1), datetime.min.time(), zone
            )
            return _demand_to_come(desk, When((Span(moment.at, midnight.astimezone(moment.at.tzinfo)),)))
        return _demand_to_come(desk, When((Span(moment.at, moment.at),), moment.at))
    spans = spans_said(desk, person, text)
    if spans:
        return _demand_to_come(desk, When(tuple(Span(one.start, one.end) for one in spans)))
    return When((Span(desk.now, desk.now + LOOKED_AHEAD),), is_said=False)


def _is_clock(text: str) -> bool:
    return read_clock(in_calendar_words(text)) is not None and re.search(r"\d", text) is not None


def _demand_to_come(desk: Desk, when: When) -> When:
    last = when.at or max(span.ends for span in when.windows)
    if last <= desk.now:
        raise CannotAnswer("That time is over. Say another one.")
    if last > desk.now + LONGEST_LOOK:
        days = LONGEST_LOOK.days
        raise CannotAnswer(f"I look into calendars no further than {days} days ahead. Say a nearer time.")
    return when


async def attendees(desk: Desk, ids: Sequence[str], everybody: Mapping[str, Person]) -> tuple[Attendee, ...]:
    """These people, as slots are found for them. Raises CannotAnswer for one without a mail address."""
    query = select(PersonRow.id, PersonRow.email).where(PersonRow.id.in_(ids))
    addresses = {row.id: row.email for row in await desk.tx.execute(query)}
    without = [everybody[id].name for id in ids if not addresses.get(id)]
    if without:
        raise CannotAnswer(
            f"The department has no mail address of {listed(without)}, so no invitation would reach them. Add"
            " it to department.yaml."
        )
    found = []
    for id in ids:
        entry = entry_of(desk.department, id)
        away = () if entry is None else entry.away
        found.append(
            Attendee(id, everybody[id].name, str(addresses[id]), calendar_for(desk, everybody[id]), away)
        )
    return tuple(found)


async def busy_of(
    desk: Desk, people: Sequence[Attendee], span: Span, *, but: str | None = None
) -> dict[str, Busy]:
    """When each of them is busy, by address: as the calendar has it, and with what is just being booked, `but`
    for this meeting. One that the first of them books with the very same people is no obstacle: it may be
    this one, asked for twice. Raises CannotAnswer where the calendar gives no access."""
    addresses = tuple(one.address for one in people)
    try:
        found = await desk.ports.calendar.busy(addresses, span)
    except CalendarError as refused:
        raise CannotAnswer(
            f"{refused}, so I cannot tell when people are free. Nothing was booked."
        ) from refused
    persons = {one.address: one.id for one in people}
    same = people[0].id, frozenset(persons.values())
    coming = [
        one
        for one in await under_way(desk.tx)
        if one.span.meets(span) and one.meeting != but and (one.organiser, one.people) != same
    ]
    return {one.address: _with(one, coming, persons[one.address]) for one in found}


def _with(busy: Busy, coming: Sequence[UnderWay], person: str) -> Busy:
    theirs = tuple(one.span for one in coming if person in one.people)
    return replace(busy, spans=tuple(sorted((*busy.spans, *theirs)))) if theirs else busy
