"""A process that is killed in the middle of a merge: nothing is lost, and nothing is done twice."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import OutcomeState
from integrations.code_host import CommitQuery, PullRequestQuery
from integrations.code_host.actions import MergePullRequest
from integrations.code_host.bare_repository import tip
from integrations.code_host.contents import MergeWay
from integrations.code_host.performing import specs
from integrations.code_host.pull_requests import PullRequestState
from integrations.code_host.refusals import BaseMoved
from integrations.code_host.vendors.local.client import LocalCodeHost
from integrations.pages import everything
from tests.integrations.code_host.effects_contract import grant, merge, opened
from tests.integrations.code_host.workshop import Workshop

pytestmark = pytest.mark.processes


async def killed(host: LocalCodeHost, moment: str, effect: str) -> None:
    url = host.database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integrations.code_host.merging_process",
        url,
        host.tenant,
        str(host.repositories_here.folder),
        moment,
        effect,
    )
    assert await process.wait() == -signal.SIGKILL


async def _never_judged(_action: MergePullRequest, _tx: AsyncSession) -> bool:
    raise AssertionError("what is asked about is not ruled on")


async def asked(host: LocalCodeHost, moment: str) -> Any:
    """What the gate hears when it asks, as it does after a crash."""
    spec = next(one for one in specs(_never_judged) if one.action is MergePullRequest)
    assert spec.ask is not None
    return await spec.ask(f"kill-{moment}", host)


@pytest.mark.parametrize(("moment", "arrived"), [("receipt", False), ("git", True), ("rows", True)])
async def test_a_merge(
    host: LocalCodeHost,
    clone: Workshop,
    tmp_path: Path,
    moment: str,
    arrived: bool,
) -> None:
    pull = await opened(host, clone, tmp_path)
    await killed(host, moment, "merge")
    assert ((await host.branch("orders", "main")).sha != pull.base_sha) is arrived
    outcome = await asked(host, moment)
    if not arrived:
        assert outcome is None
        assert (await host.pull_request("orders", 1)).state is PullRequestState.OPEN
    else:
        assert outcome.state is OutcomeState.DONE
        assert outcome == await asked(host, moment)
    # The gate's next try, with the same leave: it is merged once, whenever the first one died.
    merged = await host.merge_pull_request(
        grant(host, f"kill-{moment}"),
        "orders",
        1,
        head=pull.head_sha,
        base=pull.base_sha,
        way=MergeWay.MERGE,
    )
    assert merged.state is PullRequestState.MERGED
    main = (await host.branch("orders", "main")).sha
    assert merged.merged_sha == main
    assert outcome is None or outcome.reference == main
    history = await everything(host.commits, CommitQuery("orders", main))
    assert [one.sha for one in history if len(one.parents) == 2] == [main]


async def test_another_leave_finds_a_merge_that_nobody_heard_of(
    host: LocalCodeHost,
    clone: Workshop,
    tmp_path: Path,
) -> None:
    await opened(host, clone, tmp_path)
    await killed(host, "git", "merge")
    main = (await host.branch("orders", "main")).sha
    with pytest.raises(Exception, match="merged already"):
        await merge(host, await host.pull_request("orders", 1), "another")
    found = await host.pull_request("orders", 1)
    assert (found.state, found.merged_sha) == (PullRequestState.MERGED, main)
    assert (await host.branch("orders", "main")).sha == main


@pytest.mark.parametrize(("moment", "arrived"), [("receipt", False), ("git", True), ("rows", True)])
async def test_a_revert(
    host: LocalCodeHost,
    clone: Workshop,
    tmp_path: Path,
    moment: str,
    arrived: bool,
) -> None:
    merged = await merge(host, await opened(host, clone, tmp_path))
    await killed(host, moment, "revert")
    outcome = await asked(host, moment)
    assert (outcome is not None) is arrived
    assert merged.merged_sha is not None
    back = await host.revert_pull_request(grant(host, f"kill-{moment}"), "orders", 1, merged=merged.merged_sha)
    assert {one.number for one in (await host.pull_requests(PullRequestQuery("orders"))).items} == {1, 2}
    assert outcome is None or outcome.reference == str(back)
    git = await host.repositories_here.git("orders")
    assert await tip(git, "countersign/revert-1-2") is None


async def test_a_lock_that_a_killed_git_left_is_taken_away_once_nobody_can_hold_it(
    host: LocalCodeHost, clone: Workshop, tmp_path: Path
) -> None:
    pull = await opened(host, clone, tmp_path)
    lock = (await host.repositories_here.git("orders")).folder / "refs" / "heads" / "main.lock"
    lock.touch()
    with pytest.raises(BaseMoved, match=r"cannot come to .*main\.lock"):
        await merge(host, pull)
    assert await host.what_happened("merge") is None
    os.utime(lock, (0, 0))
    assert (await merge(host, pull)).state is PullRequestState.MERGED


async def test_of_two_merges_at_once_one_is_made(host: LocalCodeHost, clone: Workshop, tmp_path: Path) -> None:
    for name in ("x", "y"):
        await opened(host, clone, tmp_path, branch=f"countersign/{name}", files={f"{name}.txt": f"{name}\n"})
    pulls = [await host.pull_request("orders", number) for number in (1, 2)]
    both = await asyncio.gather(
        *(merge(host, pull, f"m{pull.number}") for pull in pulls), return_exceptions=True
    )
    refused = [one for one in both if isinstance(one, BaseException)]
    assert [type(one) for one in refused] == [BaseMoved]
    states = sorted([(await host.pull_request("orders", number)).state.value for number in (1, 2)])
    assert states == ["merged", "open"]
