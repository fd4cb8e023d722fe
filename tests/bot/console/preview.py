"""Look at the console before the department behind it exists: `.venv/bin/python -m tests.bot.console.preview`.

Serves the sample department with a scripted answer at http://127.0.0.1:8399, from a database of its own.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web
from sqlalchemy import insert, text

from bot.console.adapter import NEWS
from bot.console.personas import session_key
from bot.console.residents import read_residents
from bot.listener import Listener
from bot.settings import Settings
from bot.tables import FileRow
from bot.web import make_app
from governance.approvals.decision import Status
from governance.audit.keys import load_or_create_key, signer_for
from governance.audit.publication import Publisher
from governance.audit.sequencer import Sequencer
from handlers.conversation.charts import Picture, draw_forecast
from storage import embedded
from storage.database import Database
from storage.migrate import migrate
from tests.bot.console.fake_department import FakeDepartment, acme, move_in
from tests.bot.console.sample_rows import add_approval, add_entries, add_overrides, add_plan

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
        await _fill_dashboard(database)
    listener = Listener(server.app_url)
    signer = signer_for(load_or_create_key(folder), TENANT)
    publisher = Publisher(folder / "checkpoints.txt")
    sequencer = Sequencer(database, lambda _tenant: signer, publisher)
    app = make_app(
        database=database,
        listener=listener,
        settings=Settings(_env_file=None),
        tenant=TENANT,
        residents=read_residents,
        session_key=session_key(folder),
        log_key=signer.verifier,
        checkpoint_file=folder / "checkpoints.txt",
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    structlog.get_logger().info("preview", address=f"http://127.0.0.1:{port}")
    async with asyncio.TaskGroup() as group:
        group.create_task(listener.run((NEWS,)))
        group.create_task(sequencer.run())
        group.create_task(publisher.run())
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


async def _fill_dashboard(database: Database) -> None:
    place = {"platform": "console", "channel": "dm-david", "thread": "cm_1", "audience": "direct"}
    async with database.transaction(TENANT) as tx:
        await add_plan(tx, place)
        add_overrides(tx)
        ask: dict[str, Any] = {"roles": ("sre_lead", "product_owner"), "requester": "amanda"}
        add_approval(
            tx, "ap_1", "Deploy orders 4.2.2 to production", asked=("nathan", "david"), place=place, **ask
        )
        add_approval(tx, "ap_2", "Scale checkout to 12 replicas", asked=("nathan",), **ask)
        add_approval(
            tx, "ap_3", "Change the branching standard", asked=("carlos",), status=Status.DENIED, **ask
        )
        await add_entries(tx, 60)


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
