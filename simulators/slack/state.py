"""All that a fake Slack knows, and who is told when it changes."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from simulators.slack.records import (
    Channel,
    File,
    Installation,
    Json,
    Message,
    Trigger,
    User,
    View,
    Workspace,
)

TRIGGER_LIFE = 3.0
"""Seconds for which a trigger opens a modal."""


@dataclass
class State:
    """Everything by id. `changed` wakes whoever waits for something to be seen."""

    workspaces: dict[str, Workspace] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    messages: dict[tuple[str, str], Message] = field(default_factory=dict)
    ephemerals: list[Message] = field(default_factory=list)
    files: dict[str, File] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)
    modals: dict[str, list[View]] = field(default_factory=dict)
    homes: dict[str, View] = field(default_factory=dict)
    installations: list[Installation] = field(default_factory=list)
    triggers: dict[str, Trigger] = field(default_factory=dict)
    thread_status: dict[tuple[str, str], str] = field(default_factory=dict)
    thread_titles: dict[tuple[str, str], str] = field(default_factory=dict)
    suggested: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    sessions: dict[tuple[str, str], str] = field(default_factory=dict)
    response_urls: dict[str, Json] = field(default_factory=dict)
    url: str = ""
    version: int = 0
    now: Callable[[], float] = time.time
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _last_tick: int = 0

    def tick(self) -> str:
        """A timestamp that no message had before, later than every other."""
        self._last_tick = max(self._last_tick + 1, int(self.now() * 1_000_000))
        return f"{self._last_tick // 1_000_000}.{self._last_tick % 1_000_000:06d}"

    def changed(self) -> None:
        """Something can now be seen that could not before."""
        self.version += 1
        self._woken.set()
        self._woken = asyncio.Event()

    async def change(self, at_most: float) -> None:
        """Wait for the next change, or so many seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), at_most)

    def fresh_id(self, kind: str, words: str = "") -> str:
        """An id of Slack's form: a letter, then capitals and digits; readable where there are words for it."""
        plain = "".join(letter for letter in words.upper() if letter.isascii() and letter.isalnum())
        wanted = kind + (plain or secrets.token_hex(5).upper())
        taken: set[str] = {*self.users, *self.channels, *self.workspaces, *self.files, *self.views}
        number = 2
        found = wanted
        while found in taken:
            found, number = f"{wanted}{number}", number + 1
        return found

    # Messages

    def add(self, message: Message) -> Message:
        """Keep a message; seen by one person alone if it is ephemeral."""
        if message.ephemeral_to is None:
            self.messages[message.channel, message.ts] = message
        else:
            self.ephemerals.append(message)
        self.changed()
        return message

    def in_channel(self, channel: str) -> list[Message]:
        """What stands in a channel, oldest first, replies included."""
        found = [m for (where, _), m in self.messages.items() if where == channel and not m.deleted]
        return sorted(found, key=lambda m: m.ts)

    def in_thread(self, channel: str, ts: str) -> list[Message]:
        """A thread's messages, oldest first."""
        return [m for m in self.in_channel(channel) if ts in (m.ts, m.thread_ts)]

    # People and places

    def team_of_channel(self, channel: Channel) -> Workspace:
        """The workspace that a channel is at home in."""
        return self.workspaces[channel.team_id]

    def enterprise_of(self, team_id: str) -> str | None:
        """The organisation of a workspace, if any."""
        return self.workspaces[team_id].enterprise_id

    def dm(self, one: str, other: str) -> Channel:
        """The direct conversation of two, opened if there is none."""
        for channel in self.channels.values():
            if channel.kind == "dm" and set(channel.members) == {one, other}:
                return channel
        user = self.users[other]
        opened = Channel(self.fresh_id("D", user.handle), user.team_id, "", "dm", [one, other])
        self.channels[opened.id] = opened
        return opened

    # The app

    def installation(self, team_id: str) -> Installation | None:
        """What the app is installed as in a workspace: its own, or its organisation's."""
        accounts = (team_id, self.enterprise_of(team_id))
        for installed in self.installations:
            if installed.account in accounts and not installed.is_removed:
                return installed
        return None

    def teams_of(self, installed: Installation) -> list[str]:
        """The workspaces that an installation covers."""
        return [t.id for t in self.workspaces.values() if installed.account in (t.id, t.enterprise_id)]

    def trigger(self, user: str, team_id: str, in_view: str | None = None) -> Trigger:
        """A new trigger, good for one modal."""
        made = Trigger(f"{secrets.token_hex(6)}.{secrets.token_hex(6)}", user, team_id, self.now(), in_view)
        self.triggers[made.id] = made
        return made

    def put_view(self, view: View) -> None:
        """Keep a view that was opened."""
        self.views[view.id] = view
        self.changed()

    def modal(self, user: str) -> View | None:
        """The modal that somebody has before them."""
        stack = self.modals.get(user, [])
        return stack[-1] if stack else None


def new_hash(now: float) -> str:
    """A view's version, as Slack writes it."""
    return f"{int(now)}.{secrets.token_hex(4)}"


def with_ids(blocks: list[Json]) -> list[Json]:
    """Blocks with the ids that Slack gives to those that came without."""
    found = []
    for block in blocks:
        given = {"block_id": secrets.token_hex(3), **block}
        if block.get("type") == "actions":
            given["elements"] = [{"action_id": secrets.token_hex(3), **one} for one in block["elements"]]
        found.append(given)
    return found
