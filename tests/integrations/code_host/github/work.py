"""A repository with a first commit, and what is done on it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from governance.action import Grant
from integrations.code_host.pull_requests import (
    PullRequest,
    PullRequestDraft,
)
from integrations.code_host.vendors.github.host import GitHub
from simulators.github import Fault
from tests.integrations.code_host.reading_contract import draft
from tests.integrations.code_host.workshop import Workshop

ORDERS = "acme/orders"
BRANCH = "countersign/totals"


def grant(name: str) -> Grant:
    return Grant(name, "t", f"ef_{name}", "", 0, datetime.now(UTC))


async def made(port: GitHub, clone: Workshop, folder: Path, content: str = "2\n") -> str:
    base = clone.git("rev-parse", "main")
    tree = folder / f"tree-{content.strip()}"
    tree.mkdir()
    await port.checkout(ORDERS, base, tree)
    (tree / "a.txt").write_text(content)
    return (await port.commit_tree(ORDERS, tree, draft(base))).sha


async def pushed(port: GitHub, clone: Workshop, folder: Path) -> str:
    head = await made(port, clone, folder)
    await port.push_branch(grant("push"), ORDERS, BRANCH, head, before=None)
    return head


async def opened(port: GitHub, clone: Workshop, folder: Path) -> PullRequest:
    head = await pushed(port, clone, folder)
    said = PullRequestDraft("Total", "Why.", BRANCH, head, "main", labels=("agents",))
    return await port.open_pull_request(grant("open"), ORDERS, said)


def lost(method: str, path: str, drop: str = "after") -> Fault:
    return Fault(method, path, drop=drop)
