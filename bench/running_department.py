"""The sample department as processes, for benchmarks of operations: talked to over its own socket, alerted over
HTTP, killed by signals; its platform's journal and its timeline read where they stand."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import psycopg

from bench.slack_apps import ROOT, free_port
from bot.command_protocol import Line, NoServer, installation_of
from storage.embedded import address_of_running

TENANT = "acme"
SAMPLE = ROOT / "examples" / "acme"
STARTS_WITHIN = 180.0
PATIENCE = 240.0


class NotAsExpected(Exception):
    """The department did not do what the benchmark needs of it: nothing is measured then."""


@dataclass
class RunningDepartment:
    """`python -m bot run` of a department of its own in `folder`, which holds `department` already."""

    folder: Path
    port: int = field(default_factory=free_port)
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    process: subprocess.Popen[bytes] | None = None

    @property
    def department(self) -> Path:
        """Its own department's folder."""
        return self.folder / "department"

    @property
    def keeper(self) -> Path:
        """Where the keeper of its services has its files."""
        return self.folder / "var" / "keeper" / TENANT

    def start(self) -> None:
        """Start it, and return when it takes requests. Raises NotAsExpected."""
        settings = {
            "VAR_FOLDER": str(self.folder / "var"),
            "DEPARTMENT": str(self.department),
            "TENANT": TENANT,
            "PORT": str(self.port),
            "CODE_HOST_PORT": "0",
            "LOG_LEVEL": "error",
            "ALERTMANAGER_TOKEN": self.token,
        }
        log = (self.folder / "run.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bot", "run"], cwd=ROOT, env=os.environ | settings, stdout=log, stderr=log
        )
        log.close()
        self.until(self._answers, "it answers", STARTS_WITHIN)

    def _answers(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            raise NotAsExpected(f"it ended: {(self.folder / 'run.log').read_text()[-2000:]}")
        try:
            return bool(self.say("nathan", "/whoami who am I"))
        except (NoServer, NotAsExpected):
            return False

    def kill(self) -> None:
        """kill -9, of all its roles at once. Its services are the keeper's, and go on."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """End it, and then what its keeper keeps."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
        for pid in _keepers(self.keeper):
            os.kill(pid, signal.SIGTERM)
        self.until(lambda: not _keepers(self.keeper), "its keeper ends", 60)

    def say(self, person: str, words: str) -> dict[str, Any]:
        """What was answered. Raises NoServer, NotAsExpected."""
        return self._request(do="ask", person=person, text=words, channel=None, thread=None)

    def approve(self, person: str, words: str, by: str) -> None:
        """Ask for something that somebody else approves. Raises as `say`."""
        asked = self.say(person, words)
        if not asked["approvals"]:
            raise NotAsExpected(f"{words}: {asked['text']}")
        self.decide(by, asked)

    def decide(self, person: str, asked: dict[str, Any]) -> None:
        """Approve what an answer asks for, if it does. Raises as `say`."""
        for approval in asked["approvals"]:
            self._request(do="decide", person=person, approval=approval["id"], decision="approve", values={})

    def _request(self, **request: Any) -> dict[str, Any]:
        line = Line(self.folder / "var")
        installation = installation_of(None, self.folder / "var", TENANT, self.department)
        try:
            line.ask({"installation": installation, "key": str(uuid.uuid4()), **request})
            last = line.answer()
        finally:
            line.close()
        if not isinstance(answer := last.get("answer"), dict):
            raise NotAsExpected(str(last))
        return answer

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What its database says."""
        with psycopg.connect(self.database) as connection:
            connection.execute("SELECT set_config('app.tenant', %s, true)", (TENANT,))
            return connection.execute(query.encode()).fetchall()

    @property
    def database(self) -> str:
        """The address of its database. Raises NotAsExpected where it does not run."""
        address = address_of_running(self.folder / "var" / "postgres")
        if address is None:
            raise NotAsExpected("its database does not run")
        return address

    @property
    def postmaster(self) -> int:
        """Its database's first process."""
        return int((self.folder / "var" / "postgres" / "postmaster.pid").read_text().split()[0])

    def journal(self, service: str) -> list[dict[str, Any]]:
        """What its platform has done in production with a service, oldest first."""
        file = self.keeper / "journal.jsonl"
        lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return [line for line in lines if (line["service"], line["stage"]) == (service, "production")]

    def addresses(self) -> Mapping[str, str]:
        """Where the traffic of each service in production goes in."""
        ports = json.loads((self.keeper / "ports.json").read_text())
        stages = {name.removesuffix("/production"): port for name, port in ports.items()}
        return {name: f"http://127.0.0.1:{port}" for name, port in stages.items() if "/" not in name}

    def alert(self, service: str, name: str, started: datetime, *, ended: bool = False) -> None:
        """What Alertmanager would send: an alert of a service fires, or has ended. Raises httpx.HTTPError."""
        labels = {"alertname": name, "service": service, "stage": "production", "severity": "critical"}
        now = datetime.now(UTC).isoformat()
        one = {
            "status": "resolved" if ended else "firing",
            "labels": labels,
            "startsAt": started.isoformat(),
            "endsAt": now if ended else "0001-01-01T00:00:00Z",
            "fingerprint": f"{name}{service}{started.timestamp():.3f}",
        }
        httpx.post(
            f"http://127.0.0.1:{self.port}/alerts/alertmanager",
            json={"version": "4", "alerts": [one]},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
        ).raise_for_status()

    def until(self, holds: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
        """Wait until something holds. Raises NotAsExpected where it does not within so many seconds."""
        ends = monotonic() + seconds
        while not holds():
            if monotonic() > ends:
                raise NotAsExpected(f"waited {seconds:g} s until {what}")
            sleep(0.1)


def _keepers(folder: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
        except OSError:
            continue
        if b"keeper_process" in command and str(folder).encode() in command:
            found.append(int(entry.name))
    return found


@contextmanager
def running_department(prepare: Callable[[Path], None]) -> Iterator[RunningDepartment]:
    """The sample department, changed by `prepare` and started; ended with all that it started."""
    folder = Path(tempfile.mkdtemp(prefix="countersign-bench-"))
    folder.chmod(0o755)  # its databases run as another user where this one is root
    place = RunningDepartment(folder)
    try:
        shutil.copytree(SAMPLE, place.department, ignore=shutil.ignore_patterns("__pycache__"))
        prepare(place.department)
        place.start()
        yield place
    finally:
        place.stop()
        shutil.rmtree(folder, ignore_errors=True)
