"""`window`: planning, audit, incident or demo mode, always with an end."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from governance.action import Action
from governance.actions.windows import OpenWindow, close_window, coming_windows, open_window
from governance.overrides.authority import may_open
from governance.people import Person, Role
from governance.permissions import Refused, reads
from governance.standing import WindowMode
from governance.tables import WindowRow
from handlers.conversation.amending import of_effect
from handlers.conversation.cards import Bold, Bullets, Button, Buttons, Card, Moment, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known
from handlers.conversation.reasons import reason_or_words
from handlers.conversation.subjects import demand_to_act
from handlers.conversation.submitting import do_now
from handlers.conversation.times import span_said
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import last_minute, listed, moment_text, names_of_people, until_text
from handlers.language.dates import read_moment
from handlers.language.durations import read_duration
from handlers.language.words import plain

_MODES = (
    (WindowMode.INCIDENT, re.compile(r"\bincident\w*|\bsre takes\b|\bfull control\b")),
    (WindowMode.AUDIT, re.compile(r"\baudit\w*")),
    (WindowMode.PLANNING, re.compile(r"\bplanning\b|\bread[- ]only\b|\bonly read\b")),
    (WindowMode.DEMO, re.compile(r"\bdemo\b|\bdemo mod\b|\bboard\b|\bpredictable\b")),
)
_END = re.compile(r"\b(?:end(?! of)|close|cancel|leave|exit|stop)\b|\b(?:turn|switch) off\b")
_LONGER = re.compile(r"\b(?:extend|prolong|lengthen)\b")
_SHORTER = re.compile(r"\b(?:shorten|cut short)\b")
_BY = re.compile(r"\bby\b")
_ASKS = re.compile(r"\b(?:which|what|list|show|are we|is there|when)\b")
_DAY = re.compile(
    r"\b(?:mon|tue|wed|thu|fri|sat|sun)\w*\b|\d(?:st|nd|rd|th)\b|\d\d? (?:jan|feb|mar|apr|may|jun)"
)
_WEEK_AFTER = re.compile(r"\b(?:week after|following week|week later|next week)\b")
_THIS_WEEK = re.compile(r"\bthis week\b")
_EXTRA = re.compile(r"\b(?:extra|longer|more|add)\b")
_UNTIL = re.compile(r"\b(?:until|till?|through|bis|hasta|jusqu\w*)\b")
_CLOCK = re.compile(r"\d(?::\d\d)?\s*(?:am|pm|h\b|uhr|o'?clock)|\d:\d\d|\b(?:noon|midnight|morning|evening)\b")
_MEANING = {
    WindowMode.PLANNING: "agents only read; people act as ever",
    WindowMode.AUDIT: "auditors may read everything",
    WindowMode.INCIDENT: "the SRE lead alone deploys, rolls back and scales; others' work waits",
    WindowMode.DEMO: "nothing starts by itself, answers are worked out by rule, and the policy stays as it is",
}


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Open, close, move the end of, or list windows."""
    person = known(turn)
    said = plain(asked.text)
    mode = next((mode for mode, pattern in _MODES if pattern.search(said)), None)
    rows = await coming_windows(desk.tx, desk.now)
    if _ASKS.search(said) or (mode is None and not _END.search(said)):
        return await _list(rows, desk, person)
    if mode is not None:
        _demand(person, mode)
    meant = [row for row in rows if mode is None or row.mode == mode.value]
    if _LONGER.search(said) or _SHORTER.search(said):
        return await _move_end(turn, desk, meant, asked.text)
    if _END.search(said):
        return await _close(turn, desk, meant, reason_or_words(asked.text))
    if mode is None:
        return await _list(rows, desk, person)
    return await _open(turn, desk, mode, asked)


async def _open(turn: Turn, desk: Desk, mode: WindowMode, asked: Asked) -> Reply:
    person = known(turn)
    span = span_said(desk, person, asked.words("when"))
    if span is None:
        raise CannotAnswer(f"Until when? A window always has an end: “{mode} mode until Friday 18:00”.")
    return await _make(turn, desk, mode, span.start, span.end, reason_or_words(asked.text))


async def _make(
    turn: Turn, desk: Desk, mode: WindowMode, starts: datetime, ends: datetime, reason: str
) -> Reply:
    try:
        action = open_window(mode, starts, ends, reason)
    except ValueError:
        raise CannotAnswer("A window ends after it starts, and within 92 days. Say another end.") from None
    _, ended = await do_now(turn, desk, action)
    person = known(turn)
    begins = "from now" if starts <= desk.now else f"from {moment_text(starts, person)}"
    name, last = f"{str(mode).capitalize()} window", Moment(last_minute(ends, person.time_zone))
    text = f"{name} {begins} until {until_text(ends, person)}: {_MEANING[mode]}."
    blocks = (
        Text((Bold(name), " from ", Moment(starts), " until ", last, ".")),
        Text((f"Meanwhile {_MEANING[mode]}.",)),
        Buttons((Button("End it early", "close_window", ended.reference or ""),)),
    )
    return Reply(text=text, cards=(Card(f"Window: {mode}", blocks, "warning"),))


async def _move_end(turn: Turn, desk: Desk, rows: list[WindowRow], text: str) -> Reply:
    """Another end: a window that goes on from the old one's end, or one in its place that ends sooner."""
    person = known(turn)
    if len(rows) != 1:
        return await _list(rows, desk, person)
    row = rows[0]
    mode = WindowMode(row.mode)
    _demand(person, mode)
    longer = read_duration(text) if _BY.search(plain(text)) and _LONGER.search(plain(text)) else None
    span = span_said(desk, person, text)
    if longer is None and span is None:
        raise CannotAnswer("Until when? For example “extend it by 30 minutes”, or “until Wednesday”.")
    end = row.ends + longer if longer is not None else (span.end if span else row.ends)
    if end > row.ends:
        return await _make(turn, desk, mode, row.ends, end, reason_or_words(text))
    starts = max(row.starts, desk.now)
    await do_now(turn, desk, close_window(row.id, mode, reason_or_words(text)))
    return await _make(turn, desk, mode, starts, end, reason_or_words(text))


async def _close(turn: Turn, desk: Desk, rows: list[WindowRow], reason: str) -> Reply:
    if not rows:
        return Reply(text="No such window is open or to come, so there is nothing to end.")
    open_now = [row for row in rows if row.starts <= desk.now]
    rows = open_now if len(open_now) == 1 else rows
    if len(rows) > 1:
        return await _list(rows, desk, known(turn))
    mode = WindowMode(rows[0].mode)
    _demand(known(turn), mode)
    _, ended = await do_now(turn, desk, close_window(rows[0].id, mode, reason))
    return Reply(
        text=ended.detail, cards=(Card(f"No {mode} window any more", (Text((ended.detail,)),), "good"),)
    )


async def press(turn: Turn, desk: Desk) -> Reply:
    """The button that ends one window early."""
    demand_to_act(known(turn), HANDLER.name, desk)
    pressed = turn.what.subject if isinstance(turn.what, Clicked) else ""
    rows = [row for row in await coming_windows(desk.tx, desk.now) if row.id == pressed]
    return await _close(turn, desk, rows, "Pressed “End it early”.")


def _demand(person: Person, mode: WindowMode) -> None:
    allowed = may_open(person.roles, mode)
    if isinstance(allowed, Refused):
        who = listed(allowed.who_may, "or")
        raise CannotAnswer(f"{allowed.why} The {mode} window is opened and ended by the {who}.")


async def _list(rows: list[WindowRow], desk: Desk, person: Person) -> Reply:
    if not rows:
        return Reply(text="No window is open or to come; the ordinary rules hold.")
    names = await names_of_people(desk.tx)
    items = tuple(
        (
            Bold(f"{row.mode} ({'open now' if row.starts <= desk.now else 'to come'})"),
            ": ",
            Moment(row.starts),
            " until ",
            Moment(last_minute(row.ends, person.time_zone)),
            f", by {names[row.opened_by]}. {_MEANING[WindowMode(row.mode)].capitalize()}.",
        )
        for row in rows
    )
    buttons = tuple(Button(f"End: {row.mode}", "close_window", row.id) for row in rows)
    said = "; ".join(
        f"{row.mode} {'is open' if row.starts <= desk.now else f'from {moment_text(row.starts, person)}'}"
        f" until {until_text(row.ends, person)}"
        for row in rows
    )
    return Reply(text=f"{said}.", cards=(Card("Windows", (Bullets(items), Buttons(buttons))),))


async def reread(turn: Turn, desk: Desk, action: Action, text: str) -> Action | None:
    """The window of another mode or at another time. A day alone keeps the hours, hours alone keep the day."""
    if not isinstance(action, OpenWindow):
        return None
    said, zone = plain(text), ZoneInfo(known(turn).time_zone)
    mode = next((mode for mode, pattern in _MODES if pattern.search(said)), action.mode)
    starts, ends = action.starts, action.ends
    longer = read_duration(text)
    if longer is not None and _EXTRA.search(said):
        ends += longer
    elif (weeks := _weeks_on(said, starts, desk.now, zone)) is not None:
        starts, ends = (_later(at, weeks, zone) for at in (starts, ends))
    elif (moment := read_moment(text, starts, zone.key)) is not None and not _UNTIL.search(said):
        local, was = moment.at.astimezone(zone), starts.astimezone(zone)
        begins = local if _CLOCK.search(said) else local.replace(hour=was.hour, minute=was.minute)
        starts, ends = begins, begins + (longer or ends - starts)
    elif (span := span_said(desk, known(turn), text)) is not None:
        starts, ends = (starts if _UNTIL.search(said) else span.start), span.end
    elif mode is action.mode:
        return None
    return open_window(mode, starts.astimezone(UTC), ends.astimezone(UTC), action.rationale)


def _weeks_on(said: str, starts: datetime, now: datetime, zone: ZoneInfo) -> int | None:
    """How many weeks on “the week after” or “this week, I mean” moves a window that keeps its hours."""
    if _DAY.search(said) or _CLOCK.search(said):
        return None
    if _WEEK_AFTER.search(said):
        return 1
    monday = [
        at.astimezone(zone).date() - timedelta(days=at.astimezone(zone).weekday()) for at in (now, starts)
    ]
    return (monday[0] - monday[1]).days // 7 if _THIS_WEEK.search(said) else None


def _later(at: datetime, weeks: int, zone: ZoneInfo) -> datetime:
    """The same local time so many weeks later, also where the clocks change in between."""
    local = at.astimezone(zone)
    return (local + timedelta(weeks=weeks)).replace(tzinfo=zone)


HANDLER = Handler(
    name="window",
    purpose="Planning, audit, incident or demo mode, with an end",
    example="demo mode for the board meeting tomorrow from 2 to 4 pm",
    group=Group.STOP,
    permission=reads(Role.ENGINEERING_DIRECTOR, Role.COMPLIANCE_OFFICER, Role.SRE_LEAD),
    arguments=("when",),
    answer=answer,
    presses={"close_window": press},
    risk=Risk.DANGEROUS,
    amend=of_effect(reread),
    corrects=frozenset({OpenWindow.type}),
)
