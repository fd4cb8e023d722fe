"""What a sandbox uses while it runs, read from its own `/proc` through that of its first process (proc(5))."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from integrations.sandbox import Limit, Limits
from integrations.sandbox.trees import DiskWatch

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Use:
    """What all processes together use at one moment; those that ended are in `cpu_seconds`."""

    processes: int
    cpu_seconds: float
    memory_bytes: int


class Watch:
    """Looks at one sandbox, again and again. Blocking: reads `/proc`, and what `written` holds."""

    def __init__(self, first_process: int, limits: Limits, written: tuple[Path, ...]) -> None:
        self._proc = Path(f"/proc/{first_process}/root/proc")
        self._limits, self.disk = limits, DiskWatch(written, limits.disk_bytes)
        self.peak_bytes, self.cpu_seconds = 0, 0.0

    def look(self) -> Limit | None:
        """The limit that is reached, if one is. The first process may be gone: then none is."""
        use = _use(self._proc)
        self.cpu_seconds = max(self.cpu_seconds, use.cpu_seconds)
        memory = use.memory_bytes
        if memory > self._limits.memory_bytes:
            memory = _shared_once(self._proc)
        self.peak_bytes = max(self.peak_bytes, memory)
        if memory > self._limits.memory_bytes:
            return Limit.MEMORY
        if use.processes >= self._limits.processes:
            return Limit.PROCESSES
        if use.cpu_seconds > self._limits.cpu_seconds:
            return Limit.CPU
        return self.disk.look()


def _use(proc: Path) -> Use:
    processes, ticks, pages = 0, 0, 0
    for process in _processes(proc):
        try:
            # The name, in brackets, may hold anything: fields are counted from its end.
            fields = (process / "stat").read_bytes().rpartition(b")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        processes += int(fields[17])
        ticks += sum(map(int, fields[11:15]))
        pages += int(fields[21])
    return Use(processes, ticks * _TICK, pages * _PAGE)


def _shared_once(proc: Path) -> int:
    """Memory in bytes, what several processes share counted once."""
    total = 0
    for process in _processes(proc):
        try:
            lines = (process / "smaps_rollup").read_bytes().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(b"Pss:"))
    return total


def _processes(proc: Path) -> list[Path]:
    try:
        if proc.stat().st_dev == os.stat("/proc").st_dev:
            return []  # not in its own root yet: these are this machine's
        return [proc / name for name in os.listdir(proc) if name.isdecimal()]
    except (FileNotFoundError, ProcessLookupError):
        return []
