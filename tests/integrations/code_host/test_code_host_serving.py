"""People's own git over HTTP: who gets in, what they may push, and what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from sqlalchemy import func, select, text

from governance.department_file import read_department
from governance.department_rows import open_department
from governance.directory import NoSuchPerson
from integrations.code_host import BranchQuery, PullRequestQuery
from integrations.code_host.contents import Protection
from integrations.code_host.vendors.local.client import LocalCodeHost
from integrations.code_host.vendors.local.serving import GitServer, write_hook
from integrations.code_host.webhooks import CodeEventRow
from tests.governance.house import ACME
from tests.integrations.code_host.effects_contract import Protect, opened
from tests.integrations.code_host.workshop import Workshop

pytestmark = pytest.mark.processes


@pytest.fixture
async def address(host: LocalCodeHost, tmp_path: Path) -> AsyncIterator[str]:
    async with host.database.transaction(host.tenant) as tx:
        await open_department(tx, read_department(ACME))
    write_hook(tmp_path / "hooks")
    server = TestServer(GitServer(host, tmp_path / "hooks").application())
    await server.start_server()
    yield f"127.0.0.1:{server.port}"
    await server.close()


@pytest.fixture
async def theirs(host: LocalCodeHost, clone: Workshop, address: str, tmp_path: Path) -> Workshop:
    """The clone of somebody who has a token, over HTTP; orders has a first commit."""
    clone.commit("Add", {"a.txt": "1\n"})
    clone.push("main")
    token = await host.new_token("kofi.mensahl")
    mine = Workshop(tmp_path / "theirs", f"http://kofi:{token}@{address}/orders.git")
    await asyncio.to_thread(mine.git, "pull", "--quiet", "origin", "main")
    return mine


def shown(name: str, token: str) -> dict[str, str]:
    return {"Authorization": aiohttp.encode_basic_auth(name, token)}


async def git(workshop: Workshop, *arguments: str, fails: bool = False) -> str:
    return await asyncio.to_thread(workshop.git, *arguments, fails=fails)


async def woken(host: LocalCodeHost) -> list[str]:
    """The repositories for which a look is queued."""
    async with host.database.transaction(host.tenant) as tx:
        query = text(
            "SELECT args->>'repository' FROM procrastinate_jobs"
            " WHERE task_name = 'look_at_code' AND args->>'tenant' = :tenant"
        )
        return list((await tx.execute(query, {"tenant": host.tenant})).scalars())


async def test_a_branch_is_pushed_and_the_protected_one_is_not(
    host: LocalCodeHost, theirs: Workshop, clone: Workshop
) -> None:
    assert (theirs.folder / "a.txt").read_text() == "1\n"
    before = (await host.branch("orders", "main")).sha
    sha = theirs.commit("Mine", {"b.txt": "2\n"})
    said = await git(theirs, "push", "origin", "main", fails=True)
    assert "main is protected: push another branch" in said
    said = await git(theirs, "push", "--force", "origin", "main:new", "main:main", fails=True)
    assert "protected" in said
    assert [one.name for one in (await host.branches(BranchQuery("orders"))).items] == [
        "main"
    ]  # all or nothing
    await git(theirs, "push", "origin", "main:work")
    assert (await host.branch("orders", "work")).sha == sha
    assert (await host.branch("orders", "main")).sha == before
    await git(theirs, "push", "origin", ":work")
    assert len((await host.branches(BranchQuery("orders"))).items) == 1


async def test_a_push_opens_a_pull_request_where_it_is_asked_to(host: LocalCodeHost, theirs: Workshop) -> None:
    theirs.commit("Mend totals\n\nThey were off by one.", {"a.txt": "2\n"})
    await git(theirs, "push", "-o", "pull-request", "origin", "main:work", "main:refs/tags/v1")
    (pull,) = (await host.pull_requests(PullRequestQuery("orders"))).items
    said = (pull.title, pull.body, pull.author, pull.head, pull.base)
    assert said == ("Mend totals", "They were off by one.", "kofi.mensahl", "work", "main")
    more = theirs.commit("More", {"a.txt": "3\n"})
    await git(theirs, "push", "-o", "pull-request", "origin", "main:work")
    (pull,) = (await host.pull_requests(PullRequestQuery("orders"))).items
    assert pull.head_sha == more


async def test_a_push_to_an_agents_branch_moves_its_pull_request(
    host: LocalCodeHost, theirs: Workshop, clone: Workshop, tmp_path: Path
) -> None:
    pull = await opened(host, clone, tmp_path)
    await git(theirs, "fetch", "--quiet", "origin")
    await git(theirs, "checkout", "--quiet", "-b", "help", f"origin/{pull.head}")
    sha = theirs.commit("Help", {"c.txt": "c"})
    await git(theirs, "push", "origin", f"help:{pull.head}")
    assert (await host.pull_request("orders", 1)).head_sha == sha
    sha = theirs.commit("More help", {"d.txt": "d"})
    await git(theirs, "push", "origin", f"help:{pull.head}")
    assert await woken(host) == ["orders"], "those who wait for it are woken, once"
    async with host.database.transaction(host.tenant) as tx:
        assert (await tx.execute(select(func.count()).select_from(CodeEventRow))).scalar() == 0
    await git(theirs, "push", "origin", f":{pull.head}")
    gone = await host.pull_request("orders", 1)
    assert (gone.has_head, gone.head_sha) == (False, sha)


async def test_nothing_else_is_pushed_and_nothing_of_ours_is_seen(
    host: LocalCodeHost, theirs: Workshop, origin: Callable[[str], Path]
) -> None:
    inside = await host.repositories_here.git("orders")
    main = (await host.branch("orders", "main")).sha
    await inside.run("update-ref", "refs/countersign/moves/x", main)
    assert "countersign" not in await git(theirs, "ls-remote", "origin")
    for ref in ("refs/countersign/moves/y", "refs/notes/x", "HEAD"):
        await git(theirs, "push", "origin", f"main:{ref}", fails=True)
    hooks = origin("orders") / "hooks"
    hooks.mkdir()
    (hooks / "post-receive").write_text(f"#!/bin/sh\ntouch {hooks}/ran\n")
    (hooks / "post-receive").chmod(0o755)
    await git(theirs, "push", "origin", "main:other")
    assert not (hooks / "ran").exists()


async def test_nobody_comes_in_without_a_token_of_their_own(
    host: LocalCodeHost, theirs: Workshop, address: str
) -> None:
    refs = f"http://{address}/orders.git/info/refs?service=git-upload-pack"
    earlier = await host.new_token("kofi.mensahl")
    token = await host.new_token("kofi.mensahl")
    async with aiohttp.ClientSession() as session:
        for login in (None, ("kofi", ""), ("kofi", "csg_x"), ("kofi", earlier), ("k", "\0"), (token, "x")):
            async with session.get(refs, headers=shown(*login) if login else {}) as answer:
                assert (answer.status, "Basic" in answer.headers["WWW-Authenticate"]) == (401, True)
        auth = shown("anybody", token)
        for path, status in {
            "/orders.git/info/refs?service=git-upload-pack": 200,
            "/orders.git/info/refs": 403,
            "/orders.git/info/refs?service=git-upload-archive": 403,
            "/nothing.git/info/refs?service=git-upload-pack": 404,
            "/..%2f..%2fetc.git/info/refs?service=git-upload-pack": 404,
            "/orders.git/HEAD": 404,
            "/orders.git/config": 404,
        }.items():
            async with session.get(f"http://{address}{path}", headers=auth) as answer:
                assert answer.status == status, path
        async with session.post(
            f"http://{address}/orders.git/git-receive-pack", headers=auth, data=b"x"
        ) as answer:
            assert answer.status in (200, 415)
    with pytest.raises(NoSuchPerson):
        await host.new_token("nobody")


async def test_a_branch_that_is_demanded_much_of_is_protected_too(
    host: LocalCodeHost, theirs: Workshop, protect: Protect
) -> None:
    await protect(Protection(required_reviews=2))
    theirs.commit("Mine", {"b.txt": "2\n"})
    assert "main is protected" in await git(theirs, "push", "origin", "main", fails=True)
