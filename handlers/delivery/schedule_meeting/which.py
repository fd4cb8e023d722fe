"""Which meeting to come is meant: by its id, its name, its day, who is in it, or as the one just spoken of."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.meetings.meeting_run import coming_meetings, meeting_by_id
from agents.meetings.tables import MeetingRow
from governance.standing import WindowMode
from governance.visibility import EVERYTHING
from handlers.conversation.cards import Button, Buttons, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import known
from handlers.conversation.subjects import Unclear, people_named
from handlers.conversation.times import moment_said, spans_said
from handlers.conversation.turn import Turn
from handlers.conversation.wording import listed
from handlers.delivery.schedule_meeting.parse import kind_changed, kind_in
from handlers.language.resolver import Found, NotThere, Several, resolve
from integrations.calendar import Span
from integrations.calendar.actions import when_words

_MOST = 100
_SHOWN = 5
_IT = re.compile(
    r"\b(?:it|that|this)\b(?! (?:week|month|monday|tuesday|wednesday|thursday|friday))", re.IGNORECASE
)
_KINDS = (
    *("meeting", "review", "retro", "retrospective", "planning", "postmortem", "kickoff", "workshop", "demo"),
    *("sync", "call", "standup", "session", "discussion", "training"),
)


class Which(CannotAnswer):
    """Several meetings may be meant. The text asks which; the card has a button for each."""

    def __init__(self, rows: Sequence[MeetingRow]) -> None:
        names = listed((f"“{row.title}” ({when_words(_span(row), row.zone)})" for row in rows[:_SHOWN]), "or")
        super().__init__(f"Which meeting do you mean: {names}?")
        self._rows = rows

    def reply(self, request: str, text: str) -> Reply:
        """A button for each, which asks the same of it."""
        buttons = tuple(
            Button(row.title[:60], "ask", f"{request} {_of(text, row.id)}") for row in self._rows[:_SHOWN]
        )
        card = Card("Which meeting?", (Text((str(self),)), Buttons(buttons)), "waiting")
        return Reply(text=str(self), cards=(card,))


async def meeting_meant(turn: Turn, desk: Desk, text: str) -> MeetingRow:
    """The meeting that the words mean. Raises Which, Unclear, CannotAnswer."""
    coming = await coming_meetings(desk.tx, desk.now, _MOST)
    found = await resolve(desk, text, ("meeting",), EVERYTHING, besides=_KINDS)
    if isinstance(found, Found) and found.sure:
        by_name = [row for row in coming if row.id == found.id]
        if not by_name:
            return await meeting_by_id(desk.tx, found.id)
    elif isinstance(found, Several):
        ids = {one.id for one in found.candidates}
        by_name = [row for row in coming if row.id in ids]
    elif isinstance(found, NotThere) and found.by_id:
        raise Unclear(found)
    elif (about := desk.memory.topic.get("meeting")) and (_IT.search(text) or not _names_something(text)):
        return await meeting_by_id(desk.tx, about)
    else:
        by_name = _alike(coming, text)
    narrowed = await _narrowed(turn, desk, by_name, text)
    if len(narrowed) == 1:
        return narrowed[0]
    if narrowed:
        raise Which(narrowed)
    raise CannotAnswer(await _not_here(turn, desk, coming))


async def means_meeting(text: str, desk: Desk) -> bool:
    """Whether the words would change a meeting to come, which they name by its kind. A demo is the window that
    stands, where one does."""
    kind = kind_changed(text)
    if kind is None or (kind == "Demo" and WindowMode.DEMO in desk.modes):
        return False
    coming = await coming_meetings(desk.tx, desk.now, _MOST)
    return any(_kind_of(row).endswith(kind.casefold()) for row in coming)


def _kind_of(row: MeetingRow) -> str:
    """What comes before its subject or its people in its name."""
    return re.split(r": | with ", row.title, maxsplit=1)[0].casefold()


def _names_something(text: str) -> bool:
    return (
        re.search(rf"\b(?:{'|'.join(_KINDS)}|with|about|\w+day|tomorrow|today)\b", text, re.IGNORECASE)
        is not None
    )


def _alike(coming: Sequence[MeetingRow], text: str) -> list[MeetingRow]:
    """Meetings whose kind is said, or in a word of their name; all of them for "the meeting" alone."""
    kind = kind_in(text)
    said = set(re.findall(r"\w+", text.casefold())) & set(_KINDS) - {"meeting"}

    def is_meant(row: MeetingRow) -> bool:
        words = set(re.findall(r"\w+", row.title.casefold()))
        return bool(said & words) or (kind is not None and _kind_of(row).endswith(kind.casefold()))

    return [row for row in coming if is_meant(row) or (kind is None and not said)]


async def _narrowed(turn: Turn, desk: Desk, rows: Sequence[MeetingRow], text: str) -> list[MeetingRow]:
    """Those on the day or at the hour that is said, with the people who are named; of these, the asker's
    own."""
    person = known(turn)
    left = list(rows)
    windows = [Span(one.start, one.end) for one in spans_said(desk, person, text)]
    moment = moment_said(desk, person, text)
    if moment is not None and not moment.whole_day:
        left = [row for row in left if row.starts <= moment.at < row.ends]
    elif windows:
        left = [row for row in left if any(window.meets(_span(row)) for window in windows)]
    named = {one.id for one in await people_named(desk, text)}
    left = [row for row in left if named <= set(row.people)]
    own = [row for row in left if person.id in row.people]
    return own or left


async def _not_here(turn: Turn, desk: Desk, coming: Sequence[MeetingRow]) -> str:
    """That no such meeting was booked here; which were, or what else stands in the calendar."""
    if own := [row for row in coming if known(turn).id in row.people]:
        names = listed(f"“{row.title}” ({when_words(_span(row), row.zone)})" for row in own[:_SHOWN])
        return f"No such meeting to come was booked here. There are {names}. Nothing was changed."
    return (
        "No such meeting to come was booked here, so nothing was changed. One that was made elsewhere is"
        f" changed in {desk.ports.calendar.title}."
    )


def _span(row: MeetingRow) -> Span:
    return Span(row.starts, row.ends)


def _of(text: str, meeting: str) -> str:
    head, joint, rest = text.rpartition(" to ")
    return f"{head} {meeting} to {rest}" if joint else f"{text} {meeting}"
