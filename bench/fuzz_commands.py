"""Hostile command lines for the fuzz, run one after the other in a process that is ended where one hangs."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from time import perf_counter

from bench.hostile import Hostile

ROOT = Path(__file__).resolve().parents[1]

_QUICK = (
    ["halt", "--reason", "{}"],
    ["resume", "--reason", "{}"],
    ["audit", "prove", "{n}"],
    ["audit", "forget", "{}", "--reason", "{}"],
    ["audit", "export", "--to", "{}"],
    ["audit", "{}"],
    ["ask", "--as", "{}"],
    ["ask", "--as", "david", ""],
    ["decide", "{}", "--as", "david", "{}"],
    ["teams-package", "--to", "{}"],
    ["code-token", "{}"],
    ["migrate", "{}"],
    ["run", "{}"],
    ["{}"],
    ["{}", "{}"],
)
_SLOW = (
    ["ask", "--as", "david", "--thread", "{}", "hello"],
    ["ask", "--as", "david", "--channel", "{}", "hello"],
    ["ask", "--as", "{}", "what is the status of {}"],
    ["decide", "ap_{n}", "--as", "{}", "approve", "--set", "{}"],
)
"""These start a worker."""

CODES = frozenset({0, 1, 2, 3})


@dataclass(frozen=True)
class Ended:
    """How a command ended; `code` is None where it did not within its limit. `said` is its standard error."""

    argv: list[str]
    code: int | None
    said: str
    seconds: float


def command(hostile: Hostile, *, slow: bool) -> list[str]:
    """Arguments of a command, with something in them that nobody types."""

    def drawn(part: str) -> str:
        text = part.replace("{n}", hostile.number()).replace("{}", hostile.text())
        # As the operating system hands them over: without NUL, and bytes that are no text as surrogates.
        raw = text.replace("\0", "").encode(errors="surrogatepass")[:20_000]
        return raw.decode(errors="surrogateescape")

    return [drawn(part) for part in hostile.random.choice(_SLOW if slow else _QUICK)]


class Commands:
    """Runs commands in a process of its own, which is made anew once one had to be ended."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self._environment = environment | {"PYTHONPATH": str(ROOT)}
        self._folder = folder
        self._log = folder / "commands"
        self._log.touch()
        self._process: subprocess.Popen[str] | None = None
        self._answers: Queue[str] = Queue()

    def run(self, argv: list[str], limit: float) -> Ended:
        """Run one, and wait up to `limit` seconds."""
        process = self._running()
        start, began = self._log.stat().st_size, perf_counter()
        assert process.stdin is not None
        process.stdin.write(json.dumps(argv) + "\n")
        process.stdin.flush()
        code: int | None = None
        try:
            line = self._answers.get(timeout=limit)
            code = int(line) if line else None
        except Empty:
            self.stop()
        said = self._log.read_bytes()[start:].decode(errors="replace")
        return Ended(argv, code, said, perf_counter() - began)

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "bench.fuzz_commands"],
                    cwd=self._folder,
                    env=self._environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
            self._answers = Queue()
            Thread(target=_forward, args=(self._process, self._answers), daemon=True).start()
        return self._process


def _forward(process: subprocess.Popen[str], answers: Queue[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        answers.put(line)
    answers.put("")  # it ended


def _serve() -> None:
    """Run each command that is named on standard input; its exit code goes to standard output."""
    from bot.command_line import main

    codes = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    for line in os.fdopen(os.dup(sys.stdin.fileno())):
        sys.stdin = io.TextIOWrapper(io.BytesIO(b"hello\n\xff\n"))
        code: object = 0
        with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
            try:
                main(json.loads(line))
            except SystemExit as ended:
                code = ended.code
        print(int(code) if isinstance(code, int) else 1 if code else 0, file=codes, flush=True)


if __name__ == "__main__":
    _serve()
