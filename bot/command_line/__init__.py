"""The command line. Each command is a module: `HELP`, `arguments(parser)`, `run(settings, args)`."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import io
import os
import sys
from collections.abc import Sequence
from enum import IntEnum
from types import ModuleType

import structlog
import uvloop

from bot.logs import configure_logs
from bot.masking import without_credentials
from bot.settings import Settings, SettingsUnusable, read_settings

COMMANDS = (
    "init",
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

_log = structlog.get_logger()


class Exit(IntEnum):
    """How a command ends: its exit code."""

    DONE = 0
    REFUSED = 1
    """Refused, failed, or (a vote) not counted."""
    USAGE = 2
    """An argument or a setting that is not understood."""
    AWAY = 3
    """The database or a worker does not answer."""


class Stop(Exception):
    """Ends a command with a sentence on standard error, and exit code 1 (or `code`)."""

    def __init__(self, sentence: str, code: Exit = Exit.REFUSED) -> None:
        super().__init__(sentence)
        self.code = code


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command; its exit code is the process's."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace" if stream is sys.stdin else "backslashreplace")
    args = _parsed(sys.argv[1:] if argv is None else argv)
    try:
        settings = read_settings()
    except SettingsUnusable as unusable:
        sys.exit(_unusable(args.command, unusable))
    configure_logs(settings.log_level)
    sys.exit(_ended(settings, args))


def _parsed(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bot", description="Countersign, from the command line.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    # Only the chosen command's module is imported: `halt` must not wait for what `web` needs.
    wanted = next((word for word in argv if word in COMMANDS), None)
    for name in COMMANDS:
        module = _module(name) if name == wanted or wanted is None else None
        command = commands.add_parser(name, help=module.HELP if module else None)
        if module:
            module.arguments(command)
    return parser.parse_args(argv)


def _ended(settings: Settings, args: argparse.Namespace) -> int:
    """Run the command. Whatever it came to, its exit code, and on standard error why."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            code: int = runner.run(_module(args.command).run(settings, args))
        sys.stdout.flush()
    except Stop as stop:
        return _stopped(stop)
    except SettingsUnusable as unusable:
        return _unusable(args.command, unusable)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read this has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.REFUSED
    except Exception as fault:  # noqa: BLE001 - whatever it was, it is said in a sentence
        return _stopped(_unforeseen(fault))
    return code


def _stopped(stop: Stop) -> int:
    print(without_credentials(str(stop)), file=sys.stderr)
    return stop.code


def _unforeseen(fault: Exception) -> Stop:
    # half a second that only a fault waits for
    from psycopg.errors import UndefinedColumn, UndefinedTable
    from sqlalchemy.exc import ProgrammingError

    from storage.outage import is_database_away

    first = fault
    while isinstance(first, ExceptionGroup):
        first = first.exceptions[0]
    if isinstance(first, Stop):
        return first
    if isinstance(first, ProgrammingError) and isinstance(first.orig, UndefinedTable | UndefinedColumn):
        return Stop("The database's schema is not this version's. Run: python -m bot migrate.")
    if is_database_away(first):
        why = next(iter(str(first.__cause__ or first).strip().splitlines()), type(first).__name__)
        return Stop(f"The database does not answer ({why}).", Exit.AWAY)
    _log.error("command_failed", exc_info=fault)
    return Stop(f"Something went wrong on our side ({type(first).__name__}); the line above says where.")


def _unusable(command: str, unusable: SettingsUnusable) -> int:
    if command != "doctor":
        return _stopped(Stop(str(unusable), Exit.USAGE))
    for name, says in unusable.problems:
        print(f"FIX   {name}: {says}")
    return Exit.REFUSED


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"bot.command_line.{name.replace('-', '_')}")
