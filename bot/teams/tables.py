"""Teams' conversations: where to answer, where to find people who have not spoken yet; files offered there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
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


class TeamsFileOfferRow(TenantScoped, Base):
    """A document of a reply (`file` is the stored file), offered in a personal chat to the person there.

    `state`: new | offered | accepted | putting | uploaded | kept | declined | expired | failed. `message` is
    the card that asks, while it stands; `upload` is where the file is to go, until it is there.
    """

    __tablename__ = "teams_file_offers"
    __table_args__ = (UniqueConstraint("tenant", "conversation", "file"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    conversation: Mapped[str]
    identity: Mapped[str]
    file: Mapped[str]
    name: Mapped[str]
    description: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'new'"))
    message: Mapped[str | None]
    upload: Mapped[dict[str, Any] | None]
    made: Mapped[datetime] = mapped_column(server_default=text("now()"))
    answered: Mapped[datetime | None]
