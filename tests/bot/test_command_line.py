"""The command line: what it takes, what it refuses before anything is stored, and how it ends."""

from __future__ import annotations

import json
import logging
import pwd
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import structlog

from bot.command_line import Stop, halt, main
from bot.command_line.conversation import Conversation
from bot.command_line.operator import operator
from bot.inbox import LONGEST_TEXT
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
    assert ended.err.startswith("The database does not answer")
    assert "bad-secret" not in ended.err


def test_another_versions_schema_is_named_with_what_to_do(run: Run, server: EmbeddedServer) -> None:
    with psycopg.connect(server.owner_url, autocommit=True) as owner:
        owner.execute("CREATE DATABASE bare")
        bare = server.app_url.replace("/countersign?", "/bare?")
        run_there = [run(*argv, DATABASE_URL=bare) for argv in (("audit", "verify"), ("migrate",))]
        owner.execute("DROP DATABASE bare WITH (FORCE)")
    assert (run_there[0].code, run_there[0].err) == (
        1,
        "The database's schema is not this version's. Run: python -m bot migrate.\n",
    )


@pytest.mark.parametrize("command", ["run", "web", "halt", "migrate"])
def test_settings_that_are_wrong_are_code_2(run: Run, command: str) -> None:
    ended = run(command, PORT="x")
    assert (ended.code, ended.err) == (2, "PORT must be a valid integer (port the web server binds).\n")


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

    monkeypatch.setattr(halt, "run", fails)
    ended = run("halt")
    logged, said = ended.err.splitlines()
    assert json.loads(logged)["event"] == "command_failed"
    assert (ended.code, said) == (
        1,
        "Something went wrong on our side (RuntimeError); the line above says where.",
    )
