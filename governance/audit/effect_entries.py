"""The two entries of an effect, made from what the gate holds: intent before it, outcome after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from governance.action import Action, Outcome, Ruling
from governance.audit.entries import ApprovalChain, EffectEntry, EntryKind, Measure, VoteCast
from governance.people import Actor


def chain_of(ruling: Ruling, approval: str | None = None, votes: Iterable[VoteCast] = ()) -> ApprovalChain:
    """The approval chain: what the matrix said, and who then voted."""
    return ApprovalChain(
        rule=ruling.rule,
        policy_version=ruling.policy_version,
        verdict=ruling.verdict,
        approval=approval,
        votes=tuple(votes),
    )


def intent(
    action: Action,
    actor: Actor,
    effect: str,
    chain: ApprovalChain,
    *,
    cost: Decimal,
    subject: str | None = None,
    turn: str | None = None,
    at: datetime | None = None,
) -> EffectEntry:
    """What is about to be done. `effect` is its row's id, and the outcome's entry carries the same. `cost` is
    what was established, in the department's currency."""
    return EffectEntry(
        kind=EntryKind.INTENT,
        details=action.body(),
        measures={Measure.COST: cost},
        **_parts(action, actor, effect, chain, subject, turn, at),
    )


def outcome(
    action: Action,
    actor: Actor,
    effect: str,
    chain: ApprovalChain,
    ended: Outcome,
    *,
    cost: Decimal,
    subject: str | None = None,
    turn: str | None = None,
    at: datetime | None = None,
    measures: Mapping[Measure, Decimal | int | str] | None = None,
) -> EffectEntry:
    """How it ended. `measures` adds to cost and state, such as the seconds that an agent was busy."""
    return EffectEntry(
        kind=EntryKind.OUTCOME,
        details={"state": ended.state, "detail": ended.detail, "reference": ended.reference},
        measures={Measure.COST: cost, Measure.OUTCOME: ended.state.value, **(measures or {})},
        **_parts(action, actor, effect, chain, subject, turn, at),
    )


def _parts(
    action: Action,
    actor: Actor,
    effect: str,
    chain: ApprovalChain,
    subject: str | None,
    turn: str | None,
    at: datetime | None,
) -> dict[str, Any]:
    return {
        "type": action.type,
        "actor": actor,
        "at": at or datetime.now(UTC),
        "effect": effect,
        "subject": subject,
        "turn": turn,
        "rationale": action.rationale,
        "approvals": chain,
        "impact": action.impact,
        "rollback_plan": action.rollback_plan,
        "artifacts": (*action.artifacts, f"action:sha256:{action.digest()}"),
    }
