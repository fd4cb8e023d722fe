"""HubSpot within its limits, in trouble, and named wrong: waited out, or said."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pydantic import ValidationError

from governance.visibility import EVERYTHING, NOTHING
from integrations.customers import AccountQuery
from integrations.customers.vendors.hubspot import INTEGRATION
from integrations.customers.vendors.hubspot import api as hubspot_api
from integrations.customers.vendors.hubspot import snapshot as hubspot_snapshot
from integrations.customers.vendors.hubspot.customers import FRESH_SECONDS, USABLE_SECONDS, HubSpotCustomers
from integrations.customers.vendors.hubspot.settings import HubSpotSettings
from integrations.integration import Checked, Surroundings
from simulators.hubspot import TOKEN, FakeHubSpot
from storage.database import Database
from storage.look import Away
from tests.integrations.customers.customers_contract import (
    RACHEL,
)
from tests.integrations.customers.hubspot_account import (
    Clock,
    opened,
    settings,
)
from tests.redis_server import redis_server


async def _until(customers: HubSpotCustomers, tier: str) -> None:
    for _ in range(500):
        if (await customers.account(EVERYTHING, "zeta")).tier == tier:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"no customer of tier {tier} came")


async def _checked(fake: FakeHubSpot, database: Database, tenant: str, **other: object) -> list[Checked]:
    around = Surroundings(database, tenant, Path(), {}, Path(), settings(fake, **other))
    return list(await INTEGRATION.check(around))


async def test_a_long_list_is_walked_within_four_searches_a_second(
    hubspot: FakeHubSpot, database: Database, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1200):
        hubspot.has("companies", lifecyclestage="customer", name=f"Customer {number:04}")
    customers = opened(hubspot, database, tenant)
    began = asyncio.get_running_loop().time()
    assert await customers.count_others(NOTHING) == 1203
    assert asyncio.get_running_loop().time() - began > 1.0
    assert sum(path.endswith("/search") for path in hubspot.asked) == 8
    assert hubspot.refused == 0
    before = len(hubspot.asked)
    await asyncio.gather(*(customers.find(EVERYTHING, "Customer 0007", 1) for _ in range(20)))
    assert len(hubspot.asked) == before, "what is known is not asked for again"
    await customers.close()
    monkeypatch.setattr(hubspot_snapshot, "MOST_ACCOUNTS", 1000)
    customers = opened(hubspot, database, tenant)
    with pytest.raises(Away, match="more than 1,000 customers: name fewer HUBSPOT_LIFECYCLE_STAGES"):
        await customers.accounts(EVERYTHING, AccountQuery())
    await customers.close()


async def test_processes_share_the_limit_through_redis(
    hubspot: FakeHubSpot, database: Database, tenant: str
) -> None:
    with redis_server() as redis:
        several = [opened(hubspot, database, tenant, redis_url=redis.url) for _ in range(4)]
        counts = await asyncio.gather(*(one.count_others(NOTHING) for one in several))
        assert (counts, hubspot.refused) == ([3] * 4, 0)
        for one in several:
            await one.close()


async def test_of_many_requests_the_newest_are_read_and_that_is_said(
    customers: HubSpotCustomers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubspot_snapshot, "MOST_REQUESTS", 3)
    assert len(await customers.requests(EVERYTHING)) == 3
    assert (
        "Of what customers asked for the newest 3 tickets are read."
        in (await customers.gaps(EVERYTHING)).requests
    )


async def test_trouble_and_too_many_are_waited_out(customers: HubSpotCustomers, hubspot: FakeHubSpot) -> None:
    hubspot.faults = ["error", "too many", "dropped"]
    began = asyncio.get_running_loop().time()
    assert await customers.count_others(NOTHING) == 3
    assert asyncio.get_running_loop().time() - began >= 1.0


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("error", "HubSpot answered 500"),
        ("forbidden", "HubSpot does not let the private app read companies: give it the scope for them"),
        ("other shape", "HubSpot answered with something that is none of its answers"),
        ("endless", r"HubSpot cannot be reached \(ReadError\)"),
    ],
)  # fmt: skip
async def test_what_goes_wrong_is_said_without_the_token(
    customers: HubSpotCustomers, hubspot: FakeHubSpot, fault: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hubspot.faults = [fault] * 4  # type: ignore[list-item]
    with pytest.raises(Away, match=said) as raised:
        await customers.find(RACHEL, "Acme", 1)
    assert TOKEN not in str(raised.value)


async def test_what_is_known_serves_for_a_while_when_hubspot_is_away(
    customers: HubSpotCustomers, hubspot: FakeHubSpot, clock: Clock
) -> None:
    await customers.account(EVERYTHING, "zeta")
    for said in hubspot.records["companies"].values():
        said["tier"] = "basic"
    clock.now += FRESH_SECONDS
    assert (await customers.account(EVERYTHING, "zeta")).tier == "enterprise"
    await _until(customers, "basic")
    hubspot.token = "another"
    clock.now += FRESH_SECONDS
    assert (await customers.account(EVERYTHING, "zeta")).tier == "basic"
    clock.now += USABLE_SECONDS
    with pytest.raises(Away, match=r"does not accept the token \(HUBSPOT_TOKEN\)"):
        await customers.account(EVERYTHING, "zeta")


async def test_whoever_stops_waiting_leaves_the_answer_to_the_next(
    customers: HubSpotCustomers, hubspot: FakeHubSpot
) -> None:
    hubspot.faults = ["none", "too many"]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await customers.count_others(NOTHING)
    assert await customers.count_others(NOTHING) == 3
    assert sum(path.endswith("companies/search") for path in hubspot.asked) == 1


async def test_the_doctor_says_what_can_be_read_and_what_is_named_wrong(
    hubspot: FakeHubSpot, database: Database, tenant: str
) -> None:
    hubspot.has("tickets", needed_by=None)
    well, *advice = await _checked(hubspot, database, tenant)
    assert (well.state, well.says) == ("well", "HubSpot has 3 customers")
    assert [(one.state, one.says) for one in advice] == [
        ("advice", "HubSpot keeps no promises to customers, so none are counted.")
    ]
    wrong = {"hubspot_arr_property": "arr_usd", "hubspot_request_pipeline": "Feature requests"}
    assert [(one.state, one.says) for one in await _checked(hubspot, database, tenant, **wrong)] == [
        ("wrong", "HubSpot's companies have no property arr_usd: use its internal name"),
        ("wrong", "HubSpot has no pipeline of tickets with the id in HUBSPOT_REQUEST_PIPELINE"),
    ]
    (none,) = await _checked(hubspot, database, tenant, hubspot_lifecycle_stages="evangelist")
    assert "no company of these lifecycle stages: evangelist" in none.says
    hubspot.token = "another"
    (refused,) = await _checked(hubspot, database, tenant)
    assert (refused.state, refused.says) == ("wrong", "HubSpot does not accept the token (HUBSPOT_TOKEN)")


def test_settings_that_cannot_be_meant_are_refused() -> None:
    for wrong in (
        {"hubspot_api_url": "http://api.example.com"},
        {"hubspot_arr_property": "Annual Revenue"},
        {"hubspot_arr_property": "deals.hs_arr", "hubspot_renewal_property": "renewal_date"},
        {"hubspot_currency": "dollars"},
    ):
        with pytest.raises(ValidationError) as raised:
            HubSpotSettings(_env_file=None, hubspot_token=TOKEN, **wrong)  # type: ignore[call-arg, arg-type]
        assert TOKEN not in str(raised.value)


async def test_pages_that_repeat_do_not_go_on_for_ever(
    hubspot: FakeHubSpot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(hubspot_api.SEARCHED):
        hubspot.has("deals", dealname=str(number))
    api = hubspot_api.HubSpotApi(settings(hubspot))
    monkeypatch.setattr("simulators.hubspot._passes", lambda _said, _one: True)
    with pytest.raises(Away, match="the same page twice"):
        _ = [one async for one in api.walk("deals", [], ())]
    await api.close()
