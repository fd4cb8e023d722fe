"""Which effect or approval somebody means: "that", "the last production deployment", "the dashboard plan"."""

from __future__ import annotations

import re

from sqlalchemy import ColumnElement, select

from governance.approvals.decision import Status
from governance.approvals.store import NoSuchApproval, approval_row
from governance.authority.policy import Policy
from governance.tables import ApprovalRow, EffectRow
from handlers.conversation.desk import Desk
from handlers.language.kinds import Thing
from handlers.language.labels import read_environment
from handlers.language.matching import Ambiguous, Resolved, find, find_all
from handlers.language.words import plain

_IT = re.compile(r"\b(that|this|it|those|these)\b(?! \w*(?:deployment|plan|story|change|release))")

_ALSO_CALLED = {
    "deployments": ("deployment", "deploy", "deployed", "release", "released", "rollout", "shipped", "hotfix"),
    "rollbacks": ("rollback", "rolled back", "roll back"),
    "story_creation": ("story", "stories", "ticket"),
    "plan_execution": ("plan", "epic", "feature"),
    "role_change": ("role", "roles", "promotion"),
    "identity_link": ("identity", "account link"),
    "policy_change": ("policy", "policy change", "rule change"),
    "resource_scaling": ("scaling", "scale", "scaled", "replicas", "spend"),
    "code_changes": ("code change", "merge", "breaking change", "breaking changes"),
    "architecture_changes": ("architecture change", "architecture"),
    "security_patches": ("security patch", "patch"),
    "customer_communications": (
        "customer message",
        "customer messages",
        "customer mail",
        "customer communication",
        "talk to customers",
        "write to customers",
    ),
    "team_assignments": ("assignment", "team assignment", "assign people"),
    "compliance_reports": ("compliance report",),
    "priority_change": ("priority", "priorities", "prioritisation"),
    "window": ("window", "planning mode", "demo mode"),
    "override": ("override", "halt", "freeze", "emergency"),
    "scheduling": ("schedule", "scheduling"),
    "reservation": ("reservation",),
}


def decision_named(text: str, policy: Policy) -> str | None:
    """The decision type that a message calls by its title or another whole name of it."""
    named = [thing.id for thing in find_all(text, _things(policy))]
    # "A policy change: rollbacks without approval" is about rollbacks.
    return next((name for name in named if name != "policy_change"), named[0] if named else None)


def decision_meant(text: str, policy: Policy) -> str | None:
    """The decision type that a message calls by a name, or by a part or misspelling of one."""
    named = decision_named(text, policy)
    if named is not None:
        return named
    found = find(text, _things(policy))
    if isinstance(found, Resolved):
        return found.thing.id
    return found.candidates[0].id if isinstance(found, Ambiguous) else None


def _things(policy: Policy) -> tuple[Thing, ...]:
    return tuple(Thing(row.name, row.title, _ALSO_CALLED.get(row.name, ())) for row in policy.rows.values())


async def from_topic(desk: Desk) -> EffectRow | ApprovalRow | None:
    """What "it" is in this thread: the last approval, plan or effect that was spoken of.

    Of a plan it is what was decided last, for a plan asks for the next thing by itself, seconds after it was
    approved.
    """
    topic = desk.memory.topic
    if "approval" in topic:
        try:
            return await approval_row(desk.tx, topic["approval"])
        except NoSuchApproval:
            return None
    if "plan" in topic:
        decided = await _decided_of(desk, topic["plan"])
        if decided is not None:
            return decided
        found = await _newest(desk, EffectRow.plan == topic["plan"], EffectRow.approval.is_not(None))
        if found is not None:
            return found
    return await _newest(desk, EffectRow.id == topic["effect"]) if "effect" in topic else None


async def from_words(desk: Desk, text: str, policy: Policy) -> EffectRow | ApprovalRow | None:
    """The newest thing of the decision type, environment, service and title that were named."""
    by_title = await _by_title(desk, text)
    if by_title is not None:
        return by_title
    decision = decision_meant(text, policy)
    if decision is None:
        return None
    conditions = [EffectRow.decision_type == decision, EffectRow.state.not_in(("refused", "left_to_people"))]
    environment = read_environment(text)
    if environment is not None:
        conditions.append(EffectRow.body["environment"].astext == environment)
    named = find(text, await _services_on_record(desk))
    if isinstance(named, Resolved):
        conditions.append(EffectRow.service == named.thing.id)
    return await _newest(desk, *conditions)


def speaks_of_it(text: str) -> bool:
    """Whether a message points back instead of naming something."""
    return _IT.search(plain(text)) is not None


async def newest_denied(desk: Desk, requester: str | None) -> ApprovalRow | None:
    """The newest approval that was denied, of one person's requests or of all."""
    query = select(ApprovalRow).where(ApprovalRow.status == Status.DENIED.value)
    if requester is not None:
        query = query.where(ApprovalRow.requester == requester)
    return (await desk.tx.execute(query.order_by(ApprovalRow.decided.desc()).limit(1))).scalar()


async def service_on_record(desk: Desk, text: str) -> str | None:
    """A service that a message names and that something was done about."""
    named = find_all(text, await _services_on_record(desk))
    return named[0].id if named else None


async def _services_on_record(desk: Desk) -> tuple[Thing, ...]:
    query = select(EffectRow.service).where(EffectRow.service.is_not(None)).distinct()
    return tuple(Thing(service, service) for service in (await desk.tx.execute(query)).scalars() if service)


async def _by_title(desk: Desk, text: str) -> ApprovalRow | None:
    recent = select(ApprovalRow).order_by(ApprovalRow.opened.desc()).limit(200)
    rows = list((await desk.tx.execute(recent)).scalars())
    said = set(plain(text).split())
    telling = [(len(said & _telling(row.title)), row) for row in rows]
    most = max((count for count, _ in telling), default=0)
    return next((row for count, row in telling if count == most), None) if most >= 2 else None


def _telling(title: str) -> set[str]:
    return {word.strip("“”\"'.,:;") for word in plain(title).split() if len(word) > 3}


async def _decided_of(desk: Desk, plan: str) -> ApprovalRow | None:
    of_plan = select(EffectRow.approval).where(EffectRow.plan == plan)
    decided = select(ApprovalRow).where(ApprovalRow.id.in_(of_plan), ApprovalRow.decided.is_not(None))
    return (await desk.tx.execute(decided.order_by(ApprovalRow.decided.desc()).limit(1))).scalar()


async def _newest(desk: Desk, *conditions: ColumnElement[bool]) -> EffectRow | None:
    query = select(EffectRow).where(*conditions).order_by(EffectRow.created.desc()).limit(1)
    return (await desk.tx.execute(query)).scalar()
