"""Bolt works with what it is given: nothing that stands in the environment beside it."""

from __future__ import annotations

import logging
import os

import pytest
from cryptography.fernet import Fernet

from bot.slack.app import make_app
from bot.slack.client import Slack
from bot.slack.workspaces import Workspaces
from storage.database import Database

TOLD = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_CLIENT_ID": "1.2", "SLACK_CLIENT_SECRET": "secret"}


async def test_what_the_environment_says_is_neither_warned_of_nor_used(
    database: Database, tenant: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in TOLD.items():
        monkeypatch.setenv(name, value)
    caplog.set_level(logging.INFO)
    slack = Slack("http://127.0.0.1:9/", frozenset({"T0ACME"}), Fernet(Fernet.generate_key()))
    workspaces = Workspaces(database, tenant, slack)
    app = make_app(database, tenant, workspaces, signing_secret="of-a-test")
    await workspaces.close()
    assert caplog.records == []
    assert app.oauth_flow is None, "with files of its own for what is installed"
    assert {name: os.environ[name] for name in TOLD} == TOLD, "others may read it"
