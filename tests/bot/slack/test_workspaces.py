"""Workspaces: installed by OAuth, only the company's own, tokens sealed, changed before they end."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
from cryptography.fernet import Fernet
from slack_sdk.oauth.installation_store.models.bot import Bot
from sqlalchemy import text

from bot.platforms.adapter import PlatformAway
from bot.slack.addresses import Address
from bot.slack.client import Slack
from bot.slack.connecting import adapter_of, workspaces_of
from bot.slack.tables import SlackInstallationRow
from bot.slack.workspaces import NotInstalled, NotOurs, Workspaces
from governance.directory import person_by_identity
from governance.places import Audience, Place
from integrations.budgets import Budgets
from simulators.slack import FakeSlack, Installation
from storage.database import Database
from tests.bot.slack.installing import installs
from tests.office import OpenOffice


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
    told = _several(slack, "T0ACME")
    one, other = Workspaces(database, tenant, told), Workspaces(database, tenant, told)
    await one.save(_bot(installed, ends_in=60))
    first, second = await one.bot(None, "T0ACME"), await other.bot(None, "T0ACME")
    assert first.bot_token == second.bot_token
    assert len(slack.called("oauth.v2.access")) == 1


def _several(slack: FakeSlack, *allowed: str) -> Slack:
    sealing = Fernet(Fernet.generate_key())
    return Slack(slack.api_url, frozenset(allowed), sealing, None, slack.client_id, slack.client_secret)


def _bot(installed: Installation, *, ends_in: float | None = None) -> Bot:
    org_wide = installed.is_org_wide
    return Bot(
        team_id=None if org_wide else installed.account,
        enterprise_id="E0GROUP" if org_wide else None,
        is_enterprise_install=org_wide,
        bot_token=installed.token,
        bot_id=installed.bot_id,
        bot_user_id=installed.bot_user,
        bot_refresh_token=installed.refresh_token,
        bot_token_expires_at=None if ends_in is None else int(time.time() + ends_in),
        installed_at=time.time(),
    )


async def test_a_workspace_that_took_the_app_out_leaves_the_organisations_installation(
    database: Database, tenant: str
) -> None:
    async with await FakeSlack.start(enterprise="E0GROUP") as slack:
        workspaces = Workspaces(database, tenant, _several(slack, "E0GROUP", "T0ACME"))
        await workspaces.save(_bot(slack.app))
        await workspaces.save(_bot(slack.install("E0GROUP")))
        await slack.uninstall("T0ACME")
        assert await workspaces.remove("E0GROUP", "T0ACME") == ("T0ACME",)
        assert (await workspaces.bot("E0GROUP", "T0ACME")).is_enterprise_install


async def test_late_news_of_an_uninstall_leaves_what_was_installed_anew(
    database: Database, tenant: str, slack: FakeSlack
) -> None:
    workspaces = Workspaces(database, tenant, _several(slack, "T0ACME"))
    await workspaces.save(_bot(slack.app))
    await slack.uninstall("T0ACME")
    await workspaces.save(_bot(slack.install("T0ACME")))
    assert await workspaces.remove(None, "T0ACME") == ()
    assert (await workspaces.bot(None, "T0ACME")).bot_token == slack.bot_token


async def test_people_stay_who_they_are_while_the_app_is_out(open_office: OpenOffice) -> None:
    """Somebody who was linked by hand is not found again by their address."""
    office = await open_office()
    asked = await office.slack.user("david").says("/whoami", dm=True)
    await office.slack.wait_for(lambda m: m.thread_ts == asked.ts)
    await office.slack.uninstall("T0ACME")
    identity = f"slack:T0ACME/{office.slack.user('david').id}"
    adapter = office.installation.adapters["slack"]
    async with office.installation.database.statements(office.tenant) as tx:
        await tx.execute(text("UPDATE platform_users SET checked = checked - interval '2 days'"))
        await adapter.introduce(tx, identity, Place("slack", f"T0ACME/{asked.channel}", "1", Audience.DIRECT))
        person = await person_by_identity(tx, identity)
    assert person is not None
    assert person.id == "david"


async def test_a_process_that_has_just_started_knows_whose_workspace_its_token_is_of(
    open_office: OpenOffice,
) -> None:
    """A worker of its own, with SLACK_BOT_TOKEN alone: nobody of the workspace is a stranger to it."""
    office = await open_office(slack_workspaces="")
    david = office.slack.user("david")
    settings, database = office.installation.settings, office.installation.database
    workspaces = workspaces_of(settings, database, office.installation.sealing)
    adapter = adapter_of(settings, workspaces, Budgets(None))
    place = Place("slack", f"T0ACME/{david.dm.id}", "1", Audience.DIRECT)
    async with database.statements(office.tenant) as tx:
        await adapter.introduce(tx, f"slack:T0ACME/{david.id}", place)
        person = await person_by_identity(tx, f"slack:T0ACME/{david.id}")
    assert person is not None
    assert person.id == "david"


async def test_an_uninstall_while_slack_is_away_is_not_taken_yet(
    database: Database, tenant: str, slack: FakeSlack
) -> None:
    workspaces = Workspaces(database, tenant, _several(slack, "T0ACME"))
    await workspaces.save(_bot(slack.app))
    slack.faults.server_error("auth.test")
    with pytest.raises(PlatformAway):
        await workspaces.remove(None, "T0ACME")


@pytest.mark.parametrize("fault", ["server_error", "reset", "rate_limit"])
async def test_a_token_that_cannot_be_changed_just_now_is_used_until_it_ends(
    database: Database, tenant: str, slack: FakeSlack, fault: str
) -> None:
    slack.rotates_tokens = True
    installed = slack.install("T0ACME")
    first = installed.token
    workspaces = Workspaces(database, tenant, _several(slack, "T0ACME"))
    getattr(slack.faults, fault)("oauth.v2.access", times=2)
    await workspaces.save(_bot(installed, ends_in=60))
    assert (await workspaces.bot(None, "T0ACME")).bot_token == first
    await workspaces.save(_bot(installed, ends_in=-1))
    with pytest.raises(PlatformAway):
        await workspaces.bot(None, "T0ACME")
    assert (await workspaces.bot(None, "T0ACME")).bot_token == slack.bot_token != first


@pytest.mark.parametrize(("allowed", "status"), [("T0ACME", 200), ("T0ELSEWHERE", 403)])
async def test_installing_takes_the_companys_workspace_and_refuses_another(
    open_office: OpenOffice, allowed: str, status: int
) -> None:
    async with await FakeSlack.start(installed=False) as slack:
        office = await open_office(slack, slack_workspaces=allowed)
        assert await installs(office) == status
        accounts = [account for (account,) in await office.rows("SELECT account FROM slack_installations")]
        assert accounts == (["T0ACME"] if status == 200 else [])
