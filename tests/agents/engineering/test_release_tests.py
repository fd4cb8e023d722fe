"""Whether a release's tests passed, by a real code host: what its commit's checks and its suite said."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from agents.engineering.coverage_tables import SuiteRunRow
from agents.engineering.release_tests import ReleaseTests
from governance.authority.vocabulary import Unestablished
from integrations.code_host import CommitQuery
from integrations.code_host.pull_requests import CheckDraft, CheckState
from integrations.deployments import NoSuchRelease, Release, Stage
from integrations.deployments.actions import Deploy
from storage.look import Look, act
from tests.agents.engineering.stories import Town, town
from tests.integrations.code_host.effects_contract import grant

__all__ = ["town"]

NOW = datetime(2026, 11, 30, tzinfo=UTC)

pytestmark = pytest.mark.timeout(120)


class Platform:
    """Has one release, of `commit`."""

    def __init__(self, commit: str | None) -> None:
        self.commit = commit

    async def release(self, service: str, version: str) -> Release:
        if version != "1.0":
            raise NoSuchRelease(f"{service} has no release {version}.")
        return Release(service, version, "d" * 64, NOW, commit=self.commit)


async def told(town: Town, commit: str | None, version: str = "1.0") -> dict[str, Any]:
    tests = ReleaseTests(lambda _tenant: cast(Any, Platform(commit)), lambda _tenant: town.host)
    action = Deploy(
        service="orders",
        environment=Stage.PRODUCTION,
        version=version,
        content="d" * 64,
        replicas=1,
        before=None,
        rationale="It is asked for.",
        impact="It runs.",
        rollback_plan="Take it back.",
    )
    return dict(await act(town.database, town.tenant, Look(), lambda tx: tests.of(action, tx)))


async def checked(town: Town, sha: str, name: str, state: CheckState, number: int) -> None:
    await town.host.report_check(
        grant(town.host, f"g{number}"), "orders", sha, CheckDraft(name, state, "Said.")
    )


async def test_every_check_of_its_commit_must_have_passed(town: Town) -> None:
    sha = (await town.host.branch("orders", "main")).sha
    assert isinstance((await told(town, sha))["tests_passed"], Unestablished), "nobody ran any"
    await checked(town, sha, "unit", CheckState.PASSED, 1)
    await checked(town, sha, "Integration", CheckState.RUNNING, 2)
    running = await told(town, sha)
    assert running["tests_passed(unit)"] is True
    assert running["tests_passed"] == Unestablished("Integration still runs")
    await checked(town, sha, "Integration", CheckState.FAILED, 3)
    assert (await told(town, sha))["tests_passed"] is False
    assert (await told(town, sha))["tests_passed(integration)"] is False
    await checked(town, sha, "Integration", CheckState.PASSED, 4)
    assert (await told(town, sha))["tests_passed"] is True


async def test_the_suite_that_ran_over_the_same_files_counts(town: Town) -> None:
    head = await town.host.branch("orders", "main")
    (commit,) = (await town.host.commits(CommitQuery("orders", head.sha, limit=1))).items
    row = SuiteRunRow(repository="orders", tree=commit.tree, passed=3, failed=1, skipped=0)
    async with town.database.transaction(town.tenant) as tx:
        tx.add(row)
    assert await told(town, head.sha) == {"tests_passed": False}
    async with town.database.transaction(town.tenant) as tx:
        (await tx.merge(row)).failed = 0
    assert await told(town, head.sha) == {"tests_passed": True}


@pytest.mark.parametrize(
    ("commit", "version", "why"),
    [
        (None, "1.0", "orders 1.0 names no whole commit"),
        ("c82b5f0", "1.0", "orders 1.0 names no whole commit"),
        ("a" * 40, "1.0", "There is no commit"),
        ("a" * 40, "2.0", "orders has no release 2.0."),
    ],
)
async def test_what_nobody_can_tell_is_not_established(
    town: Town, commit: str | None, version: str, why: str
) -> None:
    found = await told(town, commit, version)
    assert list(found) == ["tests_passed"]
    assert why in str(found["tests_passed"])


async def test_a_run_that_asks_by_itself_waits_for_no_code_host(town: Town) -> None:
    tests = ReleaseTests(lambda _tenant: cast(Any, Platform("a" * 40)), lambda _tenant: town.host)
    async with town.database.transaction(town.tenant) as tx:
        found = await tests.of(cast(Any, None), tx)
    assert found == {"tests_passed": Unestablished("it is looked at once somebody votes")}
