"""A person's own digests: setting them, ending them, pausing them, quiet hours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from governance.people import Person
from governance.tables import IdentityRow
from handlers.conversation.cards import Button, Buttons, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.times import moment_said
from handlers.conversation.wording import capital
from handlers.language.calendar_words import in_calendar_words
from handlers.language.durations import read_length
from handlers.language.words import plain
from handlers.office.digests.changes import change_quiet_hours, change_settings
from handlers.office.digests.parse import Wish
from handlers.office.digests.quiet_hours import quiet_hours_of
from handlers.office.digests.render import SHOW, changed_reply, quiet_reply, setting_text, settings_reply
from handlers.office.digests.settings import (
    SCHEDULED,
    DigestKind,
    Recipient,
    Setting,
    kind_text,
    recipient_for,
    why_not,
)
from handlers.office.digests.settings_form import demand_known_on, quiet_hours

_AWAY = re.compile(r"\b(?:vacation|holidays?|on leave|away|out of office|pto)\b")
_UNTIL = re.compile(r"\buntil\b.*")
_ZONE = re.compile(r"\btime ?zone\b")

_SUMMARIES = (DigestKind.DAILY, DigestKind.WEEKLY)


async def set_own(desk: Desk, person: Person, wish: Wish, text: str) -> Reply:
    """Turn on, with what was said of when and where. Raises CannotAnswer."""
    if _ZONE.search(plain(text)) and wish.zone is None:
        raise CannotAnswer(
            "Which time zone? Say it as a city or by its name: “use Europe/Dublin for my digest”."
        )
    recipient = await recipient_for(desk.tx, desk.department, person, desk.now)
    kinds = _kinds_to_set(wish, recipient.settings)
    if not kinds or (wish.changes and not wish.kinds and not wish.is_about_when):
        return await settings_reply(desk, person)
    for kind in kinds:
        if (why := why_not(kind, person)) is not None:
            raise CannotAnswer(why)
    if wish.platforms:
        demand_known_on(wish.platforms, await known_on(desk, person))
    new = [with_wish(recipient.settings[kind], wish) for kind in kinds]
    return await _hold(desk, person, recipient, new)


def with_wish(setting: Setting, wish: Wish) -> Setting:
    """The setting, switched on, with what was said; the weekly one comes on some day of the week."""
    keeps_days = wish.days is None or (setting.kind is DigestKind.WEEKLY and not wish.days)
    return replace(
        setting,
        is_on=True,
        paused_until=None,
        at=setting.at if wish.at is None else wish.at,
        days=setting.days if keeps_days or wish.days is None else wish.days,
        time_zone=wish.zone or setting.time_zone,
        platforms=setting.platforms if wish.platforms is None else wish.platforms,
    )


async def end_own(desk: Desk, person: Person, wish: Wish, text: str) -> Reply:
    """Turn off. On days away nothing is sent anyway, so for those nothing is turned off."""
    if _AWAY.search(plain(text)):
        return _while_away(desk, person)
    recipient = await recipient_for(desk.tx, desk.department, person, desk.now)
    kinds = _kinds_to_end(wish, recipient.settings)
    new = [replace(recipient.settings[kind], is_on=False, paused_until=None) for kind in kinds]
    if not kinds:
        return Reply(text="You get no summaries, so there is nothing to turn off.")
    rest = ""
    if not wish.kinds and recipient.settings[DigestKind.BLOCKERS].is_on:
        rest = "Blocker alerts stay on; “turn off blocker alerts” ends those too."
    return await _hold(desk, person, recipient, new, rest)


async def pause_own(desk: Desk, person: Person, wish: Wish, text: str) -> Reply:
    """Not before a day that is said. Without one it is turned off."""
    until = _until(desk, person, text)
    if until is None:
        return await end_own(desk, person, wish, text)
    recipient = await recipient_for(desk.tx, desk.department, person, desk.now)
    kinds = _kinds_to_end(replace(wish, days=None), recipient.settings)
    on = [kind for kind in kinds if recipient.settings[kind].is_on]
    if not on:
        return Reply(text="You get no such summaries, so there is nothing to pause.")
    return await _hold(
        desk, person, recipient, [replace(recipient.settings[k], paused_until=until) for k in on]
    )


async def set_quiet(desk: Desk, person: Person, wish: Wish) -> Reply:
    """Quiet hours, none, or what comes through them. Raises CannotAnswer."""
    recipient = await recipient_for(desk.tx, desk.department, person, desk.now)
    standing = (await quiet_hours_of(desk.tx, [person])).get(person.id)
    if wish.act == "quiet":
        if wish.hours is None:
            raise CannotAnswer("From when to when? For example “quiet hours 20:00 to 7:00”.")
        zone = wish.zone or (standing.zone if standing else person.time_zone)
        pierce = standing is not None and standing.blockers_pierce
        new = quiet_hours(wish.hours, zone, blockers_pierce=pierce)
    elif standing is None:
        return Reply(text="You have no quiet hours. “Quiet hours 20:00 to 7:00” sets some.")
    elif wish.act == "no_quiet":
        new = None
    else:
        new = replace(standing, blockers_pierce=wish.act == "pierce")
    if new == standing:
        return Reply(text="That is so already; nothing was changed.")
    change = await change_quiet_hours(desk.tx, recipient, new, person)
    desk.memory.about(digest_change=change)
    return quiet_reply(new, change)


async def known_on(desk: Desk, person: Person) -> frozenset[str]:
    """The platforms that a person's identities are on."""
    query = select(IdentityRow.identity).where(IdentityRow.person == person.id)
    return frozenset(identity.partition(":")[0] for identity in (await desk.tx.execute(query)).scalars())


async def _hold(desk: Desk, person: Person, recipient: Recipient, new: list[Setting], rest: str = "") -> Reply:
    kinds = [setting.kind for setting in new]
    if all(setting == recipient.settings[setting.kind] for setting in new):
        said = "; ".join(
            f"{kind_text(kind, recipient)}: {setting_text(recipient.settings[kind], recipient, desk.now)}"
            for kind in kinds
        )
        text = f"It is so already. {capital(said)}."
        show = Buttons((Button("Show me my digest now", SHOW, person.id),))
        return Reply(text=text, cards=(Card("So it is", (Text((text,)), show)),))
    change = await change_settings(desk.tx, recipient, new, person, desk.now)
    desk.memory.about(digest_change=change)
    now = await recipient_for(desk.tx, desk.department, person, desk.now)
    return changed_reply(desk, now, kinds, change, rest)


def _while_away(desk: Desk, person: Person) -> Reply:
    entry = next((known for known in desk.department.people if known.id == person.id), None)
    coming = [one for one in (entry.away if entry else ()) if one.until >= desk.now.date()]
    known = (
        f" It has you away from {coming[0].since} to {coming[0].until}."
        if coming
        else " It has no absence of yours to come; until it does, say “pause my digest until 7 January”."
    )
    return Reply(
        text="On holidays and on days on which the calendar has you away nothing is sent, and the next summary"
        f" covers them, so I changed nothing.{known}"
    )


def _until(desk: Desk, person: Person, text: str) -> datetime | None:
    """The day or moment that is said; None if none is. Raises CannotAnswer for one that cannot be read."""
    said, now = in_calendar_words(text), desk.now
    found = _UNTIL.search(said)
    if found is not None:
        moment = moment_said(desk, person, found[0])
        at = None if moment is None else moment.at
        if at is not None and at <= now and re.search(r"day\b", found[0]):
            at += timedelta(days=7)  # said on a Monday, "until Monday" is a week away
        if at is None or at <= now:
            raise CannotAnswer("Until when? For example “pause my digest until Monday”. Nothing was changed.")
        return at
    length = read_length(said) if re.search(r"\bfor\b", said) else None
    return None if length is None else length.after(now, person.time_zone)


def _kinds_to_set(wish: Wish, settings: Mapping[DigestKind, Setting]) -> tuple[DigestKind, ...]:
    """The kinds that a wish to set something is about.

    Without a word of which: where and in which time zone concerns all that somebody gets; days alone
    those that come on several; one day of the week makes a weekly one; everything else the daily one, or
    the only one that there is to change.
    """
    if wish.kinds:
        return wish.kinds
    on = [kind for kind in DigestKind if settings[kind].is_on]
    if wish.at is None and wish.days is None and (wish.zone or wish.platforms is not None):
        return tuple(on) or (DigestKind.DAILY,)
    if wish.at is None and wish.days is not None and len(wish.days) != 1:
        return tuple(kind for kind in on if kind in (DigestKind.DAILY, DigestKind.APPROVALS))
    summaries = [kind for kind in _SUMMARIES if settings[kind].is_on]
    if wish.changes and len(summaries) == 1:
        return tuple(summaries)
    weekly = wish.days is not None and len(wish.days) == 1
    return (DigestKind.WEEKLY if weekly else DigestKind.DAILY,)


def _kinds_to_end(wish: Wish, settings: Mapping[DigestKind, Setting]) -> tuple[DigestKind, ...]:
    """The kinds that somebody does not want any more, or not now: those named, those of the day that is
    said, or all that come at a time. Blocker alerts end when they are named."""
    if wish.kinds:
        return wish.kinds
    on = [kind for kind in SCHEDULED if settings[kind].is_on]
    of_that_day = [kind for kind in on if wish.days and settings[kind].days == wish.days]
    return tuple(of_that_day or on)
