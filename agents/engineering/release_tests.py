"""Whether a release's tests passed: the fact `tests_passed` of a deployment, by the commit it was made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.coverage_tables import SuiteRunRow
from agents.engineering.repositories import Known, repository_called
from governance.authority.vocabulary import Given, Unestablished
from integrations.code_host import CheckQuery, CodeHost, CommitQuery
from integrations.code_host.pull_requests import Check, CheckState
from integrations.code_host.refusals import CodeHostError
from integrations.deployments import DeploymentError, Deployments
from integrations.deployments.actions import BeginCanary, Deploy
from integrations.looked import looked
from integrations.pages import Part, everything
from storage.database import tenant_of
from storage.look import Away, look_of, may_look

_WHOLE = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class ReleaseTests:
    """Looks at a tenant's platform and code host."""

    platform: Callable[[str], Deployments]
    host: Callable[[str], CodeHost]

    async def of(self, action: Deploy | BeginCanary, tx: AsyncSession) -> Mapping[str, Given]:
        """`tests_passed` by the suite that ran here over these files and by every check of the commit, and
        `tests_passed(name)` of each check; not established where nobody ran any, or one still runs, nor where a
        run asks by itself: it is looked at for the votes."""
        if not may_look(tx):
            return {"tests_passed": Unestablished("it is looked at once somebody votes")}
        try:
            return await self._of(action, tx)
        except (Away, DeploymentError, CodeHostError) as unknown:
            return {"tests_passed": Unestablished(str(unknown))}

    async def _of(self, action: Deploy | BeginCanary, tx: AsyncSession) -> Mapping[str, Given]:
        tenant, look = tenant_of(tx), look_of(tx)
        release = await looked("deployments", self.platform(tenant), look).release(
            action.service, action.version
        )
        if release.commit is None or not _WHOLE.fullmatch(release.commit):
            return {"tests_passed": Unestablished(f"{action.service} {action.version} names no whole commit")}
        host = looked("code_host", self.host(tenant), look)
        known = [Known(one, None) for one in await everything(host.repositories, Part())]
        found = repository_called(action.service, known)
        if found is None:
            return {"tests_passed": Unestablished(f"no repository is called {action.service}")}
        name = found.repository.id
        (commit,) = (await host.commits(CommitQuery(name, release.commit, limit=1))).items
        checks = await everything(host.checks, CheckQuery(name, commit.sha))
        query = select(SuiteRunRow.failed).where(
            SuiteRunRow.repository == name, SuiteRunRow.tree == commit.tree
        )
        failed = (await tx.execute(query)).scalar()
        return _facts(checks, None if failed is None else failed == 0)


def _facts(checks: tuple[Check, ...], suite: bool | None) -> Mapping[str, Given]:
    told = {one.name.casefold(): _passed(one) for one in checks if one.state is not CheckState.NEUTRAL}
    each: dict[str, Given] = {f"tests_passed({name})": passed for name, passed in told.items()}
    every = [*told.values(), *([] if suite is None else [suite])]
    if False in every:
        return {**each, "tests_passed": False}
    running = next((one for one in every if isinstance(one, Unestablished)), None)
    if running is not None or not every:
        return {**each, "tests_passed": running or Unestablished("no tests of its commit were run")}
    return {**each, "tests_passed": True}


def _passed(check: Check) -> bool | Unestablished:
    if check.state is CheckState.RUNNING:
        return Unestablished(f"{check.name} still runs")
    return check.state is CheckState.PASSED
