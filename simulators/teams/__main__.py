"""`python -m simulators.teams`: talk to Countersign from a terminal, as people would in Teams."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys

from simulators.teams.driver import Someone, labels
from simulators.teams.server import FakeTeams
from simulators.teams.world import Conversation, Message

HELP = """\
as NAME            speak as somebody (david, amanda, carlos, rachel, …)
in CHANNEL         speak in a channel; mention the bot with @bot
chat               speak in your own chat with the bot again
press ID LABEL     press a button of a message; a form is then asked for
anything else      is said"""


def show(text: str) -> None:
    """Write a line, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Terminal:
    """Somebody at a terminal, in one conversation at a time."""

    def __init__(self, teams: FakeTeams) -> None:
        self.teams = teams
        self.someone: Someone = teams.person("david")
        self.where: Conversation | None = None
        self.shown: dict[str, int] = {}

    async def run(self) -> None:
        """Read lines until there are no more."""
        asyncio.get_running_loop().create_task(self._show())
        show(HELP)
        while True:
            place = f"#{self.where.name}" if self.where else "chat"
            try:
                line = await asyncio.to_thread(input, f"{self.someone.human.name} ({place})> ")
            except EOFError:
                return
            try:
                await self._do(*line.strip().partition(" "))
            except (LookupError, StopIteration, AssertionError) as wrong:
                show(f"! {wrong}")

    async def _do(self, word: str, _: str, rest: str) -> None:
        match word:
            case "":
                return
            case "as":
                self.someone, self.where = self.teams.person(rest), None
            case "in":
                self.where = self.teams.world.named(rest.removeprefix("#"))
            case "chat":
                self.where = None
            case "press":
                await self._press(*rest.partition(" "))
            case _:
                await self.someone.says(f"{word} {rest}".strip(), to=self.where)

    async def _press(self, number: str, _: str, label: str) -> None:
        message = next(each for each in self.teams.messages() if each.id.endswith(number))
        answer = (await self.someone.presses(label, message)).answer
        if answer.get("task", {}).get("type") != "continue":
            show(f"  {answer.get('value') or answer}")
            return
        filled = {}
        for asked in labels(answer):
            filled[asked] = await asyncio.to_thread(input, f"  {asked}: ")
        show(f"  {(await self.someone.submits(answer, message, filled)).answer or 'sent'}")

    async def _show(self) -> None:
        """Print what the bot posts and edits."""
        while True:
            message = await self.teams.wait_for(self._is_new, seconds=10**6)
            self.shown[message.id] = message.edits
            where = self.teams.world.conversations[message.conversation]
            edited = " (edited)" if message.edits else ""
            place = where.name or where.id
            show(f"\n--- {message.id[-6:]} in {place}{edited}\n{message.all_text.strip()}\n---")

    def _is_new(self, message: Message) -> bool:
        return self.shown.get(message.id) != message.edits


async def main(port: int, bot: str) -> None:
    """Serve, say how to start the bot, and read what is typed."""
    async with await FakeTeams.start(port) as teams:
        teams.bot_url = bot
        show("Start Countersign in another terminal with:\n")
        told = " ".join(f"{name}={value}" for name, value in teams.settings().items())
        show(f"{told} make run\n")
        await Terminal(teams).run()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m simulators.teams", description=__doc__)
    parser.add_argument("--port", type=int, default=8398, help="where the fake listens")
    parser.add_argument("--bot", default="http://127.0.0.1:8300/teams/messages", help="where the bot listens")
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(given.port, given.bot))
