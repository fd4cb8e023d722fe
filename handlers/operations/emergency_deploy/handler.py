"""`emergency_deploy`: the SRE lead goes past an approval, with a reason and a review afterwards."""

from __future__ import annotations

import re

from governance.action import Subject, Verdict
from governance.actions.emergencies import REVIEW_WITHIN, allow_emergency_deployment, deployment_decides
from governance.approvals.decision import Status
from governance.approvals.emergency import go_past
from governance.approvals.store import NoSuchApproval, approval_row, open_approvals, state_of
from governance.effects import effects_of
from governance.overrides.authority import may_deploy_in_emergency
from governance.people import Role
from governance.permissions import Refused, acts
from governance.tables import ApprovalRow
from handlers.conversation.approval_card import needed
from handlers.conversation.cards import Block, Bold, Button, Buttons, Card, Form, Input, Moment, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known
from handlers.conversation.reasons import split_reason
from handlers.conversation.subjects import Unclear, meant_or_none
from handlers.conversation.submitting import do_now
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import listed
from handlers.language.kinds import Thing
from handlers.language.labels import read_version
from handlers.office.matrix_change import ruling_policy
from integrations.pages import Part, everything
from integrations.services import NoSuchService

_DEPLOYMENTS = "deployments"


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Allow it when service, version and reason are said; ask for what is missing."""
    what, reason = split_reason(asked.text)
    if reason is not None and read_version(what) is None and read_version(reason) is not None:
        what, reason = reason, what  # "no time for approval, deploy orders 2.1"
    try:
        found = await meant_or_none(desk, what, "service")
    except Unclear as unclear:
        return await _ask(None, read_version(what), reason, desk, str(unclear))
    service = found.thing if found else None
    version = read_version(_without(service, what))
    if service is None or version is None or reason is None:
        return await _ask(service.id if service else None, version, reason, desk)
    return await _allow(turn, desk, service.id, version, reason)


def _without(service: Thing | None, text: str) -> str:
    """`text` without the service's own name, which may end in what looks like a version."""
    for name in (service.name, service.id) if service else ():
        words = r"[\s_-]+".join(map(re.escape, re.split(r"[\s_-]+", name)))
        text = re.sub(rf"\b{words}\b", " ", text, flags=re.IGNORECASE)
    return text


async def from_form(turn: Turn, desk: Desk) -> Reply:
    """What was missing, filled in."""
    values = {name: str(value).strip() for name, value in _clicked(turn).values.items()}
    if (
        not await _is_service(desk, values.get("service", ""))
        or not values.get("version")
        or not values.get("reason")
    ):
        raise CannotAnswer("An emergency deployment names a service, a version and a reason. Nothing was done.")
    return await _allow(turn, desk, values["service"], values["version"], values["reason"])


async def _is_service(desk: Desk, service: str) -> bool:
    try:
        return (await desk.ports.services.service(service)).id == service
    except NoSuchService:
        return False


async def past_approval(turn: Turn, desk: Desk) -> Reply:
    """The button on a waiting card: exactly what that approval asks for."""
    pressed = _clicked(turn)
    reason = str(pressed.values.get("reason", "")).strip()
    try:
        row = await approval_row(desk.tx, pressed.subject)
    except NoSuchApproval:
        raise CannotAnswer("That approval does not exist any more. Nothing was done.") from None
    if state_of(row).status is not Status.OPEN:
        raise CannotAnswer(f"That approval is {row.status} already, so there is nothing to go past.")
    replies = [
        await _allow(turn, desk, service, version, reason) for service, version in await _asked_for(row, desk)
    ]
    if not replies:
        raise CannotAnswer("That approval is not about a deployment to production.")
    if len(replies) == 1:
        return replies[0]
    cards = tuple(card for reply in replies for card in reply.cards)
    return Reply(text=" ".join(reply.text for reply in replies), cards=cards)


async def _allow(turn: Turn, desk: Desk, service: str, version: str, reason: str) -> Reply:
    person = known(turn)
    allowed = may_deploy_in_emergency(person.roles, reason)
    if isinstance(allowed, Refused):
        raise CannotAnswer(f"{allowed.why} It takes the {listed(allowed.who_may, 'or')}. Nothing was done.")
    decides = deployment_decides(service, version, "production")
    _demand_unfrozen(desk, service, decides)
    action = allow_emergency_deployment(service, version, reason)
    await do_now(turn, desk, action)
    set_going = await _go_past_waiting(turn, desk, decides, reason)
    due = desk.now + REVIEW_WITHIN
    blocks: list[Block] = [
        Text(
            (Bold(decides), " may go without its approval for one hour, by ", Bold(person.name), f": {reason}")
        ),
        Text((f"What this goes past: {await _pierced(desk)}. Freezes and people-only rules still hold.",)),
        Text((_next(set_going),)),
        Text(("A review is due by ", Moment(due), "; the compliance officer sees it if it is missed.")),
    ]
    if not set_going and service in await desk.ports.deployments.services():
        does = f"deploy deploy {service} {version} to production"
        blocks.append(Buttons((Button(f"Deploy {service} {version} now", "ask", does, "danger"),)))
    text = (
        f"{decides} may go without its approval for one hour ({reason}). {_next(set_going)} Review due in 24 h."
    )
    return Reply(text=text, cards=(Card(f"Emergency deployment: {decides}", tuple(blocks), "warning"),))


def _demand_unfrozen(desk: Desk, service: str, decides: str) -> None:
    freeze = desk.standing.freeze_over(Subject(_DEPLOYMENTS, service=service, decides=decides), _DEPLOYMENTS)
    if freeze is not None:
        raise CannotAnswer(
            f"The {freeze.by_role.label} {freeze.name or freeze.by} froze {freeze.describe()} ({freeze.reason})"
            ", and an emergency deployment goes past an approval, not past a freeze. Ask them to lift it;"
            " a rollback to a version that was approved before stays possible."
        )


async def _go_past_waiting(turn: Turn, desk: Desk, decides: str, reason: str) -> list[str]:
    """Set going what waits for approval and would do exactly this; its summaries."""
    going: list[str] = []
    for row, _ in await open_approvals(desk.tx):
        if row.decision_type != _DEPLOYMENTS or decides not in await _decided_by(row, desk):
            continue
        ruled = await go_past(desk.tx, desk.gate, row.id, by=turn.actor, why=reason)
        going += [action.summary() for action, ruling in ruled if ruling.verdict is Verdict.EXECUTE]
    return going


async def _decided_by(row: ApprovalRow, desk: Desk) -> list[str]:
    actions = [desk.gate.registry.decode(effect.body) for effect in await effects_of(desk.tx, row.id)]
    subjects = [desk.gate.registry.spec(action.type).subject(action) for action in actions]
    return [subject.decides for subject in subjects if subject.decides is not None]


async def _asked_for(row: ApprovalRow, desk: Desk) -> list[tuple[str, str]]:
    """Service and version of each production deployment that an approval asks for."""
    if row.decision_type != _DEPLOYMENTS:
        return []
    found: list[tuple[str, str]] = []
    for decides in await _decided_by(row, desk):
        service, _, rest = decides.partition(" ")
        version, _, environment = rest.partition(" to ")
        if environment == "production":
            found.append((service, version))
    return found


async def _pierced(desk: Desk) -> str:
    row = (await ruling_policy(desk)).rows[_DEPLOYMENTS]
    return f"the approval by {needed(row.votes[0].slots)} that a production deployment needs"


def _next(set_going: list[str]) -> str:
    if set_going:
        return f"Set going: {'; '.join(set_going)}."
    return "Deploy it now: here where I know its releases, else with your pipeline. The leave is on record."


async def _ask(
    service: str | None, version: str | None, reason: str | None, desk: Desk, unclear: str | None = None
) -> Reply:
    options = tuple((one.id, one.name) for one in await everything(desk.ports.services.services, Part()))
    form = Form(
        title="Emergency deployment",
        submit="Deploy without approval",
        inputs=(
            Input("service", "Service", "choice", service or "", options),
            Input("version", "Version", "line", version or "", hint="Exactly, as in 2.3.1"),
            Input("reason", "What is broken, and why it cannot wait", "text", reason or ""),
        ),
        intro="This goes past the approval, not past a freeze. A review is due within 24 hours.",
    )
    parts = (("which service", service), ("which version", version), ("the reason", reason))
    lacking = listed(name for name, value in parts if value is None)
    text = unclear or (
        f"Tell me {lacking}, and it goes at once: “emergency deploy of orders 2.3.1, reason: checkout is down”."
    )
    button = Button("Fill in", "emergency_deploy", "", "danger", form)
    return Reply(text=text, cards=(Card("Emergency deployment", (Text((text,)), Buttons((button,)))),))


def _clicked(turn: Turn) -> Clicked:
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    return turn.what


HANDLER = Handler(
    name="emergency_deploy",
    purpose="Deploy past a rule in an emergency, with reason and review",
    example="emergency deploy of payments 2.1.1, checkout is down",
    group=Group.STOP,
    permission=acts(Role.SRE_LEAD),
    answer=answer,
    presses={"emergency_deploy": from_form, "emergency_approval": past_approval},
    risk=Risk.DANGEROUS,
)
