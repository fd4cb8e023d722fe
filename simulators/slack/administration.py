"""What administrators do in a workspace: people come, change and go; channels too; so do apps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulators.slack import events
from simulators.slack.delivery import Delivery
from simulators.slack.records import Channel, User

if TYPE_CHECKING:
    from simulators.slack.server import FakeSlack


@dataclass
class Administration:
    """An administrator's hands. Every change sends the event that Slack sends."""

    slack: FakeSlack

    def adds(self, handle: str, *, team: str | None = None, **facts: Any) -> User:
        """A new account; `facts` are fields of User (a guest, a stranger, an unconfirmed address …)."""
        state = self.slack.state
        team = team or self.slack.team_id
        name, email = facts.pop("name", handle.title()), facts.pop("email", f"{handle}@example.com")
        user = User(state.fresh_id("U", handle), team, handle, name, email, **facts)
        state.users[user.id] = user
        return user

    async def changes(self, handle: str, **facts: Any) -> User:
        """Change fields of an account (`deleted=True` deactivates it)."""
        user = self.slack.user(handle).user
        for name, value in facts.items():
            assert hasattr(user, name), name
            setattr(user, name, value)
        await events.announce_user(self.slack, user.id)
        return user

    def opens(
        self, name: str, *members: str, kind: str = "public", team: str | None = None, **facts: Any
    ) -> Channel:
        """A new channel, with these people and the bot in it."""
        state = self.slack.state
        team = team or self.slack.team_id
        inside = [self.slack.user(member).id for member in members]
        installed = state.installation(team)
        inside += [installed.bot_user] if installed else []
        channel = Channel(state.fresh_id("C", name), team, name, kind, inside, **facts)
        state.channels[channel.id] = channel
        return channel

    async def invites(self, who: str, channel: str) -> None:
        """Let somebody (or the bot, by its id) into a channel."""
        where, user = self.slack.channel(channel), self.slack.user(who)
        where.members.append(user.id)
        await events.announce_joined(self.slack, where, user.id)

    async def removes(self, who: str, channel: str) -> None:
        """Take somebody out of a channel."""
        where, user = self.slack.channel(channel), self.slack.user(who)
        where.members.remove(user.id)
        await events.announce_joined(self.slack, where, user.id, left=True)

    async def renames(self, channel: str, name: str) -> None:
        """Give a channel another name."""
        where = self.slack.channel(channel)
        where.name = name
        await events.announce_renamed(self.slack, where)

    async def shares(self, channel: str, team: str) -> None:
        """Share a channel with another company's workspace (Slack Connect)."""
        where = self.slack.channel(channel)
        where.is_ext_shared = True
        await events.announce_shared(self.slack, where, team)

    async def uninstalls(self, account: str | None = None) -> list[Delivery | None]:
        """Take the app away: its tokens die, and it is told by two events."""
        installed = next(
            one
            for one in self.slack.state.installations
            if not one.is_removed and account in (None, one.account)
        )
        installed.is_removed = True
        tokens = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [installed.bot_user]}}
        gone = {"type": "app_uninstalled"}
        told: list[Delivery | None] = []
        for team in self.slack.state.teams_of(installed):
            told += [await events.announce(self.slack, team, event) for event in (tokens, gone)]
        return told

    async def revokes_tokens(self) -> Delivery | None:
        """Revoke the bot's tokens without taking the app away."""
        app = self.slack.app
        app.tokens = {"xoxb-revoked-and-unknown": None}
        event = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [app.bot_user]}}
        return await events.announce(self.slack, self.slack.state.teams_of(app)[0], event)

    def expires_tokens(self) -> None:
        """Let every access token that rotates run out now."""
        for installed in self.slack.state.installations:
            now = self.slack.state.now()
            installed.tokens = {t: now if until is not None else None for t, until in installed.tokens.items()}

    async def verifies_url(self) -> Delivery:
        """What Slack does when an events address is entered in an app's settings."""
        payload = {"token": "unused", "challenge": "fake-challenge", "type": "url_verification"}
        return await self.slack.courier.bring("verification", payload)
