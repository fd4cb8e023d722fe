"""What is known of the chat platforms: their people, channels, conversations that we began, uploaded files."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class PlatformUserRow(TenantScoped, Base):
    """Somebody on a chat platform, as it described them when last asked.

    `identity` is what the platform proves (`slack:E1/T1/U1`, `teams:<Entra tenant>/<object id>`).
    `standing`: member | guest | stranger | bot | gone. Only members are linked to a Person.
    """

    __tablename__ = "platform_users"

    identity: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    standing: Mapped[str]
    checked: Mapped[datetime] = mapped_column(server_default=text("now()"))


class PlatformChannelRow(TenantScoped, Base):
    """A channel (a `Place`'s) and who reads it, as the platform described it when last asked."""

    __tablename__ = "platform_channels"

    platform: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    audience: Mapped[str]
    checked: Mapped[datetime] = mapped_column(server_default=text("now()"))


class PlatformThreadRow(TenantScoped, Base):
    """A thread that Countersign began, named before the platform had an id for its first message:
    `thread` is the `Place`'s, `message` the platform's."""

    __tablename__ = "platform_threads"
    __table_args__ = (UniqueConstraint("tenant", "platform", "channel", "message"),)

    platform: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    thread: Mapped[str] = mapped_column(primary_key=True)
    message: Mapped[str]


class PlatformFileRow(TenantScoped, Base):
    """A stored file that was uploaded to a workspace already, and the id it has there."""

    __tablename__ = "platform_files"

    platform: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(primary_key=True)
    file: Mapped[str] = mapped_column(primary_key=True)
    uploaded: Mapped[str]
