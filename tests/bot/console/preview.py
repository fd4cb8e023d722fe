"""Look at the console before the department behind it exists: `.venv/bin/python -m tests.bot.console.preview`.

Serves the sample department with a scripted answer at http://127.0.0.1:8399, from a database of its own.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from datetime import date
from pathlib import Path

import structlog
from aiohttp import web
from sqlalchemy import insert, text

from bot.console.adapter import NEWS
from bot.console.residents import residents_of
from bot.console.session import session_key
from bot.listener import Listener
from bot.settings import Settings
from bot.tables import FileRow
from bot.web import make_app
from handlers.conversation.charts import Picture, draw_forecast
from storage import embedded
from storage.database import Database
from storage.migrate import migrate
from tests.bot.console.fake_department import FakeDepartment, acme, move_in

TENANT = "acme"


async def serve(folder: Path, port: int) -> None:
    server = embedded.start(folder / "postgres")
    migrate(server.owner_url)
    database = Database.open(server.app_url)
    department = acme()
    async with database.untenanted() as tx:
        known = (await tx.execute(text("SELECT 1 FROM tenants WHERE id = :id"), {"id": TENANT})).scalar()
        if not known:
            await tx.execute(text("INSERT INTO tenants (id, name) VALUES (:id, :id)"), {"id": TENANT})
    if not known:
        await move_in(database, TENANT, department)
        await _keep_files(database)
    listener = Listener(server.app_url)
    app = make_app(
        database=database,
        listener=listener,
        settings=Settings(_env_file=None),
        tenant=TENANT,
        residents=residents_of(department),
        session_key=session_key(folder),
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    structlog.get_logger().info("preview", address=f"http://127.0.0.1:{port}")
    async with asyncio.TaskGroup() as group:
        group.create_task(listener.run((NEWS,)))
        group.create_task(FakeDepartment(database, TENANT, seconds=1.2, chart="fi_chart").run())


async def _keep_files(database: Database) -> None:
    scope = {"everything": False, "accounts": []}
    async with database.transaction(TENANT) as tx:
        plan = {
            "id": "fi_1",
            "name": "plan.md",
            "media_type": "text/markdown",
            "content": b"# Plan",
            "scope": scope,
        }
        await tx.execute(insert(FileRow).values(plan))
        picture = await asyncio.to_thread(_forecast)
        chart = {
            "id": "fi_chart",
            "name": "forecast.png",
            "media_type": "image/png",
            "content": picture.png,
            "scope": scope,
        }
        await tx.execute(insert(FileRow).values(chart))


def _forecast() -> Picture:
    runs = [
        (3, 310),
        (4, 1480),
        (5, 2710),
        (6, 2540),
        (7, 1490),
        (8, 860),
        (9, 380),
        (10, 160),
        (11, 52),
        (12, 18),
    ]
    return draw_forecast(runs, p50=date(2027, 1, 8), p85=date(2027, 1, 22), weeks_p50=6, weeks_p85=8)


if __name__ == "__main__":
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.gettempdir()) / "countersign-preview"
    place.mkdir(parents=True, exist_ok=True)
    asyncio.run(serve(place, 8399))
