"""Installing the app into workspaces (OAuth 2.0), and taking only the company's own."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import structlog
import yaml
from slack_bolt.error import BoltError
from slack_bolt.oauth.async_callback_options import AsyncCallbackOptions, AsyncFailureArgs, AsyncSuccessArgs
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.response import BoltResponse
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from sqlalchemy import delete

from bot.console.frame import error_page
from bot.slack.tables import SlackOAuthStateRow
from bot.slack.workspaces import NotOurs, Workspaces
from storage.database import Database

FILE = Path(__file__).resolve().parents[2] / "app-manifest.yml"


@cache
def manifest() -> dict[str, Any]:
    """The manifest as data."""
    read: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return read


def bot_scopes() -> list[str]:
    """What the bot may do in a workspace."""
    return list(manifest()["oauth_config"]["scopes"]["bot"])


_log = structlog.get_logger()

STATE_LASTS = timedelta(minutes=10)

_REASONS = {
    "access_denied": "You cancelled, so nothing was installed.",
    "invalid_browser": "This did not begin in this browser. Start again at /slack/install.",
    "invalid_state": "This took too long, or was used before. Start again at /slack/install.",
}


def oauth_flow(
    database: Database, tenant: str, workspaces: Workspaces, *, public_url: str | None
) -> AsyncOAuthFlow:
    """Bolt's flow over our own stores. The workspace's own id decides whether it is taken."""
    slack = workspaces.slack
    redirect = f"{public_url.rstrip('/')}/slack/oauth_redirect" if public_url else None
    settings = AsyncOAuthSettings(
        client_id=slack.client_id,
        client_secret=slack.client_secret,
        scopes=bot_scopes(),
        redirect_uri=redirect,
        installation_store=_Installations(workspaces),
        state_store=_States(database, tenant),
        state_expiration_seconds=int(STATE_LASTS.total_seconds()),
        callback_options=AsyncCallbackOptions(success=_succeeded, failure=_failed),
    )
    return AsyncOAuthFlow(client=slack.client(None), settings=settings)


class _Installations(AsyncInstallationStore):
    """Installations as Bolt's flow hands them over; `Workspaces` keeps them."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces

    async def async_save(self, installation: Installation) -> None:
        try:
            await self._workspaces.save(installation.to_bot())
        except NotOurs as foreign:
            raise _Refused(str(foreign)) from foreign
        _log.info("slack_installed", team=installation.team_id, enterprise=installation.enterprise_id)


class _Refused(BoltError):
    """An installation that is not taken, as Bolt's flow lets a store say so."""


class _States(AsyncOAuthStateStore):
    """The states of installations under way; each is good once."""

    def __init__(self, database: Database, tenant: str) -> None:
        self._database = database
        self._tenant = tenant

    async def async_issue(self, *_args: object, **_kwargs: object) -> str:
        state = secrets.token_urlsafe(32)
        async with self._database.transaction(self._tenant) as tx:
            tx.add(SlackOAuthStateRow(state=state, expires=datetime.now(UTC) + STATE_LASTS))
        return state

    async def async_consume(self, state: str) -> bool:
        row = SlackOAuthStateRow
        async with self._database.transaction(self._tenant) as tx:
            gone = delete(row).where(row.state == state).returning(row.expires)
            expires = (await tx.execute(gone)).scalar()
            await tx.execute(delete(row).where(row.expires < datetime.now(UTC)))
        return expires is not None and expires > datetime.now(UTC)


async def _succeeded(_args: AsyncSuccessArgs) -> BoltResponse:
    done = "Countersign is installed. Open it in Slack and say hello; /slack/install adds another workspace."
    return _page(200, done)


async def _failed(args: AsyncFailureArgs) -> BoltResponse:
    if isinstance(args.error, _Refused):
        return _page(403, f"{args.error}. Nothing was installed.")
    _log.warning("slack_install_failed", reason=args.reason)
    why = _REASONS.get(args.reason, "Slack did not confirm it. Start again at /slack/install.")
    return _page(args.suggested_status_code, why)


def _page(status: int, sentence: str) -> BoltResponse:
    return BoltResponse(
        status=status,
        body=error_page(status, sentence),
        headers={"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"},
    )
