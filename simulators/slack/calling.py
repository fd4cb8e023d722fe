"""Web API methods: how one is declared, what it is given, how it says no."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from simulators.slack.records import Channel, Installation, Json

if TYPE_CHECKING:
    from simulators.slack.server import FakeSlack
    from simulators.slack.state import State


SLACK: web.AppKey[FakeSlack] = web.AppKey("slack")
"""Where the server's handlers find the Slack that they serve."""


SCOPE_WORDS = {"public": "channels", "private": "groups", "dm": "im", "group": "mpim"}
"""What scopes call the kinds of channels."""


class ApiError(Exception):
    """Slack's `{"ok": false, "error": …}`; `more` stands beside it."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.more = more


@dataclass
class Call:
    """One call of a method, its arguments decoded. `app` is None for methods without a bot token."""

    slack: FakeSlack
    method: str
    args: Json
    app: Installation | None = None
    token: str = ""

    @property
    def state(self) -> State:
        """What Slack knows."""
        return self.slack.state

    @property
    def bot(self) -> Installation:
        """The installation whose token was sent."""
        assert self.app is not None, f"{self.method} was declared without a token"
        return self.app

    def need(self, name: str) -> Any:
        """An argument that must be there."""
        if self.args.get(name) in (None, ""):
            raise ApiError("missing_argument", response_metadata={"messages": [f"[ERROR] missing: {name}"]})
        return self.args[name]

    def flag(self, name: str) -> bool:
        """A yes or no, however it was sent."""
        return str(self.args.get(name, "")).lower() in ("1", "true")

    def channel(self, *, name: str = "channel", must_be_member: bool = False) -> Channel:
        """The channel that is named by an argument, if the app can see it."""
        wanted = str(self.need(name))
        found = self.state.channels.get(wanted)
        if found is None or not self.covers(found):
            raise ApiError("channel_not_found")
        if self.bot.bot_user not in found.members:
            if found.kind != "public":
                raise ApiError("channel_not_found")
            if must_be_member:
                raise ApiError("not_in_channel")
        return found

    def require_scope(self, action: str, kind: str) -> None:
        """Raises ApiError unless the app may `read` channels of this kind, or their `history`."""
        needed = f"{SCOPE_WORDS[kind]}:{action}"
        granted = self.bot.scopes
        if granted is not None and needed not in granted:
            raise ApiError("missing_scope", needed=needed, provided=",".join(sorted(granted)))

    def covers(self, channel: Channel) -> bool:
        """Whether the channel is in a workspace that the token is for."""
        return channel.team_id in self.state.teams_of(self.bot) or self.bot.bot_user in channel.members

    def team(self) -> str:
        """The workspace that a call is about; an organisation's token must say which."""
        if not self.bot.is_org_wide:
            return self.bot.account
        team = str(self.args.get("team_id") or "")
        if not team:
            raise ApiError("missing_argument", response_metadata={"messages": ["[ERROR] missing: team_id"]})
        if team not in self.state.teams_of(self.bot):
            raise ApiError("team_not_found")
        return team

    def page(self, items: list[Any], name: str, most: int = 1000) -> Json:
        """One page of a list, and the cursor of the next."""
        limit = max(1, min(int(self.args.get("limit") or 100), most))
        cursor = str(self.args.get("cursor") or "")
        try:
            start = int(base64.b64decode(cursor)) if cursor else 0
        except ValueError as error:
            raise ApiError("invalid_cursor") from error
        end = start + limit
        following = base64.b64encode(str(end).encode()).decode() if end < len(items) else ""
        return {name: items[start:end], "response_metadata": {"next_cursor": following}}


Handler = Callable[[Call], Awaitable[Json]]


@dataclass(frozen=True)
class Method:
    """A method of the Web API. `scope` is what a bot token needs; `token` is `bot`, `app` or `none`."""

    name: str
    handle: Handler
    scopes: tuple[str, ...] = ()
    token: str = "bot"


@dataclass
class Registry:
    """The methods that this Slack has."""

    methods: dict[str, Method] = field(default_factory=dict)

    def __call__(self, name: str, *scopes: str, token: str = "bot") -> Callable[[Handler], Handler]:
        """Declare a method; any one of the scopes is enough."""

        def declare(handle: Handler) -> Handler:
            self.methods[name] = Method(name, handle, scopes, token)
            return handle

        return declare


method = Registry()
