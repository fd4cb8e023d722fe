"""What Teams sends, read: the few fields of an activity that count.

Pure. Anything that an activity does not prove (a name, an email address) is left where it is.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from governance.places import Audience, Place

PLATFORM = "teams"

MAIN = "main"
"""The thread of personal and group chats, which have none of their own."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


_Id = Annotated[str, Field(max_length=1_000, pattern=r"^[^\x00-\x1f\x7f\ufffd]*$")]
"""An id or address of Teams': kept in rows, which hold no NUL."""

_AccountId = Annotated[str, Field(max_length=150, pattern=r"^[^\x00-\x1f\x7f\ufffd]*$")]
"""Somebody's id: with the tenant before it, it is an actor's in the record, which takes 200 characters."""


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Account(_Read):
    """Somebody in a conversation: a person (`aad_object_id`), the bot (`28:…`)."""

    id: _AccountId = ""
    aad_object_id: _AccountId | None = None
    name: str | None = None
    role: str | None = None
    tenant_id: _Id | None = None


class Conversation(_Read):
    """A conversation. A channel's id ends in `;messageid=` and the root of the thread.

    One that does not say what it is counts as a group's: there others may read along.
    """

    id: Annotated[_Id, Field(min_length=1)]
    conversation_type: _Id = "groupChat"
    tenant_id: _Id | None = None


class _Named(_Read):
    id: _Id = ""
    name: str | None = None
    aad_group_id: _Id | None = None


class ChannelData(_Read):
    """What Teams adds: the Entra tenant, the team, what happened to it."""

    tenant: _Named | None = None
    team: _Named | None = None
    channel: _Named | None = None


class Mention(_Read):
    """An entity of the text; only mentions have somebody `mentioned`."""

    type: str = ""
    mentioned: Account | None = None
    text: str | None = None


class Activity(_Read):
    """One activity."""

    type: Annotated[str, Field(min_length=1)]
    id: _Id = ""
    name: str | None = None
    action: str | None = None
    channel_id: str = ""
    service_url: _Id = ""
    from_: Account = Field(default=Account(), alias="from")
    recipient: Account = Account()
    conversation: Conversation
    channel_data: ChannelData | None = None
    text: str | None = None
    value: Any = None
    entities: tuple[Mention, ...] | None = None
    members_added: tuple[Account, ...] | None = None
    members_removed: tuple[Account, ...] | None = None

    @property
    def entra_tenants(self) -> frozenset[str]:
        """Every Entra tenant that the activity says it belongs to, in lower case."""
        named = (
            self.channel_data and self.channel_data.tenant and self.channel_data.tenant.id,
            self.conversation.tenant_id,
            self.from_.tenant_id,
        )
        return frozenset(tenant.lower() for tenant in named if tenant)

    @property
    def entra_tenant(self) -> str:
        """The tenant in which this was said; empty if the activity names none."""
        data = self.channel_data
        tenant = data.tenant.id if data and data.tenant else self.conversation.tenant_id
        return (tenant or "").lower()

    @property
    def kind(self) -> str:
        """`personal`, `channel` or `groupChat`."""
        return self.conversation.conversation_type

    @property
    def channel(self) -> str:
        """The conversation without the thread in it."""
        return self.conversation.id.partition(";")[0]

    @property
    def root(self) -> str:
        """The first message of the channel's thread in which this happened; `main` elsewhere."""
        if self.kind != "channel":
            return MAIN
        return self.conversation.id.partition(";messageid=")[2] or self.id

    @property
    def identity(self) -> str:
        """Who did this, as far as Teams proves it: without an object id nobody whom Entra knows."""
        return f"{PLATFORM}:{self.entra_tenant}/{(self.from_.aad_object_id or self.from_.id).lower()}"


def object_of(identity: str) -> tuple[str, str] | None:
    """The Entra tenant and object id of an identity; None for whoever has none."""
    tenant, _, object_id = identity.removeprefix(f"{PLATFORM}:").partition("/")
    return (tenant, object_id) if _UUID.fullmatch(tenant) and _UUID.fullmatch(object_id) else None


def place_of(activity: Activity, thread: str) -> Place:
    """Where this happened. Who reads along beyond a personal chat is found out before the turn."""
    audience = Audience.DIRECT if activity.kind == "personal" else Audience.PUBLIC
    return Place(PLATFORM, activity.channel, thread, audience)
