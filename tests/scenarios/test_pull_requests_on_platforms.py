"""What people say of a pull request from its card in Slack and in Teams: pressed, or written into a form."""

from __future__ import annotations

from pathlib import Path

import pytest

from integrations.code_host import UnderQuery
from integrations.code_host.pull_requests import PullRequestDraft, ReviewVerdict
from integrations.code_host.vendors.local.client import LocalCodeHost
from integrations.pages import Part
from storage.embedded import EmbeddedServer
from tests.integrations.code_host.effects_contract import grant, made
from tests.office import Office, TeamsOffice, offices, teams_office

BRANCH = "countersign/readme"
SHOW = "/pull_requests show PR 1 of orders"
KOFI = "kofi.mensahl"

pytestmark = pytest.mark.timeout(300)


async def opened(office: Office | TeamsOffice, folder: Path) -> tuple[LocalCodeHost, str]:
    """An open pull request of agents in orders, and where it is."""
    host = office.installation.ports(office.installation.settings.tenant).code_host
    assert isinstance(host, LocalCodeHost)
    await host.repositories(Part())
    base = (await host.branch("orders", "main")).sha
    head = await made(host, folder, base, {"README.md": "# Orders\n"})
    await host.push_branch(grant(host, "p"), "orders", BRANCH, head, before=None)
    draft = PullRequestDraft("Say less", "Why.", BRANCH, head, "main")
    await host.open_pull_request(grant(host, "o"), "orders", draft)
    return host, head


async def said(host: LocalCodeHost) -> tuple[list[tuple[str, ReviewVerdict, str, str]], list[tuple[str, str]]]:
    """All reviews and comments."""
    reviews = (await host.reviews(UnderQuery("orders", 1))).items
    comments = (await host.comments(UnderQuery("orders", 1))).items
    return [(one.author, one.verdict, one.body, one.sha) for one in reviews], [
        (one.author, one.body) for one in comments
    ]


async def test_in_slack(server: EmbeddedServer, tmp_path: Path) -> None:
    async with offices(server, tmp_path) as open_office:
        office = await open_office()
        host, head = await opened(office, tmp_path)
        kofi = office.slack.user("kofi.mensahl")
        asked = await kofi.says(SHOW, dm=True)
        shown = await office.slack.wait_for(lambda m: m.thread_ts == asked.ts and "Verdict" in m.all_text)
        await kofi.presses("Ask for changes", on=shown)
        view = await office.slack.wait_for_view(kofi)
        await kofi.submits(view, {"What should change, and why?": "Keep the second line."})
        await office.slack.wait_for(lambda m: "Done" in m.all_text and "changes requested" in m.all_text)
        await kofi.presses("Approve the change", on=shown)
        await office.slack.wait_for(lambda m: "Done" in m.all_text and "approved" in m.all_text)
        reviews, comments = await said(host)
        assert reviews == [
            (KOFI, ReviewVerdict.CHANGES_REQUESTED, "Keep the second line.", head),
            (KOFI, ReviewVerdict.APPROVED, "", head),
        ]
        assert comments == []


async def test_in_teams(server: EmbeddedServer, tmp_path: Path) -> None:
    async with teams_office(server, tmp_path) as office:
        host, _ = await opened(office, tmp_path)
        david = office.person("david")
        asked = await david.says(SHOW)
        shown = await office.teams.wait_for(lambda m: "Verdict" in m.all_text, after=asked)
        assert "Approve the change" not in str(shown.card), "a product owner reviews no code"
        form = await david.presses("Comment", shown)
        await david.submits(form.answer, shown, {"What do you say of it?": "Whom is it for?"})
        await office.teams.wait_for(lambda m: "Done" in m.all_text, after=shown)
        assert await said(host) == ([], [("david", "Whom is it for?")])
