"""`python -m bot decide`: press an approval's button, through the very same path as chat."""

from __future__ import annotations

import argparse
import json

from bot.command_line import Exit
from bot.command_line.arguments import name, words
from bot.command_line.conversation import Conversation
from bot.command_line.opening import demand_local, opened
from bot.settings import Settings

HELP = "decide an approval as a person of the department"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which approval, who, and how."""
    parser.add_argument("approval", type=name, help="the approval's id")
    parser.add_argument("--as", dest="person", type=name, required=True, help="who decides: a person's id")
    parser.add_argument("decision", choices=("approve", "deny", "modify"))
    parser.add_argument(
        "--set",
        action="append",
        type=words,
        default=[],
        metavar="FIELD=VALUE",
        help="with modify: a field of the form; repeat it for several values",
    )
    parser.add_argument("--json", action="store_true", help="print the whole answer as JSON")


async def run(settings: Settings, args: argparse.Namespace) -> int:
    """Press the button, and print what was answered once all that it set going has settled. Exit code 1 for a
    vote that does not count."""
    demand_local(settings, "decide")
    values: dict[str, list[str]] = {}
    for pair in args.set:
        field, _, value = pair.partition("=")
        values.setdefault(field, []).append(value)
    async with Conversation(await opened(settings)) as conversation:
        answer = await conversation.decide(args.person, args.approval, args.decision, values)
    print(json.dumps(answer.as_json(), ensure_ascii=False, indent=1) if args.json else answer.as_text())
    return Exit.DONE if answer.done else Exit.REFUSED
