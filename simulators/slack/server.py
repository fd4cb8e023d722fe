"""The fake Slack itself: started, looked at, waited on, stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Self, TypeVar

import aiohttp

from simulators.slack import events, sample, setting_up
from simulators.slack.administration import Administration
from simulators.slack.delivery import Courier, Delivery
from simulators.slack.faults import Faults
from simulators.slack.listening import Listening
from simulators.slack.manifest import Shortcut
from simulators.slack.openid import OpenId
from simulators.slack.person import Person
from simulators.slack.records import Channel, Installation, Message, View, Workspace
from simulators.slack.sockets import Sockets
from simulators.slack.state import State
from simulators.slack.web_api import ApiCall

SCOPES = (
    "app_mentions:read", "assistant:write", "channels:history", "channels:read", "chat:write", "commands",
    "files:read", "files:write", "groups:history", "groups:read", "im:history", "im:read", "im:write",
    "reactions:write", "users:read", "users:read.email",
)  # fmt: skip
T = TypeVar("T")

PATIENCE = 45.0
"""Seconds for which tests wait before they fail."""


class FakeSlack:
    """Slack on a port of this machine. Start it with `await FakeSlack.start(…)`, or `async with`."""

    def __init__(self) -> None:
        self.state = State()
        self.faults = Faults()
        self.courier = Courier(self)
        self.sockets = Sockets(self)
        self.admin = Administration(self)
        self.listening = Listening(self)
        self.client_id = "10.20"
        self.client_secret = "fake-client-secret"
        self.signing_secret = "fake-signing-secret"
        self.openid = OpenId("", self.client_id)
        self.app_tokens = {"xapp-1-fake"}
        self.all_scopes: tuple[str, ...] = SCOPES
        self.events_url = ""
        self.subscriptions: frozenset[str] | None = None
        self.shortcuts: tuple[Shortcut, ...] = ()
        self.prompts: tuple[dict[str, str], ...] = ()
        self.escapes_commands = False
        self.echoes = True
        self.uses_sockets = False
        self.rotates_tokens = False
        self.share_delay = 0.05
        self.browser_user: str | None = None
        self.installs_into: str | None = None
        self.default_redirect: str | None = None
        self.calls: list[ApiCall] = []
        self.uploads: dict[str, int] = {}
        self.codes: dict[str, Any] = {}
        self.url = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self.client: aiohttp.ClientSession

    @classmethod
    async def start(
        cls,
        *,
        events_url: str = "",
        port: int = 0,
        team: str = "T0ACME",
        enterprise: str | None = None,
        department: Path = sample.ACME,
        installed: bool = True,
        token: str = "",
        page: bool = False,
    ) -> Self:
        """A workspace with a department's people and channels, and the app in it and in all of them.

        `events_url` is the app's (it can be set later). `enterprise` puts the workspace in an organisation.
        With `installed=False` the app has to be installed first. `token` is the bot's, made if not given;
        `page` adds the page for people.
        """
        slack = cls()
        slack.events_url = events_url
        slack.client = aiohttp.ClientSession()
        await slack.listening.open(port, page=page)
        name = sample.read(department)["name"]
        slack.add_workspace(team, name, enterprise=enterprise, department=department)
        if installed:
            slack.install(team, token=token)
        return slack

    async def stop(self) -> None:
        """Close everything; whoever hangs is let go."""
        self.faults.clear()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.listening.close()
        await self.client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # Setting up

    def add_workspace(
        self, team: str, name: str, *, enterprise: str | None = None, department: Path | None = None
    ) -> Workspace:
        """Another workspace, with a department's people and channels if a file is given."""
        return setting_up.workspace(self.state, Workspace(team, name, enterprise), department)

    def install(
        self, account: str, *, installer: str = "", channels: bool = True, token: str = ""
    ) -> Installation:
        """Install the app in a workspace or organisation; with `channels` its bot is invited everywhere."""
        return setting_up.install(self, account, installer, channels=channels, token=token)

    # Whom and what one asks for by name

    @property
    def api_url(self) -> str:
        """What the app is given as Slack's address."""
        return f"{self.url}/api/"

    @property
    def app(self) -> Installation:
        """The first installation that stands."""
        return next(one for one in self.state.installations if not one.is_removed)

    @property
    def bot_token(self) -> str:
        """The first installation's token."""
        return self.app.token

    @property
    def team_id(self) -> str:
        """The first workspace."""
        return next(iter(self.state.workspaces))

    def settings(self) -> dict[str, str]:
        """The settings that Countersign is started with."""
        return {
            "SLACK_API_URL": self.api_url,
            "SLACK_BOT_TOKEN": self.bot_token,
            "SLACK_SIGNING_SECRET": self.signing_secret,
            "SLACK_WORKSPACES": ",".join(
                sorted({a for t in self.state.workspaces.values() for a in (t.id, t.enterprise_id) if a})
            ),
        }

    def settings_to_install(self) -> dict[str, str]:
        """The settings for an app that is not installed yet."""
        return {
            "SLACK_API_URL": self.api_url,
            "SLACK_SIGNING_SECRET": self.signing_secret,
            "SLACK_CLIENT_ID": self.client_id,
            "SLACK_CLIENT_SECRET": self.client_secret,
        }

    def user(self, handle: str, *, team: str | None = None) -> Person:
        """Somebody, by handle or id."""
        for user in self.state.users.values():
            if handle in (user.handle, user.id) and team in (None, user.team_id):
                return Person(self, user)
        raise LookupError(f"nobody is called {handle!r} here")

    def channel(self, name: str, *, team: str | None = None) -> Channel:
        """A channel, by name or id."""
        for channel in self.state.channels.values():
            if name.lstrip("#") in (channel.name, channel.id) and team in (None, channel.team_id):
                return channel
        raise LookupError(f"there is no channel {name!r}")

    # What can be seen

    def messages(self, channel: str | None = None) -> list[Message]:
        """What stands in a channel (or anywhere), oldest first."""
        wanted = self.channel(channel).id if channel else None
        found = [m for m in self.state.messages.values() if wanted in (None, m.channel) and not m.deleted]
        return sorted(found, key=lambda m: m.ts)

    def thread(self, message: Message | str) -> list[Message]:
        """The messages of a thread, from any of them or its ts, oldest first."""
        ts = message if isinstance(message, str) else message.thread_ts or message.ts
        return [m for m in self.messages() if ts in (m.ts, m.thread_ts)]

    def ephemerals(self, who: Person | str) -> list[Message]:
        """What is shown to somebody alone."""
        user = self.user(who).id if isinstance(who, str) else who.id
        return [m for m in self.state.ephemerals if m.ephemeral_to == user and not m.deleted]

    def called(self, method: str) -> list[ApiCall]:
        """The calls of one method."""
        return [call for call in self.calls if call.method == method]

    # Waiting

    async def wait_for(
        self, wanted: Callable[[Message], bool], *, after: Message | None = None, within: float = PATIENCE
    ) -> Message:
        """The first message of the app (edited and ephemeral ones too) that is as wanted, when it is there.

        `after` leaves out what is not later than that message. Fails with what there is instead.
        """

        def find() -> Message | None:
            said = [m for m in [*self.messages(), *self.state.ephemerals] if m.bot_id and not m.deleted]
            later = [m for m in said if after is None or m.ts > after.ts]
            return next((m for m in later if wanted(m)), None)

        return await self.wait_until(find, within=within)

    async def wait_for_view(
        self, who: Person, wanted: Callable[[View], bool] = bool, *, within: float = PATIENCE
    ) -> View:
        """The modal that somebody has before them, once it is as wanted."""

        def find() -> View | None:
            view = self.state.modal(who.id)
            return view if view is not None and wanted(view) else None

        return await self.wait_until(find, within=within)

    async def wait_until(self, find: Callable[[], T | None], *, within: float = PATIENCE) -> T:
        """What `find` finds, asked again whenever something changes here, and every 20 ms for what changes
        elsewhere. AssertionError if it never does."""
        try:
            async with asyncio.timeout(within):
                while not (found := find()):
                    await self.state.change(0.02)
        except TimeoutError:
            raise AssertionError(f"not seen within {within} s. Said: {self._said()}") from None
        return found

    def _said(self) -> str:
        lately = [m for m in [*self.messages(), *self.state.ephemerals] if m.bot_id][-8:]
        refused = [f"{call.method}: {call.error}" for call in self.calls if call.error][-5:]
        return repr([m.all_text[:200] for m in lately]) + (f"; refused: {refused}" if refused else "")

    # What goes on by itself

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something beside; it ends with this Slack at the latest."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def later(self, delay: float, work: Callable[[], None]) -> None:
        """Do something in a while (seconds)."""

        async def wait() -> None:
            await asyncio.sleep(delay)
            work()

        self.spawn(wait())

    def echo(self, message: Message) -> None:
        """Tell the app of its own message, as Slack does."""
        if self.echoes:
            self.spawn(events.announce_message(self, message))

    def echo_change(self, message: Message) -> None:
        """Tell the app of its own edit, as Slack does."""
        if self.echoes:
            self.spawn(events.announce_change(self, message))

    async def settle(self) -> None:
        """Wait until nothing goes on by itself any more."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def uninstall(self, account: str) -> list[Delivery | None]:
        """Take the app away; it is told so."""
        return await self.admin.uninstalls(account)
