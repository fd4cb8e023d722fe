"""The approval card: who asks for what exactly, what it means, who decides, until when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, Slot
from governance.approvals.counting import is_covered, missing
from governance.approvals.decision import ApprovalState, Status, Vote
from governance.approvals.grounds import speech
from governance.approvals.store import state_of
from governance.authority.condition_words import Speech, in_words
from governance.directory import holders
from governance.effects import effects_of
from governance.facts import Fact, Source
from governance.people import Role
from governance.tables import ApprovalRow, InterventionRow
from handlers.conversation.cards import (
    Block,
    Bold,
    Bullets,
    Button,
    Buttons,
    Card,
    Code,
    Fields,
    Form,
    Inline,
    Input,
    Moment,
    Reply,
    Small,
    Text,
    Tone,
)
from handlers.conversation.desk import Desk
from handlers.conversation.details import approval_details_of
from handlers.conversation.wording import listed, moment_text, names_of_people, role_labels

_TONES: Mapping[Status, Tone] = {
    Status.OPEN: "waiting",
    Status.APPROVED: "good",
    Status.DENIED: "bad",
}

DECIDING = ("approve", "deny")
"""The verbs of the buttons that decide on an approval."""

_NAMED = 6
"""Of more people than these, only the roles are said."""


async def approval_reply(desk: Desk, row: ApprovalRow, *, lead: str = "") -> Reply:
    """The card of an approval as it stands now, keyed by its id: posting it again edits it everywhere."""
    state = state_of(row)
    names = await names_of_people(desk.tx)
    effects = await effects_of(desk.tx, row.id)
    actions = [desk.gate.registry.decode(effect.body) for effect in effects]
    cost = sum((effect.cost for effect in effects), Decimal(0))
    details = await approval_details_of(desk, row, actions)
    facts = (*_facts(cost, [action.described(names) for action in actions], desk, row), *details.facts)
    blocks: list[Block] = [Text((lead,))] if lead else []
    blocks += [_asked_by(row, names), _actions(actions, names), *_parts(actions, cost), *details.blocks]
    who = needed(missing(state)) + await deciders_text(desk, state, row.requester)
    blocks += await given_votes(desk, state)
    ended = "" if state.status is Status.OPEN else await how_it_ended(desk.tx, state, names)
    blocks += _where_it_stands(state, who, ended)
    if state.status is Status.OPEN:
        blocks.append(Buttons((*decision_buttons(row.id), *details.buttons)))
    blocks.append(_recorded(row))
    title = f"{_TITLES[state.status]}: {row.title}"
    tone = _TONES.get(state.status, "plain")
    card = Card(title, tuple(blocks), tone)
    return Reply(text=_text(row, state, names, who, ended), cards=(card,), facts=facts, key=row.id)


def decision_buttons(approval: str) -> tuple[Button, Button]:
    """Approve and Deny. Denying asks for a reason, which the requester reads."""
    why = Form(
        title="Deny",
        submit="Deny it",
        inputs=(Input("reason", "Why not, for the person who asked", "text", required=False),),
    )
    return Button("Approve", "approve", approval, "primary"), Button("Deny", "deny", approval, "danger", why)


def needed(slots: Sequence[Slot]) -> str:
    """Whose votes are needed, in words: `the engineering director and the compliance officer`."""
    parts = [f"the {role_labels(slot.roles)}" for slot in slots]
    if len(parts) > 1 and len(set(parts)) == 1:
        return f"{len(parts)} people, each {role_labels(slots[0].roles)}"
    return listed(parts)


async def how_it_ended(tx: AsyncSession, state: ApprovalState, names: Mapping[str, str]) -> str:
    """A closed approval in one sentence, with the reason that was given for denying it."""
    by = names[state.decided_by] if state.decided_by else "somebody"
    match state.status:
        case Status.APPROVED:
            return f"Approved by {listed(names[vote.ballot.voter] for vote in state.votes)}."
        case Status.DENIED:
            reason = await _denied_because(tx, state.id)
            return f"Denied by {by}{f': “{reason}”' if reason else ''}. Nothing was done."
        case Status.EXPIRED:
            return "Expired: nobody decided in time, so nothing was done. Ask again to propose it anew."
        case Status.SUPERSEDED:
            return "Superseded by a newer proposal; this one is not carried out."
        case Status.WITHDRAWN:
            return f"Taken back by {by}; nothing was done."
        case Status.OPEN:
            return f"Still needed: {needed(missing(state))}."


async def _denied_because(tx: AsyncSession, approval: str) -> str:
    """What whoever denied it wrote, for the person who asked; empty where they wrote nothing."""
    denied = select(InterventionRow.reason).where(
        InterventionRow.kind == "denied", InterventionRow.subject == approval
    )
    return " ".join(((await tx.execute(denied.limit(1))).scalar() or "").split())


_TITLES = {
    Status.OPEN: "Waiting for approval",
    Status.APPROVED: "Approved",
    Status.DENIED: "Denied",
    Status.EXPIRED: "Expired",
    Status.SUPERSEDED: "Superseded",
    Status.WITHDRAWN: "Taken back",
}


def _asked_by(row: ApprovalRow, names: Mapping[str, str]) -> Text:
    actor = row.actor
    if row.requester is None:
        return Text((Bold(actor["id"]), " asks by itself, for nobody in particular."))
    if actor["kind"] == "agent":
        return Text(
            (
                Bold(f"The {actor['id'].replace('_', ' ')} agent"),
                " asks on behalf of ",
                Bold(names[row.requester]),
                ".",
            )
        )
    return Text((Bold(names[row.requester]), " asks for this:"))


def _actions(actions: Sequence[Action], names: Mapping[str, str]) -> Bullets:
    items: tuple[tuple[Inline, ...], ...] = tuple((action.described(names),) for action in actions)
    return Bullets(items, numbered=len(actions) > 1)


def _parts(actions: Sequence[Action], cost: Decimal) -> list[Block]:
    """Why, what it means, how it is taken back; said once where all actions say the same."""
    said: list[tuple[str, str]] = []
    for label, name in (("Why", "rationale"), ("Impact", "impact"), ("Rollback plan", "rollback_plan")):
        texts = dict.fromkeys(str(getattr(action, name)) for action in actions)
        said.append((label, " ".join(texts)))
    said.append(("Cost", f"${cost:,.2f}" if cost else "none"))
    return [Fields(tuple(said))]


async def given_votes(desk: Desk, state: ApprovalState) -> list[Block]:
    """Who approved it when and on what conditions, and whose word these waited for."""
    if not state.votes and not state.consents:
        return []
    said = await speech(desk.tx)
    names = await names_of_people(desk.tx)
    given = [
        (Bold(names[vote.ballot.voter]), " approved ", Moment(vote.at), _on_condition(vote, said))
        for vote in state.votes
    ]
    given += [
        (
            Bold(names[vote.ballot.voter]),
            " said yes " if vote.choice == "approve" else " said no ",
            Moment(vote.at),
            "",
        )
        for vote in state.consents
    ]
    return [Bullets(tuple(given))]


def _where_it_stands(state: ApprovalState, who: str, ended: str) -> list[Block]:
    blocks: list[Block] = []
    if ended:
        blocks.append(Text((ended,)))
        return blocks
    if is_covered(state):
        waits = "It waits for a condition. Who may decide now, without it: "
    else:
        waits = "Who decides: "
    never = "" if state.terms.requester_may_vote else "; never the requester"
    blocks.append(
        Text(
            (
                waits,
                Bold(who),
                f"{never}; until ",
                Moment(state.deadlines.expires),
                ". Without a decision by then nothing happens.",
            )
        )
    )
    return blocks


def _on_condition(vote: Vote, said: Speech) -> str:
    if not vote.conditions:
        return ""
    words = f", if {' and '.join(in_words(condition, said) for condition in vote.conditions)}"
    return words + _STANDS[vote.stands]


_STANDS = {
    "counts": "",
    "waits": " (which is not so yet)",
    "void": " (which is not so: the vote does not count)",
}


def _recorded(row: ApprovalRow) -> Small:
    return Small((Code(row.id), f" · binds exactly these actions (SHA-256 {row.digest[:12]}…)"))


def _facts(cost: Decimal, what: Sequence[str], desk: Desk, row: ApprovalRow) -> tuple[Fact, ...]:
    if not cost:
        return ()
    source = Source("computation", "the sum of what was established for these actions", tuple(what))
    return (Fact(f"{row.id}.cost", "Cost", cost, desk.department.currency, row.opened, source),)


def _text(row: ApprovalRow, state: ApprovalState, names: Mapping[str, str], deciders: str, ended: str) -> str:
    if ended:
        return f"{row.title}: {ended}"
    who = names[row.requester] if row.requester else row.actor["id"]
    until = moment_text(state.deadlines.expires, None)
    return f"{who} asks: {row.title}. To decide: {deciders}, until {until}."


async def deciders_text(desk: Desk, state: ApprovalState, requester: str | None) -> str:
    """` (David Lindqvist or Priya Ramaswell)`: who holds a role whose vote is missing, and may still vote."""
    roles = {Role(role) for slot in missing(state) for role in slot.roles}
    out = {vote.ballot.voter for vote in state.votes if vote.stands == "counts"}
    if requester is not None and not state.terms.requester_may_vote:
        out.add(requester)
    names = [person.name for person in await holders(desk.tx, roles) if person.id not in out]
    return f" ({listed(names, 'or')})" if 0 < len(names) <= _NAMED else ""
