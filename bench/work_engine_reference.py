"""The reference of the work engine's benchmark: a plain INSERT and UPDATE of a row, in two transactions, many
times.

Arguments: the database's URL, the process's name, how many side by side, how many each."""

from __future__ import annotations

import asyncio
import sys

from bench.work_engine_worker import TENANT
from storage import direct
from storage.database import Database

_INSERT = """
    INSERT INTO runs (id, kind, title, requester, state) VALUES (%(id)s, 'plain', 'Plain', 'nobody', 'done')
"""
_UPDATE = "UPDATE runs SET why = 'changed' WHERE id = %(id)s"


async def write_rows(database: Database, name: str, rows: int) -> None:
    """Write and change `rows` rows, one after the other, in two transactions each."""
    for number in range(rows):
        values = {"id": f"rn_{name}_{number}"}
        async with database.transaction(TENANT) as tx:
            await direct.run(tx, _INSERT, values)
        async with database.transaction(TENANT) as tx:
            await direct.run(tx, _UPDATE, values)


async def _write(url: str, name: str, beside: int, rows: int) -> None:
    database = Database.open(url)
    await write_rows(database, f"{name}_first", 2)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    await asyncio.gather(*(write_rows(database, f"{name}_{number}", rows) for number in range(beside)))
    await database.close()


if __name__ == "__main__":
    asyncio.run(_write(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
