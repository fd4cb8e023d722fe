"""`python -m bot ask`: one turn through the very same path as chat, waiting for the answer."""

from __future__ import annotations

import argparse
import json

from bot.command_line import Exit
from bot.command_line.arguments import name, words
from bot.command_line.conversation import Conversation
from bot.command_line.opening import demand_local, opened
from bot.settings import Settings

HELP = "say something as a person of the department, and wait for the answer"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Who says what where."""
    parser.add_argument("--as", dest="person", type=name, required=True, help="whose turn it is: a person's id")
    parser.add_argument("--channel", type=name, help="a channel; a direct message if not given")
    parser.add_argument("--thread", type=name, help="continue this thread")
    parser.add_argument("--json", action="store_true", help="print the whole answer as JSON")
    parser.add_argument("text", nargs="+", type=words, help="what is said")


async def run(settings: Settings, args: argparse.Namespace) -> int:
    """Take the turn, and print what was answered once all that it set going has settled. Exit code 1 for what
    was refused."""
    demand_local(settings, "ask")
    async with Conversation(await opened(settings)) as conversation:
        answer = await conversation.say(args.person, " ".join(args.text), args.channel, args.thread)
    print(json.dumps(answer.as_json(), ensure_ascii=False, indent=1) if args.json else answer.as_text())
    return Exit.DONE if answer.done else Exit.REFUSED
