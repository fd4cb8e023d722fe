"""Who is on call by PagerDuty: asked at the wire, kept, and found among the department's people."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from agents.operations.incident_showing import RotaNow, on_call, rota_now
from governance.department_rows import read_department
from governance.tables import DepartmentRow
from handlers.operations.incident.people_words import rota_text
from integrations.integration import Surroundings
from integrations.rota import RotaError
from integrations.rota.kept import ask_and_keep
from integrations.rota.vendors.pagerduty import INTEGRATION, PagerDutyRota, PagerDutyRotaSettings
from simulators.pagerduty import FakePagerDuty
from storage.embedded import EmbeddedServer
from storage.look import Away
from tests.workplace import Workplace, at_work

KEY = "u+a-secret-key-of-pagerduty"
NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
LEADS = ("ingrid", "nathan")


@pytest.fixture
def fake() -> FakePagerDuty:
    return FakePagerDuty(KEY)


@pytest.fixture
async def rota(fake: FakePagerDuty) -> AsyncIterator[PagerDutyRota]:
    async with TestServer(fake.app()) as server:
        opened = PagerDutyRota(_settings(str(server.make_url("/")), " PPOLICY, PQ "))
        yield opened
        await opened.close()


def _settings(url: str, policies: str = "") -> PagerDutyRotaSettings:
    return PagerDutyRotaSettings(
        _env_file=None,  # type: ignore[call-arg]
        pagerduty_api_key=KEY,
        pagerduty_api_url=url,
        pagerduty_escalation_policies=policies,
    )


@pytest.fixture
async def place(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Workplace]:
    async with at_work(server, tmp_path, works=False) as opened:
        async with opened.installation.database.transaction(opened.tenant) as tx:
            row = (await tx.get(DepartmentRow, opened.tenant)) or DepartmentRow()
            row.body = row.body | {"integrations": {"rota": "pagerduty"}}
            row.digest = f"with-rota-{opened.tenant}"
        yield opened


async def _ask(place: Workplace, rota: PagerDutyRota, now: datetime = NOW) -> None:
    await ask_and_keep(place.installation.database, place.tenant, "pagerduty", rota, now)


async def _seen(place: Workplace, now: datetime = NOW) -> tuple[tuple[str, ...], str]:
    """Who is told, and what is said of the rota."""
    async with place.installation.database.transaction(place.tenant) as tx:
        found = await rota_now(tx, now)
        names = {one.id: one.name for one in (await read_department(tx)).people}
        return await on_call(tx, now), rota_text(found, names) or ""


async def test_every_page_is_asked_for_the_policies_that_count(
    fake: FakePagerDuty, rota: PagerDutyRota
) -> None:
    for number in range(230):
        fake.has(f"P{number}@Example.com", f"Person {number}", start="2026-11-30T00:00:00Z")
    found = await rota.on_call()
    assert [one.address for one in found] == [f"p{number}@example.com" for number in range(230)]
    assert found[0].since == datetime(2026, 11, 30, tzinfo=UTC)
    assert [dict(one)["offset"] for one in fake.asked] == ["0", "100", "200"]
    assert [value for name, value in fake.asked[0] if name == "escalation_policy_ids[]"] == ["PPOLICY", "PQ"]


async def test_what_is_no_rota_is_said_and_nothing_of_the_key(fake: FakePagerDuty, rota: PagerDutyRota) -> None:
    fake.faults = ["forbidden"]
    with pytest.raises(RotaError, match="does not accept the key"):
        await rota.on_call()
    fake.faults = ["other shape"]
    with pytest.raises(RotaError, match="no rota"):
        await rota.on_call()
    fake.faults = ["endless"] * 3
    with pytest.raises(Away) as away:
        await rota.on_call()
    assert KEY not in str(away.value)
    fake.faults = ["error"]  # a try later it is well again
    assert await rota.on_call() == ()


async def test_those_on_call_are_found_by_their_addresses_and_the_others_said(
    place: Workplace, fake: FakePagerDuty, rota: PagerDutyRota
) -> None:
    assert await _seen(place) == (
        LEADS,
        "On call: pagerduty says nothing of now (was not asked yet). The department's own rota stands in.",
    )
    fake.has("AMANDA@example.com", "Amanda", 2)
    fake.has("stranger@example.org", "A <b>stranger</b>")
    fake.has("nathan@example.com", "Nathan", end=(NOW + timedelta(minutes=5)).isoformat())
    await _ask(place, rota)
    told, said = await _seen(place)
    assert told == ("nathan",), "the first level that somebody known is on"
    assert said.endswith("Nobody here has the mail address of: A <b>stranger</b>.")
    assert said.startswith("On call by PagerDuty: Nathan ")
    assert (await _seen(place, NOW + timedelta(minutes=5)))[0] == ("amanda",), "a shift that is over is over"


async def test_the_departments_own_stand_in_for_a_rota_that_is_away_or_knows_nobody(
    place: Workplace, fake: FakePagerDuty, rota: PagerDutyRota
) -> None:
    fake.has("nathan@example.com", "Nathan")
    await _ask(place, rota)
    fake.faults = ["error"] * 3
    later = NOW + timedelta(minutes=9)
    await _ask(place, rota, later)
    assert (await _seen(place, later))[0] == ("nathan",), "what it said minutes ago still holds"
    told, said = await _seen(place, NOW + timedelta(minutes=10))
    assert told == LEADS
    assert "PagerDuty says nothing of now (PagerDuty answered 500" in said
    assert said.endswith("The department's own rota stands in.")
    fake.oncalls.clear()
    fake.has("stranger@example.org", "Stranger")
    await _ask(place, rota, later)
    told, said = await _seen(place, later)
    assert (told, "names nobody who is known here" in said) == (LEADS, True)


async def test_a_department_that_keeps_no_rota_elsewhere_asks_nobody(
    server: EmbeddedServer, tmp_path: Path, fake: FakePagerDuty, rota: PagerDutyRota
) -> None:
    async with at_work(server, tmp_path, works=False) as place:
        fake.has("amanda@example.com", "Amanda")
        await _ask(place, rota)
        assert await _seen(place) == (LEADS, "")


async def test_it_is_asked_as_a_chore_and_by_the_doctor(place: Workplace, fake: FakePagerDuty) -> None:
    fake.has("nathan@example.com", "Nathan")
    async with TestServer(fake.app()) as server:
        database, folder = place.installation.database, place.installation.settings.var_folder
        settings = _settings(str(server.make_url("/")))
        around = Surroundings(database, place.tenant, folder, {}, folder, settings)
        (chore,) = INTEGRATION.chores(around)
        await chore.do()
        (checked,) = await INTEGRATION.check(around)
        assert (checked.state, checked.says) == ("well", "PagerDuty has 1 on call")
        fake.faults = ["forbidden"]
        (checked,) = await INTEGRATION.check(around)
        assert (checked.state, checked.says.endswith("the department's file stands in")) == ("wrong", True)
    assert (await _seen(place, datetime.now(UTC)))[0] == ("nathan",)


def test_more_strangers_than_fit_are_counted() -> None:
    names = tuple(f"S{number}" for number in range(7))
    assert "S0, S1, S2, S3, S4 and 2 more." in str(rota_text(RotaNow("PagerDuty", (), names, None), {}))
