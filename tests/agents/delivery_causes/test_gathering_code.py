"""What is seen of code: real repositories, pull requests, checks and reviews."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from agents.delivery_causes.api_breaks import api_breaks
from agents.delivery_causes.evidence import ApiDocument
from agents.delivery_causes.gathering_code import Code, code_seen
from integrations.code_host import CodeHost, CommitQuery
from integrations.code_host.bare_repository import make_bare
from integrations.code_host.pull_requests import (
    CheckDraft,
    CheckState,
    PullRequestDraft,
    ReviewDraft,
    ReviewVerdict,
)
from integrations.code_host.vendors.local.client import LocalCodeHost
from integrations.pages import Part
from integrations.ports import Ports
from integrations.services import Service
from integrations.services.vendors.local import LocalCatalogue
from integrations.tracker.vendors.local.tracker import LocalTracker
from storage.database import Database
from tests.agents.delivery_causes.simulated import story
from tests.integrations.code_host.effects_contract import LINES, grant, made
from tests.integrations.code_host.workshop import Workshop

ACME = Path(__file__).parents[3] / "examples" / "acme"
API = "openapi: 3.1.0\npaths:\n  /orders:\n    get: {responses: {'200': {description: ok}}}\n"


@pytest.fixture
async def host(database: Database, tenant: str, tmp_path: Path) -> LocalCodeHost:
    await make_bare(tmp_path / "code" / "orders.git", "main")
    return LocalCodeHost(database, tenant, tmp_path / "code", tmp_path / "no-sample")


@pytest.fixture
def clone(host: LocalCodeHost, tmp_path: Path) -> Workshop:
    clone = Workshop(tmp_path / "clone", host.repositories_here.folder / "orders.git")
    clone.commit("Add", {"a.txt": LINES, "openapi.yaml": API})
    clone.push("main")
    return clone


async def seen(host: LocalCodeHost, unknown: list[str] | None = None) -> Code:
    parts = {
        "code_host": host,
        "services": LocalCatalogue(ACME / "services"),
        "tracker": LocalTracker(host.database, host.tenant),
    }
    ports = cast(Ports, type("OnlyThese", (), parts)())
    stories = (story("CARD-1", "beta"), story("CARD-2", "beta"))
    services = (await ports.services.services(Part())).items
    return await code_seen(
        ports, stories, {}, services, {"orders"}, datetime.now(UTC), [] if unknown is None else unknown
    )


async def opened(host: CodeHost, folder: Path, name: str, files: dict[str, str], title: str) -> tuple[int, str]:
    base = (await host.branch("orders", "main")).sha
    head = await made(host, folder, base, files)
    branch = f"countersign/{name}"
    await host.push_branch(grant(host, f"p{name}"), "orders", branch, head, before=None)
    draft = PullRequestDraft(title, "", branch, head, "main")
    return (await host.open_pull_request(grant(host, f"o{name}"), "orders", draft)).number, head


async def test_pull_requests_of_the_stories_with_checks_reviews_and_conflicts(
    host: LocalCodeHost, clone: Workshop, tmp_path: Path
) -> None:
    number, head = await opened(host, tmp_path, "one", {"a.txt": LINES.replace("1", "one")}, "CARD-1: One")
    await opened(host, tmp_path, "other", {"b.txt": "b"}, "For nobody's story")
    (one,) = (await seen(host)).pulls
    assert (one.pull.number, one.stories, one.service) == (number, ("CARD-1",), "orders")
    assert (one.failing, one.approved, one.pull.has_conflicts) == ((), False, False)
    failed = CheckDraft("tests", CheckState.FAILED, "2 fail")
    check = await host.report_check(grant(host, "c"), "orders", head, failed)
    await host.review_pull_request(
        grant(host, "r"),
        "orders",
        number,
        ReviewDraft(ReviewVerdict.APPROVED, "ok", head, person="kofi.mensahl"),
    )
    clone.commit("Change the same line", {"a.txt": LINES.replace("1", "eins")})
    clone.push("main")
    (one,) = (await seen(host)).pulls
    assert (one.failing, one.failing_since) == (("tests",), check.at)
    assert one.approved
    assert one.pull.has_conflicts


async def test_a_branch_that_fails_since_a_commit(host: LocalCodeHost, clone: Workshop) -> None:
    shas = [(await host.branch("orders", "main")).sha]
    for number in range(3):
        shas.append(clone.commit(f"Step {number}", {"c.txt": str(number)}))
    clone.push("main")
    states = (CheckState.PASSED, CheckState.FAILED, CheckState.FAILED, CheckState.FAILED)
    for number, (sha, state) in enumerate(zip(shas, states, strict=True)):
        await host.report_check(grant(host, f"s{number}"), "orders", sha, CheckDraft("tests", state, ""))
    (one,) = (await seen(host)).branches
    assert (one.repository, one.checks, one.first, one.at_least) == ("orders", ("tests",), shas[1], False)


async def test_a_document_that_lost_a_path_lately(host: LocalCodeHost, clone: Workshop) -> None:
    clone.commit("Drop orders", {"openapi.yaml": API.replace("/orders", "/purchases")})
    clone.push("main")
    head = (await host.branch("orders", "main")).sha
    when = (await host.commits(CommitQuery("orders", head, limit=1))).items[0].committer.at
    caller = Service("checkout", "Checkout", "", "beta", 1, "service", "production", None, ("orders",), ())
    documents = {"orders": ApiDocument("orders", head, "openapi.yaml")}
    (one,) = await api_breaks(host, documents, (caller,), when + timedelta(days=2))
    assert (one.service, one.callers) == ("orders", ("checkout",))
    assert "is no longer answered" in one.says[0]
    assert await api_breaks(host, documents, (caller,), when + timedelta(days=60)) == (), "long ago"


async def test_a_host_that_refuses_is_said_and_nothing_else_is_lost(
    host: LocalCodeHost, clone: Workshop
) -> None:
    unknown: list[str] = []

    async def refuse(*_: object) -> None:
        from integrations.code_host.refusals import CodeHostError

        raise CodeHostError("The token has expired.")

    host.pull_requests = refuse  # type: ignore[method-assign,assignment]
    assert (await seen(host, unknown)).pulls == ()
    assert unknown == ["Pull requests and checks: The token has expired."]
