"""How HubSpot is asked: https://developers.hubspot.com/docs/api-reference/overview.

A search gives 200 records at most, four may be made a second, and none goes past its 10,000th result: so lists
are walked by record id, each page behind the last id of the one before. All calls of a private app share 100 in
ten seconds. What goes wrong is an Away, for there is nothing that an asker could do differently.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, Literal

import httpx
from limits import RateLimitItem, RateLimitItemPerSecond
from pydantic import ValidationError

from integrations.budgets import Budgets
from integrations.customers.vendors.hubspot.answers import (
    OWNERS,
    SEARCHED,
    AccountDetails,
    Associations,
    Owners,
    Pipelines,
    Properties,
    Record,
    Records,
    Shape,
    Target,
)
from integrations.customers.vendors.hubspot.settings import HubSpotSettings
from integrations.web_service import Bounded, Manners, Refused, Unsure, WebService
from storage.look import Away

WHO = "HubSpot"
MOST_BYTES = 8_000_000
"""Of one answer; a longer one is not read to its end."""

SEARCHES = (RateLimitItemPerSecond(4),)
CALLS = (RateLimitItemPerSecond(100, 10),)
"""What HubSpot allows one private app."""

MOST_OWNERS = 5_000
_READ_AT_ONCE = 100
_ASSOCIATED_AT_ONCE = 1000
_MOST_ROUNDS = 5
"""Pages of one record's associations: HubSpot gives 500 or more with each."""

Kind = Literal["companies", "contacts", "deals", "tickets"]
Filter = Mapping[str, Any]


class HubSpotApi:
    """Reads of one HubSpot account. `wait` is how it waits for its turn. Every method raises Away."""

    def __init__(self, settings: HubSpotSettings) -> None:
        token = settings.hubspot_token.get_secret_value()
        self._account = sha256(token.encode()).hexdigest()[:12]
        self._budgets = Budgets(settings.redis_url)
        client = httpx.AsyncClient(
            base_url=settings.hubspot_api_url,
            headers={"Authorization": f"Bearer {token}"},
            transport=Bounded(MOST_BYTES),
            event_hooks={"request": [self._take_turn]},
        )
        self._service = WebService(WHO, client, Manners(seconds=10.0, tries=4, too_many=1.0), (token,))

    async def walk(
        self, kind: Kind, filters: Sequence[Filter], properties: Sequence[str], *, newest_first: bool = False
    ) -> AsyncIterator[Record]:
        """All records that pass the filters, by id, a page at a time."""
        direction, beyond = ("DESCENDING", "LT") if newest_first else ("ASCENDING", "GT")
        behind: list[Filter] = []
        while True:
            page = await self._search(kind, [*filters, *behind], properties, direction)
            for record in page:
                yield record
            if len(page) < SEARCHED:
                return
            last = {"propertyName": "hs_object_id", "operator": beyond, "value": page[-1].id}
            if behind == [last]:
                raise Away(WHO, "answered with the same page twice")
            behind = [last]

    async def records(self, kind: Kind, ids: Sequence[str], properties: Sequence[str]) -> Mapping[str, Record]:
        """These records by their ids; those that are gone are left out."""
        found: dict[str, Record] = {}
        for some in _parts(ids, _READ_AT_ONCE):
            body = {"inputs": [{"id": id} for id in some], "properties": list(properties)}
            page = await self._ask("POST", f"/crm/v3/objects/{kind}/batch/read", Records, kind, body=body)
            found |= {record.id: record for record in page.results}
        return found

    async def associated(self, of: Kind, to: Kind, ids: Sequence[str]) -> Mapping[str, Sequence[Target]]:
        """What each of these records is associated with."""
        found: dict[str, list[Target]] = {id: [] for id in ids}
        for some in _parts(ids, _ASSOCIATED_AT_ONCE):
            asked: list[dict[str, str]] = [{"id": id} for id in some]
            for _ in range(_MOST_ROUNDS):
                path = f"/crm/v4/associations/{of}/{to}/batch/read"
                page = await self._ask("POST", path, Associations, to, body={"inputs": asked})
                for one in page.results:
                    found.setdefault(one.origin.id, []).extend(one.to)
                asked = [
                    {"id": one.origin.id, "after": one.paging.next.after}
                    for one in page.results
                    if one.paging is not None and one.paging.next is not None
                ]
                if not asked:
                    break
        return found

    async def owners(self) -> Mapping[str, str]:
        """The mail addresses of HubSpot's users, by the ids that companies name as owners."""
        found: dict[str, str] = {}
        query: dict[str, str | int] = {"limit": OWNERS}
        while len(found) < MOST_OWNERS:
            page = await self._ask("GET", "/crm/v3/owners", Owners, "owners", query=query)
            found |= {one.id: one.email for one in page.results if one.email}
            if page.paging is None or page.paging.next is None or not page.results:
                break
            query["after"] = page.paging.next.after
        return found

    async def currency(self) -> str | None:
        """The currency that the account's own amounts are in."""
        return (await self._ask("GET", "/account-info/v3/details", AccountDetails, "account")).currency

    async def property_names(self, kind: Kind) -> frozenset[str]:
        """The internal names of the properties that records of this kind have."""
        found = await self._ask("GET", f"/crm/v3/properties/{kind}", Properties, kind)
        return frozenset(one.name for one in found.results)

    async def ticket_pipelines(self) -> frozenset[str]:
        """The ids of the pipelines of tickets."""
        found = await self._ask("GET", "/crm/v3/pipelines/tickets", Pipelines, "tickets")
        return frozenset(one.id for one in found.results)

    async def close(self) -> None:
        """Let go of its connections."""
        await self._service.client.aclose()

    async def _search(
        self, kind: Kind, filters: Sequence[Filter], properties: Sequence[str], direction: str
    ) -> Sequence[Record]:
        body = {
            "filterGroups": [{"filters": list(filters)}],
            "sorts": [{"propertyName": "hs_object_id", "direction": direction}],
            "properties": list(properties),
            "limit": SEARCHED,
        }
        return (await self._ask("POST", f"/crm/v3/objects/{kind}/search", Records, kind, body=body)).results

    async def _ask(
        self,
        method: str,
        path: str,
        shape: type[Shape],
        what: str,
        *,
        body: Any = None,
        query: Mapping[str, str | int] | None = None,
    ) -> Shape:
        try:
            return shape.model_validate(
                await self._service.call(method, path, body=body, query=query, reads=True)
            )
        except Refused as refused:
            raise Away(WHO, _why(refused, what)) from None
        except Unsure as lost:
            raise Away(WHO, "did not answer") from lost
        except ValidationError:
            raise Away(WHO, "answered with something that is none of its answers") from None

    async def _take_turn(self, request: httpx.Request) -> None:
        """Wait until one more request is within HubSpot's limits; one that is sent again is one more."""
        await self._wait(CALLS, self._account)
        if request.url.path.endswith("/search"):
            await self._wait(SEARCHES, self._account, "search")

    async def _wait(self, rates: Sequence[RateLimitItem], *names: str) -> None:
        while True:
            seconds = await self._budgets.spend(rates, "hubspot", *names)
            if seconds == 0:
                return
            await asyncio.sleep(seconds)


def _parts(ids: Iterable[str], most: int) -> Iterator[Sequence[str]]:
    each = tuple(dict.fromkeys(ids))
    return (each[first : first + most] for first in range(0, len(each), most))


def _why(refused: Refused, what: str) -> str:
    if refused.status == 401:
        return "does not accept the token (HUBSPOT_TOKEN)"
    if refused.status == 403:
        return f"does not let the private app read {what}: give it the scope for them"
    return f"does not understand what it is asked of {what} ({refused.status})"
