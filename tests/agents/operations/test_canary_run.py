"""A canary's run beside what stands and what became of it: when its lease is renewed, and what it covers."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.canary.canary_run import BEGIN, BEGIN_KIND, WATCH_KIND
from agents.operations.canary.canary_step import LOOKED_EVERY, WATCH
from agents.operations.canary.limits import within_canary
from agents.operations.canary.tables import CanaryRow
from agents.work.kinds import Json, Over, Step, Still
from agents.work.tables import RunRow, StepRow
from governance.overrides.rows import lay
from governance.people import Role
from governance.tables import EffectRow, OverrideRow
from integrations.deployments import Stage, Status, Target
from integrations.deployments.actions import BeginCanary, PromoteCanary, StepCanary
from integrations.deployments.vendors.local.client import LocalDeployments
from integrations.ports import Ports
from storage.database import Database
from tests.books import STAGED
from tests.integrations.local_platform import ORDERS, deploy, gone, grant, keepers
from tests.integrations.releases import write_release

RUN = "rn_1"
ABOUT: dict[str, Any] = {
    "service": "orders",
    "environment": Stage.STAGING,
    "version": "1.1",
    "rationale": "The new release.",
    "impact": "Orders.",
    "rollback_plan": "All traffic goes back to 1.0.",
}

BEGUN = BeginCanary(
    content="a" * 64,
    before="1.0",
    before_content="b" * 64,
    shares=(25, 50, 100),
    lease=60,
    least_requests=1_000_000,
    least_seconds=5,
    deadline=3_600,
    **ABOUT,
)


async def _begun(database: Database, tenant: str, canary: str, *, passed: int = 0) -> None:
    """The rows of a canary that was approved and begun, without those who did so."""
    STAGED.add(tenant)
    begun = BEGUN
    effect = EffectRow(
        id="ef_1",
        process="deployments",
        action_type=begun.type,
        decision_type=begun.decision_type,
        body=begun.body(),
        digest=begun.digest(),
        actor={"kind": "agent", "id": "sre"},
        state="done",
        grant_id=canary,
        ruling={},
        cost=0,
        created=datetime.now(UTC),
    )
    step = StepRow(
        run=RUN,
        key=BEGIN,
        position=0,
        kind=BEGIN_KIND,
        title="Begin",
        args={},
        depends_on=[],
        locks=[],
        pool="effects",
        actor="sre",
        state="done",
        effect=effect.id,
    )
    async with database.transaction(tenant) as tx:
        tx.add(RunRow(id=RUN, kind="canary", title="A canary", subject="service:orders", state="running"))
        await tx.flush()
        tx.add_all((effect, step, CanaryRow(run=RUN, action=begun.body(), passed=passed, tick=0)))


NEXT = (
    (1, StepCanary(canary="gr_c", share=50, **ABOUT)),
    (2, PromoteCanary(canary="gr_c", before="1.0", before_content="b" * 64, content="a" * 64, **ABOUT)),
)


@pytest.mark.parametrize(("passed", "action"), NEXT)
async def test_what_comes_next_is_covered_while_the_run_goes_on(
    database: Database, tenant: str, passed: int, action: StepCanary | PromoteCanary
) -> None:
    await _begun(database, tenant, "gr_c", passed=passed)
    covered = {}
    for state in ("running", "paused", "cancelled", "failed", "done"):
        async with database.transaction(tenant) as tx:
            await tx.execute(update(RunRow).values(state=state))
            covered[state] = await within_canary(action, tx)
    assert [state for state, is_covered in covered.items() if is_covered] == ["running"]


def test_the_promotion_of_a_security_patch_names_what_it_mends_as_well() -> None:
    begun = BEGUN.model_copy(update={"advisory": "CVE-2026-1234"})
    promotion = PromoteCanary.of(begun, "gr_c", rationale="It passed.", impact="All traffic.")
    assert promotion.advisory == "CVE-2026-1234"
    assert promotion.summary().startswith("Security patch (CVE-2026-1234): Promote")
    assert (promotion.content, promotion.before_content) == (begun.content, begun.before_content)


class _Counted(LocalDeployments):
    """The embedded platform, and how often a canary was renewed there."""

    renewed = 0

    async def renew_canary(self, target: Target, canary: str) -> Status:
        self.renewed += 1
        return await super().renew_canary(target, canary)


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[_Counted]:
    releases = tmp_path / "releases"
    write_release(releases, "orders", "1.0", "2026-11-01")
    write_release(releases, "orders", "1.1", "2026-11-02")
    opened = _Counted(tmp_path / "keeper", releases, ready_seconds=5.0)
    await deploy(opened, "1.0", "first")
    yield opened
    for pid in keepers(tmp_path):
        os.kill(pid, signal.SIGTERM)
        await gone(pid)


@dataclass(frozen=True, slots=True)
class _Worker:
    database: Database
    tenant: str
    platform: LocalDeployments

    @property
    def ports(self) -> Ports:
        return cast(Ports, SimpleNamespace(deployments=self.platform))

    def now(self) -> datetime:
        return datetime.now(UTC)

    def transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        return self.database.transaction(self.tenant)

    async def keep(self, cursor: Json) -> None:
        raise AssertionError("a look starts nothing")

    async def tell(self, detail: str) -> None:
        raise AssertionError("a look says so at its end")

    async def look(self) -> Still | Over:
        step = Step(
            tenant=self.tenant,
            run=RUN,
            key="watch:0",
            title=WATCH_KIND,
            args={"index": 0},
            requester="nathan",
            subject="service:orders",
            plan=None,
            attempt=1,
            cursor={"after": 0},
            results={},
        )
        return await WATCH.poll(step, self)


@pytest.mark.processes
@pytest.mark.parametrize(
    ("scope", "subject", "holds"),
    [
        ("deployments", None, True),
        ("service", "orders", True),
        ("service", "payments", False),
        ("process", "canary_steps", True),
        ("process", "load_tests", False),
    ],
)
async def test_a_canary_that_a_freeze_holds_is_renewed_no_more(
    database: Database,
    tenant: str,
    platform: _Counted,
    scope: str,
    subject: str | None,
    holds: bool,
) -> None:
    worker = _Worker(database, tenant, platform)
    release = await platform.release("orders", "1.1")
    what = ORDERS, release.version, release.digest
    begun = await platform.begin_canary(grant("c"), *what, share=0.25, lease=60.0, before="1.0")
    assert begun.canary is not None
    await _begun(database, tenant, begun.canary.id)
    async with database.transaction(tenant) as tx:
        now = worker.now()
        lay(
            tx,
            "freeze",
            scope,
            subject=subject,
            reason="The audit",
            by="carlos",
            roles=frozenset({Role.COMPLIANCE_OFFICER}),
            at=now,
        )
    looked = await worker.look()
    assert isinstance(looked, Still)
    assert (looked.detail == "It is frozen: The audit") is holds
    assert platform.renewed == (0 if holds else 1)
    async with database.transaction(tenant) as tx:
        await tx.execute(update(OverrideRow).values(ended=now))
    assert (await worker.look()) != Still(LOOKED_EVERY, "It is frozen: The audit")
    assert platform.renewed == (1 if holds else 2), "it goes on where the freeze ends in time"
