"""GitHub keeps the contract, over real HTTP and real git, as far as GitHub does what others do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from integrations.code_host.contents import Protection
from integrations.code_host.pull_requests import PullRequestState
from integrations.code_host.refusals import NoSuchBranch, NotOpen
from simulators.github import FakeGitHub
from simulators.github.repositories import Rule
from storage.database import Database
from tests.integrations.code_host.effects_contract import BRANCH, EffectsContract, merge
from tests.integrations.code_host.effects_contract import opened as opened_pull_request
from tests.integrations.code_host.github import world
from tests.integrations.code_host.history_contract import HistoryContract
from tests.integrations.code_host.merging_contract import MergingContract
from tests.integrations.code_host.reading_contract import ReadingContract
from tests.integrations.code_host.trees_contract import TreesContract
from tests.integrations.code_host.workshop import Workshop


@pytest.fixture
async def host(fake: FakeGitHub, database: Database, tenant: str, tmp_path: Path) -> AsyncIterator[Any]:
    async with world.opened(fake, database, tenant, tmp_path / "var") as port:
        yield world.Named(port)


@pytest.fixture
def origin(fake: FakeGitHub) -> Callable[[str], Path]:
    return lambda repository: fake.repositories[f"{world.OWNER}/{repository}"].folder


@pytest.fixture
def protect(fake: FakeGitHub) -> Callable[[Protection], Awaitable[None]]:
    async def demand(protection: Protection) -> None:
        rule = Rule(protection.required_reviews, protection.required_checks)
        fake.repositories[f"{world.OWNER}/orders"].rules["main"] = rule

    return demand


class TestGitHub(ReadingContract, TreesContract, EffectsContract, MergingContract, HistoryContract):
    async def test_it_follows_its_branch_and_outlives_it(
        self, host: Any, clone: Workshop, tmp_path: Path
    ) -> None:
        """GitHub closes a pull request whose branch goes."""
        pull = await opened_pull_request(host, clone, tmp_path)
        clone.git("fetch", "--quiet", "origin")
        clone.branch("mine", f"origin/{BRANCH}")
        more = clone.commit("More", {"c.txt": "c"})
        clone.push(f"mine:{BRANCH}")
        assert (await host.pull_request("orders", 1)).head_sha == more
        clone.push(f":{BRANCH}")
        gone = await host.pull_request("orders", 1)
        assert (gone.has_head, gone.state) == (False, PullRequestState.CLOSED)
        with pytest.raises((NoSuchBranch, NotOpen)):
            await merge(host, pull)
