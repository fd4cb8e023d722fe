"""Slack's installations, their tokens encrypted, and the states of sign-ups under way."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class SlackInstallationRow(TenantScoped, Base):
    """The app in a workspace, or in a whole organisation (`org_wide`).

    `account` is the team's id, or the enterprise's for an organisation. `sealed` holds the tokens,
    encrypted; `removed` says that it was uninstalled, after which nothing is posted there.
    """

    __tablename__ = "slack_installations"

    account: Mapped[str] = mapped_column(primary_key=True)
    enterprise: Mapped[str | None]
    org_wide: Mapped[bool]
    bot_user: Mapped[str]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    installed: Mapped[datetime] = mapped_column(server_default=text("now()"))
    removed: Mapped[datetime | None]


class SlackOAuthStateRow(TenantScoped, Base):
    """An installation that somebody began: its `state` comes back once, before it expires."""

    __tablename__ = "slack_oauth_states"

    state: Mapped[str] = mapped_column(primary_key=True)
    expires: Mapped[datetime | None]
