"""Commands beside a running server: what it answers, and what becomes of one that hangs, ends or is killed."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import uuid
from pathlib import Path
from time import monotonic

import psycopg
import pytest

from bot.command_line.halting import operator
from bot.command_protocol import Line, NoServer, line_of, socket_file
from bot.command_server import command_part
from storage.embedded import EmbeddedServer
from tests.bot.beside_server import (
    ROOT,
    asked,
    environment_of,
    folder,
    free_port,
    is_open,
    listening_for_commands,
    place,
    request_of,
    run_command,
    until,
)
from tests.workplace import Workplace, at_work, settings_of

pytestmark = pytest.mark.processes

__all__ = ["folder", "place"]


async def test_a_command_beside_a_server_is_answered_by_it(place: Workplace) -> None:
    settings = place.installation.settings
    said = await asyncio.to_thread(run_command, settings, "ask", "--as", "david", "/whoami", "--json")
    answer = json.loads(said.stdout)
    assert (said.returncode, said.stderr) == (0, "")
    assert answer["text"].startswith("You are David")
    assert (answer["done"], len(answer["audit"])) == (True, 1)
    words = "/access make Nathan an architect because we lack one"
    (given,) = (await asked(place, person="amanda", text=words))["answer"]["approvals"]
    votes = [
        await asyncio.to_thread(run_command, settings, "decide", given["id"], "--as", voter, "approve")
        for voter in ("rachel", "amanda", "carlos")
    ]
    assert [(vote.returncode, vote.stderr) for vote in votes] == [(1, ""), (0, ""), (0, "")]
    stopped = await asyncio.to_thread(
        run_command, settings, "ask", "--as", "david", "--thread", "nosuch", "hello", "--json"
    )
    assert (stopped.returncode, json.loads(stopped.stdout)["error"]) == (1, "There is no thread nosuch.")


async def test_a_halt_goes_through_the_server_and_past_one_that_hangs(place: Workplace, folder: Path) -> None:
    settings = place.installation.settings
    made = "SELECT made_by, reason FROM overrides WHERE kind = 'halt'"
    halted = (await asked(place, do="halt", reason="odd"))["answer"]
    assert (halted["halted"], halted["before"], halted["by"], halted["silent"]) == (True, False, operator(), [])
    assert place.installation.process in halted["acknowledged"]
    assert [tuple(row) for row in await place.rows(made)] == [(operator(), "odd")]
    said = await asyncio.to_thread(run_command, settings, "halt", "--reason", "again", "--json")
    assert json.loads(said.stdout)["before"]
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(socket_file(elsewhere)))
        socket_file(elsewhere).chmod(0o600)
        hanging.listen()
        began = monotonic()
        past = await asyncio.to_thread(
            run_command,
            settings,
            "halt",
            "--json",
            VAR_FOLDER=str(elsewhere),
            TENANT=f"o{uuid.uuid4().hex[:11]}",
        )
        assert monotonic() - began < 8, "nobody waits for a server that hangs"
    assert json.loads(past.stdout)["before"] is False
    assert past.stderr == ""


async def test_of_two_servers_one_listens_and_the_other_takes_over(place: Workplace) -> None:
    settings = place.installation.settings
    path = socket_file(settings.var_folder)
    first = path.stat().st_ino
    second = asyncio.create_task(command_part(place.installation, has_worker=True))
    await asyncio.sleep(0.3)
    assert path.stat().st_ino == first, "the second leaves the first one's socket alone"
    assert (await asked(place))["answer"]["done"]
    (held,) = [task for task in asyncio.all_tasks() if "command_part" in repr(task) and task is not second]
    held.cancel()
    await asyncio.gather(held, return_exceptions=True)
    await until(lambda: is_open(path), 10)
    assert (await asked(place))["answer"]["done"]
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
    async with at_work(server, folder) as workplace, listening_for_commands(workplace):
        assert (await asked(workplace))["answer"]["done"]


async def test_a_folder_with_a_long_name_has_a_socket_too(server: EmbeddedServer, folder: Path) -> None:
    long = folder / ("x" * 120)
    long.mkdir()
    async with at_work(server, long) as workplace, listening_for_commands(workplace):
        assert (await asked(workplace))["answer"]["done"]


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
        async with listening_for_commands(workplace, has_worker=False):
            with psycopg.connect(server.owner_url) as owner:
                owner.execute("DELETE FROM workers")
            with pytest.raises(NoServer, match="No worker runs"):
                await asked(workplace)


async def test_a_server_that_is_killed_in_mid_answer_leaves_the_rest_to_the_command(
    server: EmbeddedServer, folder: Path
) -> None:
    settings = settings_of(server, folder, port=free_port())
    environment = environment_of(settings, PORT=str(settings.port))
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
            await until(lambda: socket_file(folder).exists(), 60)
            asking = subprocess.Popen(  # noqa: ASYNC220
                [*program, "ask", "--as", "david", "/whoami", "--json"],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stored = "SELECT state FROM inbox WHERE tenant = %s"
            await until(lambda: owner.execute(stored, (settings.tenant,)).fetchone() == ("stored",), 20)
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


async def test_who_hangs_up_is_no_longer_waited_for(server: EmbeddedServer, folder: Path) -> None:
    async with at_work(server, folder, works=False) as workplace, listening_for_commands(workplace):
        settings = workplace.installation.settings
        line = await asyncio.to_thread(Line, settings.var_folder)
        await asyncio.to_thread(line.ask, request_of(settings))
        serving = [task for task in asyncio.all_tasks() if "CommandServer._answer" in repr(task)]
        assert len(serving) == 1
        line.close()
        await asyncio.wait(serving, timeout=5)
        assert serving[0].cancelled()
