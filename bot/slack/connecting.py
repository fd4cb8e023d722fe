"""Slack for one process, put together from the settings: made only where Slack is configured."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.fernet import Fernet
from slack_bolt.async_app import AsyncApp
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow

from bot.settings import Settings
from bot.slack.adapter import SlackAdapter
from bot.slack.client import Slack
from bot.slack.directory import SlackDirectory
from bot.slack.uploads import Uploads
from bot.slack.workspaces import Workspaces
from integrations.budgets import Budgets
from storage.database import Database


@dataclass(frozen=True, slots=True)
class SlackWeb:
    """What the web process serves: Bolt's app (`is_signed`: over HTTP, its requests proved), the
    installation's flow if there are several workspaces, and the token for Socket Mode if there is one."""

    bolt: AsyncApp
    is_signed: bool
    flow: AsyncOAuthFlow | None
    app_token: str | None


def workspaces_of(settings: Settings, database: Database, sealing: Fernet) -> Workspaces:
    """The workspaces that the settings name."""
    secret, token = settings.slack_client_secret, settings.slack_bot_token
    slack = Slack(
        api_url=settings.slack_api_url,
        allowed=settings.slack_workspaces,
        sealing=sealing,
        bot_token=token.get_secret_value() if token else None,
        client_id=settings.slack_client_id,
        client_secret=secret.get_secret_value() if secret else None,
    )
    return Workspaces(database, settings.tenant, slack)


def adapter_of(settings: Settings, workspaces: Workspaces, budgets: Budgets) -> SlackAdapter:
    """What posts into Slack."""
    return SlackAdapter(workspaces, SlackDirectory(workspaces), Uploads(), budgets, settings.public_url)


def web_of(settings: Settings, database: Database, workspaces: Workspaces) -> SlackWeb:
    """What takes in what Slack sends."""
    from bot.slack.app import make_app
    from bot.slack.installing import oauth_flow

    signing, app_token = settings.slack_signing_secret, settings.slack_app_token
    several = settings.slack_client_id is not None and settings.slack_client_secret is not None
    return SlackWeb(
        bolt=make_app(
            database, settings.tenant, workspaces, signing_secret=signing.get_secret_value() if signing else ""
        ),
        is_signed=signing is not None,
        flow=oauth_flow(database, settings.tenant, workspaces, public_url=settings.public_url)
        if several
        else None,
        app_token=app_token.get_secret_value() if app_token else None,
    )
