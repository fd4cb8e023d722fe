"""What a fake Slack keeps: workspaces, users, channels, messages, files, views, installations."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from simulators.slack import reading

Json = dict[str, Any]


@dataclass
class Workspace:
    """A workspace, and the organisation that it belongs to, if any."""

    id: str
    name: str
    enterprise_id: str | None = None
    enterprise_name: str | None = None

    @property
    def domain(self) -> str:
        """What its address begins with."""
        return self.name.lower().replace(" ", "-")


@dataclass
class User:
    """An account. `handle` is what tests and the page call it; `team_id` is where it is at home."""

    id: str
    team_id: str
    handle: str
    name: str
    email: str
    title: str = ""
    is_email_confirmed: bool = True
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    deleted: bool = False
    tz: str = "America/New_York"
    tz_offset: int = -18000


@dataclass
class Channel:
    """A channel or a direct conversation. `kind`: public | private | dm | group."""

    id: str
    team_id: str
    name: str
    kind: str
    members: list[str]
    purpose: str = ""
    is_ext_shared: bool = False
    is_org_shared: bool = False
    is_archived: bool = False

    @property
    def channel_type(self) -> str:
        """As events call it."""
        return {"public": "channel", "private": "group", "dm": "im", "group": "mpim"}[self.kind]


@dataclass
class Message:
    """A message as it stands. `edits` are its former texts and blocks; `sent` what the app asked for."""

    ts: str
    channel: str
    user: str
    team_id: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    metadata: Json | None = None
    files: list[str] = field(default_factory=list)
    bot_id: str | None = None
    ephemeral_to: str | None = None
    edits: list[tuple[str, list[Json]]] = field(default_factory=list)
    deleted: bool = False
    streaming: bool = False
    reactions: dict[str, list[str]] = field(default_factory=dict)
    sent: Json = field(default_factory=dict)

    @property
    def buttons(self) -> list[str]:
        """Labels of what can be pressed, in reading order."""
        return [reading.label(element) for _, element in reading.pressable(self.blocks)]

    @property
    def all_text(self) -> str:
        """The text and everything that stands in the blocks."""
        streamed = [self.plan_title, *self.tasks] if self.streaming else []
        return "\n".join([self.text, *streamed, *reading.texts(self.blocks)])

    @property
    def tasks(self) -> dict[str, str]:
        """Titles of what was streamed as tasks, each with its last state."""
        chunks = [chunk for chunk in self.sent.get("all_chunks", ()) if chunk["type"] == "task_update"]
        by_id = {chunk["id"]: chunk for chunk in chunks}
        return {chunk["title"]: chunk["status"] for chunk in by_id.values()}

    @property
    def plan_title(self) -> str:
        """What the streamed tasks are said to be part of."""
        titles = [each["title"] for each in self.sent.get("all_chunks", ()) if each["type"] == "plan_update"]
        return titles[-1] if titles else ""

    @property
    def pings(self) -> set[str]:
        """Who would be notified: user ids, and `channel`, `here`, `everyone`."""
        return {
            found.strip("@!").split("|")[0]
            for found in re.findall(r"<(@[UW][A-Z0-9]+|!channel|!here|!everyone)[|>]", self.all_text)
        }

    @property
    def unfurls(self) -> bool:
        """Whether Slack would unfurl links or media in it."""
        return self.sent.get("unfurl_links") is not False or self.sent.get("unfurl_media") is not False


@dataclass
class File:
    """A file. `is_complete` once its upload was finished; `shares` are (channel, message ts)."""

    id: str
    team_id: str
    name: str
    content: bytes
    user: str
    title: str = ""
    mimetype: str = "application/octet-stream"
    alt_text: str | None = None
    is_complete: bool = False
    shares: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class View:
    """A modal or an App Home tab that somebody has before them."""

    id: str
    hash: str
    team_id: str
    user: str
    content: Json
    root_id: str = ""
    previous_id: str | None = None
    response_urls: list[str] = field(default_factory=list)
    former: list[Json] = field(default_factory=list)

    @property
    def title(self) -> str:
        """What stands above it."""
        return str(self.content.get("title", {}).get("text", ""))

    @property
    def blocks(self) -> list[Json]:
        """Its blocks."""
        found: list[Json] = self.content.get("blocks", [])
        return found

    @property
    def buttons(self) -> list[str]:
        """Labels of what can be pressed in it."""
        return [reading.label(element) for _, element in reading.pressable(self.blocks)]

    @property
    def all_text(self) -> str:
        """Everything that can be read in it."""
        return "\n".join([self.title, *reading.texts(self.blocks)])


@dataclass
class Installation:
    """The app in a workspace, or in a whole organisation: `account` is the team's or the enterprise's id.

    `tokens` maps each access token to its expiry (seconds since 1970; None: never). `scopes` is None
    where every scope is granted.
    """

    account: str
    bot_user: str
    bot_id: str
    tokens: dict[str, float | None]
    refresh_token: str | None = None
    scopes: frozenset[str] | None = None
    installer: str = ""
    is_removed: bool = False

    @property
    def is_org_wide(self) -> bool:
        """Whether it covers all workspaces of an organisation."""
        return self.account.startswith("E")

    @property
    def token(self) -> str:
        """The newest access token."""
        return list(self.tokens)[-1]


@dataclass
class Trigger:
    """What lets the app open one modal: it dies after three seconds and works once."""

    id: str
    user: str
    team_id: str
    at: float
    in_view: str | None = None
    is_used: bool = False
