"""The command line: what it takes, what it refuses before anything is stored, and how it ends."""

from __future__ import annotations

import argparse
import ast
import json
import logging
import os
import pwd
import re
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog

from bot.command_line import Stop, arguments, main, operating
from bot.command_line.halting import operator
from bot.conversation import Conversation
from bot.inbox import LONGEST_TEXT
from governance.audit.entries import Part
from storage.embedded import EmbeddedServer
from tests.architecture.test_effects_only_through_the_gate import INSTALLATION

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(
    server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Runs a command in this process, for a company of its own."""
    before = structlog.get_config()
    for holder, name in ((threading, "excepthook"), (sys, "unraisablehook")):
        monkeypatch.setattr(holder, name, getattr(holder, name))
    monkeypatch.setenv("DATABASE_URL", server.app_url)
    monkeypatch.setenv("DATABASE_OWNER_URL", server.owner_url)
    monkeypatch.setenv("TENANT", f"c{uuid.uuid4().hex[:11]}")
    monkeypatch.setenv("VAR_FOLDER", str(tmp_path / "var"))

    def ended(*argv: str, **settings: str) -> Ended:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as stopped:
            main(argv)
        told = capsys.readouterr()
        assert "Traceback" not in told.out + told.err
        return Ended(int(stopped.value.code or 0), told.out, told.err)

    yield ended
    structlog.configure(**before)
    logging.captureWarnings(False)


async def test_a_message_that_is_too_long_is_refused_with_a_sentence() -> None:
    with pytest.raises(Stop) as refused:
        await Conversation(INSTALLATION).say("david", "x" * (LONGEST_TEXT + 1), None, None)
    assert str(refused.value) == "That is 12,001 characters; 12,000 are the most. Nothing was sent."


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        (None, "No reason was given."),
        ("", "No reason was given."),
        ("\udcff\x00\u202e", "No reason was given."),
        ("Gef\udce4hrlich", "Gefhrlich"),
        ("it\0looks\nwrong", "itlooks\nwrong"),
        ("x" * 100_000, "x" * 100_000),
    ],
)
def test_halting_takes_any_words(run: Run, server: EmbeddedServer, reason: str | None, kept: str) -> None:
    ended = run("halt", *(() if reason is None else ("--reason", reason)))
    assert ended.code == 0, ended.err
    assert ended.out.startswith("Halted.")
    with psycopg.connect(server.owner_url) as connection:
        rows = connection.execute(
            "SELECT reason, made_by FROM overrides WHERE kind = 'halt' ORDER BY made DESC LIMIT 1"
        ).fetchall()
    assert rows == [(kept, operator())]
    again = run("halt", "--reason", "again")
    assert (again.code, "Agents were halted already" in again.out) == (0, True)
    assert run("resume", "--reason", "fine").code == 1  # somebody else is to say so
    assert run("resume", "--reason", " \0").code == 2


def test_who_halts_is_who_the_system_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "\udcffsomebody else")
    monkeypatch.setenv("USER", "somebody else")
    assert "somebody" not in operator()

    def nobody(user: int) -> pwd.struct_passwd:
        raise KeyError(user)

    monkeypatch.setattr(pwd, "getpwuid", nobody)  # as in a container that runs as any user
    assert operator().removeprefix("os:").isdigit()


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("audit", "prove", "99999999999999999999"), 2),
        (("audit", "prove", "-1"), 2),
        (("audit", "prove", "9" * 5000), 2),
        (("audit", "prove", "x"), 2),
        (("audit", "forget", "\udcff", "--reason", "x"), 2),
        (("audit", "forget", "", "--reason", "x"), 2),
        (("audit", "forget", "nobody", "--reason", "x"), 1),
        (("audit", "forget", "nobody", "--reason", "\0"), 2),
        (("audit", "export", "--to", "/nosuch/folder/log"), 1),
        (("audit", "export", "--to", "\udcff\0"), 1),
        (("ask", "--as", "", "hello"), 2),
        (("ask", "--as", "x" * 200, "hello"), 2),
        (("decide", "ap_1", "--as", "david", "perhaps"), 2),
        (("teams-package", "--to", "/nosuch"), 1),
        (("nosuch",), 2),
        ((), 2),
    ],
)
def test_what_cannot_be_done_is_told_by_the_exit_code(run: Run, argv: tuple[str, ...], code: int) -> None:
    ended = run(*argv)
    assert ended.code == code, ended.err
    assert ended.err


@pytest.mark.parametrize("argv", [("halt",), ("audit", "verify"), ("ask", "--as", "david", "hello"), ("web",)])
def test_a_database_that_is_away_is_code_3_and_its_password_is_nobodys(run: Run, argv: tuple[str, ...]) -> None:
    nowhere = "postgresql://me:bad-secret@127.0.0.1:1/x"
    ended = run(*argv, DATABASE_URL=nowhere, DATABASE_OWNER_URL=nowhere)
    assert ended.code == 3
    assert ended.err.splitlines()[-1].startswith("The database does not answer")
    assert "bad-secret" not in ended.err


def test_another_versions_schema_is_named_with_what_to_do(run: Run, server: EmbeddedServer) -> None:
    with psycopg.connect(server.owner_url, autocommit=True) as owner:
        owner.execute("CREATE DATABASE bare")
        bare = server.app_url.replace("/countersign?", "/bare?")
        run_there = [run(*argv, DATABASE_URL=bare) for argv in (("audit", "verify"), ("halt",), ("migrate",))]
        owner.execute("DROP DATABASE bare WITH (FORCE)")
    for ended in run_there[:2]:
        said = "The database's schema is not this version's. Run: python -m bot migrate.\n"
        assert (ended.code, ended.err) == (1, said)


@pytest.mark.parametrize("command", ["run", "web", "resume --reason x", "migrate"])
def test_settings_that_are_wrong_are_code_2(run: Run, command: str) -> None:
    ended = run(*command.split(), PORT="x")
    assert (ended.code, ended.err) == (2, "PORT must be a valid integer (port the web server binds).\n")


def test_a_setting_that_halting_does_not_need_keeps_nobody_from_halting(run: Run) -> None:
    assert run("halt", PORT="x").out.startswith("Halted.")
    assert run("halt", TENANT="no name").code == 2


def test_the_doctor_says_which_settings_are_wrong(run: Run) -> None:
    ended = run("doctor", PORT="x", TOKEN_KEY="bad")
    assert ended.code == 1
    assert [line[:16] for line in ended.out.splitlines()] == ["FIX   PORT: must", "FIX   TOKEN_KEY:"]


def test_a_folder_that_cannot_be_written_is_named(run: Run) -> None:
    for command in ("web", "worker"):
        ended = run(command, VAR_FOLDER="/dev/null")
        assert (ended.code, ended.err.split()[0]) == (2, "VAR_FOLDER")
    told = run("doctor", VAR_FOLDER="/dev/null")
    assert "FIX   VAR_FOLDER: cannot be /dev/null" in told.out


def test_a_server_that_others_could_reach_is_refused_with_a_sentence(run: Run) -> None:
    ended = run("web", HOST="0.0.0.0")
    assert ended.code == 1
    assert ended.err.splitlines()[-1].startswith("HOST=0.0.0.0: the console lets anyone")


def test_a_fault_of_ours_is_one_line_of_the_log_and_a_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> int:
        raise ExceptionGroup("parts", [RuntimeError("a\nb")])

    monkeypatch.setattr(operating, "migrate", fails)
    ended = run("migrate")
    logged, said = ended.err.splitlines()
    assert json.loads(logged)["event"] == "command_failed"
    assert (ended.code, said) == (
        1,
        "Something went wrong on our side (RuntimeError); the line above says where.",
    )


DOCUMENTED = set(
    re.findall(r"[a-z_]+", (ROOT / "docs" / "command-line.md").read_text().partition("## JSON")[2])
)


def _read(ended: Ended) -> dict[str, Any]:
    """The one object on standard output, of which every key is documented."""
    read = json.loads(ended.out)
    assert isinstance(read, dict)
    assert read.keys() <= DOCUMENTED, read.keys() - DOCUMENTED
    return read


def test_with_json_every_result_is_one_object_and_so_is_every_error(run: Run, tmp_path: Path) -> None:
    halted = _read(run("halt", "--json", "--reason", "odd"))
    assert (halted["halted"], halted["before"], halted["reason"], halted["by"]) == (
        True,
        False,
        "odd",
        operator(),
    )
    assert halted["workers"] == len(halted["acknowledged"]) + len(halted["silent"])
    assert _read(run("halt", "--json"))["before"]
    assert _read(run("migrate", "--json")) == {"migrated": False}
    assert _read(run("audit", "verify", "--json"))["holds"]
    log = tmp_path / "log"
    assert _read(run("audit", "export", "--to", str(log), "--json"))["lines"] == len(
        log.read_text().splitlines()
    )
    token = _read(run("code-token", "david", "--json"))
    assert (token["person"], token["token"].startswith("csg_")) == ("david", True)
    well = _read(run("doctor", "--json"))
    assert {found["state"] for found in well["findings"]} <= {"well", "advice", "wrong"}
    for argv, code, why in (
        (("resume", "--reason", "fine", "--json"), 1, "halted the agents, so somebody else"),
        (("audit", "export", "--json"), 2, "--to FILE"),
        (("audit", "prove", "99", "--json"), 1, "The log has no entry 99"),
        (("audit", "prove", "x", "--json"), 2, "is no number of an entry"),
        (("ask", "--as", "", "--json", "hello"), 2, "nobody's and nothing's name"),
        (("ask", "--as", "david", "--json", " "), 1, "nothing in this message"),
        (("teams-package", "--json"), 1, "TEAMS_APP_ID"),
        (("code-token", "nobody", "--json"), 1, "Nobody in the department has the id nobody"),
    ):
        ended = run(*argv)
        error = _read(ended)
        assert (ended.code, error["code"], why in error["error"]) == (code, code, True), (argv, error)
    assert _read(run("doctor", "--json", PORT="x"))["findings"] == [
        {"state": "wrong", "what": "PORT", "says": "must be a valid integer (port the web server binds)."}
    ]
    assert _read(run("migrate", "--json"))["code"] == 2


def test_every_command_that_prints_a_result_takes_json() -> None:
    without = {"init", "run", "web", "worker", "clock", "keeper"}  # init talks with whoever runs it
    for command in arguments.COMMANDS:
        parser = argparse.ArgumentParser()
        command.arguments(parser)
        assert ("--json" in parser.format_help()) == (command.name not in without | {"audit"}), command.name


def test_the_parts_that_can_be_erased_are_those_of_an_entry() -> None:
    assert set(arguments.PARTS) == {part.value for part in Part}


@pytest.mark.parametrize("command", ["--help", "halt --help", "ask --help", "audit --help"])
def test_help_imports_nothing_heavy(command: str) -> None:
    program = (
        "import sys\nfrom bot.command_line import main\n"
        f"try:\n main({command.split()!r})\nexcept SystemExit: pass\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    heavy = {"psycopg", "sqlalchemy", "pydantic", "asyncio", "structlog", "uvloop", "aiohttp", "numpy"}
    assert heavy & set(ast.literal_eval(ran.stderr)) == set()


def test_halting_imports_the_driver_and_nothing_heavier(server: EmbeddedServer, tmp_path: Path) -> None:
    program = (
        "import sys\nfrom bot.command_line import main\n"
        "try:\n main(['halt'])\nexcept SystemExit as ended: print(ended.code)\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    told = {"DATABASE_URL": server.app_url, "VAR_FOLDER": str(tmp_path), "TENANT": f"c{uuid.uuid4().hex[:11]}"}
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=os.environ | told, capture_output=True, text=True
    )
    assert ran.stdout.splitlines()[-1] == "0", ran.stderr
    loaded = set(ast.literal_eval(ran.stderr))
    assert "psycopg" in loaded
    assert {"sqlalchemy", "pydantic", "structlog", "uvloop", "aiohttp"} & loaded == set()


def test_the_command_is_called_as_it_was_called(tmp_path: Path) -> None:
    countersign = Path(sys.executable).with_name("countersign")
    for called, name in (([str(countersign)], "countersign"), ([sys.executable, "-m", "bot"], "python -m bot")):
        ran = subprocess.run([*called, "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
        assert ran.stdout.startswith(f"usage: {name} ")
