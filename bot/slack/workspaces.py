"""The workspaces in which the app is installed: their tokens, sealed in the database, and clients for them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic, time

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackTokenRotationError
from slack_sdk.oauth.installation_store.models.bot import Bot
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.platforms.adapter import PlatformAway, PostFailed
from bot.slack.addresses import Address
from bot.slack.client import Slack
from bot.slack.errors import TokenRefused, as_platform_away, error_of, is_for_later
from bot.slack.tables import SlackInstallationRow
from storage.database import Database

_log = structlog.get_logger()

ROTATED_BEFORE_MINUTES = 30
"""A token that ends sooner is changed for a new one first."""

_REMEMBERED_SECONDS = 30.0

_PAGE = 200


class NotInstalled(PostFailed):
    """The app is not in this workspace, or not any more: nothing can be posted there."""

    def __init__(self, account: str) -> None:
        super().__init__(f"the app is not installed in {account}", None)


class NotOurs(Exception):
    """A workspace that is not on SLACK_WORKSPACES."""

    def __init__(self, account: str) -> None:
        super().__init__(f"{account} is not one of this company's workspaces (SLACK_WORKSPACES)")


class Workspaces:
    """Finds the bot of a workspace, its token good for a while yet. Remembers it for seconds only.

    Reads and writes in transactions of its own: a new token must stay, whatever becomes of what it was
    wanted for, since the refresh token that bought it works once.
    """

    def __init__(self, database: Database, tenant: str, slack: Slack) -> None:
        self.slack = slack
        self._database = database
        self._tenant = tenant
        self._own: str | None = None
        self._remembered: dict[tuple[str | None, str | None], tuple[float, Bot]] = {}
        # One look at a time, so that many posts at once do not take a second connection each.
        self._looking = asyncio.Lock()

    async def close(self) -> None:
        """Let go of open connections."""
        await self.slack.connections.close()

    def is_ours(self, enterprise: str | None, team: str | None) -> bool:
        """Whether a workspace, or the organisation that it is part of, is this company's."""
        allowed = self.slack.allowed | ({self._own} if self._own else frozenset())
        return not allowed.isdisjoint({enterprise, team} - {None})

    async def bot(self, enterprise: str | None, team: str | None) -> Bot:
        """The app's bot in a workspace. Raises NotInstalled, NotOurs, PlatformAway."""
        async with self._looking:
            if self._own is None and self.slack.bot_token is not None:
                await self._introduce_own(self.slack.bot_token)
            if not self.is_ours(enterprise, team):
                raise NotOurs(team or enterprise or "an unknown workspace")
            since, remembered = self._remembered.get((enterprise, team), (0.0, None))
            if remembered is None or monotonic() - since > _REMEMBERED_SECONDS:
                remembered = await self._stored(enterprise, team)
                self._remembered[enterprise, team] = (monotonic(), remembered)
            return remembered

    async def client(self, address: Address) -> AsyncWebClient:
        """A client for the workspace of an address. Raises NotInstalled, NotOurs, PlatformAway."""
        bot = await self.bot(address.enterprise, address.team)
        return self.slack.client(bot.bot_token)

    async def installed(self) -> tuple[Address, ...]:
        """The workspaces that the app is in, an organisation's as it has them now. Raises PlatformAway."""
        if self._own is None and self.slack.bot_token is not None:
            async with self._looking:
                await self._introduce_own(self.slack.bot_token)
        row = SlackInstallationRow
        query = select(row.enterprise, row.account, row.org_wide).where(row.removed.is_(None))
        async with self._database.transaction(self._tenant) as tx:
            rows = (await tx.execute(query.order_by(row.org_wide, row.installed))).all()
        found: list[Address] = []
        for enterprise, account, org_wide in rows:
            if self.is_ours(enterprise, account):
                teams = await self._teams_of(account) if org_wide else [account]
                found += [Address(enterprise, team, "") for team in teams]
        return tuple(dict.fromkeys(found))

    async def save(self, bot: Bot) -> None:
        """Keep an installation. Raises NotOurs."""
        async with self._database.transaction(self._tenant) as tx:
            await self._save(tx, bot)
        self._remembered.clear()

    async def remove(self, enterprise: str | None, team: str | None) -> tuple[str, ...]:
        """The app was uninstalled, or its tokens revoked: those that Slack takes no more are forgotten.

        Which installation is meant, the workspace's own or its organisation's, and whether it was installed
        anew before the news of that came, Slack alone knows. Returns the accounts. Raises PlatformAway.
        """
        row = SlackInstallationRow
        mine = row.account.in_([name for name in (team, enterprise) if name]), row.removed.is_(None)
        async with self._database.transaction(self._tenant) as tx:
            found = (await tx.execute(select(row).where(*mine))).scalars().all()
        gone = [one for one in found if not await self._is_taken(self._unsealed(one).bot_token)]
        async with self._database.transaction(self._tenant) as tx:
            for one in gone:
                still = update(row).where(row.account == one.account, row.sealed == one.sealed)
                await tx.execute(still.values(removed=func.now(), sealed=b""))
        self._remembered.clear()
        return tuple(one.account for one in gone)

    @asynccontextmanager
    async def tried_again(self, address: Address, client: AsyncWebClient) -> AsyncIterator[None]:
        """For posting with a token that may be older than what other processes know: raises a PostFailed
        for later if it is refused and there is another one by now."""
        try:
            yield
        except TokenRefused as refused:
            self._remembered.clear()
            if (await self.client(address)).token == client.token:
                raise
            raise PostFailed("the app was installed anew", 0.0) from refused

    async def _save(self, tx: AsyncSession, bot: Bot) -> None:
        account = bot.enterprise_id if bot.is_enterprise_install else bot.team_id
        if account is None or not self.is_ours(bot.enterprise_id, bot.team_id):
            raise NotOurs(account or "an unknown workspace")
        tokens = {name: getattr(bot, name) for name in _SEALED}
        values = {
            "enterprise": bot.enterprise_id,
            "org_wide": bot.is_enterprise_install,
            "bot_user": bot.bot_user_id,
            "sealed": self.slack.sealing.encrypt(json.dumps(tokens).encode()),
            "removed": None,
        }
        row = insert(SlackInstallationRow).values(account=account, **values)
        await tx.execute(row.on_conflict_do_update(index_elements=["tenant", "account"], set_=values))

    async def _stored(self, enterprise: str | None, team: str | None) -> Bot:
        row = SlackInstallationRow
        mine = or_(row.account == team, row.org_wide & (row.account == enterprise))
        query = select(row).where(row.removed.is_(None), mine).order_by(row.org_wide).limit(1)
        async with self._database.transaction(self._tenant) as tx:
            found = (await tx.execute(query)).scalar()
        if found is None:
            raise NotInstalled(team or enterprise or "this workspace")
        bot = self._unsealed(found)
        return await self._changed(found.account) if _ends_soon(bot) else bot

    async def _changed(self, account: str) -> Bot:
        """The bot with a token that is good for a while. One process buys it; the others wait, and find it."""
        query = select(SlackInstallationRow).where(SlackInstallationRow.account == account)
        async with self._database.statements(self._tenant, alone=f"slack:{account}") as session:
            found = (await session.execute(query)).scalar_one()
            if found.removed is not None:
                raise NotInstalled(account)
            return await self._rotated(session, self._unsealed(found))

    async def _rotated(self, tx: AsyncSession, bot: Bot) -> Bot:
        rotator = AsyncTokenRotator(
            client_id=self.slack.client_id or "",
            client_secret=self.slack.client_secret or "",
            client=self.slack.client(None),
        )
        try:
            rotated = await rotator.perform_bot_token_rotation(
                bot=bot, minutes_before_expiration=ROTATED_BEFORE_MINUTES
            )
        except SlackTokenRotationError as refused:
            if is_for_later(refused.api_error):
                return _for_now(bot, refused)
            _log.warning("slack_token_not_rotated", team=bot.team_id, why=error_of(refused.api_error))
            raise NotInstalled(bot.team_id or "this workspace") from refused
        except (aiohttp.ClientError, TimeoutError) as away:
            return _for_now(bot, away)
        if rotated is None:
            return bot
        await self._save(tx, rotated)
        _log.info("slack_token_rotated", team=bot.team_id)
        return rotated

    def _unsealed(self, row: SlackInstallationRow) -> Bot:
        tokens = json.loads(self.slack.sealing.decrypt(row.sealed))
        return Bot(**tokens, is_enterprise_install=row.org_wide, installed_at=row.installed.timestamp())

    async def _teams_of(self, enterprise: str) -> list[str]:
        """The workspaces of an organisation that the app may work in; none where its token is refused."""
        client = self.slack.client((await self.bot(enterprise, None)).bot_token)
        teams: list[str] = []
        try:
            async with as_platform_away():
                async for page in await client.auth_teams_list(limit=_PAGE):
                    teams += [str(team["id"]) for team in page["teams"]]
        except SlackApiError as refused:
            _log.warning("slack_workspaces_not_listed", enterprise=enterprise, why=error_of(refused))
        return teams

    async def _is_taken(self, token: str) -> bool:
        try:
            async with as_platform_away():
                await self.slack.client(token).auth_test()
        except SlackApiError:
            return False
        return True

    async def _introduce_own(self, token: str) -> None:
        """Ask Slack which workspace SLACK_BOT_TOKEN belongs to, and keep it like an installed one."""
        try:
            async with as_platform_away():
                said = await self.slack.client(token).auth_test()
        except SlackApiError as refused:
            raise NotInstalled(f"the workspace of SLACK_BOT_TOKEN ({error_of(refused)})") from refused
        org_wide, enterprise = bool(said.get("is_enterprise_install")), said.get("enterprise_id")
        team = None if org_wide else str(said["team_id"])
        self._own = team or enterprise
        bot = Bot(
            team_id=team,
            enterprise_id=enterprise,
            is_enterprise_install=org_wide,
            bot_token=token,
            bot_id=str(said.get("bot_id") or ""),
            bot_user_id=str(said["user_id"]),
            installed_at=time(),
        )
        await self.save(bot)


_SEALED = (
    "app_id",
    "enterprise_id",
    "team_id",
    "bot_token",
    "bot_id",
    "bot_user_id",
    "bot_refresh_token",
    "bot_token_expires_at",
)


def _ends_soon(bot: Bot) -> bool:
    ends = bot.bot_token_expires_at
    return ends is not None and ends - time() < ROTATED_BEFORE_MINUTES * 60


def _for_now(bot: Bot, away: Exception) -> Bot:
    """The token as it is, while it lasts. Raises PlatformAway when it has ended."""
    if bot.bot_token_expires_at is not None and bot.bot_token_expires_at <= time():
        raise PlatformAway("Slack did not change a token that has ended") from away
    return bot
