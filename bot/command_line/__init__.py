"""The command line: `countersign COMMAND`, and `python -m bot COMMAND`, which is the same.

`arguments` lists the commands and what each takes; the modules beside it do them. A command's module is
imported when it is wanted, and nothing heavier than `argparse` before: `--help` and `halt` answer at once.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import io
import os
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.settings import Settings, SettingsUnusable

Run = Callable[["Settings", argparse.Namespace], Coroutine[Any, Any, int]]
"""A command that needs all settings and an event loop. Its result is the exit code."""


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
    from bot.command_line.arguments import parse

    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace" if stream is sys.stdin else "backslashreplace")
    command, args = parse(sys.argv[1:] if argv is None else argv)
    module, _, name = command.entry.partition(":")
    try:
        with loading():
            entry = getattr(importlib.import_module(f"bot.command_line.{module}"), name)
        code = entry(args) if command.at_once else with_settings(entry, args)
        sys.stdout.flush()
    except Stop as stop:
        code = _stopped(stop, args)
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:  # whoever read this has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = Exit.REFUSED
    except Exception as fault:  # noqa: BLE001 - whatever it was, it is said in a sentence
        code = _stopped(stop_of(fault), args)
    sys.exit(int(code))


@contextmanager
def loading() -> Iterator[None]:
    """Load modules, and what is read once, without the garbage collector: it would look through all of that
    again and again, for a third of the time, and find nothing, for it stays until the process ends. It does not
    look there later, either."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def with_settings(run: Run, args: argparse.Namespace) -> int:
    """Read the settings, and run a command in an event loop. Raises Stop."""
    import asyncio

    import uvloop

    from bot.logs import configure_logs
    from bot.settings import SettingsUnusable, read_settings

    try:
        settings = read_settings()
        configure_logs(settings.log_level)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(run(settings, args))
    except SettingsUnusable as unusable:
        return _unusable(unusable, args)


def told(args: argparse.Namespace, result: dict[str, Any], sentences: str) -> None:
    """Print what came of a command: for people, or with `--json` as one object on standard output."""
    if getattr(args, "json", False):
        import json

        print(json.dumps(result, ensure_ascii=False, indent=1))
    else:
        print(sentences)


def stop_of(fault: Exception) -> Stop:
    """What is said of a fault that no command foresaw; if it is ours, it is logged."""
    # half a second that only a fault waits for
    import structlog
    from psycopg import OperationalError
    from psycopg.errors import UndefinedColumn, UndefinedTable
    from sqlalchemy.exc import ProgrammingError

    from bot.logs import configure_logs
    from integrations.integration import NoSuchVendor
    from storage.outage import is_database_away

    if not structlog.is_configured():
        configure_logs("info")

    first = fault
    while isinstance(first, ExceptionGroup):
        first = first.exceptions[0]
    if isinstance(first, Stop):
        return first
    if isinstance(first, NoSuchVendor):
        return Stop(str(first), Exit.USAGE)
    cause = first.orig if isinstance(first, ProgrammingError) else first
    if isinstance(cause, UndefinedTable | UndefinedColumn):
        return Stop("The database's schema is not this version's. Run: python -m bot migrate.")
    if is_database_away(first) or isinstance(first, OperationalError):
        why = next(iter(str(first.__cause__ or first).strip().splitlines()), type(first).__name__)
        return Stop(f"The database does not answer ({why}).", Exit.AWAY)
    structlog.get_logger().error("command_failed", exc_info=fault)
    return Stop(f"Something went wrong on our side ({type(first).__name__}); the line above says where.")


def _stopped(stop: Stop, args: argparse.Namespace) -> int:
    from bot.logs import without_credentials

    sentence = without_credentials(str(stop))
    if getattr(args, "json", False):
        told(args, {"error": sentence, "code": int(stop.code)}, "")
    else:
        print(sentence, file=sys.stderr)
    return stop.code


def _unusable(unusable: SettingsUnusable, args: argparse.Namespace) -> int:
    if args.command != "doctor":
        return _stopped(Stop(str(unusable), Exit.USAGE), args)
    findings = [{"state": "wrong", "what": name, "says": says} for name, says in unusable.problems]
    lines = "\n".join(f"FIX   {name}: {says}" for name, says in unusable.problems)
    told(args, {"well": False, "findings": findings}, lines)
    return Exit.REFUSED
