"""What is to be reserved: worked out by a capacity plan, remembered in its thread, and priced when it is asked
for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agents.operations.capacity.reservation_actions import ReserveCapacity
from agents.operations.reserving import NotReservable, on_demand_or_reserved
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

    def stored(self) -> str:
        """As a button and a thread's memory keep it."""
        return f"{self.service} {self.units} {self.hours} {self.since.isoformat()}"

    async def action(self, turn: Turn, desk: Desk) -> ReserveCapacity:
        """The reservation at today's price. Raises CannotAnswer where there is none."""
        try:
            price = await desk.ports.prices.price(Unit.REPLICA_HOUR, self.service)
            offer = on_demand_or_reserved(price, self.units, self.hours)
        except (NoPrice, PricesError, NotReservable, Away) as unknown:
            raise CannotAnswer(f"{unknown} Nothing was reserved.") from unknown
        if price.reserved is None:
            raise CannotAnswer(f"The price list has no reserved price of a {price.unit}. Nothing was reserved.")
        sample = ", an invented sample" if price.is_sample else ""
        priced = f"{price.source}, {price.as_of:%Y-%m-%d}{sample}"
        return ReserveCapacity(
            service=self.service,
            unit=Unit.REPLICA_HOUR,
            units=self.units,
            starts=self.since,
            hours=offer.reserved_hours,
            price=price.reserved.price,
            currency=price.currency,
            priced=priced,
            rationale=f"{known(turn).name} wants capacity of {self.service} for what is ahead.",
            impact=(
                f"{offer.reserved:,} {price.currency} for whole terms, used or not; on demand the"
                f" {self.hours:,} hours would be {offer.on_demand:,}. Prices: {priced}."
                " It is recorded here: no platform here sells capacity, so it is for somebody to buy."
            ),
            rollback_plan="Do not buy it: until then only the record stands.",
            cost=offer.reserved,
        )


def wanted_of(stored: str) -> Wanted:
    """What `stored` gave. Raises CannotAnswer for what is none."""
    try:
        service, units, hours, since = stored.split(" ")
        return Wanted(service, int(units), datetime.fromisoformat(since), int(hours))
    except ValueError:
        raise CannotAnswer("That plan is out of date. Ask for it again. Nothing was reserved.") from None
