"""GitHub’s tokens, which end and go; its limits; and an installation that is taken away."""

from __future__ import annotations

import asyncio
import logging
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integrations.code_host import TreeQuery
from integrations.code_host.refusals import (
    NoAccess,
    NoSuchRepository,
    NotNow,
    TooLarge,
)
from integrations.code_host.vendors.github import receipts
from integrations.code_host.vendors.github.host import GitHub
from simulators.github import FakeGitHub, Fault
from simulators.github.repositories import Repository
from storage.database import Database
from storage.look import Away
from tests.integrations.code_host.github import world
from tests.integrations.code_host.github.work import BRANCH, ORDERS, grant, made, opened, pushed
from tests.integrations.code_host.workshop import Workshop


class TestCredentials:
    async def test_a_token_is_asked_for_once_and_anew_before_it_ends(
        self, fake: FakeGitHub, port: GitHub, work: Workshop
    ) -> None:
        for _ in range(3):
            await port.branch(ORDERS, "main")
        assert fake.access.given_out == 1
        now = datetime.now(UTC)
        port.api.clock = lambda: now + timedelta(minutes=54)
        await port.branch(ORDERS, "main")
        assert fake.access.given_out == 1
        port.api.clock = lambda: now + timedelta(minutes=56)
        await port.branch(ORDERS, "main")
        assert fake.access.given_out == 2

    async def test_git_gets_a_token_for_one_repository_and_its_contents_alone(
        self, fake: FakeGitHub, port: GitHub, work: Workshop, tmp_path: Path
    ) -> None:
        await pushed(port, work, tmp_path)
        narrow = [one for one in fake.access.tokens.values() if one.repositories is not None]
        assert {(tuple(one.repositories or ()), one.permissions["contents"]) for one in narrow} == {
            (("orders",), "read"),
            (("orders",), "write"),
        }
        assert all(set(one.permissions) == {"metadata", "contents"} for one in narrow)

    async def test_a_token_that_runs_out_in_mid_push_is_replaced(
        self, fake: FakeGitHub, port: GitHub, work: Workshop, tmp_path: Path
    ) -> None:
        head = await made(port, work, tmp_path)
        # The first request finds the branches; the token ends before what is pushed is sent.
        fake.faults.append(Fault("POST", "git-receive-pack", do=fake.access.tokens.clear))
        assert (await port.push_branch(grant("g1"), ORDERS, BRANCH, head, before=None)).sha == head
        assert (fake.done["push"], (await port.branch(ORDERS, BRANCH)).sha) == (1, head)

    async def test_a_token_that_was_taken_back_is_replaced(
        self, fake: FakeGitHub, port: GitHub, work: Workshop
    ) -> None:
        await port.branch(ORDERS, "main")
        fake.access.tokens.clear()
        assert (await port.branch(ORDERS, "main")).name == "main"

    async def test_an_installation_that_goes_is_named(
        self, fake: FakeGitHub, port: GitHub, work: Workshop, tmp_path: Path
    ) -> None:
        sha = (await port.branch(ORDERS, "main")).sha
        await port.tree(TreeQuery(ORDERS, sha))
        fake.access.suspended = True
        fake.access.tokens.clear()
        with pytest.raises(NoAccess, match="suspended"):
            await port.comment_on_pull_request(grant("g1"), ORDERS, 1, "x", person="kofi.mensahl")
        fake.access.removed = True
        with pytest.raises(NoAccess, match="removed it"):
            await port.branch(ORDERS, "main")
        port.forget()
        with pytest.raises(NoAccess):  # what is mirrored is not shown any more
            await port.tree(TreeQuery(ORDERS, sha))
        assert await port.what_happened("g1") is None

    async def test_a_permission_that_is_missing_is_named(self, fake: FakeGitHub, port: GitHub) -> None:
        del fake.access.permissions["checks"]
        with pytest.raises(NoAccess, match="checks: write"):
            await port.branch(ORDERS, "main")

    async def test_a_repository_that_is_taken_away_is_not_shown_and_its_mirror_goes(
        self, fake: FakeGitHub, port: GitHub, work: Workshop
    ) -> None:
        sha = (await port.branch(ORDERS, "main")).sha
        await port.tree(TreeQuery(ORDERS, sha))
        folder = port.mirrors.folder / f"{ORDERS}.git"
        await port.tidy()
        assert folder.is_dir()
        fake.hidden.add(ORDERS)
        port.forget()
        with pytest.raises(NoSuchRepository):
            await port.tree(TreeQuery(ORDERS, sha))
        await port.tidy()
        assert not folder.exists()

    async def test_no_secret_is_left_anywhere(
        self,
        fake: FakeGitHub,
        port: GitHub,
        work: Workshop,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """On the disk, in an argument, a log or an error. The environment of git has it, and nobody's else."""
        started: list[tuple[tuple[str, ...], dict[str, str]]] = []
        loop = asyncio.get_running_loop()
        start = loop.subprocess_exec

        async def watched(protocol: Any, *command: Any, **how: Any) -> Any:
            if command[0] == "git" and "env" in how:
                started.append((command, how["env"]))
            return await start(protocol, *command, **how)

        monkeypatch.setattr(loop, "subprocess_exec", watched)
        caplog.set_level(logging.DEBUG)
        await opened(port, work, tmp_path)
        fake.faults.append(Fault("POST", "/comments", answer=(500, {"message": "no"}, {})))
        with pytest.raises(Away) as failed:
            await port.comment_on_pull_request(grant("g1"), ORDERS, 1, "x", person="kofi.mensahl")
        tokens = list(fake.access.tokens)
        encoded = [await port.api.git_header(ORDERS, writes) for writes in (False, True)]
        secrets = [*tokens, *(one.rpartition(" ")[2] for one in encoded), "PRIVATE KEY"]
        argued = " ".join(" ".join(map(str, command)) for command, _ in started)
        shown = f"{argued} {caplog.text} {failed.value!r} {failed.value.__cause__!r} {port!r} {os.environ!r}"
        files = [one for one in (tmp_path / "var").rglob("*") if one.is_file()]
        assert files
        for secret in secrets:
            assert secret not in shown
            assert not any(secret.encode() in one.read_bytes() for one in files)
        with_token = [
            command for command, given in started if any("Basic" in value for value in given.values())
        ]
        assert {next(one for one in command if one in ("fetch", "push")) for command in with_token} == {
            "fetch",
            "push",
        }


class TestLimits:
    async def test_a_short_pause_is_waited_for_and_a_long_one_named(
        self, fake: FakeGitHub, port: GitHub, work: Workshop
    ) -> None:
        limited = (429, {"message": "You have exceeded a secondary rate limit."}, {"Retry-After": "0"})
        fake.faults.append(Fault("POST", "refs|ref\\(", answer=limited))
        assert (await port.branch(ORDERS, "main")).name == "main"
        long = (403, {"message": "You have exceeded a secondary rate limit."}, {"Retry-After": "90"})
        fake.faults.append(Fault("POST", "ref\\(", answer=long))
        before = datetime.now(UTC)
        with pytest.raises(NotNow) as refused:
            await port.branch(ORDERS, "main")
        assert timedelta(seconds=85) < refused.value.until - before < timedelta(seconds=95)
        asked = fake.remaining
        with pytest.raises(NotNow):  # and until then nobody asks
            await port.branch(ORDERS, "main")
        assert fake.remaining == asked

    async def test_a_secondary_limit_that_says_no_time_is_a_minute(
        self, fake: FakeGitHub, port: GitHub, work: Workshop, tmp_path: Path
    ) -> None:
        await opened(port, work, tmp_path)
        limited = (403, {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}, {})
        fake.faults.append(Fault("POST", "/comments", answer=limited))
        with pytest.raises(NotNow):
            await port.comment_on_pull_request(grant("g1"), ORDERS, 1, "x", person="kofi.mensahl")
        assert await port.what_happened("g1") is None
        assert fake.done["comment"] == 0

    async def test_the_last_request_of_an_hour_is_the_last(
        self, fake: FakeGitHub, port: GitHub, work: Workshop
    ) -> None:
        await port.branch(ORDERS, "main")
        fake.remaining = 1
        await port.branch(ORDERS, "main")
        with pytest.raises(NotNow, match="no more of us before"):
            await port.branch(ORDERS, "main")
        assert fake.remaining == 0

    async def test_content_is_counted_for_all_processes_together(
        self,
        fake: FakeGitHub,
        port: GitHub,
        database: Database,
        tenant: str,
        work: Workshop,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        await opened(port, work, tmp_path)
        monkeypatch.setattr(receipts, "LIMITS", ((timedelta(hours=1), 4),))
        async with world.opened(fake, database, tenant, tmp_path / "var2") as other:
            await port.comment_on_pull_request(grant("g1"), ORDERS, 1, "one", person="kofi.mensahl")
            await other.comment_on_pull_request(grant("g2"), ORDERS, 1, "two", person="kofi.mensahl")
            for host in (port, other):
                with pytest.raises(NotNow, match="takes 4 changes in an hour"):
                    await host.comment_on_pull_request(grant("g3"), ORDERS, 1, "three", person="kofi.mensahl")
        assert fake.done["comment"] == 2
        assert await port.what_happened("g3") is None
        now = port.api.clock() + timedelta(hours=1, seconds=5)
        port.api.clock = lambda: now
        await port.comment_on_pull_request(grant("g3"), ORDERS, 1, "three", person="kofi.mensahl")
        assert fake.done["comment"] == 3

    async def test_an_effect_that_could_not_be_sent_was_not_done(
        self, fake: FakeGitHub, port: GitHub, work: Workshop, tmp_path: Path
    ) -> None:
        await opened(port, work, tmp_path)
        fake.faults.append(Fault("POST", "access_tokens", answer=(502, {"message": "bad"}, {}), times=9))
        port.api.forget_tokens()
        with pytest.raises(NotNow, match="gives out no token"):
            await port.comment_on_pull_request(grant("g1"), ORDERS, 1, "x", person="kofi.mensahl")
        assert await port.receipts.of("g1") is None

    async def test_a_repository_that_is_too_large_is_left_alone(
        self, port: GitHub, orders: Repository, work: Workshop
    ) -> None:
        sha = (await port.branch(ORDERS, "main")).sha
        orders.size_kb = 3 * 1024**2
        with pytest.raises(TooLarge, match="3,072 MB; mirrors are made of up to 2,048 MB"):
            await port.tree(TreeQuery(ORDERS, sha))
        assert not (port.mirrors.folder / f"{ORDERS}.git").exists()
