"""Releases by chat: what runs, another version to staging and to production, back again, more of it. Real
processes."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bot.bootstrap import open_installation
from bot.conversation import Conversation
from integrations.deployments import Stage, Target
from storage.embedded import EmbeddedServer
from storage.jobs import defer
from tests.integrations.local_platform import gone, keepers
from tests.integrations.releases import with_stand_ins
from tests.scenarios.operations import Operations, operations
from tests.workplace import Deaf, settings_of


async def serves(place: Operations, stage: Stage) -> str:
    """The version of orders that answers."""
    status = await place.port.status(Target("orders", stage))
    assert status.address is not None
    async with httpx.AsyncClient() as client:
        return (await client.get(status.address)).text.split()[1]


async def comes_to_serve(place: Operations, version: str) -> None:
    """In production, within a while."""
    async with asyncio.timeout(60):
        while await serves(place, Stage.PRODUCTION) != version:  # noqa: ASYNC110 — nobody tells
            await asyncio.sleep(0.1)


@pytest.fixture
async def place(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Operations]:
    async with operations(server, tmp_path, with_stand_ins(tmp_path)) as opened:
        yield opened


async def test_what_runs_is_said_with_where_it_comes_from(place: Operations) -> None:
    said = await place.say("nathan", "/service which version of orders is in production?")
    words = said.as_text()
    assert "4.17.2 runs in production: 2 of 2 replicas ready" in words
    assert "commit 9f3c1ab, by wei.zhangwen" in str(said.cards)
    assert "staging" not in words.partition("Keeps orders")[0]
    both = (await place.say("amanda", "/service orders")).as_text()
    assert "4.18.0 runs in staging: 1 of 1 replica ready" in both
    refused = (await place.say("rachel", "/service orders")).as_text()
    assert "4.17.2" not in refused


async def test_to_staging_at_once_to_production_after_a_vote_and_back(place: Operations) -> None:
    done = await place.say("nathan", "/deploy deploy orders 4.18.0 to staging")
    assert "4.18.0 runs in staging already" in done.as_text()
    staged = await place.say("nathan", "/deploy orders 4.19.0 to staging")
    assert "orders 4.19.0 runs in staging. Ready: 1 of 1." in staged.as_text()
    asked = await place.say("nathan", "/deploy orders 4.18.0 to production all at once")
    (approval,) = asked.approvals
    assert await serves(place, Stage.PRODUCTION) == "4.17.2"
    decided = await place.chat.decide("amanda", approval["id"], "approve", {})
    assert "It is being carried out" in decided.as_text()
    await comes_to_serve(place, "4.18.0")
    back = await place.say("nathan", "/rollback roll back orders")
    (approval,) = back.approvals
    await place.chat.decide("amanda", approval["id"], "approve", {})
    await comes_to_serve(place, "4.17.2")


async def test_who_wants_to_hear_of_deployments_does(place: Operations) -> None:
    once = await place.say("nathan", "/subscribe tell me when orders is deployed")
    assert once.as_text().startswith("I tell you when orders is deployed or rolled back. Once; then it ends.")
    each = await place.say("amanda", "/subscribe notify me of every production deployment")
    assert "each time anything is deployed or rolled back in production" in each.as_text()
    refused = await place.say("rachel", "/subscribe notify me of every production deployment")
    assert "your customers' items" in refused.as_text()
    unknown = await place.say("nathan", "/subscribe tell me when the teleporter is deployed")
    assert "no service called “teleporter”" in unknown.as_text()
    await place.say("nathan", "/deploy orders 4.19.0 to staging")
    told = "SELECT reply FROM outbox WHERE reply::text LIKE '%{}%'"
    await _look_at_what_is_watched(place)
    await place.until(told.format("orders 4.19.0 runs in staging, after 4.18.0"), len)
    assert "nothing" in (await place.say("nathan", "/subscribe what am I subscribed to")).as_text()
    await place.asked_and_approved("/deploy orders 4.18.0 to production all at once")
    await place.runs("4.18.0")
    await _look_at_what_is_watched(place)
    (row,) = await place.until(told.format("orders 4.18.0 runs in production, after 4.17.2"), len)
    assert "4.19.0" not in str(row[0]), "she asked about production alone"
    stopped = await place.say("amanda", "/subscribe stop telling me about deployments")
    assert "I do not tell you any more each time anything is deployed" in stopped.as_text()


async def _look_at_what_is_watched(place: Operations) -> None:
    """As the sweep does."""
    async with place.installation.database.transaction(place.tenant) as tx:
        await defer(tx, "check_subscriptions", {}, lock="subscriptions", slow=True)


async def test_what_cannot_be_taken_back_is_no_canary(place: Operations) -> None:
    refused = await place.say("nathan", "/deploy orders 4.19.0 to production as a canary")
    assert "The migration of 4.19.0 cannot be taken back" in refused.as_text()
    assert not refused.approvals
    asked = await place.say("nathan", "/deploy orders 4.19.0 to production")
    assert "as a canary" not in str(asked.cards)
    assert "None: its migration cannot be taken back." in str(asked.cards)


async def test_in_an_incident_it_goes_back_at_once(place: Operations) -> None:
    asked = await place.say("nathan", "/deploy orders 4.18.0 to production all at once")
    await place.chat.decide("amanda", asked.approvals[0]["id"], "approve", {})
    await comes_to_serve(place, "4.18.0")
    await place.say("nathan", "/window open an incident window for two hours because checkout is down")
    back = await place.say("nathan", "/rollback roll back orders")
    assert "orders 4.17.2 runs in production again." in back.as_text()
    assert await serves(place, Stage.PRODUCTION) == "4.17.2"


async def test_what_cannot_be_done_is_said_before_anybody_is_asked(place: Operations) -> None:
    await place.say("nathan", "/deploy orders 4.19.0 to staging")
    for words, why in (
        (
            "/rollback roll back orders in staging to 4.18.0",
            "lies behind 4.19.0, whose migration",
        ),
        ("/deploy orders 4.17.2 to staging", "is older than 4.19.0, whose migration cannot be taken back"),
        (
            "/deploy orders 9.9 to production",
            "orders has no release 9.9. It has 4.19.0, 4.18.1, 4.18.0, 4.17.2.",
        ),
        ("/deploy orders 4.18.0 to qa", "There is no test here"),
        ("/deploy search to production", "I know no releases of search"),
        ("/scale scale orders to 2", "orders has 2 replicas in production. Nothing was done."),
        ("/scale scale orders", "How many shall it be?"),
    ):
        said = await place.say("nathan", words)
        assert why in said.as_text(), words
        assert not said.approvals, words
    where = await place.say("nathan", "/deploy orders 4.18.0")
    assert "To staging or to production?" in where.as_text()


async def test_fewer_replicas_are_free_and_more_are_asked_about_by_their_price(place: Operations) -> None:
    fewer = await place.say("nathan", "/scale scale orders down to 1 replica")
    assert "orders in production is scaled to 1." in fewer.as_text()
    more = await place.say("nathan", "/scale give orders one more pod")
    assert not more.approvals  # $70.08 a month
    assert "orders in production is scaled to 2." in more.as_text()
    many = await place.say("nathan", "/scale scale orders to 40 replicas")
    assert many.approvals
    assert "from 2 to 40 replicas" in str(many.cards)


async def test_replicas_of_no_known_price_are_asked_about(server: EmbeddedServer, tmp_path: Path) -> None:
    department = with_stand_ins(tmp_path)
    prices = department / "prices.yaml"
    no_more_a_sample = prices.read_text().replace("sample: true\nas_of: 2026", "as_of: 2024")
    prices.unlink()  # a link to the sample's
    prices.write_text(no_more_a_sample)
    installation = await open_installation(settings_of(server, tmp_path, department=department))
    installation.__dict__["recogniser"] = Deaf()
    async with Conversation(installation) as chat:
        more = await chat.say("nathan", "/scale give orders one more pod", None, None)
        assert more.approvals
    for pid in keepers(tmp_path):
        os.kill(pid, signal.SIGTERM)
        await gone(pid)


async def test_a_freeze_refuses_it_and_a_killed_keeper_loses_nothing(place: Operations, tmp_path: Path) -> None:
    await place.say("carlos", "/freeze freeze all deployments because of the audit")
    frozen = await place.say("nathan", "/deploy orders 4.19.0 to staging")
    assert "audit" in frozen.as_text()
    assert await serves(place, Stage.STAGING) == "4.18.0"
    (keeper,) = keepers(tmp_path)
    os.kill(keeper, signal.SIGKILL)
    await gone(keeper)
    again = (await place.say("nathan", "/service orders in staging")).as_text()
    assert "4.18.0 runs in staging: 1 of 1 replica ready" in again


async def test_an_emergency_goes_past_the_vote(place: Operations) -> None:
    await place.say("nathan", "/emergency_deploy orders 4.18.0 because checkout is down")
    done = await place.say("nathan", "/deploy orders 4.18.0 to production all at once")
    assert not done.approvals
    await comes_to_serve(place, "4.18.0")


async def test_what_was_approved_on_a_version_that_is_gone_is_not_done(place: Operations) -> None:
    first = await place.say("nathan", "/deploy orders 4.18.0 to production all at once")
    second = await place.say("nathan", "/deploy orders 4.19.0 to production")
    await place.chat.decide("amanda", first.approvals[0]["id"], "approve", {})
    await comes_to_serve(place, "4.18.0")
    await place.chat.decide("amanda", second.approvals[0]["id"], "approve", {})
    effects = "SELECT state, outcome->>'detail' FROM effects WHERE body->>'version' = '4.19.0'"
    async with asyncio.timeout(60):
        while (found := await place.rows(effects))[0][0] != "failed":  # noqa: ASYNC110 — nobody tells
            await asyncio.sleep(0.1)
    assert "orders in production stands at 4.18.0, and not at 4.17.2 any more" in found[0][1]
    assert await serves(place, Stage.PRODUCTION) == "4.18.0"
