"""`authority`: who may decide what, why something was ruled so, and changing the policy."""

from __future__ import annotations

import re

from governance.approvals.store import open_approvals, state_of
from governance.authority.policy import Policy
from governance.authority.rows import Column
from governance.effects import ruling_of
from governance.people import Role
from governance.permissions import KNOWN
from governance.tables import ApprovalRow, EffectRow
from handlers.conversation.approval_card import approval_reply, how_it_ended, needed
from handlers.conversation.cards import Card, Reply, Small, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler
from handlers.conversation.origin import known
from handlers.conversation.submitting import ask_for_approval
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import names_of_people
from handlers.language.labels import read_environment, read_role
from handlers.language.words import plain
from handlers.office.audit_log.finding import (
    decision_meant,
    decision_named,
    from_topic,
    from_words,
    speaks_of_it,
)
from handlers.office.authority.matrix_card import column_reply, matrix_reply, own_requests_reply, row_reply
from handlers.office.authority.rights import override_reply, permission_reply, role_reply, roles_reply
from handlers.office.matrix_change import change_form_reply, changed_by, ruling_policy, trial_reply

_PROPOSERS = frozenset({Role.ENGINEERING_DIRECTOR, Role.COMPLIANCE_OFFICER})
_WHY = re.compile(r"\bwhy\b|\bexplain (?:that|this|the) ruling\b|\bhow come\b")
_CHANGE = re.compile(
    r"\b(?:propose|raise|lower|tighten|loosen|relax|what if|simulate|try|test)\b|^(?:please )?change\b"
    r"|\b(?:to|let'?s|want|would like) (?:to )?change\b"
)
_QUESTION = re.compile(r"^(?:who|which|whose|is|are|am|can|may|do|does|how many)\b")
_COUNTERSIGN = re.compile(r"\bcountersign\b")
_OWN = re.compile(r"\bown (?:\w+ )?(?:requests?|proposals?|changes?|plans?|work)\b|\beach other\b")
_WHO_DECIDES_IT = re.compile(r"\bwho\b.*\b(?:approv\w*|decid\w*|sign\w*)(?: off)?(?: on)? (?:this|that|it)\b")
_ROW_WRITTEN = re.compile(r"^\s*-?\s*decision:", re.MULTILINE)
_ROLES = re.compile(r"\b(?:what|which) roles\b|\broles exist\b|\ball roles\b|\brole overview\b")
_OF_A_ROLE = re.compile(
    r"\bwhat (?:can|may|is|are|does|powers?)\b.*\b(?:do|allowed|permissions?|powers?|rights?|have|may)\b"
    r"|\bpermissions?\b"
)
_COLUMNS = (
    (
        re.compile(
            r"\b(?:humans?|people|persons?) only\b|\bonly (?:for )?(?:humans|people)\b|\bfor humans only\b"
        ),
        Column.PEOPLE_ONLY,
    ),
    (
        re.compile(
            r"\bwithout (?:asking|approval)\b|\bby themselves\b|\bautomatic\w*\b|\balone\b|\bon their own\b"
        ),
        Column.AUTO,
    ),
    (re.compile(r"\b(?:what|which)\b.*\bneeds? approval\b"), Column.APPROVAL),
)


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """A row, an override, a role, a ruling, a change, or the whole matrix."""
    policy = await ruling_policy(desk)
    said = plain(asked.text)
    if _ROW_WRITTEN.search(asked.text):
        return await _written(turn, asked.text, policy, desk)
    if _WHY.search(said) or _WHO_DECIDES_IT.search(said):
        return await _why(asked.text, policy, desk)
    if _COUNTERSIGN.search(said):
        return await _waiting_changes(desk)
    if _CHANGE.search(said) and not _QUESTION.search(said):
        return await _change(turn, asked.text, policy, desk)
    return await _read(asked.text, policy, desk)


async def _change(turn: Turn, text: str, policy: Policy, desk: Desk) -> Reply:
    _demand_proposer(turn)
    decision = decision_meant(text, policy)
    if decision in (None, "policy_change"):
        raise CannotAnswer(
            "Which rule shall change? Name it: “change the rule for rollbacks”. I show it as it stands, you"
            " write it anew, and I try it on the last quarter before anybody votes."
        )
    return await change_form_reply(desk, policy, decision)


async def _waiting_changes(desk: Desk) -> Reply:
    for row, _ in await open_approvals(desk.tx):
        if row.decision_type == "policy_change":
            desk.memory.about(approval=row.id)
            return await approval_reply(desk, row)
    return Reply(text="No change of the policy waits for anybody's vote.")


async def _read(text: str, policy: Policy, desk: Desk) -> Reply:
    said = plain(text)
    decision = decision_named(text, policy)
    role = read_role(text)
    if _ROLES.search(said):
        return roles_reply()
    if role is not None and _OF_A_ROLE.search(said) and decision in (None, "role_change"):
        return role_reply(role)
    if _OWN.search(said) and decision is None:
        return own_requests_reply(policy)
    if (overrides := await override_reply(desk, said)) is not None:
        return overrides
    if decision is not None:
        return await row_reply(desk, policy, policy.rows[decision], read_environment(text))
    for pattern, column in _COLUMNS:
        if pattern.search(said):
            return column_reply(policy, column)
    if (permission := permission_reply(text)) is not None:
        return permission
    likely = decision_meant(text, policy)
    if likely is not None and _QUESTION.search(said):
        return await row_reply(desk, policy, policy.rows[likely], read_environment(text))
    return matrix_reply(policy)


async def _why(text: str, policy: Policy, desk: Desk) -> Reply:
    """The ruling on what is meant: by which rule, and what it would take."""
    about = await from_topic(desk) if speaks_of_it(text) or "approval" in plain(text) else None
    about = about or await from_words(desk, text, policy) or await from_topic(desk)
    if about is None:
        raise CannotAnswer(
            "I do not know which ruling you mean: nothing was ruled on in this thread. Ask in its thread, or"
            " name the decision (“who approves production deployments?”)."
        )
    if isinstance(about, ApprovalRow):
        return await _why_approval(about, desk)
    return await _why_effect(about, desk)


async def _why_effect(row: EffectRow, desk: Desk) -> Reply:
    ruling = ruling_of(row)
    summary = desk.gate.registry.decode(row.body).described(await names_of_people(desk.tx))
    verdict = ruling.verdict.value.replace("_", " ")
    held = f" It is held back now: {row.held}" if row.held else ""
    text = f"“{summary}” was ruled “{verdict}”: {ruling.why}{held}"
    small = Small((f"Rule {ruling.rule}, policy {ruling.policy_version}.",))
    return Reply(text=text, cards=(Card(f"Why: {summary}", (Text((ruling.why + held,)), small)),))


async def _why_approval(row: ApprovalRow, desk: Desk) -> Reply:
    names = await names_of_people(desk.tx)
    state = state_of(row)
    ended = await how_it_ended(desk.tx, state, names)
    why = str(row.ruling["why"])
    small = Small((f"Rule {row.ruling['rule']}, policy {row.ruling['policy_version']}.",))
    takes = f"It takes {needed(state.terms.slots)}."
    return Reply(
        text=f"“{row.title}” needed approval: {why} {takes} {ended}",
        cards=(Card(f"Why: {row.title}", (Text((f"{why} {takes}",)), Text((ended,)), small)),),
    )


async def _written(turn: Turn, text: str, policy: Policy, desk: Desk) -> Reply:
    """A row written into the message itself, tried at once."""
    _demand_proposer(turn)
    start = _ROW_WRITTEN.search(text)
    name = re.search(r"^\s*name:\s*(?P<name>\w+)\s*$", text, re.MULTILINE)
    if start is None or name is None or name["name"] not in policy.rows:
        raise CannotAnswer("Write the whole row, with its `decision:` and `name:` as they stand in the policy.")
    row = text[start.start() :].strip("\n` ")
    return await trial_reply(desk, name["name"], row, "")


async def change_row(turn: Turn, desk: Desk) -> Reply:
    """The button that opens a row for changing."""
    _demand_proposer(turn)
    return await change_form_reply(desk, await ruling_policy(desk), _pressed(turn).subject)


async def try_row(turn: Turn, desk: Desk) -> Reply:
    """A row written anew in the form: tried, not proposed."""
    _demand_proposer(turn)
    pressed = _pressed(turn)
    return await trial_reply(desk, pressed.subject, _value(pressed, "row"), _value(pressed, "reason"))


async def propose_row(turn: Turn, desk: Desk) -> Reply:
    """Put a row written anew to the vote of director and compliance officer."""
    _demand_proposer(turn)
    pressed = _pressed(turn)
    action = await changed_by(desk, pressed.subject, _value(pressed, "row"), _value(pressed, "reason"))
    return await ask_for_approval(turn, desk, action)


def _demand_proposer(turn: Turn) -> None:
    if not known(turn).holds(*_PROPOSERS):
        raise CannotAnswer(
            "The engineering director proposes changes of the policy, and the compliance officer countersigns"
            " them. You may read it: ask for the authority matrix."
        )


def _pressed(turn: Turn) -> Clicked:
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    return turn.what


def _value(pressed: Clicked, name: str) -> str:
    value = pressed.values.get(name, "")
    return value if isinstance(value, str) else " ".join(value)


HANDLER = Handler(
    name="authority",
    purpose="Who may decide what, and changing those rules",
    example="Who can approve production deployments?",
    group=Group.DECIDE,
    permission=KNOWN,
    answer=answer,
    presses={"change_row": change_row, "try_row": try_row, "propose_row": propose_row},
)
