"""Effects as rows: a submitted action from its ruling to its outcome."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, Outcome, Ruling, Subject
from governance.people import Actor
from governance.tables import EffectRow
from storage.database import locked
from storage.jobs import defer

_RULING: TypeAdapter[Ruling] = TypeAdapter(Ruling)
_ACTOR: TypeAdapter[Actor] = TypeAdapter(Actor)
_OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)


class NoSuchEffect(LookupError):
    """No effect has this id."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a submission comes from: its turn, the place that hears of it (as JSON), the run that it is a step
    of."""

    turn: str | None = None
    place: dict[str, Any] | None = None
    run: str | None = None


def new_row(
    action: Action,
    subject: Subject,
    actor: Actor,
    ruling: Ruling,
    state: str,
    origin: Origin,
    at: datetime,
    *,
    cost: Decimal,
) -> EffectRow:
    """A row for a freshly ruled action. `cost` is what was established, and what counts as spending."""
    return EffectRow(
        id=f"ef_{secrets.token_hex(8)}",
        action_type=action.type,
        decision_type=action.decision_type,
        body=action.body(),
        digest=action.digest(),
        actor=_ACTOR.dump_python(actor, mode="json"),
        requester=actor.requester,
        process=subject.process,
        service=subject.service,
        plan=subject.plan,
        cost=cost,
        state=state,
        ruling=_RULING.dump_python(ruling, mode="json"),
        turn=origin.turn,
        place=origin.place,
        run=origin.run,
        created=at,
    )


async def wake_owner(tx: AsyncSession, row: EffectRow) -> bool:
    """Let the plan or run go on that this effect is a step of. Returns whether it is one of any."""
    turn = {"turn": row.turn} if row.turn else {}
    if row.run is not None:
        await defer(tx, "advance_run", {"run": row.run} | turn, lock=f"run:{row.run}")
    elif row.plan is not None:
        await defer(tx, "advance_plan", {"plan": row.plan} | turn, lock=f"plan:{row.plan}")
    return row.plan is not None or row.run is not None


async def effect_for_update(tx: AsyncSession, effect: str) -> EffectRow:
    """An effect's row, locked until `tx` ends. Raises NoSuchEffect."""
    row = (await tx.execute(locked(select(EffectRow).where(EffectRow.id == effect)))).scalar()
    if row is None:
        raise NoSuchEffect(effect)
    return row


async def effects_of(tx: AsyncSession, approval: str, *, lock: bool = False) -> list[EffectRow]:
    """The effects that an approval is about, in their order, locked until `tx` ends if asked."""
    query = select(EffectRow).where(EffectRow.approval == approval).order_by(EffectRow.position)
    return list((await tx.execute(locked(query) if lock else query)).scalars())


async def queue_effect(tx: AsyncSession, row: EffectRow) -> None:
    """Queue the job that performs an effect, for when `tx` commits."""
    args = {"effect": row.id} | ({"turn": row.turn} if row.turn else {})
    await defer(tx, "perform", args, lock=f"effect:{row.id}", priority=5, slow=True)


def ruling_of(row: EffectRow) -> Ruling:
    """The ruling that a row holds."""
    return _RULING.validate_python(row.ruling)


def ruling_to_json(ruling: Ruling) -> dict[str, Any]:
    """A ruling as JSON values."""
    dumped: dict[str, Any] = _RULING.dump_python(ruling, mode="json")
    return dumped


def actor_of(row: EffectRow) -> Actor:
    """The actor who submitted a row."""
    return _ACTOR.validate_python(row.actor)


def outcome_to_json(outcome: Outcome) -> dict[str, Any]:
    """An outcome as JSON values."""
    dumped: dict[str, Any] = _OUTCOME.dump_python(outcome, mode="json")
    return dumped


def outcome_of(row: EffectRow) -> Outcome | None:
    """How a finished row ended; None while it has not."""
    return None if row.outcome is None else _OUTCOME.validate_python(row.outcome)
