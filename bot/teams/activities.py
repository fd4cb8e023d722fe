"""What Teams sends, read: the few fields of an activity that count, and what each activity means.

Pure. Anything that an activity does not prove (a name, an email address) is left where it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from bot.teams.consents import FILE_CONSENT, FileConsent, consent_of
from governance.places import Audience, Place

PLATFORM = "teams"

MAIN = "main"
"""The thread of personal and group chats, which have none of their own."""

PRESS = "press"
FORM = "form"
"""Verbs of our own buttons and dialogs."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ANY_MENTION = re.compile(r"<at\b[^>]*>(.*?)</at>", re.IGNORECASE | re.DOTALL)


_Id = Annotated[str, Field(max_length=1_000, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""An id or address of Teams': kept in rows, which hold no NUL."""

_AccountId = Annotated[str, Field(max_length=150, pattern=r"^[^\x00-\x1f\x7f]*$")]
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


@dataclass(frozen=True, slots=True)
class Words:
    """Something said to the bot."""

    text: str


@dataclass(frozen=True, slots=True)
class Press:
    """A button pressed, by its token. With `by_invoke` an answer is waited for."""

    token: str
    by_invoke: bool


@dataclass(frozen=True, slots=True)
class FormOpening:
    """A button pressed whose form is to be shown."""

    token: str


@dataclass(frozen=True, slots=True)
class FormAnswer:
    """A dialog sent in: what was entered, as it came."""

    token: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Membership:
    """The bot came into a conversation, left it, or something else changed there (`changed`)."""

    what: Literal["came", "left", "changed"]


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing that concerns us; with `is_unknown_invoke` somebody waits for an answer nevertheless."""

    is_unknown_invoke: bool = False


Meaning = Words | Press | FormOpening | FormAnswer | FileConsent | Membership | Nothing


def meaning_of(activity: Activity) -> Meaning:
    """What an activity means to us. Edits and deletions of messages mean nothing: what was said was said."""
    match activity.type:
        case "message":
            return _message(activity)
        case "invoke":
            return _invoke(activity)
        case "conversationUpdate":
            return _conversation_update(activity)
        case "installationUpdate":
            return Membership("left" if (activity.action or "").startswith("remove") else "came")
        case _:
            return Nothing()


def _message(activity: Activity) -> Meaning:
    if not activity.text and isinstance(activity.value, dict):
        token = activity.value.get("token")
        # Without a verb: a button with a form, from a client that opens none.
        if activity.value.get("verb") in (PRESS, None) and isinstance(token, str):
            return Press(token, by_invoke=False)
    if activity.kind != "personal" and not _mentions_us(activity):
        return Nothing()
    return Words(words_of(activity))


def _mentions_us(activity: Activity) -> bool:
    return any(_is_us(activity, entity) for entity in activity.entities or ())


def _is_us(activity: Activity, entity: Mention) -> bool:
    return entity.mentioned is not None and entity.mentioned.id == activity.recipient.id


def words_of(activity: Activity) -> str:
    """The text as its author meant it: without the bot's own mention, others' as their names."""
    text = activity.text or ""
    for entity in activity.entities or ():
        if _is_us(activity, entity) and entity.mentioned:
            # Teams leaves a mention's text out where the name has an ampersand in it.
            text = text.replace(entity.text or f"<at>{entity.mentioned.name}</at>", " ", 1)
    named = _ANY_MENTION.sub(lambda mention: mention.group(1), text)
    return re.sub(r"(?:[ \t\xa0]|&nbsp;)+", " ", named).strip()


def _invoke(activity: Activity) -> Meaning:
    if activity.name == FILE_CONSENT:
        return consent_of(activity.value) or Nothing(is_unknown_invoke=True)
    value = activity.value if isinstance(activity.value, dict) else {}
    holder = value.get("action") if activity.name == "adaptiveCard/action" else value
    given = holder.get("data") if isinstance(holder, dict) else None
    data: dict[str, Any] = given if isinstance(given, dict) else {}
    token = data.get("token")
    if not isinstance(token, str):
        return Nothing(is_unknown_invoke=True)
    match activity.name:
        case "adaptiveCard/action" if value["action"].get("verb") == PRESS:
            return Press(token, by_invoke=True)
        case "task/fetch":
            return FormOpening(token)
        case "task/submit" if data.get("verb") == FORM:
            return FormAnswer(token, data)
        case _:
            return Nothing(is_unknown_invoke=True)


def _conversation_update(activity: Activity) -> Meaning:
    def has_us(accounts: tuple[Account, ...] | None) -> bool:
        return any(account.id == activity.recipient.id for account in accounts or ())

    if has_us(activity.members_removed):
        return Membership("left")
    return Membership("came" if has_us(activity.members_added) else "changed")


def place_of(activity: Activity, thread: str) -> Place:
    """Where this happened. Who reads along beyond a personal chat is found out before the turn."""
    audience = Audience.DIRECT if activity.kind == "personal" else Audience.PUBLIC
    return Place(PLATFORM, activity.channel, thread, audience)
