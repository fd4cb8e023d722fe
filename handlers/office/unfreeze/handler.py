"""`unfreeze`: a freeze ends, by whoever may lift it."""

from __future__ import annotations

import re

from governance.actions.freezing import describe, lift_freeze
from governance.overrides.authority import may_unfreeze
from governance.overrides.rows import freeze_of, standing_rows
from governance.people import Role
from governance.permissions import Refused, acts
from governance.standing import Freeze, FreezeKind
from governance.tables import OverrideRow
from handlers.conversation.cards import Bold, Bullets, Button, Buttons, Card, Moment, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known
from handlers.conversation.reasons import reason_or_words, split_reason
from handlers.conversation.subjects import service_meant
from handlers.conversation.submitting import do_now
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import listed, names_of_people
from handlers.language.words import plain

_DEPLOYMENTS = re.compile(r"\bdeploy\w*|\breleas\w*|\bproduction\b|\bprod\b")
_PLAN = re.compile(r"\bplan\b|\bfeature\b|\bepic\b")
_EVERYTHING = re.compile(r"\beverything\b|\ball freezes\b")


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Lift the one freeze that is meant; in doubt, list what stands."""
    rows = [row for row in await standing_rows(desk.tx, "freeze") if not row.expires or row.expires > desk.now]
    if not rows:
        return Reply(text="Nothing is frozen.")
    meant = await _meant(split_reason(asked.words("what"))[0], rows, desk)
    if len(meant) != 1:
        return await _list(meant or rows, desk)
    return await _lift(turn, desk, meant[0], reason_or_words(asked.text))


async def _meant(text: str, rows: list[OverrideRow], desk: Desk) -> list[OverrideRow]:
    said = plain(text)
    if _PLAN.search(said):
        return [row for row in rows if row.scope == FreezeKind.PLAN.value]
    service = await service_meant(desk, text)
    if service is not None:
        return [row for row in rows if row.subject == service]
    if _DEPLOYMENTS.search(said):
        return [row for row in rows if row.scope == FreezeKind.DEPLOYMENTS.value]
    if _EVERYTHING.search(said):
        return [row for row in rows if row.scope == FreezeKind.EVERYTHING.value]
    return rows


async def press(turn: Turn, desk: Desk) -> Reply:
    """The button that lifts one freeze."""
    pressed = turn.what.subject if isinstance(turn.what, Clicked) else ""
    for row in await standing_rows(desk.tx, "freeze"):
        if row.id == pressed:
            return await _lift(turn, desk, row, "Pressed “Lift the freeze”.")
    return Reply(text="That freeze does not stand any more.")


async def _lift(turn: Turn, desk: Desk, row: OverrideRow, reason: str) -> Reply:
    person = known(turn)
    freeze = freeze_of(row)
    what = describe(freeze.kind, freeze.scope)
    allowed = may_unfreeze(person.roles, freeze)
    if isinstance(allowed, Refused):
        by = (await names_of_people(desk.tx))[row.made_by]
        raise CannotAnswer(
            f"{by} froze {what} as {freeze.by_role.label} ({freeze.reason}); lifting it takes the"
            f" {listed(allowed.who_may, 'or')}."
        )
    _, ended = await do_now(turn, desk, lift_freeze(row.id, what, reason))
    return Reply(
        text=ended.detail, cards=(Card(f"No longer frozen: {what}", (Text((ended.detail,)),), "good"),)
    )


async def _list(rows: list[OverrideRow], desk: Desk) -> Reply:
    names = await names_of_people(desk.tx)
    freezes: list[Freeze] = [freeze_of(row) for row in rows]
    items = tuple(
        (Bold(describe(one.kind, one.scope)), f", frozen by {names[one.by]} ({one.reason}) ", Moment(one.since))
        for one in freezes
    )
    buttons = tuple(
        Button(f"Lift: {describe(one.kind, one.scope)}", "lift_freeze", row.id)
        for row, one in zip(rows, freezes, strict=True)
    )
    said = "; ".join(f"{describe(one.kind, one.scope)} by {names[one.by]} ({one.reason})" for one in freezes)
    return Reply(text=f"Frozen: {said}.", cards=(Card("What is frozen", (Bullets(items), Buttons(buttons))),))


HANDLER = Handler(
    name="unfreeze",
    purpose="Lift a freeze",
    example="lift the deployment freeze",
    group=Group.STOP,
    permission=acts(Role.COMPLIANCE_OFFICER, Role.SRE_LEAD),
    arguments=("what",),
    answer=answer,
    presses={"lift_freeze": press},
    risk=Risk.DANGEROUS,
)
