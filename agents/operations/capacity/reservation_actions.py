"""Reserving capacity: decided by people, priced by code, and kept as a record.

Scaling ahead is no reservation, and no platform here sells one. So what is done is to keep the decision, with
its price and its source, for whoever buys it; the answer says so.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.capacity.tables import ReservationRow
from agents.operations.load_testing.load_test_run import passed
from governance.action import Action, Grant, Outcome, OutcomeState, Subject
from governance.authority.vocabulary import Given
from governance.department_rows import read_department
from governance.people import Actor
from governance.registry import ActionSpec, EffectFailed
from integrations.deployments.actions import MOST_REPLICAS, Name
from integrations.looked import looked
from integrations.prices import Prices, Unit, UnitPrice
from storage.database import tenant_of
from storage.look import Away, look_of

MOST_HOURS = 5 * 8_760


class ReserveCapacity(Action):
    """Reserve replicas of a service for so many hours, which are paid for whether they are used or not. `price`
    is of one replica for an hour, as `priced` has it. Where `load_test` names a run, it is reserved only if
    that load test passed."""

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

    def summary(self) -> str:
        replicas = f"{self.units} more replica{'' if self.units == 1 else 's'}"
        return f"Reserve {replicas} of {self.service} for {self.hours:,} hours from {self.starts:%Y-%m-%d} on"


def specs(prices: Callable[[str], Prices]) -> tuple[ActionSpec, ...]:
    """Every action on reservations, for the gate's registry; `prices` are a tenant's."""

    async def reserved_price(service: str, tx: AsyncSession) -> UnitPrice:
        port = looked("prices", prices(tenant_of(tx)), look_of(tx))
        try:
            price = await port.price(Unit.REPLICA_HOUR, service)
        except Away as away:
            raise LookupError(str(away)) from away
        currency = (await read_department(tx)).currency
        if price.currency != currency:
            raise LookupError(f"its price is in {price.currency}, the department reckons in {currency}")
        return price

    async def costs(action: ReserveCapacity, _actor: Actor, tx: AsyncSession) -> Decimal:
        """By the price list of now, never by what the action says."""
        price = await reserved_price(action.service, tx)
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


async def _reserve(action: ReserveCapacity, _grant: Grant, tx: AsyncSession) -> Outcome:
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
        )
    )
    done = f"{action.summary()}: recorded as {id}. No platform here sells capacity, so nothing was bought yet."
    return Outcome(OutcomeState.DONE, done, id)


def _subject(action: ReserveCapacity) -> Subject:
    return Subject("reservations", service=action.service, decides=action.summary())
