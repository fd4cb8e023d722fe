"""Commands beside a running server: who is heard, who is refused, and what becomes of a server that dies."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import psycopg
import pytest

from bot import command_protocol
from bot.command_line.halting import operator
from bot.command_protocol import Line, NoServer, line_of, socket_file
from bot.command_server import command_part
from bot.quick_settings import installation_of
from bot.settings import Settings
from storage.embedded import EmbeddedServer
from tests.workplace import Workplace, at_work, settings_of

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A var folder that any user can look into: pytest's own are closed to others."""
    made = Path(tempfile.mkdtemp(prefix="countersign-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@asynccontextmanager
async def _listening(place: Workplace, *, has_worker: bool = True) -> AsyncIterator[asyncio.Task[None]]:
    path = socket_file(place.installation.settings.var_folder)
    task = asyncio.create_task(command_part(place.installation, has_worker=has_worker))
    await _until(lambda: _is_open(path), 10)
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def place(server: EmbeddedServer, folder: Path) -> AsyncIterator[Workplace]:
    async with at_work(server, folder) as workplace, _listening(workplace):
        yield workplace


def _environment(settings: Settings, **more: str) -> dict[str, str]:
    told = {
        "DATABASE_URL": settings.database_url or "",
        "DATABASE_OWNER_URL": settings.database_owner_url or "",
        "VAR_FOLDER": str(settings.var_folder),
        "TENANT": settings.tenant,
        "LOG_LEVEL": "error",
    }
    return os.environ | told | more


def _run(settings: Settings, *argv: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bot", *argv]
    environment = _environment(settings, **more)
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


def _request(settings: Settings, **changed: Any) -> dict[str, Any]:
    told = settings.database_url, settings.var_folder, settings.tenant, settings.department
    asked = {"do": "ask", "person": "david", "channel": None, "thread": None, "text": "/whoami"}
    return {"installation": installation_of(*told), "key": str(uuid.uuid4()), **asked, **changed}


def _ask(settings: Settings, **changed: Any) -> dict[str, Any]:
    line = Line(settings.var_folder)
    try:
        line.ask(_request(settings, **changed))
        return line.answer()
    finally:
        line.close()


async def _asked(place: Workplace, **changed: Any) -> dict[str, Any]:
    return await asyncio.to_thread(_ask, place.installation.settings, **changed)


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


async def test_a_command_beside_a_server_is_answered_by_it(place: Workplace) -> None:
    settings = place.installation.settings
    said = await asyncio.to_thread(_run, settings, "ask", "--as", "david", "/whoami", "--json")
    answer = json.loads(said.stdout)
    assert (said.returncode, said.stderr) == (0, "")
    assert answer["text"].startswith("You are David")
    assert (answer["done"], len(answer["audit"])) == (True, 1)
    words = "/access make Nathan an architect because we lack one"
    (given,) = (await _asked(place, person="amanda", text=words))["answer"]["approvals"]
    votes = [
        await asyncio.to_thread(_run, settings, "decide", given["id"], "--as", voter, "approve")
        for voter in ("rachel", "amanda", "carlos")
    ]
    assert [(vote.returncode, vote.stderr) for vote in votes] == [(1, ""), (0, ""), (0, "")]
    stopped = await asyncio.to_thread(
        _run, settings, "ask", "--as", "david", "--thread", "nosuch", "hello", "--json"
    )
    assert (stopped.returncode, json.loads(stopped.stdout)["error"]) == (1, "There is no thread nosuch.")


async def test_a_halt_goes_through_the_server_and_past_one_that_hangs(place: Workplace, folder: Path) -> None:
    settings = place.installation.settings
    made = "SELECT made_by, reason FROM overrides WHERE kind = 'halt'"
    halted = (await _asked(place, do="halt", reason="odd"))["answer"]
    assert (halted["halted"], halted["before"], halted["by"], halted["silent"]) == (True, False, operator(), [])
    assert place.installation.process in halted["acknowledged"]
    assert [tuple(row) for row in await place.rows(made)] == [(operator(), "odd")]
    said = await asyncio.to_thread(_run, settings, "halt", "--reason", "again", "--json")
    assert json.loads(said.stdout)["before"]
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(socket_file(elsewhere)))
        socket_file(elsewhere).chmod(0o600)
        hanging.listen()
        began = monotonic()
        past = await asyncio.to_thread(
            _run, settings, "halt", "--json", VAR_FOLDER=str(elsewhere), TENANT=f"o{uuid.uuid4().hex[:11]}"
        )
        assert monotonic() - began < 8, "nobody waits for a server that hangs"
    assert json.loads(past.stdout)["before"] is False
    assert past.stderr == ""


async def test_the_socket_is_the_users_own_alone(place: Workplace) -> None:
    found = socket_file(place.installation.settings.var_folder).stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid) == (0o600, os.geteuid())


@pytest.mark.parametrize("mode", [0o666, 0o660, 0o602, 0o610])
async def test_a_socket_that_others_can_reach_is_not_used(place: Workplace, mode: int) -> None:
    settings = place.installation.settings
    socket_file(settings.var_folder).chmod(mode)
    with pytest.raises(NoServer, match="open to other users"):
        await _asked(place)


@as_root
async def test_a_socket_of_another_user_is_not_used(place: Workplace) -> None:
    path = socket_file(place.installation.settings.var_folder)
    os.chown(path, NOBODY, NOBODY)
    with pytest.raises(NoServer, match="another user's"):
        await _asked(place)


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
async def test_another_user_is_not_heard_even_where_the_socket_lets_them_in(place: Workplace) -> None:
    settings = place.installation.settings
    path = socket_file(settings.var_folder)
    path.chmod(0o666)
    request = line_of({"protocol": command_protocol.PROTOCOL, **_request(settings)})

    def ask() -> str:
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(path))
            line.sendall(request)
            return line.recv(1000).decode()

    told = await asyncio.to_thread(_as_another_user, ask)
    assert json.loads(told) == {"refused": "The server that runs here is another user's."}
    assert await place.rows("SELECT id FROM inbox") == []


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


async def test_rubbish_is_refused_and_the_server_lives(place: Workplace) -> None:
    path = str(socket_file(place.installation.settings.var_folder))
    for what, sent in RUBBISH.items():
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(sent)
        try:
            async with asyncio.timeout(10):
                writer.write_eof()
                told = await reader.read()
        except ConnectionError:  # the server has let go of what it did not read
            told = b""
        finally:
            writer.close()
        assert told == b"" or "refused" in json.loads(told), what
    for wrong in WRONG:
        with pytest.raises(NoServer, match="none that a command makes"):
            await _asked(place, **wrong)
    assert await place.rows("SELECT id FROM inbox") == []
    assert (await _asked(place))["answer"]["done"]


async def test_a_server_with_other_settings_or_of_another_version_is_left_alone(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NoServer, match="other settings"):
        await _asked(place, installation="another")
    other = await asyncio.to_thread(
        _run, place.installation.settings, "ask", "--as", "david", "/whoami", TENANT=f"o{uuid.uuid4().hex[:11]}"
    )
    assert "has other settings. This command starts everything itself" in other.stderr
    assert (other.returncode, other.stdout[:13]) == (0, "You are David")
    monkeypatch.setattr(command_protocol, "PROTOCOL", 2)
    with pytest.raises(NoServer, match="another version"):
        await _asked(place)
    assert await place.rows("SELECT id FROM inbox") == []


async def test_in_production_nobody_speaks_for_anybody(
    place: Workplace, server: EmbeddedServer, folder: Path
) -> None:
    settings = place.installation.settings
    for argv in (("ask", "--as", "david", "hello"), ("decide", "ap_1", "--as", "david", "approve")):
        refused = await asyncio.to_thread(_run, settings, *argv, ENV="production")
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


async def test_of_two_servers_one_listens_and_the_other_takes_over(place: Workplace) -> None:
    settings = place.installation.settings
    path = socket_file(settings.var_folder)
    first = path.stat().st_ino
    second = asyncio.create_task(command_part(place.installation, has_worker=True))
    await asyncio.sleep(0.3)
    assert path.stat().st_ino == first, "the second leaves the first one's socket alone"
    assert (await _asked(place))["answer"]["done"]
    (held,) = [task for task in asyncio.all_tasks() if "command_part" in repr(task) and task is not second]
    held.cancel()
    await asyncio.gather(held, return_exceptions=True)
    await _until(lambda: _is_open(path), 10)
    assert (await _asked(place))["answer"]["done"]
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    assert not path.exists()


async def test_a_dead_servers_socket_is_nobody_and_the_next_takes_its_place(
    server: EmbeddedServer, folder: Path
) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(socket_file(folder)))
    socket_file(folder).chmod(0o600)
    with pytest.raises(NoServer) as nobody:
        Line(folder)
    assert str(nobody.value) == ""
    async with at_work(server, folder) as workplace, _listening(workplace):
        assert (await _asked(workplace))["answer"]["done"]


async def test_a_folder_with_a_long_name_has_a_socket_too(server: EmbeddedServer, folder: Path) -> None:
    long = folder / ("x" * 120)
    long.mkdir()
    async with at_work(server, long) as workplace, _listening(workplace):
        assert (await _asked(workplace))["answer"]["done"]


def test_a_server_that_hangs_is_given_up(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(socket_file(folder)))
        socket_file(folder).chmod(0o600)
        hanging.listen()
        line = Line(folder, 0.2)
        with pytest.raises(NoServer, match="does not answer"):
            line.ask({})
        line.close()
        line = Line(folder, 0.2)
        hanging.accept()
        accepted, _ = hanging.accept()
        accepted.sendall(line_of({"taken": True}) + line_of({"waiting": True}))
        line.ask({})
        with pytest.raises(NoServer, match="does not answer"):
            line.answer(0.2)
        line.close()


async def test_a_web_server_without_workers_takes_nothing(server: EmbeddedServer, folder: Path) -> None:
    async with at_work(server, folder, works=False) as workplace:
        workplace.installation.__dict__["watch"] = None
        async with _listening(workplace, has_worker=False):
            with psycopg.connect(server.owner_url) as owner:
                owner.execute("DELETE FROM workers")
            with pytest.raises(NoServer, match="No worker runs"):
                await _asked(workplace)


async def test_a_server_that_is_killed_in_mid_answer_leaves_the_rest_to_the_command(
    server: EmbeddedServer, folder: Path
) -> None:
    settings = settings_of(server, folder, port=_free_port())
    environment = _environment(settings, PORT=str(settings.port))
    program = [sys.executable, "-m", "bot"]
    web = subprocess.Popen(  # noqa: ASYNC220
        [*program, "web"], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
    )
    worker = f"nobody-{settings.tenant}"  # whom the server believes to be there, so that it waits
    asking = None
    try:
        with psycopg.connect(server.owner_url, autocommit=True) as owner:
            owner.execute(
                "INSERT INTO workers (id, started, seen) VALUES (%s, now() + '1 day', now() + '1 day')",
                (worker,),
            )
            await _until(lambda: socket_file(folder).exists(), 60)
            asking = subprocess.Popen(  # noqa: ASYNC220
                [*program, "ask", "--as", "david", "/whoami", "--json"],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stored = "SELECT state FROM inbox WHERE tenant = %s"
            await _until(lambda: owner.execute(stored, (settings.tenant,)).fetchone() == ("stored",), 20)
            web.send_signal(signal.SIGKILL)
            said, noted = await asyncio.to_thread(asking.communicate, timeout=60)
            assert owner.execute(stored, (settings.tenant,)).fetchall() == [("done",)], "it was said once"
            owner.execute("DELETE FROM workers WHERE id = %s", (worker,))
    finally:
        for process in (web, asking):
            if process is not None:
                process.kill()
                process.wait()
    assert "stopped before it answered. This command starts everything itself" in noted
    assert (asking.returncode, json.loads(said)["text"][:13]) == (0, "You are David")


def _is_open(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as trying, command_protocol.address_of(path) as address:
        return trying.connect_ex(address) == 0


async def _until(is_so: Callable[[], bool], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def test_who_hangs_up_is_no_longer_waited_for(server: EmbeddedServer, folder: Path) -> None:
    async with at_work(server, folder, works=False) as workplace, _listening(workplace):
        settings = workplace.installation.settings
        line = await asyncio.to_thread(Line, settings.var_folder)
        await asyncio.to_thread(line.ask, _request(settings))
        serving = [task for task in asyncio.all_tasks() if "CommandServer._answer" in repr(task)]
        assert len(serving) == 1
        line.close()
        await asyncio.wait(serving, timeout=5)
        assert serving[0].cancelled()
