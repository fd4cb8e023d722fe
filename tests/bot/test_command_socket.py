"""Who is heard on the commands' socket, and whom a command believes: other users, rubbish, other settings."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bot import command_protocol
from bot.command_protocol import Line, NoServer, line_of, socket_file
from bot.command_server import command_part
from storage.embedded import EmbeddedServer
from tests.bot.beside_server import asked, folder, idle_place, place, request_of, run_command
from tests.workplace import Workplace, at_work, settings_of

__all__ = ["folder", "idle_place", "place"]

NOBODY = 65534

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")


def _as_another_user(work: Callable[[], str]) -> str:
    """What `work` says in a process of another user. It may only speak to the system."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            os.write(writing, work().encode())
        except BaseException as raised:  # noqa: BLE001 - the child must not go on as the test
            os.write(writing, repr(raised).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        told = said.read()
    os.waitpid(child, 0)
    return told


async def test_the_socket_is_the_users_own_alone(idle_place: Workplace) -> None:
    found = socket_file(idle_place.installation.settings.var_folder).stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid) == (0o600, os.geteuid())


@pytest.mark.parametrize("mode", [0o666, 0o660, 0o602, 0o610])
async def test_a_socket_that_others_can_reach_is_not_used(idle_place: Workplace, mode: int) -> None:
    settings = idle_place.installation.settings
    socket_file(settings.var_folder).chmod(mode)
    with pytest.raises(NoServer, match="open to other users"):
        await asked(idle_place)


@as_root
async def test_a_socket_of_another_user_is_not_used(idle_place: Workplace) -> None:
    path = socket_file(idle_place.installation.settings.var_folder)
    os.chown(path, NOBODY, NOBODY)
    with pytest.raises(NoServer, match="another user's"):
        await asked(idle_place)


@as_root
def test_a_server_of_another_user_behind_a_socket_of_ours_is_not_used(folder: Path) -> None:
    folder.chmod(0o777)
    path = socket_file(folder)
    ready, done = os.pipe(), os.pipe()

    def listen() -> str:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))
            listening.listen()
            os.write(ready[1], b"!")
            os.read(done[0], 1)
        return "listened"

    serving = threading.Thread(target=_as_another_user, args=(listen,))
    serving.start()
    os.read(ready[0], 1)
    os.chown(path, os.geteuid(), os.getegid())
    path.chmod(0o600)
    try:
        with pytest.raises(NoServer, match="another user's"):
            Line(folder)
    finally:
        os.write(done[1], b"!")
        serving.join()


@as_root
async def test_another_user_is_not_heard_even_where_the_socket_lets_them_in(idle_place: Workplace) -> None:
    settings = idle_place.installation.settings
    path = socket_file(settings.var_folder)
    path.chmod(0o666)
    request = line_of({"protocol": command_protocol.PROTOCOL, **request_of(settings)})

    def ask() -> str:
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(path))
            with suppress(BrokenPipeError):  # it may refuse before it has read it all
                line.sendall(request)
            return line.recv(1000).decode()

    told = await asyncio.to_thread(_as_another_user, ask)
    assert json.loads(told) == {"refused": "The server that runs here is another user's."}
    assert await idle_place.rows("SELECT id FROM inbox") == []


def test_what_is_no_socket_is_named(folder: Path) -> None:
    with pytest.raises(NoServer) as nobody:
        Line(folder)
    assert str(nobody.value) == ""
    socket_file(folder).write_text("")
    with pytest.raises(NoServer, match="is no socket"):
        Line(folder)


RUBBISH = {
    "nothing": b"",
    "an empty line": b"\n",
    "no JSON": b"GET / HTTP/1.1\r\n\r\n",
    "no text": b"\xff\xfe\x00\n",
    "a list": b"[]\n",
    "nested": b"[" * 200_000 + b"\n",
    "huge": b"x" * 3_000_000,
    "huge in the end": b'{"text": "' + b"x" * 2_000_000 + b'"}\n',
}
WRONG: list[dict[str, Any]] = [
    {"person": None},
    {"person": "x" * 200},
    {"person": ["david"]},
    {"text": 7},
    {"channel": {"a": 1}},
    {"thread": "\0"},
    {"do": "halt"},
    {"do": "halt", "reason": None},
    {"do": "dance"},
    {"do": "decide"},
    {"do": "decide", "approval": "ap_1", "decision": "perhaps", "values": {}},
    {"do": "decide", "approval": "ap_1", "decision": "modify", "values": ["x"]},
    {"do": "decide", "approval": "ap_1", "decision": "modify", "values": {"x": 1}},
    {"key": ""},
]


async def test_rubbish_is_refused_and_the_server_lives(
    place: Workplace, capfd: pytest.CaptureFixture[str]
) -> None:
    path = str(socket_file(place.installation.settings.var_folder))
    for what, sent in RUBBISH.items():
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(sent)
        try:
            async with asyncio.timeout(60):
                writer.write_eof()
                told = await reader.read()
        except ConnectionError:  # the server has let go of what it did not read
            told = b""
        finally:
            writer.close()
        assert told == b"" or "refused" in json.loads(told), what
    for wrong in WRONG:
        with pytest.raises(NoServer, match="none that a command makes"):
            await asked(place, **wrong)
    assert await place.rows("SELECT id FROM inbox") == []
    assert (await asked(place))["answer"]["done"]
    logged = capfd.readouterr()
    assert "command_failed" not in logged.out + logged.err, "rubbish is no fault of ours"


async def test_a_server_with_other_settings_or_of_another_version_is_left_alone(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NoServer, match="other settings"):
        await asked(place, installation="another")
    other = await asyncio.to_thread(
        run_command,
        place.installation.settings,
        "ask",
        "--as",
        "david",
        "/whoami",
        TENANT=f"o{uuid.uuid4().hex[:11]}",
    )
    assert "has other settings. This command starts everything itself" in other.stderr
    assert (other.returncode, other.stdout[:13]) == (0, "You are David")
    monkeypatch.setattr(command_protocol, "PROTOCOL", 2)
    with pytest.raises(NoServer, match="another version"):
        await asked(place)
    assert await place.rows("SELECT id FROM inbox") == []


async def test_in_production_nobody_speaks_for_anybody(
    place: Workplace, server: EmbeddedServer, folder: Path
) -> None:
    settings = place.installation.settings
    for argv in (("ask", "--as", "david", "hello"), ("decide", "ap_1", "--as", "david", "approve")):
        refused = await asyncio.to_thread(run_command, settings, *argv, ENV="production")
        assert refused.returncode == 1
        assert "speaks for somebody without proof" in refused.stderr
    elsewhere = folder / "production"
    elsewhere.mkdir()
    async with at_work(server, elsewhere, works=False) as other:
        other.installation.__dict__["settings"] = settings_of(server, elsewhere, env="production")
        task = asyncio.create_task(command_part(other.installation, has_worker=True))
        await asyncio.sleep(0.3)
        assert list(elsewhere.glob("*.sock")) == []
        task.cancel()
