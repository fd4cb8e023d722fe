"""Retention: what work leaves behind goes when it is too old, and nothing else does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.coverage_tables import SuiteRunRow
from agents.meetings.tables import MeetingRow
from agents.model_tables import ModelUseRow
from agents.operations import retention
from agents.operations.announced_tests import announce_test
from agents.operations.canary.tables import CanaryRow, CanaryTickRow
from agents.operations.incident_tables import AlertRow, IncidentAlertRow, IncidentRow
from agents.operations.load_testing.tables import LoadTestRow
from agents.operations.retention import delete_old
from agents.work.tables import RunRow
from bot.desks import delete_old_pictures
from bot.tables import FileRow
from governance.department_file import DepartmentError, parse_department
from storage.embedded import EmbeddedServer
from tests import alerts_sent as sent
from tests.workplace import Workplace, at_work

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture
async def place(
    server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Workplace]:
    for name, secret in sent.SECRETS.items():
        monkeypatch.setenv(name, secret)
    async with at_work(server, tmp_path, works=False) as opened:
        yield opened


async def _at(place: Workplace, now: datetime) -> None:
    """The sweep's two parts at that time."""
    async with place.installation.database.transaction(place.tenant) as tx:
        await delete_old(tx, now)
    async with place.installation.database.transaction(place.tenant) as tx:
        await delete_old_pictures(tx, now)


async def _ids(place: Workplace, query: str) -> list[Any]:
    return sorted(row[0] for row in await place.rows(query))


async def _canary(tx: AsyncSession, run: str, ended: datetime | None, ticks: int) -> None:
    tx.add(RunRow(id=run, kind="canary", title=run, state="done" if ended else "running", ended=ended))
    await tx.flush()
    tx.add(CanaryRow(run=run, action={}, tick=ticks, state={"kept": True}))
    await tx.flush()
    at = ended or NOW
    for number in range(1, ticks + 1):
        tx.add(CanaryTickRow(run=run, number=number, at=at, step=0, stable={}, canary={}))


async def test_what_a_canary_was_judged_by_goes_in_batches_and_the_judgement_stays(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 4)
    async with place.installation.database.transaction(place.tenant) as tx:
        await _canary(tx, "rn_over", NOW, 5)
        await _canary(tx, "rn_later", NOW + DAY, 2)
        await _canary(tx, "rn_going", None, 1)
    then = NOW + timedelta(days=400, seconds=1)
    await _at(place, NOW + timedelta(days=399))
    assert await _ids(place, "SELECT count(*) FROM canary_ticks") == [8]
    await _at(place, then)
    assert await _ids(place, "SELECT count(*) FROM canary_ticks WHERE run = 'rn_over'") == [1]
    await _at(place, then)
    assert await _ids(place, "SELECT run FROM canary_ticks") == ["rn_going", "rn_later", "rn_later"]
    assert await _ids(place, "SELECT run FROM canaries WHERE state IS NOT NULL") == [
        "rn_going",
        "rn_later",
        "rn_over",
    ]


async def test_a_load_tests_seconds_go_and_what_it_showed_stays(place: Workplace) -> None:
    for run, ended in (("rn_old", NOW), ("rn_going", None)):
        async with place.installation.database.transaction(place.tenant) as tx:
            tx.add(RunRow(id=run, kind="load_test", title=run, state="done", ended=ended))
            await tx.flush()
            values: Mapping[str, Any] = {
                "action": {},
                "announced": "at_1",
                "verdict": "passed",
                "result": {"held": 9},
            }
            tx.add(
                LoadTestRow(
                    run=run, service="orders", replicas=1, seconds=[{"second": 0}], created=NOW, **values
                )
            )
            tx.add(FileRow(id=f"fi_{run}", name="load.png", media_type="image/png", content=b"", scope={}))
            tx.add(FileRow(id=f"fd_{run}", name="plan.md", media_type="text/markdown", content=b"", scope={}))
    await _at(place, NOW + timedelta(days=399))
    assert len(await place.rows("SELECT id FROM files")) == 4
    await _at(place, NOW + timedelta(days=401))
    left = await place.rows("SELECT seconds, result FROM load_tests ORDER BY run DESC")
    assert [tuple(row) for row in left] == [([], {"held": 9}), ([{"second": 0}], {"held": 9})]
    assert await _ids(place, "SELECT id FROM files") == ["fd_rn_going", "fd_rn_old"]


def _alert(id: str, state: str = "taken", incident: str | None = None) -> AlertRow:
    texts = dict.fromkeys(("name", "service", "stage", "status", "severity", "link"), "any")
    return AlertRow(
        id=id,
        source="pagerduty",
        key=id,
        fingerprint=id,
        told=NOW,
        started=NOW,
        labels={},
        annotations={},
        received=NOW,
        state=state,
        incident=incident,
        **texts,
    )


async def test_alerts_go_but_for_those_that_an_incident_still_has(place: Workplace) -> None:
    async with place.installation.database.transaction(place.tenant) as tx:
        for number, (id, resolved) in enumerate((("INC-1", NOW), ("INC-2", None)), 1):
            times = {"started": NOW, "detected": NOW, "resolved": resolved}
            about = {"service": "orders", "stage": "production", "severity": "high", "title": "t"}
            tx.add(
                IncidentRow(id=id, number=number, state="resolved" if resolved else "open", **times, **about)
            )
        tx.add_all((_alert("al_alone"), _alert("al_waits", "stored"), _alert("al_held", "held")))
        tx.add_all((_alert("al_before", incident="INC-1"), _alert("al_last", incident="INC-1")))
        tx.add(_alert("al_open", incident="INC-2"))
        await tx.flush()
        values = {"fingerprint": "f", "name": "n", "service": "orders", "told": NOW, "started": NOW}
        tx.add(IncidentAlertRow(incident="INC-1", source="pagerduty", alert="al_last", firing=False, **values))
        await announce_test(tx, "orders", "staging", "ours", NOW - DAY, NOW)
    await _at(place, NOW + timedelta(days=179))
    assert len(await place.rows("SELECT id FROM alerts")) == 6
    assert len(await place.rows("SELECT id FROM announced_tests")) == 1
    await _at(place, NOW + timedelta(days=181))
    assert await _ids(place, "SELECT id FROM alerts") == ["al_held", "al_last", "al_open", "al_waits"]
    assert await place.rows("SELECT id FROM announced_tests") == []


async def test_a_replay_of_what_is_deleted_opens_nothing(place: Workplace) -> None:
    """Pagerduty's signature has no time in it: whoever once read a delivery can send it again for ever."""
    body = sent.pagerduty("ev-1", occurred_at=(NOW - timedelta(days=200)).isoformat())
    async with httpx.AsyncClient(base_url=place.address, timeout=30) as client:
        answered = await client.post("/alerts/pagerduty", content=body, headers=sent.signed_by_pagerduty(body))
    assert answered.json() == {"alerts": 1, "new": 1}
    await place.installation.jobs.alerts.take_alerts(place.tenant)
    assert await place.rows("SELECT id FROM incidents") == []
    assert await _ids(place, "SELECT why FROM alerts") == ["its sender said so over 90 days ago"]


async def test_covered_lines_go_but_for_the_newest_and_how_many_they_were_stays(place: Workplace) -> None:
    async with place.installation.database.transaction(place.tenant) as tx:
        for repository, tree, at in (("orders", "a", NOW), ("orders", "b", NOW + DAY), ("web", "c", NOW)):
            counts = {"passed": 1, "failed": 0, "skipped": 0, "covered": 3, "total": 4}
            tx.add(SuiteRunRow(repository=repository, tree=tree, files={"a.py": {}}, at=at, **counts))
    kept = "SELECT tree FROM suite_runs WHERE files IS NOT NULL"
    await _at(place, NOW + timedelta(days=399))
    assert await _ids(place, kept) == ["a", "b", "c"]
    await _at(place, NOW + timedelta(days=500))
    assert await _ids(place, kept) == ["b", "c"]
    assert await _ids(place, "SELECT covered FROM suite_runs") == [3, 3, 3]


async def test_calls_to_models_go_but_for_those_of_work_under_way(place: Workplace) -> None:
    async with place.installation.database.transaction(place.tenant) as tx:
        for run, ended in (("rn_over", NOW), ("rn_going", None)):
            tx.add(RunRow(id=run, kind="story", title=run, state="done" if ended else "running", ended=ended))
        await tx.flush()
        for run in ("rn_over", "rn_going", None):
            used = {"input_tokens": 1, "output_tokens": 1, "cost": None, "at": NOW}
            tx.add(ModelUseRow(run=run, subject=run or "document:x", role="sre", model="m", **used))
    subjects = "SELECT subject FROM model_uses"
    await _at(place, NOW + timedelta(days=399))
    assert await _ids(place, subjects) == ["document:x", "rn_going", "rn_over"]
    await _at(place, NOW + timedelta(days=401))
    assert await _ids(place, subjects) == ["rn_going"]


async def test_meetings_go_that_are_over_and_not_being_changed(place: Workplace) -> None:
    async with place.installation.database.transaction(place.tenant) as tx:
        tx.add(RunRow(id="rn_going", kind="meeting", title="t", state="running"))
        for id, run, ends in (
            ("mt_over", None, NOW),
            ("mt_changing", "rn_going", NOW),
            ("mt_long", None, NOW + 9 * DAY),
        ):
            times = {"starts": NOW - DAY, "ends": ends, "zone": "UTC"}
            about = {
                "title": "t",
                "organiser": "ann",
                "people": [],
                "about": "",
                "pre_read": None,
                "link": None,
            }
            tx.add(MeetingRow(id=id, state="booked", run=run, **times, **about))
    await _at(place, NOW + timedelta(days=399))
    assert len(await place.rows("SELECT id FROM meetings")) == 3
    await _at(place, NOW + timedelta(days=401))
    assert await _ids(place, "SELECT id FROM meetings") == ["mt_changing", "mt_long"]


async def test_the_sweep_does_both(place: Workplace) -> None:
    async with place.installation.database.transaction(place.tenant) as tx:
        await _canary(tx, "rn_over", NOW - timedelta(days=401), 1)
        old = {"created": NOW - timedelta(days=401), "media_type": "image/png", "content": b"", "scope": {}}
        tx.add(FileRow(id="fi_1", name="canary.png", **old))
    await place.installation.jobs.sweep(place.tenant)
    assert await place.rows("SELECT run FROM canary_ticks") == []
    assert await place.rows("SELECT id FROM files") == []


def test_alerts_are_kept_for_as_long_as_a_replay_of_them_would_open_something() -> None:
    written = "name: Two Lamps\npeople: [{name: Ann Example, address: a@example.com, roles: [director]}]\n"
    assert parse_department(f"{written}retention: {{alerts: 91}}").retention.alerts == 91
    with pytest.raises(DepartmentError, match="line 3, alerts: this has to be more than 90"):
        parse_department(f"{written}retention: {{alerts: 90}}")
