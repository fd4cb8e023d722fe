"""Who and what there is: people, teams and their channels, chats, and the messages in them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
Kind = Literal["personal", "channel", "groupChat"]


def object_id(name: str) -> str:
    """The same id for the same name, in every test."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


@dataclass
class Human:
    """Somebody in Entra. `tenant` is where their account is at home."""

    name: str
    full_name: str
    email: str
    tenant: str
    is_guest: bool = False
    is_enabled: bool = True
    has_object_id: bool = True

    @property
    def id(self) -> str:
        """Their Entra object id."""
        return object_id(f"{self.name}.people")

    @property
    def teams_id(self) -> str:
        """Their id within Teams, for this bot."""
        return f"29:{self.name}"

    @property
    def principal(self) -> str:
        """Their user principal name."""
        if self.is_guest:
            return f"{self.email.replace('@', '_')}#EXT#@company.onmicrosoft.com"
        return self.email

    def as_member(self) -> Json:
        """As the connector describes members."""
        ids = {"aadObjectId": self.id, "objectId": self.id} if self.has_object_id else {}
        return ids | {
            "id": self.teams_id,
            "name": self.full_name,
            "email": self.email,
            "userPrincipalName": self.principal,
            "tenantId": self.tenant,
            "userRole": "guest" if self.is_guest else "user",
        }

    def as_user(self) -> Json:
        """As Graph describes users."""
        return {
            "id": self.id,
            "displayName": self.full_name,
            "mail": self.email,
            "userPrincipalName": self.principal,
            "userType": "Guest" if self.is_guest else "Member",
            "accountEnabled": self.is_enabled,
        }


@dataclass
class Message:
    """A message. `root` is the thread's first one in a channel. Edits replace what it says. `file`
    is a card about a file, as it was attached."""

    id: str
    conversation: str
    root: str | None
    author: str
    text: str = ""
    summary: str = ""
    card: Json | None = None
    file: Json | None = None
    edits: int = 0
    is_deleted: bool = False

    @property
    def all_text(self) -> str:
        """Everything that can be read in it."""
        return "\n".join((self.text, *_strings(self.card), *_strings(self.file)))


@dataclass
class Conversation:
    """A chat or a channel. `team` names a channel's team; `membership` is the channel's kind."""

    id: str
    kind: Kind
    name: str = ""
    team: str | None = None
    membership: Literal["standard", "private", "shared"] = "standard"
    members: list[str] = field(default_factory=list)
    has_bot: bool = True
    messages: list[Message] = field(default_factory=list)


@dataclass
class Team:
    """A team. `id` is its General channel's id; `group` its Entra group."""

    name: str
    id: str
    group: str
    has_bot: bool = True


@dataclass
class World:
    """Everything, by name. `ids` counts messages up, as Teams' times do. `groups` are Entra's, with their
    members' names."""

    tenant: str = object_id("company.tenants")
    people: dict[str, Human] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    conversations: dict[str, Conversation] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    last_id: int = 1_790_000_000_000
    in_catalogue: bool = True

    def add_person(self, name: str, full_name: str = "", email: str = "", **facts: Any) -> Human:
        """Somebody new, of this tenant unless `tenant` says otherwise."""
        told = {"tenant": self.tenant} | facts
        human = Human(name, full_name or name.title(), email or f"{name}@example.com", **told)
        self.people[name] = human
        return human

    def add_team(self, name: str) -> Team:
        """A team with the bot in it."""
        team = Team(name, f"19:{name}@thread.tacv2", object_id(f"{name}.groups"))
        self.teams[name] = team
        return team

    def add_channel(
        self, name: str, members: list[str], *, team: str = "platform", **facts: Any
    ) -> Conversation:
        """A channel of a team, with these people in it."""
        if team not in self.teams:
            self.add_team(team)
        made = Conversation(f"19:{team}.{name}@thread.tacv2", "channel", name, team, members=members, **facts)
        self.conversations[made.id] = made
        return made

    def add_group(self, name: str, members: list[str]) -> Conversation:
        """A group chat."""
        made = Conversation(f"19:{name}@thread.v2", "groupChat", name, members=members)
        self.conversations[made.id] = made
        return made

    def personal(self, name: str, *, has_bot: bool = True) -> Conversation:
        """The personal chat of somebody with the bot."""
        identity = f"a:1-{name}"
        if identity not in self.conversations:
            self.conversations[identity] = Conversation(identity, "personal", members=[name], has_bot=has_bot)
        return self.conversations[identity]

    def named(self, name: str) -> Conversation:
        """A channel or group chat by its name, without `#`."""
        return next(each for each in self.conversations.values() if each.name == name)

    def human(self, identifier: str) -> Human | None:
        """Somebody by object id or Teams id."""
        return next((each for each in self.people.values() if identifier in (each.id, each.teams_id)), None)

    def next_id(self) -> str:
        """A message id that was not there before."""
        self.last_id += 1
        return str(self.last_id)


_SAID = ("text", "title", "value", "label", "altText", "name", "description")


def _strings(card: Any) -> list[str]:
    """Everything that a card says, fallbacks for old clients left out."""
    if isinstance(card, list):
        return [each for value in card for each in _strings(value)]
    if not isinstance(card, dict):
        return []
    own = [card[key] for key in _SAID if isinstance(card.get(key), str)]
    parts = [value for key, value in card.items() if key not in ("fallback", "data")]
    return own + [each for part in parts for each in _strings(part)]
