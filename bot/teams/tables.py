"""Teams' conversations: where to answer, and where to find people who have not spoken yet."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class TeamsConversationRow(TenantScoped, Base):
    """A conversation that the bot is in. `kind`: personal | channel | groupChat.

    `service_url` is where its connector answers; `identity` is the person of a personal chat; `team`
    is the team's id (a channel's Entra group) where there is one.
    """

    __tablename__ = "teams_conversations"
    __table_args__ = (Index(None, "tenant", "identity"),)

    conversation: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    service_url: Mapped[str]
    entra_tenant: Mapped[str]
    bot: Mapped[str]
    identity: Mapped[str | None]
    team: Mapped[str | None]
    seen: Mapped[datetime] = mapped_column(server_default=text("now()"))
