"""Hostile inputs over HTTP, chat and the command line: `python -m bench.fuzz [--inputs N] [--seed N]`.

The whole program (`python -m bot run`) with a database of its own, Slack and Teams configured towards addresses
of this machine at which nobody answers. Inputs are drawn by seed. Most are requests to every route; some are
said in the console, or pressed there; a few hundred are commands.

Exits with 1 if an answer is a 500, a turn fails, a line of the log is not one JSON object or tells of an
exception, a command shows a traceback, or something takes longer than its limit; and if it could not run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from bench.fuzz_commands import CODES, Commands, command
from bench.fuzz_http import ROOT, Answer, Visitor, ask
from bench.hostile import Hostile
from bench.slack_apps import free_port
from bench.targets import Targets
from bot.settings import Settings

INPUTS = 20_000
SEED = 2026
AT_ONCE = 8
REQUEST_LIMIT = 30.0
COMMAND_LIMIT = 240.0
SETTLED_LIMIT = 300.0
"""Seconds that a request, a command, and what was said may take until it is answered. `ask` itself waits for
180; a busy machine is no fault."""

SHARES = {"said": 12, "pressed": 40, "commands": 60, "slow commands": 1500}
"""One input of so many."""

_AWAY = frozenset({"/teams/messages", "/readyz"})
"""Here a 503 is right: the keys that prove who calls cannot be had; a busy machine may not be ready."""


class CouldNotRun(Exception):
    """The fuzz has found nothing out; the text says why."""


@dataclass
class Found:
    """What was seen. `faults` are what must not be, each with what brought it about."""

    counts: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    faults: dict[str, list[str]] = field(default_factory=dict)
    slowest: float = 0.0

    def fault(self, kind: str, what: object) -> None:
        """Note something that must not be."""
        self.faults.setdefault(kind, []).append(str(what)[:600])

    def answered(self, sent: bytes, answer: Answer) -> None:
        """Note an answer to a request."""
        self.statuses[answer.status] += 1
        self.slowest = max(self.slowest, answer.seconds)
        is_away = answer.status == 503 and any(path.encode() in sent[:200] for path in _AWAY)
        if answer.status >= 500 and not is_away:
            self.fault("server errors", (answer.status, sent[:500]))
        if b"Traceback (most recent" in answer.body:
            self.fault("tracebacks", sent[:500])
        if "aiohttp" in answer.head or "Python" in answer.head:
            self.fault("versions named", answer.head)


def settings_of(folder: Path, port: int) -> dict[str, str]:
    """The environment of the program."""
    nobody = "http://127.0.0.1:9"
    clean = {name: value for name, value in os.environ.items() if name.isupper() and name not in _SETTINGS}
    return clean | {
        "VAR_FOLDER": str(folder / "var"),
        "PORT": str(port),
        "CODE_HOST_PORT": "0",
        "DEPARTMENT": str(ROOT / "examples" / "acme"),
        "AUTHORITY": str(ROOT / "governance" / "authority.yaml"),
        "PUBLIC_URL": "https://countersign.example",
        "SLACK_API_URL": f"{nobody}/api/",
        "SLACK_BOT_TOKEN": "xoxb-fuzz",
        "SLACK_SIGNING_SECRET": "fuzz",
        "SLACK_WORKSPACES": "T1",
        "TEAMS_APP_ID": "00000000-0000-4000-8000-000000000001",
        "TEAMS_APP_PASSWORD": "fuzz",
        "ENTRA_TENANTS": "00000000-0000-4000-8000-000000000002",
        "TEAMS_OPENID_URL": f"{nobody}/keys",
        "ENTRA_AUTHORITY": nobody,
        "GRAPH_URL": nobody,
    }


_SETTINGS = frozenset(name.upper() for name in Settings.model_fields)


@contextmanager
def program(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m bot run`, with its log in a file."""
    with log.open("wb") as told:
        running = subprocess.Popen([sys.executable, "-m", "bot", "run"], cwd=ROOT, env=environment, stderr=told)
        try:
            yield running
        finally:
            running.terminate()
            try:
                running.wait(90)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


async def ready(port: int, running: subprocess.Popen[bytes], within: float = 180.0) -> None:
    """Wait until the program answers. Raises CouldNotRun."""
    asked = f"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode()
    ends = monotonic() + within
    while monotonic() < ends:
        if running.poll() is not None:
            raise CouldNotRun(f"the program ended by itself with {running.returncode}")
        try:
            if (await ask(port, asked, 10)).status == 200:
                return
        except (OSError, TimeoutError):
            pass
        await asyncio.sleep(0.2)
    raise CouldNotRun(f"the program was not ready within {within:.0f} s")


async def send(found: Found, visitor: Visitor, inputs: int) -> None:
    """Send so many requests, several at a time."""
    left = iter(range(inputs))

    async def stream() -> None:
        for number in left:
            await _send_one(found, visitor, number)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(stream())


async def _send_one(found: Found, visitor: Visitor, number: int) -> None:
    if number % 150 == 0:
        await visitor.look_around()
    hostile = visitor.hostile
    kind = next((kind for kind in ("said", "pressed") if hostile.chance(SHARES[kind])), "http")
    sent = {"said": visitor.said, "pressed": visitor.pressed, "http": visitor.request}[kind]()
    found.counts[kind] += 1
    try:
        found.answered(sent, await ask(visitor.port, sent, REQUEST_LIMIT))
    except TimeoutError:
        found.fault("hangs", sent[:500])


async def settled(found: Found, port: int, within: float) -> None:
    """Wait until everything that was said is answered, and note what failed."""
    asked = f"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode()
    ends = monotonic() + within
    while True:
        figures = (await ask(port, asked, 60)).body.decode()
        states = Counter[str]()
        for line in figures.splitlines():
            if line.startswith("countersign_turns_total{"):
                states[line.partition('state="')[2].partition('"')[0]] += round(float(line.rpartition(" ")[2]))
        if not states["stored"]:
            break
        if monotonic() > ends:
            found.fault("hangs", f"{states['stored']} messages were not answered within {within:.0f} s")
            break
        await asyncio.sleep(0.5)
    if states["failed"]:
        found.fault("failed turns", f"{states['failed']} turns failed; the log says where")
    if not states["done"]:
        raise CouldNotRun("no message was answered")


def run_commands(found: Found, hostile: Hostile, commands: Commands, inputs: int) -> None:
    """Run hostile commands: quick ones, and some that start a worker."""
    slow = max(1, inputs * SHARES["commands"] // SHARES["slow commands"])
    try:
        for number in range(inputs):
            argv = command(hostile, slow=number < slow)
            ended = commands.run(argv, COMMAND_LIMIT)
            found.counts["commands"] += 1
            if ended.code is None:
                found.fault("hangs", argv)
            elif ended.code not in CODES:
                found.fault("exit codes", (ended.code, argv))
            if "Traceback (most recent" in ended.said or '"exception"' in ended.said:
                found.fault("tracebacks", (argv, ended.said))
    finally:
        commands.stop()


def read_log(found: Found, log: Path) -> int:
    """Look through the program's log; returns how many lines it has."""
    lines = log.read_bytes().splitlines()
    for line in lines:
        try:
            told = json.loads(line)
        except ValueError:
            told = None
        if not isinstance(told, dict):
            found.fault("lines of the log that are no JSON object", line)
        elif ("exception" in told or told.get("level") in ("error", "critical")) and not _was_given_up(told):
            causes = [f"{each['exc_type']}: {each['exc_value'][:200]}" for each in told.get("exception", ())]
            found.fault("exceptions in the log", (told["event"][:200], *causes))
    return len(lines)


def _was_given_up(told: dict[str, object]) -> bool:
    """Whether a line tells of what a busy machine brings about: a connection that was thrown away, for whoever
    asked stopped waiting; a job that another worker was given, for this one had not said that it lives."""
    exceptions = told.get("exception")
    if not isinstance(exceptions, list) or not exceptions:
        return False
    if str(told.get("logger")).startswith("sqlalchemy.pool"):
        return bool(exceptions[0]["exc_type"] == "CancelledError")
    return any(str(each["exc_value"]).startswith("Job was not found") for each in exceptions)


def routes_of(environment: dict[str, str]) -> list[tuple[str, str]]:
    """Methods and paths of everything that the program serves."""
    code = (
        "import asyncio, json; from bot.database import DatabaseUrls; from bot.department import Installation\n"
        "from bot.serving import make_served; from bot.settings import Settings\n"
        "async def routes():\n"
        "    app = make_served(Installation(Settings(), DatabaseUrls('postgresql://nowhere/x', None))).app\n"
        "    return [(r.method, r.resource.canonical) for r in app.router.routes() if r.resource]\n"
        "print(json.dumps(asyncio.run(routes())))"
    )
    asked = [sys.executable, "-c", code]
    listed = subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if listed.returncode:
        raise CouldNotRun(f"the routes cannot be listed: {listed.stderr[-500:]}")
    routes = [(method, path) for method, path in json.loads(listed.stdout.splitlines()[-1])]
    return [(method, f"{path}/{{file}}" if path == "/static" else path) for method, path in routes]


def fuzz(inputs: int, seed: int, folder: Path) -> tuple[Found, dict[str, object]]:
    """Send so many inputs to a program of its own. Raises CouldNotRun."""
    began, found, port = monotonic(), Found(), free_port()
    environment, log = settings_of(folder, port), folder / "log"
    commands = max(4, inputs // SHARES["commands"])
    with program(environment, log) as running:
        asyncio.run(ready(port, running))
        visitor = Visitor(Hostile(seed), port, routes_of(environment))
        asyncio.run(_over_http(found, visitor, inputs - commands))
        run_commands(found, Hostile(seed + 1), Commands(environment, folder), commands)
        asyncio.run(ready(port, running, 30.0))
    if running.returncode:
        found.fault("the program's end", f"it ended with {running.returncode}")
    figures = {
        "inputs": sum(found.counts.values()),
        "seed": seed,
        **found.counts,
        "statuses": {str(status): count for status, count in sorted(found.statuses.items())},
        "faults": {kind: len(examples) for kind, examples in found.faults.items()},
        "log lines": read_log(found, log),
        "slowest ms": round(found.slowest * 1000),
        "seconds": round(monotonic() - began),
    }
    return found, figures | {"faults": {kind: len(examples) for kind, examples in found.faults.items()}}


async def _over_http(found: Found, visitor: Visitor, inputs: int) -> None:
    await visitor.enter()
    await send(found, visitor, inputs)
    await settled(found, visitor.port, SETTLED_LIMIT)


def main() -> int:
    """Send hostile inputs, and print what became of them; the last line is one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--inputs", type=int, default=INPUTS)
    parser.add_argument("--seed", type=int, default=SEED)
    wanted = parser.parse_args()
    # As root the embedded server runs as another user, who must get in.
    with tempfile.TemporaryDirectory(prefix="countersign-") as name:
        try:
            found, figures = fuzz(wanted.inputs, wanted.seed, Path(name))
        except CouldNotRun as why:
            print(f"  COULD NOT RUN: {why}")
            print(json.dumps({"could not run": str(why)}))
            return 1
    for kind, examples in found.faults.items():
        print(f"  {kind}: {len(examples)}", *(f"    {example}" for example in examples[:10]), sep="\n")
    targets = Targets()
    targets.at_least("inputs", sum(found.counts.values()), wanted.inputs)
    targets.below("faults", sum(map(len, found.faults.values())), 1)
    status = targets.status()
    print(json.dumps(figures))
    return status


if __name__ == "__main__":
    sys.exit(main())
