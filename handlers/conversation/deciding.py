"""Deciding: a vote from a click or from written words, and what the voter is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from governance.approvals.asking import informed
from governance.approvals.counting import Facts, missing, told
from governance.approvals.decision import (
    AlreadyDecided,
    Answer,
    Approved,
    Conditional,
    Consented,
    Denied,
    Expired,
    Reason,
    Recorded,
    Refused,
    Superseded,
)
from governance.approvals.grounds import speech
from governance.approvals.store import NoSuchApproval, approval_row, state_of
from governance.approvals.voting import Cast, TamperedApproval, vote
from governance.authority.condition_words import Speech
from governance.authority.conditions import Condition, Term, comparisons
from governance.authority.vocabulary import ALL_FACTS, Amount, Reading, Unestablished
from governance.tables import ApprovalRow
from handlers.conversation.approval_card import needed
from handlers.conversation.cards import Button, Buttons, Card, Reply, Text, Tone
from handlers.conversation.conditions import condition_of, conditions_text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import known
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import listed, moment_text, names_of_people, quoted, role_labels
from storage.notices import notify


async def decide_on(
    turn: Turn,
    desk: Desk,
    approval: str,
    choice: Literal["approve", "deny"],
    *,
    words: str | None = None,
    reason: str | None = None,
    conditions: tuple[Term, ...] = (),
    notifications: tuple[str, ...] = (),
) -> Reply:
    """Cast this person's vote, and say what became of it. Every click gets an answer.

    The approval's cards, in its thread and with everybody who was asked, are edited by notices: to show
    the vote, or without buttons once it is closed. Raises CannotAnswer for an approval that is not there,
    NotOrdered in a turn that orders nothing.
    """
    person = known(turn)
    try:
        title = (await approval_row(desk.tx, approval)).title
        desk.demand_order(f"{choice} {quoted(title)}")
        cast = await vote(
            desk.tx,
            desk.gate,
            approval,
            person=person,
            identity=turn.identity,
            choice=choice,
            turn=turn.id,
            words=words,
            reason=reason,
            conditions=conditions,
            notifications=notifications,
        )
    except NoSuchApproval:
        raise CannotAnswer(no_such_approval(approval)) from None
    except TamperedApproval:
        raise CannotAnswer(
            "What is stored is not what was put to the vote, so nothing is carried out."
            " Tell the compliance officer."
        ) from None
    desk.memory.about(approval=approval)
    if isinstance(cast.answer, Recorded | Conditional | Consented):
        ids = {"approval": approval, "key": approval}
        await notify(desk.tx, "approval_requested", ids, place=cast.row.place, people=informed(cast.row))
    return await _reply(turn, desk, cast)


async def press_with_condition(turn: Turn, desk: Desk) -> Reply:
    """The button “Yes, with that”: an approval under the condition that it shows."""
    approval, condition = condition_of(_clicked(turn).subject)
    said = conditions_text((condition,), await speech(desk.tx))
    words = f"Pressed “Yes, with that”: if {said}."
    return await decide_on(turn, desk, approval, "approve", words=words, conditions=(condition,))


async def press_leave_open(turn: Turn, desk: Desk) -> Reply:
    """The button “No” under a question: nothing is decided."""
    try:
        row = await approval_row(desk.tx, _clicked(turn).subject)
    except NoSuchApproval:
        raise CannotAnswer(no_such_approval(_clicked(turn).subject)) from None
    stays = f"{quoted(row.title)} stays as it is; say the condition in other words, or decide it."
    text = f"Nothing is decided. {stays}"
    return Reply(text=text, aside=turn.identity)


def no_such_approval(approval: str) -> str:
    """For an id that is nothing here, whoever made it up."""
    return f"There is no approval {approval}. Ask “what waits for me?” for the open ones."


async def _reply(turn: Turn, desk: Desk, cast: Cast) -> Reply:
    names = await names_of_people(desk.tx)
    text = said(cast.answer, cast.row, turn, names)
    blocks: list[Text | Buttons] = []
    if cast.conditions:
        text = f"{text} {_on_conditions(cast, await speech(desk.tx))}"
    if isinstance(cast.answer, Conditional):
        without = Button("Approve without it", "approve", cast.row.id)
        blocks.append(Buttons((without, Button("Deny", "deny", cast.row.id, "danger"))))
    missed = isinstance(turn.what, Clicked) and not isinstance(
        cast.answer, Approved | Recorded | Conditional | Consented | Denied
    )
    tone = _TONES.get(type(cast.answer), "plain")
    card = Card(_TITLES[type(cast.answer)], (Text((text,)), *blocks), tone)
    return Reply(text=text, cards=(card,), aside=turn.identity if missed else None)


def said(answer: Answer, row: ApprovalRow, turn: Turn, names: Mapping[str, str]) -> str:
    """What the voter is told, and the next step."""
    match answer:
        case Approved(by):
            others = listed(names[voter] for voter in by if turn.person is None or voter != turn.person.id)
            who = f"You and {others}" if others else "You"
            return f"{who} approved {quoted(row.title)}. It is being carried out; its thread hears how it ends."
        case Recorded(still):
            return f"Your approval of {quoted(row.title)} counts. Still needed: {needed(still)}."
        case Conditional(stands, still):
            return _conditional(stands == "void", f" Besides it needs {needed(still)}." if still else "", row)
        case Consented(choice):
            word = "yes" if choice == "approve" else "no"
            return f"Your {word} to {quoted(row.title)} is noted: somebody's approval waited for it."
        case Denied():
            return f"You denied {quoted(row.title)}. Nothing is done, and whoever asked is told."
        case Refused():
            return _refused(answer, row)
        case AlreadyDecided(status, by, at):
            who = names[by] if by else "somebody"
            when = f", {moment_text(at, turn.person)}" if at else ""
            return f"{quoted(row.title)} was already {status.value} by {who}{when}. Your vote changed nothing."
        case Expired(at):
            return (
                f"{quoted(row.title)} expired {moment_text(at, turn.person)}, so your vote changed nothing."
                " Whoever asked can ask again."
            )
        case Superseded(by):
            newer = f" ({by})" if by else ""
            return f"{quoted(row.title)} was superseded by a newer proposal{newer}; decide on that one."


def _conditional(void: bool, besides: str, row: ApprovalRow) -> str:
    title = quoted(row.title)
    if void:
        why = "is kept with its condition, which does not hold: nothing is carried out."
        return f"Your approval of {title} {why}{besides}"
    return (
        f"Your approval of {title} is kept with its condition: nothing is carried out before it holds.{besides}"
    )


def _on_conditions(cast: Cast, speech: Speech) -> str:
    """What the condition became, how it stands by what is known, and what can be done meanwhile."""
    found = told(cast.conditions, cast.facts)
    words = conditions_text(cast.conditions, speech)
    if not isinstance(cast.answer, Conditional | Recorded | Approved):
        return ""
    if found.now is True:
        return f"The condition holds now: {words}."
    known = _known_now(cast.conditions, cast.facts, speech)
    text = f"The condition: {words}.{f' Now: {known}.' if known else ''}"
    if found.now is False and found.settled:
        return f"{text} That does not change by waiting: approve it without, have it changed, or deny it."
    return f"{text} I look again every minute; until then it can be approved without it, denied or taken back."


def _known_now(terms: tuple[Term, ...], facts: Facts, speech: Speech) -> str:
    """What is known of each fact that conditions speak of: `it takes 320 agent-hours; not known yet: tests`."""
    atoms = {atom.key: atom for term in terms for atom in comparisons(term)}
    readings: Mapping[str, Reading] = facts[0] if facts else {}
    parts = [_known(atom, readings.get(key), speech) for key, atom in atoms.items()]
    return "; ".join(dict.fromkeys(part for part in parts if part))


def _known(atom: Condition, reading: Reading | None, speech: Speech) -> str:
    kind = ALL_FACTS[atom.fact]
    match reading:
        case Amount():
            amount = (
                f"${reading.least:,.2f}".removesuffix(".00") if kind.kind == "money" else f"{reading.least:,f}"
            )
            return kind.yes.format(of=atom.of, value=amount)
        case datetime():
            return f"it is {moment_text(reading, None, speech.zone)}"
        case frozenset() if kind.kind in ("yes_no", "one_of"):
            pattern = kind.no if reading == {"false"} else kind.yes
            values = " or ".join(
                sorted(value.capitalize() if atom.fact == "weekday" else value for value in reading)
            )
            of = speech.names.get(atom.of, atom.of)
            return " ".join(pattern.format(of=of, where="", value=values).split())
        case Unestablished(why):
            return f"{kind.meaning}: {why}"
    if atom.fact in ("approved_by", "denied_by"):
        return f"{speech.names.get(atom.of, atom.of)} has not answered yet"
    return f"not known yet: {kind.meaning}"


def _refused(refused: Refused, row: ApprovalRow) -> str:
    who = role_labels(refused.who_may)
    match refused.reason:
        case Reason.REQUESTER:
            why = f"You asked for {quoted(row.title)} yourself, so your own vote does not count."
        case Reason.FOR_THE_REQUESTER:
            why = f"You would vote for the person who asked for {quoted(row.title)}, and that does not count."
        case Reason.VOTED_BEFORE:
            return f"You have approved {quoted(row.title)} already. Still needed: {_needed_now(row)}."
        case Reason.NO_ROLE:
            why = f"Your roles do not decide on {quoted(row.title)}."
    return f"{why} It takes the {who}."


def _needed_now(row: ApprovalRow) -> str:
    return needed(missing(state_of(row)))


def _clicked(turn: Turn) -> Clicked:
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    return turn.what


_TITLES: Mapping[type, str] = {
    Approved: "Approved",
    Recorded: "Your vote counts",
    Conditional: "Your vote waits for its condition",
    Consented: "Noted",
    Denied: "Denied",
    Refused: "Your vote does not count",
    AlreadyDecided: "Already decided",
    Expired: "Expired",
    Superseded: "Superseded",
}
_TONES: Mapping[type, Tone] = {
    Approved: "good",
    Recorded: "waiting",
    Conditional: "waiting",
    Consented: "good",
    Denied: "bad",
    Refused: "warning",
}
