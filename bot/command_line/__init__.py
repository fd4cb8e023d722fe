"""The command line. Each command is a module: `HELP`, `arguments(parser)`, `run(settings, args)`."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import sys
from collections.abc import Sequence
from types import ModuleType

import uvloop

from bot.logs import configure_logs
from bot.settings import Settings

COMMANDS = (
    "run",
    "web",
    "worker",
    "clock",
    "migrate",
    "doctor",
    "ask",
    "decide",
    "recognise",
    "halt",
    "resume",
    "audit",
    "teams-package",
)


class Stop(Exception):
    """Ends a command with a sentence on standard error, and exit code 1 (or `code`)."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command; its exit code is the process's."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m bot", description="Countersign, from the command line.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    # Only the chosen command's module is imported: `halt` must not wait for what `web` needs.
    wanted = next((word for word in argv if word in COMMANDS), None)
    for name in COMMANDS:
        module = _module(name) if name == wanted or wanted is None else None
        command = commands.add_parser(name, help=module.HELP if module else None)
        if module:
            module.arguments(command)
    args = parser.parse_args(argv)
    settings = Settings()
    configure_logs(settings.log_level)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            code = runner.run(_module(args.command).run(settings, args))
    except Stop as stop:
        print(stop, file=sys.stderr)
        code = stop.code
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"bot.command_line.{name.replace('-', '_')}")
