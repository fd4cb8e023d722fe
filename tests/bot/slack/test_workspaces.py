"""Workspaces: installed by OAuth, only the company's own, tokens sealed, changed before they end."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from cryptography.fernet import Fernet
from slack_sdk.oauth.installation_store.models.bot import Bot

from bot.slack.addresses import Address
from bot.slack.tables import SlackInstallationRow
from bot.slack.workspaces import NotInstalled, NotOurs, Slack, Workspaces
from storage.database import Database
from tests.fakes.slack import FakeSlack
from tests.office import Office, OpenOffice


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with await FakeSlack.start() as started:
        yield started


def _workspaces(database: Database, tenant: str, slack: FakeSlack, *allowed: str) -> Workspaces:
    told = Slack(
        slack.api_url,
        frozenset(allowed),
        Fernet(Fernet.generate_key()),
        slack.bot_token,
        slack.client_id,
        slack.client_secret,
    )
    return Workspaces(database, tenant, told)


async def test_the_token_of_one_workspace_makes_it_ours_and_no_other(
    database: Database, tenant: str, slack: FakeSlack
) -> None:
    workspaces = _workspaces(database, tenant, slack)
    bot = await workspaces.bot(None, "T0ACME")
    assert bot.bot_token == slack.bot_token
    assert [str(one) for one in await workspaces.installed()] == ["T0ACME"]
    with pytest.raises(NotOurs):
        await workspaces.client(Address(None, "T0OTHER", "C1"))


async def test_tokens_are_sealed_and_gone_when_the_app_is_taken_out(
    database: Database, tenant: str, slack: FakeSlack
) -> None:
    workspaces = _workspaces(database, tenant, slack, "T0ACME")
    await workspaces.bot(None, "T0ACME")
    async with database.transaction(tenant) as tx:
        row = (await tx.get_one(SlackInstallationRow, (tenant, "T0ACME"))).sealed
    assert slack.bot_token.encode() not in row
    await slack.uninstall("T0ACME")
    assert await workspaces.remove(None, "T0ACME") == ("T0ACME",)
    with pytest.raises(NotInstalled):
        await workspaces.bot(None, "T0ACME")


async def test_a_token_is_changed_before_it_ends_and_by_one_process(
    database: Database, tenant: str, slack: FakeSlack
) -> None:
    slack.rotates_tokens = True
    installed = slack.install("T0ACME")
    sealing = Fernet(Fernet.generate_key())
    told = Slack(slack.api_url, frozenset({"T0ACME"}), sealing, None, slack.client_id, slack.client_secret)
    one, other = Workspaces(database, tenant, told), Workspaces(database, tenant, told)
    await one.save(
        Bot(
            team_id="T0ACME",
            bot_token=installed.token,
            bot_id=installed.bot_id,
            bot_user_id=installed.bot_user,
            bot_refresh_token=installed.refresh_token,
            bot_token_expires_at=int(time.time()) + 60,
            installed_at=time.time(),
        )
    )
    first, second = await one.bot(None, "T0ACME"), await other.bot(None, "T0ACME")
    assert first.bot_token == second.bot_token
    assert len(slack.called("oauth.v2.access")) == 1


async def _installs(office: Office) -> int:
    """Install the app as a browser does: our page, Slack's page, and back. Returns the last status."""
    slack = office.slack
    async with aiohttp.ClientSession() as browser:
        async with browser.get(f"{office.address}/slack/install") as page:
            begun = await page.text()
            kept = page.headers["Set-Cookie"].partition(";")[0]
        state = parse_qs(urlsplit(begun[begun.index("https://slack.com/oauth") :].split('"')[0]).query)[
            "state"
        ][0]
        slack.default_redirect = f"{office.address}/slack/oauth_redirect"
        query = {"client_id": slack.client_id, "state": state, "as": "david"}
        async with browser.get(
            f"{slack.url}/oauth/v2/authorize", params=query, allow_redirects=False
        ) as agreed:
            code = parse_qs(urlsplit(agreed.headers["Location"]).query)["code"][0]
        back = {"code": code, "state": state}
        address = f"{office.address}/slack/oauth_redirect"
        async with browser.get(address, params=back, headers={"Cookie": kept}) as done:
            first = done.status
        async with browser.get(address, params=back, headers={"Cookie": kept}) as again:
            assert again.status in (400, 401), "a state is good once"
        return first


@pytest.mark.parametrize(("allowed", "status"), [("T0ACME", 200), ("T0ELSEWHERE", 403)])
async def test_installing_takes_the_companys_workspace_and_refuses_another(
    open_office: OpenOffice, allowed: str, status: int
) -> None:
    async with await FakeSlack.start(installed=False) as slack:
        office = await open_office(slack, slack_workspaces=allowed)
        assert await _installs(office) == status
        accounts = [account for (account,) in await office.rows("SELECT account FROM slack_installations")]
        assert accounts == (["T0ACME"] if status == 200 else [])
