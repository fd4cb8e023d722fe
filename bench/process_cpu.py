"""What processes cost: user and system time, ours and that of the PostgreSQL backends that serve them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg

_TICKS = os.sysconf("SC_CLK_TCK")

_BACKENDS = """
    SELECT pid, application_name FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


def cpu_seconds(pid: int, *, reaped: bool = False) -> float:
    """User and system time of a process in seconds; with `reaped` of its ended children instead. 0 if it is
    gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    fields = stat.rpartition(")")[2].split()
    user, system = fields[13:15] if reaped else fields[11:13]
    return (int(user) + int(system)) / _TICKS


@dataclass(frozen=True)
class Cost:
    """Seconds of CPU at one moment: of `processes` by name, of the live backends by the process that they
    serve, and of the server's rest (ended backends, autovacuum, WAL and checkpoints)."""

    processes: Mapping[str, float]
    backends: Mapping[int, tuple[str, float]]
    rest: float


def cost(url: str, postmaster: int, processes: Mapping[str, list[int]]) -> Cost:
    """What has been spent until now. Backends are told apart by `application_name` (PGAPPNAME)."""
    with psycopg.connect(url, autocommit=True) as connection:
        found: dict[int, str] = dict(connection.execute(_BACKENDS).fetchall())
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        others = {int(child) for child in children} - found.keys() - {connection.info.backend_pid}
    return Cost(
        {name: sum(map(cpu_seconds, pids)) for name, pids in processes.items()},
        {pid: (name, cpu_seconds(pid)) for pid, name in found.items()},
        cpu_seconds(postmaster, reaped=True) + sum(map(cpu_seconds, others)),
    )


def spent(before: Cost, after: Cost) -> dict[str, float]:
    """Seconds by part: each process's own name, `postgres for <name>`, and `rest of postgres`."""
    parts = {name: value - before.processes[name] for name, value in after.processes.items()}
    for pid, (name, value) in after.backends.items():
        if name in after.processes:
            part = f"postgres for {name}"
            parts[part] = parts.get(part, 0.0) + value - before.backends.get(pid, ("", 0.0))[1]
    return parts | {"rest of postgres": after.rest - before.rest}
