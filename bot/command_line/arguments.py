"""The commands, and what each of them takes. Words are cleaned as what is said in chat is; names are names.

To add one: a `Command` in COMMANDS whose entry is `MODULE:FUNCTION` of this package. The function takes the
settings and the arguments, and returns the exit code; one that is `at_once` takes the arguments alone.
"""

from __future__ import annotations

import argparse
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

LONGEST_NAME = 150
"""Characters of a name: with its platform before it, it is an actor's in the record, which takes 200."""

PARTS = ("identity", "details", "rationale", "impact", "rollback_plan", "artifacts")
"""What can be erased of an entry: `governance.audit.entries.Part`, which takes long to import."""


def words(written: str) -> str:
    """Something said, however long. It may be empty once it is cleaned."""
    from governance.outside_text import clean

    return clean(written)


def reason(written: str) -> str:
    """A reason for the record. Raises ArgumentTypeError if it says nothing."""
    from bot import inbox

    said = inbox.clean(written)
    if not said:
        raise ArgumentTypeError("there is nothing in it to read; say why")
    return said


def name(written: str) -> str:
    """The id of a person, channel, thread or approval. Raises ArgumentTypeError for what no id can be."""
    if not written.isprintable() or not 1 <= len(written) <= LONGEST_NAME:
        raise ArgumentTypeError("this is nobody's and nothing's name")
    return written


def number(written: str) -> int:
    """The number of an entry. Raises ArgumentTypeError."""
    if not (written.isascii() and written.isdigit() and len(written) < 18):
        raise ArgumentTypeError(f"{written!r} is no number of an entry")
    return int(written)


def nothing(_parser: ArgumentParser) -> None:
    """A command without arguments."""


def result(parser: ArgumentParser) -> None:
    """`--json`, for every command that prints a result."""
    parser.add_argument("--json", action="store_true", help="print the result, or the error, as JSON")


def ask(parser: ArgumentParser) -> None:
    """Who says what where."""
    parser.add_argument("--as", dest="person", type=name, required=True, help="whose turn it is: a person's id")
    parser.add_argument("--channel", type=name, help="a channel; a direct message if not given")
    parser.add_argument("--thread", type=name, help="continue this thread")
    result(parser)
    parser.add_argument("text", nargs="+", type=words, help="what is said")


def decide(parser: ArgumentParser) -> None:
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
    result(parser)


def halt(parser: ArgumentParser) -> None:
    """`--reason`, of which nothing may keep anybody from halting."""
    parser.add_argument("--reason", type=words, default="", help="why, for the record")
    result(parser)


def resume(parser: ArgumentParser) -> None:
    """`--reason`."""
    parser.add_argument("--reason", type=reason, required=True, help="why, for the record")
    result(parser)


def incident(parser: ArgumentParser) -> None:
    """What can be done about one; without any of it, those that are open are listed."""
    actions = parser.add_subparsers(dest="action")
    declaring = actions.add_parser("declare", help="open one by hand")
    declaring.add_argument("service", type=name, help="the service's id in the catalogue")
    declaring.add_argument("--stage", choices=("production", "staging"), default="production")
    taken = (
        actions.add_parser("show", help="one with its timeline"),
        actions.add_parser("take", help="take command of it"),
        actions.add_parser("update", help="write --reason into its timeline"),
        actions.add_parser("roll-back", help="take the version behind it back, at once"),
        actions.add_parser("end", help="end it, whatever still fires"),
    )
    for action in taken:
        action.add_argument("incident", type=name, help="its id, such as INC-1")
    showing, _, _, rolling, _ = taken
    rolling.add_argument("--service", type=name, help="another service than the incident's: the one behind it")
    rolling.add_argument("--to", type=name, metavar="VERSION", help="the one before, if not given")
    for action in (declaring, *taken):
        if action is not showing:
            action.add_argument("--reason", type=reason, required=True, help="what is wrong, or why, in words")
        result(action)
    result(parser)


def audit(parser: ArgumentParser) -> None:
    """What can be done with a log."""
    actions = parser.add_subparsers(dest="action", required=True)
    verifying = actions.add_parser("verify", help="work the whole log out anew and compare")
    exporting = actions.add_parser("export", help="write the log; verifier.py checks it anywhere")
    exporting.add_argument("--to", type=Path, help="a file; standard output if not given")
    exporting.add_argument("--open", action="store_true", help="with the texts that have not been erased")
    proving = actions.add_parser("prove", help="an entry's proof file")
    proving.add_argument("number", type=number, help="the entry's number, from 0")
    newest = actions.add_parser("checkpoint", help="the newest signed checkpoint")
    erasing = actions.add_parser("erase", help="destroy texts of an entry, for good; the log still verifies")
    erasing.add_argument("number", type=number, help="the entry's number, from 0")
    erasing.add_argument("--part", action="append", choices=PARTS, help="which text (all, if not given)")
    erasing.add_argument("--reason", type=reason, required=True, help="why, for the record")
    forgetting = actions.add_parser("forget", help="take a person's name in the log away, for good")
    forgetting.add_argument("person", type=name, help="the id of somebody who holds no role any more")
    forgetting.add_argument("--reason", type=reason, required=True, help="why, for the record")
    for action in (verifying, exporting, proving, newest, erasing, forgetting):
        result(action)


def code_token(parser: ArgumentParser) -> None:
    """The person."""
    parser.add_argument("person", type=name, metavar="PERSON", help="an id in department.yaml")
    result(parser)


def teams_package(parser: ArgumentParser) -> None:
    """`--to`."""
    default = Path("dist/countersign-teams.zip")
    parser.add_argument(
        "--to", type=Path, default=default, metavar="FILE", help="where to write it (%(default)s)"
    )
    result(parser)


def init(parser: ArgumentParser) -> None:
    """Where to write, and what not to ask."""
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path("department"), help="where to make it (%(default)s)"
    )
    people = parser.add_mutually_exclusive_group()
    people.add_argument(
        "--people", type=Path, metavar="CSV", help="read the people from a list with name, address and roles"
    )
    people.add_argument(
        "--from", dest="source", choices=("slack", "entra"), help="choose the people from Slack's or Entra's"
    )
    parser.add_argument(
        "--group", help="with --from entra: the members of this group alone (name or object id)"
    )
    parser.add_argument(
        "--answers", type=Path, metavar="FILE", help="ask nothing: the answers stand in this YAML"
    )
    parser.add_argument(
        "--env-file", type=Path, default=Path(".env"), metavar="FILE", help="the settings (%(default)s)"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="write over what is there; it is kept beside, as NAME.before"
    )


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its name, what it is for, what it takes, and the function that does it."""

    name: str
    help: str
    entry: str
    arguments: Callable[[ArgumentParser], None] = nothing
    at_once: bool = False


COMMANDS = (
    Command(
        "init", "make a department of your own: five questions, and its files are written", "init:run", init
    ),
    Command("run", "everything in one process, and the page at http://127.0.0.1:8300", "operating:run"),
    Command("web", "the web server alone", "operating:web"),
    Command("worker", "a worker alone; start as many as you need", "operating:worker"),
    Command("clock", "the clock alone", "operating:clock"),
    Command("keeper", "the keeper of the services that run on this machine", "operating:keeper"),
    Command("migrate", "bring the database up to date", "operating:migrate", result),
    Command("doctor", "check every setting and connection, and say what to do", "operating:doctor", result),
    Command(
        "ask",
        "say something as a person of the department, and wait for the answer",
        "conversation:ask",
        ask,
        at_once=True,
    ),
    Command(
        "decide",
        "decide an approval as a person of the department",
        "conversation:decide",
        decide,
        at_once=True,
    ),
    Command(
        "recognise",
        "read utterances on standard input, one a line; print the catalogue name and confidence of each",
        "operating:recognise",
        result,
    ),
    Command(
        "halt",
        "stop every agent, now; recorded under your operating-system user",
        "halting:halt",
        halt,
        at_once=True,
    ),
    Command(
        "incident",
        "see, command, roll back and end incidents, also while chat is away",
        "incident:run",
        incident,
    ),
    Command("resume", "let the agents go on; somebody else than who halted them", "halting:resume", resume),
    Command(
        "audit",
        "verify, export, prove or checkpoint the audit log; erase a text in it, or forget a person",
        "audit:run",
        audit,
    ),
    Command(
        "code-token",
        "make a token with which a person's own git clones and pushes; it is shown this once",
        "operating:code_token",
        code_token,
    ),
    Command(
        "teams-package",
        "write the Teams app package that an administrator uploads",
        "operating:teams_package",
        teams_package,
    ),
)


class _Parser(ArgumentParser):
    """Says what it does not understand as JSON, where JSON was asked for."""

    wants_json = False

    def error(self, message: str) -> NoReturn:
        if not self.wants_json:
            super().error(message)
        import json

        print(json.dumps({"error": f"{self.prog}: {message}", "code": 2}, ensure_ascii=False, indent=1))
        sys.exit(2)


def parse(argv: Sequence[str]) -> tuple[Command, argparse.Namespace]:
    """The command that is meant, and its arguments. Ends the process, with code 2, for what is none."""
    called = "countersign" if os.path.basename(sys.argv[0]).startswith("countersign") else "python -m bot"
    _Parser.wants_json = "--json" in argv
    parser = _Parser(prog=called, description="Countersign, from the command line.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.arguments(commands.add_parser(command.name, help=command.help))
    args = parser.parse_args(argv)
    return next(command for command in COMMANDS if command.name == args.command), args
