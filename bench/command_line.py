"""How fast a command is back: `python -m bench.command_line [--rounds N]`.

A real server (`python -m bot run`, the sample department, a database of its own) runs beside. Each round runs
the reference, `python -c pass`, then `--help`, `ask`, `decide`, `halt`, and `halt` straight to the database,
with the server's socket out of its sight; each as a process of its own: a time is from starting it to its end.
Every decision is on a new approval, and every halt is a new one, for the agents are let go on after it. An
`ask` without the server is measured once, for comparison.

Exits with 1 where the median of `--help` or `halt` is .5 s or more, or that of `ask` or `decide` 1.2 s, and
where a command did not do what it was to do, so that there is nothing to measure.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, perf_counter, sleep

from bench.targets import Targets
from bot.command_protocol import socket_file
from governance.overrides.halting import resume_from_command_line
from storage.database import Database
from storage.embedded import address_of_running

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 10
DIRECT = "halt, directly"
LIMITS = {"--help": 0.5, "halt": 0.5, "ask": 1.2, "decide": 1.2}
"""Seconds."""
COMMANDS = (*LIMITS, DIRECT)
QUESTION = "what is the status of the checkout feature?"
WISH = "/access make Nathan an architect because we lack one"
REFERENCE = "python -c pass"
START_SECONDS = 120.0


class NotMeasured(Exception):
    """A command did not do what it was to do; the message says what it did instead."""


class Bench:
    """The commands, in the environment of one installation."""

    def __init__(self, folder: Path) -> None:
        own = {"VAR_FOLDER": str(folder / "var"), "PORT": "0", "LOG_LEVEL": "error", "ENV": "local"}
        left_out = {"DATABASE_URL", "DATABASE_OWNER_URL", "TENANT", "DEPARTMENT", "OPENAI_API_KEY"}
        self.environment = {k: v for k, v in os.environ.items() if k.upper() not in left_out} | own
        self.var_folder = folder / "var"

    @contextmanager
    def server(self) -> Iterator[None]:
        """The server, from when it hears commands and has answered the first one."""
        program = [sys.executable, "-m", "bot", "run"]
        with subprocess.Popen(program, cwd=ROOT, env=self.environment) as process:
            try:
                began = monotonic()
                while not socket_file(self.var_folder).exists():
                    if process.poll() is not None or monotonic() - began > START_SECONDS:
                        raise NotMeasured("the server did not start")
                    sleep(0.1)
                self.run("ask", "--as", "nathan", QUESTION)
                yield
            finally:
                process.terminate()
                process.wait()

    def run(self, *argv: str) -> tuple[float, str]:
        """Run a command beside the server: seconds, and what it printed. Raises NotMeasured."""
        seconds, ran = self._timed([sys.executable, "-m", "bot", *argv])
        if ran.returncode != 0 or ran.stderr or not ran.stdout:
            raise NotMeasured(f"{' '.join(argv)} ended with {ran.returncode}: {ran.stdout}{ran.stderr}")
        return seconds, ran.stdout

    def reference(self) -> float:
        """Seconds that Python takes to do nothing."""
        return self._timed([sys.executable, "-c", "pass"])[0]

    @contextmanager
    def unheard(self) -> Iterator[None]:
        """The server runs, and its socket is not where commands look."""
        path = socket_file(self.var_folder)
        aside = path.with_suffix(".aside")
        path.rename(aside)
        yield
        aside.rename(path)

    def alone(self) -> float:
        """Seconds of an `ask` that finds no server."""
        seconds, ran = self._timed([sys.executable, "-m", "bot", "ask", "--as", "nathan", QUESTION])
        if ran.returncode != 0 or "starts everything itself" not in ran.stderr:
            raise NotMeasured(f"ask alone ended with {ran.returncode}: {ran.stdout}{ran.stderr}")
        return seconds

    def resume(self) -> None:
        """Let the agents go on, as somebody else than who halted them."""
        url = address_of_running((self.var_folder / "postgres").resolve())
        if url is None:
            raise NotMeasured("the server's database does not run")
        asyncio.run(_resume(url))

    def _timed(self, command: list[str]) -> tuple[float, subprocess.CompletedProcess[str]]:
        began = perf_counter()
        ran = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=120
        )
        return perf_counter() - began, ran


async def _resume(url: str) -> None:
    database = Database.open(url)
    async with database.transaction("acme") as tx:
        await resume_from_command_line(tx, user="os:bench", reason="the bench goes on", at=datetime.now(UTC))
    await database.close()


def halting(bench: Bench) -> float:
    """One halt that is new and acknowledged, and taken back. Raises NotMeasured."""
    seconds, report = bench.run("halt", "--json", "--reason", "bench")
    halted = json.loads(report)
    if halted["before"] or halted["silent"] or len(halted["acknowledged"]) != 1:
        raise NotMeasured(f"halt ended with {report}")
    bench.resume()
    return seconds


def one_round(bench: Bench) -> dict[str, float]:
    """Each command once. Raises NotMeasured."""
    times = {REFERENCE: bench.reference()}
    times["--help"], _ = bench.run("--help")
    times["ask"], answer = bench.run("ask", "--as", "nathan", QUESTION)
    if "Checkout" not in answer:
        raise NotMeasured(f"ask was answered: {answer}")
    (approval,) = json.loads(bench.run("ask", "--as", "amanda", "--json", WISH)[1])["approvals"]
    times["decide"], _ = bench.run("decide", approval["id"], "--as", "carlos", "deny")
    times["halt"] = halting(bench)
    with bench.unheard():
        times[DIRECT] = halting(bench)
    return times


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name))
        try:
            with bench.server():
                measured = [one_round(bench) for _ in range(rounds)]
            alone = bench.alone()
        except (NotMeasured, subprocess.TimeoutExpired, OSError, ValueError) as failed:
            print(f"  NOT MEASURED: {failed}")
            print(json.dumps({"measured": False, "why": str(failed)}))
            return 1
    targets, told = Targets(), _printed(measured, alone)
    for command, limit in LIMITS.items():
        targets.below(f"{command} s", told[command]["median"], limit)
    status = targets.status()
    print(json.dumps({"measured": True, "rounds": rounds, "alone": round(alone, 3), **told}))
    return status


def _printed(measured: list[dict[str, float]], alone: float) -> dict[str, dict[str, float]]:
    reference = statistics.median(times[REFERENCE] for times in measured)
    told = {}
    print(f"commands beside a running server, {len(measured)} rounds; seconds of wall time")
    for command in (REFERENCE, *COMMANDS):
        times = [each[command] for each in measured]
        median, worst = statistics.median(times), max(times)
        told[command] = {
            "median": round(median, 3),
            "worst": round(worst, 3),
            "ratio": round(median / reference, 1),
        }
        limit = f"  (target: median under {LIMITS[command]:g})" if command in LIMITS else ""
        print(f"  {command:14}  median {median:.3f}  worst {worst:.3f}  ratio {median / reference:5.1f}{limit}")
    print(f"  ask without a server: {alone:.3f}, ratio {alone / reference:.1f}")
    return told


if __name__ == "__main__":
    sys.exit(main())
