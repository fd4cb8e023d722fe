"""An incident from its alert to healthy traffic: seen, explained, taken back, looked at again. The platform and
its processes are real, the figures are scripted: a service fails as long as one of its versions runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.embedded import EmbeddedServer
from tests.scenarios.scripted_incidents import Place, hasten, scripted_place

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]


@pytest.fixture(autouse=True)
def hastened(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)


@pytest.fixture
async def place(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Place]:
    async with scripted_place(server, tmp_path) as opened:
        yield opened


async def test_a_bad_release_is_taken_back_and_looked_at_again(place: Place) -> None:
    await place.deployed("4.18.0")
    await place.say("nathan", "/freeze freeze deployments")  # which spares going back to what was approved
    place.metrics.bad = [datetime.now(UTC)]
    await place.alert()  # before there is any evidence of a cause, which is waited for
    await place.runs("4.17.2")
    place.metrics.bad.append(datetime.now(UTC))
    await place.comes_to("healthy")
    assert [one for one in await place.events() if one not in ("joined", "ended")] == [
        "opened",
        "seen",
        "cause",
        "remedy",
        "healthy",
        "mitigated",
    ][: len(await place.events())]
    said = (await place.say("nathan", "/incident show incident INC-1")).as_text()
    shown = str((await place.say("nathan", "/incident show incident INC-1")).cards)
    assert "Orders’ own failures" in shown or "orders" in shown
    assert "4.18.0 was deployed there" in shown
    assert "commit 41d07ce" in shown
    assert "INC-1: orders in production (mitigated)" in said
    entries = await place.rows("SELECT actor->>'id', body->>'type', state FROM effects ORDER BY created")
    assert ("sre", "deployments.roll_back", "done") in [tuple(row) for row in entries]
    denied = await place.say("amanda", "/incident resolve INC-1")
    assert "SRE lead’s" in denied.as_text()
    taken = await place.say("nathan", "/incident take command of INC-1")
    assert "Nathan" in taken.as_text()
    over = await place.say("nathan", "/incident resolve INC-1")
    assert "INC-1 is over. It lasted" in over.as_text()
    assert "mitigated after" in over.as_text()
    assert "incident-INC-1.md" in str(over.cards)
    ((report,),) = await place.rows(
        "SELECT convert_from(content, 'UTF8') FROM files WHERE name = 'incident-INC-1.md'"
    )
    assert "4.18.0 was deployed there" in report
    assert "Nathan" in report
    again = await place.say("nathan", "/incident resolve INC-1")
    assert "is over already" in again.as_text()


async def test_where_nothing_is_wrong_nothing_is_changed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    _hasten(monkeypatch)
    await place.deployed("4.18.0")
    await place.alert()
    await place.comes_to("not seen")
    assert await place.stands_at() == "4.18.0"
    assert await place.events() == ["opened", "not seen"]


async def test_figures_that_are_no_numbers_show_nothing_and_change_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    _hasten(monkeypatch)
    await place.deployed("4.18.0")
    place.metrics.lost = True
    await place.alert()
    await place.comes_to("not seen")
    ((detail,),) = await place.rows("SELECT detail FROM incident_events WHERE kind = 'not seen'")
    assert detail["state"] == "unknown", "which is neither well nor worse"
    assert await place.stands_at() == "4.18.0"


async def test_figures_that_are_lost_after_a_remedy_are_no_proof_that_it_helped(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.deployed("4.18.0")
    place.metrics.bad = [datetime.now(UTC)]
    await place.alert()
    await place.comes_to("remedy")
    _hasten(monkeypatch)
    place.metrics.lost = True
    await place.comes_to("for a person")
    assert (await place.events())[-3:] == ["remedy", "no effect", "for a person"]
    assert await place.stands_at() == "4.17.2", "and nothing is taken back a second time"


async def test_what_no_change_explains_is_a_persons(place: Place) -> None:
    place.metrics.bad = [datetime.now(UTC) - timedelta(seconds=40)]
    assert await place.stands_at() == "4.17.2"  # it has run for long
    await place.alert(started=datetime.now(UTC) - timedelta(seconds=40))
    await place.comes_to("for a person")
    assert await place.events() == ["opened", "seen", "cause", "for a person"]
    assert await place.stands_at() == "4.17.2"


def _hasten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer looks, so that a test does not last three minutes."""
    monkeypatch.setattr("agents.operations.response.response_step.LOOKS", 2)


async def test_what_a_person_has_ended_is_left_alone(place: Place) -> None:
    await place.alert()
    await place.comes_to("opened")
    await place.say("nathan", "/incident resolve INC-1")
    place.metrics.bad = [datetime.now(UTC)]
    await place.until(
        "SELECT state FROM runs WHERE kind = 'incident_response'", lambda rows: rows == [("cancelled",)]
    )
    assert await place.events() == ["opened", "resolved"]


async def test_what_a_freeze_held_is_not_done_once_the_incident_was_ended(place: Place) -> None:
    await place.deployed("4.18.0")
    await place.say("nathan", "/freeze freeze orders")
    place.metrics.bad = [datetime.now(UTC)]
    await place.alert()
    await place.comes_to("opened")
    await place.say("nathan", "/incident resolve INC-1")
    await place.say("nathan", "/unfreeze unfreeze orders")
    run = "SELECT state FROM runs WHERE kind = 'incident_response'"
    await place.until(run, lambda rows: rows == [("cancelled",)])
    assert "remedy" not in await place.events()
    assert await place.stands_at() == "4.18.0"


async def test_an_incident_takes_nothing_back_but_what_ran_as_it_ran(place: Place, tmp_path: Path) -> None:
    await place.deployed("4.18.0")
    refused = await place.say("nathan", "/rollback roll back orders to 4.18.1")
    assert "4.18.1 never ran in production" in refused.as_text()
    server = tmp_path / "department" / "releases" / "orders" / "4.17.2" / "server.py"
    server.write_text(server.read_text() + "# another one\n")
    place.metrics.bad = [datetime.now(UTC)]
    await asyncio.sleep(16)
    await place.alert()
    await place.comes_to("for a person")
    ((detail,),) = await place.rows("SELECT detail FROM incident_events WHERE kind = 'for a person'")
    assert "4.17.2 is not what ran in production any more: its files have changed" in detail["why"]
    refused = await place.say("nathan", "/rollback roll back orders")
    assert "its files have changed" in refused.as_text()
    assert await place.stands_at() == "4.18.0"


async def test_a_remedy_that_fails_is_handed_to_a_person(place: Place, tmp_path: Path) -> None:
    server, sick = tmp_path / "department" / "releases" / "orders" / "4.17.2" / "server.py", tmp_path / "sick"
    server.write_text(
        f"import os, sys\nif os.path.exists({str(sick)!r}):\n    sys.exit(3)\n{server.read_text()}"
    )
    await place.deployed("4.18.0")
    sick.touch()
    place.metrics.bad = [datetime.now(UTC)]
    await asyncio.sleep(16)
    await place.alert()
    await place.comes_to("for a person")
    assert await place.stands_at() == "4.18.0"
    ((detail,),) = await place.rows("SELECT detail FROM incident_events WHERE kind = 'for a person'")
    assert "did not become ready" in detail["why"]
    assert (await place.events())[-2:] == ["remedy", "for a person"]
