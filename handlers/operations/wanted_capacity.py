"""What is to be reserved: worked out by a capacity plan that is kept, and priced when it is asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.operations.capacity.kept_plans import PLAN_HOLDS, kept_plan, reserved_since
from agents.operations.capacity.reservation_actions import ReserveCapacity
from agents.operations.capacity.reserved_or_on_demand import NotReservable, on_demand_or_reserved
from agents.operations.capacity.tables import CapacityPlanRow
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import known
from handlers.conversation.turn import Turn
from integrations.prices import NoPrice, PricesError, Unit
from storage.look import Away


@dataclass(frozen=True, slots=True)
class Wanted:
    """So many more replicas of a service for so many hours."""

    service: str
    units: int
    since: datetime
    hours: int

    async def action(self, turn: Turn, desk: Desk, plan: str) -> ReserveCapacity:
        """The reservation at today's price, by the plan of this id. Raises CannotAnswer where there is none."""
        try:
            price = await desk.ports.prices.price(Unit.REPLICA_HOUR, self.service)
            offer = on_demand_or_reserved(price, self.units, self.hours)
        except (NoPrice, PricesError, NotReservable, Away) as unknown:
            raise CannotAnswer(f"{unknown} Nothing was reserved.") from unknown
        if price.reserved is None:
            raise CannotAnswer(f"The price list has no reserved price of a {price.unit}. Nothing was reserved.")
        return ReserveCapacity(
            service=self.service,
            unit=Unit.REPLICA_HOUR,
            units=self.units,
            starts=self.since,
            hours=offer.reserved_hours,
            price=price.reserved.price,
            currency=price.currency,
            priced=price.said,
            plan=plan,
            rationale=f"{known(turn).name} wants capacity of {self.service} for what is ahead.",
            impact=(
                f"{offer.reserved:,} {price.currency} for whole terms, used or not; on demand the"
                f" {self.hours:,} hours would be {offer.on_demand:,}. Prices: {price.said}."
                " It is recorded here: no platform here sells capacity, so it is for somebody to buy."
            ),
            rollback_plan="Do not buy it: until then only the record stands.",
            cost=offer.reserved,
        )


def wanted_by(plan: CapacityPlanRow) -> Wanted | None:
    """What a plan is short of; None where that is nothing."""
    if not plan.missing:
        return None
    hours = math.ceil((plan.until - plan.since) / timedelta(hours=1))
    return Wanted(plan.service, plan.missing, plan.since, hours)


async def demand_wanted(desk: Desk, plan: str) -> Wanted:
    """What a kept plan is short of. Raises CannotAnswer where it is old, over, or was followed already."""
    row = await kept_plan(desk.tx, plan)
    wanted = None if row is None else wanted_by(row)
    if row is None or wanted is None or row.until <= desk.now:
        raise CannotAnswer("That plan is out of date. Ask for it again. Nothing was reserved.")
    if desk.now - row.created > PLAN_HOLDS:
        raise CannotAnswer(
            f"That plan is of {row.created:%Y-%m-%d %H:%M} UTC: what runs and is expected may be otherwise by"
            f" now. Ask for it again: “capacity plan for {row.service}”. Nothing was reserved."
        )
    if (other := await reserved_since(desk.tx, row)) is not None:
        raise CannotAnswer(
            f"Since that plan was made {other} was reserved. Ask for the plan again, to see what is missing"
            " still. Nothing was reserved again."
        )
    return wanted
