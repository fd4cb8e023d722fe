"""`ask` and `decide`: one turn through the very same path as chat, waiting for what comes of it.

Where a server runs beside, it does it (`bot.command_protocol`), which takes a fraction of a second. Otherwise,
or if that server ends before it has answered, everything is started in this process.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from bot.command_line import Exit, Stop, loading, told, with_settings
from bot.command_protocol import Line, NoServer, NotPlain, QuickSettings, read_quick_settings

if TYPE_CHECKING:
    from bot.settings import Settings


def ask(args: argparse.Namespace) -> int:
    """Take the turn, and print what was answered once all that it set going has settled. Exit code 1 for what
    was refused."""
    asked = {"channel": args.channel, "thread": args.thread, "text": " ".join(args.text)}
    return _answered(args, {"do": "ask", "person": args.person, **asked})


def decide(args: argparse.Namespace) -> int:
    """Press the button, and print what was answered once all that it set going has settled. Exit code 1 for a
    vote that does not count."""
    values: dict[str, list[str]] = {}
    for pair in args.set:
        field, _, value = pair.partition("=")
        values.setdefault(field, []).append(value)
    pressed = {"approval": args.approval, "decision": args.decision, "values": values}
    return _answered(args, {"do": "decide", "person": args.person, **pressed})


def _answered(args: argparse.Namespace, request: dict[str, Any]) -> int:
    import uuid

    request["key"] = str(uuid.uuid4())  # done once under it, by the server or here
    args.request = request
    try:
        quick = read_quick_settings()
    except NotPlain:
        return with_settings(_here, args)  # which says what is wrong with them
    demand_local(quick.env, args.command)
    try:
        answer = _from_the_server(quick, request)
    except NoServer as missing:
        why = str(missing) or "No server runs here."
        print(f"{why} This command starts everything itself, which takes some seconds.", file=sys.stderr)
        return with_settings(_here, args)
    return _printed(args, answer)


def _from_the_server(quick: QuickSettings, request: dict[str, Any]) -> dict[str, Any]:
    """What the server answered. Raises NoServer, and Stop with what it stopped at."""
    line = Line(quick.var_folder)
    try:
        line.ask({"installation": quick.installation, **request})
        last = line.answer()
    finally:
        line.close()
    if "stop" in last:
        raise Stop(str(last["stop"]), Exit(last.get("code", Exit.REFUSED)))
    answer = last.get("answer")
    if not isinstance(answer, dict):
        raise NoServer("The server that runs here gave no answer that can be read.")
    return answer


async def _here(settings: Settings, args: argparse.Namespace) -> int:
    """The same with a worker in this process."""
    with loading():
        from bot.command_line.operating import opened
        from bot.conversation import Conversation

    demand_local(settings.env, args.command)
    async with Conversation(await opened(settings)) as conversation:
        answer = await conversation.take(args.request)
    return _printed(args, answer.as_json())


def _printed(args: argparse.Namespace, answer: dict[str, Any]) -> int:
    told(args, answer, answer["text"])
    return Exit.DONE if answer["done"] else Exit.REFUSED


def demand_local(env: str, command: str) -> None:
    """Refuse, in production, commands that speak as somebody without proof of who they are. Raises Stop."""
    if env == "production":
        raise Stop(f"`{command} --as` speaks for somebody without proof, so it is refused when ENV=production.")
