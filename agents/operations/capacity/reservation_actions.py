"""Reserving capacity: decided by people, priced by code, and kept as a record.

Scaling ahead is no reservation, and no platform here sells one. So what is done is to keep the decision, with
its price and its source, for the person who buys it; the answer says so.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.capacity.kept_plans import kept_plan, reserved_since
from agents.operations.capacity.tables import ReservationRow
from agents.operations.load_testing.load_test_run import passed
from governance.action import Action, Grant, Outcome, OutcomeState, Subject
from governance.authority.vocabulary import Given
from governance.people import Actor
from governance.registry import ActionSpec, EffectFailed
from integrations.deployments.actions import MOST_REPLICAS, Name
from integrations.prices import Prices, Unit
from integrations.prices.costs import replica_price

MOST_HOURS = 5 * 8_760


class ReserveCapacity(Action):
    """Reserve replicas of a service for so many hours, which are paid for whether they are used or not. `price`
    is of one replica for an hour, as `priced` has it. Where `load_test` names a run, it is reserved only if
    that load test passed. `plan` is what it follows, None only where that was not kept yet: once something was
    reserved by it or beside it, it is void."""

    type = "capacity.reserve"
    decision_type = "reservation"

    service: Name
    unit: Literal[Unit.REPLICA_HOUR]
    units: Annotated[int, Field(ge=1, le=MOST_REPLICAS)]
    starts: AwareDatetime
    hours: Annotated[int, Field(ge=1, le=MOST_HOURS)]
    price: Annotated[Decimal, Field(ge=0)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    priced: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    load_test: Annotated[str, StringConstraints(pattern=r"^rn_[0-9a-f]{12}$")] | None = None
    plan: Annotated[str, StringConstraints(pattern=r"^cp_[0-9a-f]{12}$")] | None = None

    def summary(self) -> str:
        replicas = f"{self.units} more replica{'' if self.units == 1 else 's'}"
        return f"Reserve {replicas} of {self.service} for {self.hours:,} hours from {self.starts:%Y-%m-%d} on"


def specs(prices: Callable[[str], Prices]) -> tuple[ActionSpec, ...]:
    """Every action on reservations, for the gate's registry; `prices` are a tenant's."""

    async def costs(action: ReserveCapacity, _actor: Actor, tx: AsyncSession) -> Decimal:
        """By the price list of now, never by what the action says."""
        price = await replica_price(prices, action.service, tx)
        if price.reserved is None:
            raise LookupError(f"the price list has no reserved price of a {action.unit}")
        return price.reserved.price * action.units * action.hours

    return (
        ActionSpec(
            ReserveCapacity,
            _subject,
            change=_reserve,
            establish=_load_test_passed,
            establishes=("load_test_passed",),
            costs=costs,
        ),
    )


async def _load_test_passed(action: ReserveCapacity, _actor: Actor, tx: AsyncSession) -> Mapping[str, Given]:
    if action.load_test is None:
        raise LookupError("no load test was asked for")
    return {"load_test_passed": await passed(tx, action.load_test, action.service)}


async def _reserve(action: ReserveCapacity, grant: Grant, tx: AsyncSession) -> Outcome:
    await _demand_still_missing(action, grant, tx)
    if action.load_test is not None and not await passed(tx, action.load_test, action.service):
        raise EffectFailed("The load test that was to pass first did not, so nothing was reserved.")
    id = f"rv_{secrets.token_hex(5)}"
    tx.add(
        ReservationRow(
            id=id,
            service=action.service,
            unit=action.unit.value,
            units=action.units,
            starts=action.starts,
            hours=action.hours,
            price=action.price,
            currency=action.currency,
            priced=action.priced,
            load_test=action.load_test,
            plan=action.plan,
        )
    )
    done = f"{action.summary()}: recorded as {id}. No platform here sells capacity, so nothing was bought yet."
    return Outcome(OutcomeState.DONE, done, id)


async def _demand_still_missing(action: ReserveCapacity, grant: Grant, tx: AsyncSession) -> None:
    if action.starts + timedelta(hours=action.hours) <= grant.minted_at:
        raise EffectFailed("The time that it was to be for is over, so nothing was reserved.")
    plan = None if action.plan is None else await kept_plan(tx, action.plan)
    if plan is not None and (other := await reserved_since(tx, plan, lock=True)) is not None:
        raise EffectFailed(f"Since that plan was made {other} was reserved, so nothing was reserved again.")


def _subject(action: ReserveCapacity) -> Subject:
    return Subject("reservations", service=action.service, decides=action.summary())
