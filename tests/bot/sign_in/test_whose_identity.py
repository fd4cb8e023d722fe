"""Whose a proved identity is: exactly this one, or another of the same account in its organisation."""

from __future__ import annotations

from pathlib import Path

from simulators.entra import FakeEntra
from simulators.slack import FakeSlack
from storage.database import Database
from tests.bot.sign_in.conftest import Browser, Site, serving, slack_settings


async def test_an_organisation_s_people_are_known_in_all_its_workspaces(
    database: Database, company: str, entra: FakeEntra, tmp_path: Path
) -> None:
    async with await FakeSlack.start(team="T0LATER", enterprise="E0ACME") as slack:
        slack.browser_user = "amanda"
        given = slack_settings(slack) | {"slack_workspaces": "E0ACME"}
        async with serving(database, company, tmp_path / "entra.pem", **given) as served:
            await served.link("amanda", "slack:E0ACME/T0LATER/UAMANDA")
            browser = await served.browser()
            assert (await browser.sign_in()).status == 200
            assert "team" not in slack.openid.asked[-1]
            assert "Microsoft" not in await browser.page("/sign-in")


async def test_an_identity_that_begins_like_another_is_not_that_one(site: Site, browser: Browser) -> None:
    await site.link("amanda", "slack:T0ACME/UAMANDA2")
    assert (await browser.sign_in()).status == 403


async def test_an_account_that_chat_met_in_another_workspace_of_the_organisation_is_known(
    database: Database, company: str, entra: FakeEntra, tmp_path: Path
) -> None:
    async with await FakeSlack.start(team="T0LATER", enterprise="E0ACME") as slack:
        slack.browser_user = "amanda"
        given = slack_settings(slack) | {"slack_workspaces": "E0ACME"}
        async with serving(database, company, tmp_path / "entra.pem", **given) as served:
            await served.link("rachel", "slack:E0ACME/T0FIRST/XUAMANDA")
            await served.link("david", "slack:E0OTHER/T0FIRST/UAMANDA")
            assert (await (await served.browser()).sign_in()).status == 403
            await served.link("amanda", "slack:E0ACME/T0FIRST/UAMANDA")
            browser = await served.browser()
            assert (await browser.sign_in()).status == 200
            assert "Amanda" in await browser.page("/")
