"""The sample department at work on chat platforms: fakes at one end, all of Countersign at the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.settings import Settings
from simulators.slack import FakeSlack
from simulators.teams import FakeTeams, Message, Someone
from storage.embedded import EmbeddedServer
from tests.workplace import Workplace, at_work, settings_of


@dataclass(frozen=True)
class Office(Workplace):
    """A department at work in Slack."""

    slack: FakeSlack


OpenOffice = Callable[..., Awaitable[Office]]


def office_settings(server: EmbeddedServer, folder: Path, slack: FakeSlack, **settings: Any) -> Settings:
    """The settings of a department that speaks on this Slack, a company of its own."""
    return settings_of(server, folder, **_told_by(slack) | settings)


def _told_by(slack: FakeSlack) -> dict[str, Any]:
    installed = [one for one in slack.state.installations if not one.is_removed]
    return _lower(slack.settings() if installed else slack.settings_to_install())


@asynccontextmanager
async def offices(server: EmbeddedServer, folder: Path) -> AsyncIterator[OpenOffice]:
    """A function that opens an office; all of them close when the block ends."""
    async with AsyncExitStack() as stack:

        async def open_office(slack: FakeSlack | None = None, **settings: Any) -> Office:
            workspace = slack or await stack.enter_async_context(await FakeSlack.start())
            place = await stack.enter_async_context(at_work(server, folder, **_told_by(workspace) | settings))
            workspace.events_url = f"{place.address}/slack/events"
            return Office(place.installation, place.address, workspace)

        yield open_office


@dataclass(frozen=True)
class TeamsOffice(Workplace):
    """A department at work in Teams."""

    teams: FakeTeams

    def person(self, name: str) -> Someone:
        return self.teams.person(name)

    async def answered(self, said: Message) -> Message:
        """The bot's answer to something said: in its thread, or next in the chat."""
        return await self.teams.wait_for(
            lambda each: (each.conversation, each.root) == (said.conversation, said.root), after=said
        )


@asynccontextmanager
async def teams_office(
    server: EmbeddedServer, folder: Path, *, works: bool = True, **settings: Any
) -> AsyncIterator[TeamsOffice]:
    """An office of one's own, until the block ends; see `at_work`."""
    async with (
        await FakeTeams.start() as teams,
        at_work(server, folder, works=works, **_lower(teams.settings()) | settings) as place,
    ):
        teams.bot_url = f"{place.address}/teams/messages"
        yield TeamsOffice(place.installation, place.address, teams)


def _lower(environment: dict[str, str]) -> dict[str, Any]:
    return {name.lower(): value for name, value in environment.items()}
