"""`delegate`: somebody decides for me until then, or no longer."""

from __future__ import annotations

import re

from governance.action import Action
from governance.actions.delegation import (
    CannotDelegate,
    Delegate,
    check_delegation,
    delegate,
    delegations_of,
    end_delegation,
)
from governance.people import Person
from governance.permissions import VOTERS, Permission
from handlers.conversation.amending import of_effect
from handlers.conversation.cards import Bold, Button, Buttons, Card, Moment, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known
from handlers.conversation.reasons import reason_in
from handlers.conversation.subjects import demand_whole_name, people_named
from handlers.conversation.submitting import do_now
from handlers.conversation.times import calendar_for, span_said, spans_said
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import last_minute, moment_text, names_of_people, until_text
from handlers.language.dates import read_moment
from handlers.language.periods import Period
from handlers.language.spans import read_span
from handlers.language.words import plain
from storage.notices import notify

_BACK = re.compile(r"\b(?:cancel|stop|end|revoke|withdraw)\b|\btake\b.*\bback\b")
_IS_BACK = re.compile(r"\bi'?m back\b(?: on\b)?")
_TODAY = re.compile(r"\b(?:all day|the whole day|the rest of the day)\b")
_ANOTHERS = re.compile(r"\b(?!\w*\bmy\b)\w+'s (?:decisions?|votes?|approvals?|sign-?offs?)\b")
_UNTIL_ONLY = re.compile(r"\b(?:until|till?|bis|hasta|jusqu\w*)\b")
_BEGINS = re.compile(r"\b(?:start\w*|begin\w*|from|ab|desde)\s+(?:on\s+|with\s+)?(?P<when>.+)")
_EXAMPLE = "Say who and until when, for example “Amanda decides for me until Friday”."


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Hand one's votes over for a time, or take them back."""
    person = known(turn)
    said = plain(asked.text)
    named = [one for one in await people_named(desk, asked.words("who")) if one.id != person.id]
    if _BACK.search(said) or (_IS_BACK.search(said) and not named):
        return await _take_back(turn, desk, person, asked.text)
    if len(named) > 1 or _ANOTHERS.search(said):
        raise CannotAnswer(
            f"People hand over their own votes only, by saying so themselves, and to one person. {_EXAMPLE}"
        )
    if not named:
        await demand_whole_name(desk, asked.text, but=(person.id,))
        return await _standing(desk, person)
    deputy = named[0]
    spoken = _IS_BACK.sub(" ", plain(asked.words("when")))
    spans = spans_said(desk, person, spoken) or (
        spans_said(desk, person, "today") if _TODAY.search(said) else ()
    )
    if not spans:
        raise CannotAnswer(f"Until when shall {deputy.name} decide for you? {_EXAMPLE}")
    reason = reason_in(asked.text) or "Asked for in chat."
    actions = [await _checked(desk, person, deputy, span, reason) for span in spans]  # all, before the first
    replies = [await _hand_over(turn, desk, deputy, action) for action in actions]
    cards = tuple(card for reply in replies for card in reply.cards)
    return Reply(text=" ".join(reply.text for reply in replies), cards=cards)


async def _checked(desk: Desk, person: Person, deputy: Person, span: Period, reason: str) -> Delegate:
    try:
        action = delegate(person.id, deputy.id, span.start, span.end, reason)
        await check_delegation(desk.tx, action, desk.now)
    except ValueError:
        raise CannotAnswer(
            "A delegation lasts at most 30 days. Say an earlier end; it can be renewed."
        ) from None
    except CannotDelegate as cannot:
        raise CannotAnswer(str(cannot)) from None
    return action


async def _hand_over(turn: Turn, desk: Desk, deputy: Person, action: Delegate) -> Reply:
    person, starts, ends = known(turn), action.starts, action.ends
    _, ended = await do_now(turn, desk, action)
    ids = {"delegation": ended.reference, "key": ended.reference}
    await notify(desk.tx, "delegated", ids, people=(deputy.id,), turn=turn.id)
    begins = "" if starts <= desk.now else f" from {moment_text(starts, person)}"
    text = f"{deputy.name} decides for you{begins} until {until_text(ends, person)}, and was told."
    last = Moment(last_minute(ends, person.time_zone))
    card = Card(
        f"{deputy.name} decides for you",
        (
            Text((Bold(deputy.name), f" votes in your place{begins} until ", last, ".")),
            Text(("You can still vote; the two of you fill one vote between you.",)),
            Buttons((Button("Take my votes back", "end_delegation", ended.reference or ""),)),
        ),
        "good",
    )
    return Reply(text=text, cards=(card,))


async def _take_back(turn: Turn, desk: Desk, person: Person, text: str) -> Reply:
    rows = await delegations_of(desk.tx, person.id, desk.now)
    named = {one.id for one in await people_named(desk, text)} - {person.id}
    meant = [row for row in rows if row.to_person in named] if named else rows
    if not meant:
        return Reply(text="Nobody decides for you, so there is nothing to take back.")
    for row in meant:
        await do_now(turn, desk, end_delegation(row, "Taken back in chat."))
    names = await names_of_people(desk.tx)
    return Reply(text=f"You decide for yourself again; {names[meant[0].to_person]} no longer does.")


async def _standing(desk: Desk, person: Person) -> Reply:
    rows = await delegations_of(desk.tx, person.id, desk.now)
    if not rows:
        return Reply(text=f"Nobody decides for you at present. {_EXAMPLE}")
    names = await names_of_people(desk.tx)
    said = "; ".join(f"{names[row.to_person]} until {until_text(row.ends, person)}" for row in rows)
    buttons = tuple(Button(f"Take back from {names[row.to_person]}", "end_delegation", row.id) for row in rows)
    return Reply(
        text=f"Your votes: {said}.", cards=(Card("Who decides for you", (Text((said,)), Buttons(buttons))),)
    )


async def press_end(turn: Turn, desk: Desk) -> Reply:
    """The button that takes one's votes back."""
    person = known(turn)
    pressed = turn.what.subject if isinstance(turn.what, Clicked) else ""
    rows = [row for row in await delegations_of(desk.tx, person.id, desk.now) if row.id == pressed]
    if not rows:
        return Reply(text="That delegation is not yours, or has ended already.")
    await do_now(turn, desk, end_delegation(rows[0], "Pressed “Take my votes back”."))
    names = await names_of_people(desk.tx)
    return Reply(text=f"You decide for yourself again; {names[rows[0].to_person]} no longer does.")


async def reread(turn: Turn, desk: Desk, action: Action, text: str) -> Action | None:
    """The delegation to somebody else, or for another time: what begins only moves its start."""
    if not isinstance(action, Delegate):
        return None
    named = [one for one in await people_named(desk, text) if one.id != action.from_person]
    zone = known(turn).time_zone
    starts, ends = action.starts, action.ends
    if (span := span_said(desk, known(turn), text)) is not None:
        until_only = _UNTIL_ONLY.search(plain(text)) is not None
        if until_only and span.end <= starts:  # “then till Thursday” is the one after it starts
            span = read_span(text, starts, zone, calendar_for(desk, known(turn))) or span
        starts, ends = (min(starts, span.end) if until_only else span.start, span.end)
    elif (begins := _BEGINS.search(plain(text))) and (moment := read_moment(begins["when"], desk.now, zone)):
        starts = moment.at
    elif len(named) != 1:
        return None
    deputy = named[0].id if len(named) == 1 else action.to_person
    try:
        return delegate(action.from_person, deputy, max(starts, desk.now), ends, action.rationale)
    except ValueError:
        raise CannotAnswer("A delegation ends after it starts, and lasts at most 30 days.") from None


HANDLER = Handler(
    name="delegate",
    purpose="Let somebody decide for you for a while",
    example="Amanda decides for me until Friday",
    group=Group.DECIDE,
    permission=Permission(VOTERS),
    arguments=("who", "when"),
    answer=answer,
    presses={"end_delegation": press_end},
    risk=Risk.ACTS,
    amend=of_effect(reread),
    corrects=frozenset({Delegate.type}),
)
