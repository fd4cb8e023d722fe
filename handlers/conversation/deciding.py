"""Deciding: a vote from a click or from written words, and what the voter is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from governance.approvals.asking import informed
from governance.approvals.decision import (
    AlreadyDecided,
    Answer,
    Approved,
    Denied,
    Expired,
    Reason,
    Recorded,
    Refused,
    Superseded,
)
from governance.approvals.store import NoSuchApproval, state_of
from governance.approvals.voting import TamperedApproval, vote
from governance.authority.conditions import Condition
from governance.tables import ApprovalRow
from handlers.conversation.approval_card import missing, needed
from handlers.conversation.cards import Card, Reply, Text, Tone
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
    conditions: tuple[Condition, ...] = (),
    notifications: tuple[str, ...] = (),
) -> Reply:
    """Cast this person's vote, and say what became of it. Every click gets an answer.

    The approval's cards, in its thread and with everybody who was asked, are edited by notices: to show
    the vote, or without buttons once it is closed. Raises CannotAnswer for an approval that is not there.
    """
    person = known(turn)
    try:
        cast = await vote(
            desk.tx,
            desk.gate,
            approval,
            person=person,
            identity=turn.identity,
            choice=choice,
            turn=turn.id,
            words=words,
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
    if isinstance(cast.answer, Recorded):
        ids = {"approval": approval, "key": approval}
        await notify(desk.tx, "approval_requested", ids, place=cast.row.place, people=informed(cast.row))
    names = await names_of_people(desk.tx)
    text = said(cast.answer, cast.row, turn, names)
    tone = _TONES.get(type(cast.answer), "plain")
    missed = isinstance(turn.what, Clicked) and not isinstance(cast.answer, Approved | Recorded | Denied)
    card = Card(_TITLES[type(cast.answer)], (Text((text,)),), tone)
    return Reply(text=text, cards=(card,), aside=turn.identity if missed else None)


def no_such_approval(approval: str) -> str:
    """For an id that is nothing here, whoever made it up."""
    return f"There is no approval {approval}. Ask “what waits for me?” for the open ones."


def said(answer: Answer, row: ApprovalRow, turn: Turn, names: Mapping[str, str]) -> str:
    """What the voter is told, and the next step."""
    match answer:
        case Approved(by):
            others = listed(names[voter] for voter in by if turn.person is None or voter != turn.person.id)
            who = f"You and {others}" if others else "You"
            return f"{who} approved {quoted(row.title)}. It is being carried out; its thread hears how it ends."
        case Recorded(still):
            return f"Your approval of {quoted(row.title)} counts. Still needed: {needed(still)}."
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


_TITLES: Mapping[type, str] = {
    Approved: "Approved",
    Recorded: "Your vote counts",
    Denied: "Denied",
    Refused: "Your vote does not count",
    AlreadyDecided: "Already decided",
    Expired: "Expired",
    Superseded: "Superseded",
}
_TONES: Mapping[type, Tone] = {Approved: "good", Recorded: "waiting", Denied: "bad", Refused: "warning"}
