"""Changing a row of the policy: written anew in a form, tried against history, then proposed."""

from __future__ import annotations

from datetime import timedelta

from governance.action import Ruling
from governance.actions.policy import CannotChangePolicy, ChangePolicy, propose_policy
from governance.authority.policy import Policy, parse
from governance.policies import active_policy, active_text
from governance.policy_text import row_text, with_row
from governance.policy_trial import Trial, try_policy
from handlers.conversation.approval_card import needed
from handlers.conversation.cards import (
    Block,
    Bullets,
    Button,
    Buttons,
    Card,
    Form,
    Input,
    Moment,
    Quote,
    Reply,
    Small,
    Text,
)
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.wording import counted, names_of_people

HISTORY = timedelta(days=92)
"""How far back a change is tried: a quarter."""

_SHOWN = 10


async def change_form_reply(desk: Desk, policy: Policy, name: str) -> Reply:
    """A row as it stands, to be written anew."""
    row = policy.rows[name]
    written = row_text(await active_text(desk.tx, desk.gate.policy), policy, name)
    fixed = (
        " Its cells are the requirements' own and cannot be changed; votes, expiry and who is asked next can."
        if row.section == "matrix"
        else ""
    )
    blocks: tuple[Block, ...] = (
        Text((f"{row.title}, as it stands. Write it anew, and I try it on the last quarter first.{fixed}",)),
        Quote(written, "authority.yaml"),
        Buttons((Button("Write it anew and try it", "try_row", name, "primary", row_form(written)),)),
    )
    text = f"{row.title} as it stands:\n{written}\nPress the button to write it anew and try it on history."
    return Reply(text=text, cards=(Card(f"Change the rule: {row.title}", blocks),))


def row_form(written: str, reason: str = "", submit: str = "Try it") -> Form:
    """The form in which a row is written anew."""
    return Form(
        title="Change a rule",
        submit=submit,
        inputs=(
            Input("row", "The row", "text", written),
            Input("reason", "Why", "line", reason, hint="Both who approve it read this."),
        ),
    )


async def changed_by(desk: Desk, name: str, row: str, reason: str) -> ChangePolicy:
    """The change that a row written anew makes. Raises CannotAnswer where it cannot rule."""
    policy = await ruling_policy(desk)
    if name not in policy.rows:
        raise CannotAnswer(f"The policy has no row {name}.")
    written = with_row(await active_text(desk.tx, desk.gate.policy), policy, name, row.replace("\r\n", "\n"))
    try:
        return await propose_policy(desk.tx, desk.gate.policy, written, reason or "No reason was given.")
    except CannotChangePolicy as cannot:
        raise CannotAnswer(f"{cannot} Nothing was changed.") from cannot


async def trial_reply(desk: Desk, name: str, row: str, reason: str) -> Reply:
    """What would have been ruled otherwise in the last quarter, and the button that proposes it."""
    action = await changed_by(desk, name, row, reason)
    trial = await try_policy(desk.tx, desk.gate, parse(action.text), desk.now - HISTORY)
    names = await names_of_people(desk.tx)
    blocks: list[Block] = [Bullets(tuple((change,) for change in action.changes))]
    found = f"{len(trial.otherwise)} of {counted(trial.looked_at, 'past action')}"
    text = f"Tried on the last quarter: {found} would have been ruled otherwise. "
    blocks.append(Text((text,)))
    if trial.otherwise:
        blocks.append(
            Bullets(
                tuple(
                    (
                        f"{one.summary} ({names[one.requester] if one.requester else 'by itself'}, ",
                        Moment(one.at),
                        f"): {_said(one.before)} → {_said(one.after)}",
                    )
                    for one in trial.otherwise[:_SHOWN]
                )
            )
        )
    blocks += [Small((_how(trial),)), Buttons((_propose(name, row, reason),))]
    return Reply(
        text=f"{text}{'; '.join(action.changes)}. Press “Propose it” to put it to the vote.",
        cards=(Card("Tried on history", tuple(blocks)),),
    )


async def ruling_policy(desk: Desk) -> Policy:
    """The policy that rules now. Raises CannotAnswer where it cannot be read."""
    policy = await active_policy(desk.tx, desk.gate.policy)
    if not isinstance(policy, Policy):
        raise CannotAnswer(f"The policy cannot be read, so nothing is ruled: {policy}")
    return policy


def _propose(name: str, row: str, reason: str) -> Button:
    return Button("Propose it", "propose_row", name, "primary", row_form(row, reason, "Propose it"))


def _said(ruling: Ruling) -> str:
    verdict = ruling.verdict.value.replace("_", " ")
    return f"{verdict} ({needed(ruling.terms.slots)})" if ruling.terms is not None else verdict


def _how(trial: Trial) -> str:
    more = len(trial.otherwise) - _SHOWN
    rest = f" {more} more are not listed." if more > 0 else ""
    passed = f" {trial.passed_over} could not be read any more." if trial.passed_over else ""
    return (
        "Both policies saw the same: roles and facts as they can be established now, spending as it was then,"
        f" no halt, freeze or window.{rest}{passed}"
    )
