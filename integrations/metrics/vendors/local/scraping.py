"""Scraping: every replica is asked for its figures, and what each of them said becomes a row."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import numpy as np
import structlog
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.metrics import MetricsError
from integrations.metrics.vendors.local.exposition import (
    MOST_BYTES,
    MOST_SERIES,
    Exposed,
    ExpositionError,
    Key,
    parse,
)
from integrations.metrics.vendors.local.tables import ScrapeRow, TargetRow
from integrations.metrics.vendors.local.targets import Target, read_targets
from storage.database import Database, atomically

ANSWERS_WITHIN = 2.0
_ACCEPT = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"

_log = structlog.get_logger()


def pack(values: Sequence[float]) -> bytes:
    """Numbers as a scrape's row keeps them."""
    return zlib.compress(np.asarray(values, dtype="<f8").tobytes(), 1)


def unpack(samples: bytes) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """What `pack` made of them."""
    return np.frombuffer(zlib.decompress(samples), dtype="<f8")


@dataclass(frozen=True, slots=True)
class Scraper:
    """Scrapes what the file `targets` lists, one process at a time for all of an installation's."""

    database: Database
    tenant: str
    targets: Path
    seconds: float

    async def scrape(self, at: datetime) -> int:
        """Scrape every replica once, unless another process has just done so; returns how many answered."""
        try:
            targets = await asyncio.to_thread(read_targets, self.targets)
        except MetricsError as wrong:
            _log.warning("metrics_targets_unreadable", why=str(wrong))
            return 0
        if not targets:
            return 0
        async with self.database.statements(self.tenant, alone="metrics scrape") as session:
            last = await session.scalar(select(func.max(ScrapeRow.at)))
            # Who waited for another process may be the earlier one. Where the clock was set back, the last one
            # lies far ahead, and is no reason to wait for it.
            if last is not None and abs(at - last) < timedelta(seconds=self.seconds / 2):
                return 0
            answers = await _ask(targets)
            async with atomically(session):
                await _store(session, at, answers)
        return sum(exposed is not None for exposed in answers.values())


async def _ask(targets: Sequence[Target]) -> Mapping[Target, Exposed | None]:
    timeout = aiohttp.ClientTimeout(total=ANSWERS_WITHIN)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as client:
        return dict(zip(targets, await asyncio.gather(*(_answer(client, one) for one in targets)), strict=True))


async def _answer(client: aiohttp.ClientSession, target: Target) -> Exposed | None:
    """What a replica exports; None where it does not answer, or answers with anything else."""
    try:
        url = f"http://{target.instance}/metrics"
        async with client.get(url, headers={"Accept": _ACCEPT}, allow_redirects=False) as answer:
            if answer.status != 200:
                return None
            raw = bytearray()
            async for part in answer.content.iter_any():
                raw += part
                if len(raw) > MOST_BYTES:
                    return None
            is_open = answer.content_type == "application/openmetrics-text"
        text = raw.decode("utf-8")
        if is_open and not text.rstrip().endswith("# EOF"):
            return None  # cut off
        return await asyncio.to_thread(parse, text)
    except (aiohttp.ClientError, TimeoutError, UnicodeDecodeError, ExpositionError):
        return None


async def _store(session: AsyncSession, at: datetime, answers: Mapping[Target, Exposed | None]) -> None:
    ids = [target.id for target in answers]
    known = {row.id: row for row in await session.scalars(select(TargetRow).where(TargetRow.id.in_(ids)))}
    rows = []
    for target, exposed in answers.items():
        row = known.get(target.id)
        if row is None:
            row = known[target.id] = TargetRow(
                id=target.id,
                service=target.service,
                stage=target.stage,
                version=target.version,
                instance=target.instance,
                series=[],
                left_out=0,
            )
            session.add(row)
        samples = None if exposed is None else pack(_in_order(row, exposed))
        rows.append({"target": target.id, "at": at, "samples": samples})
    await session.flush()
    await session.execute(insert(ScrapeRow).values(rows).on_conflict_do_nothing())


def _in_order(row: TargetRow, exposed: Exposed) -> list[float]:
    """The samples in the order of the target's series, to which new ones are added as far as there is room."""
    places: dict[Key, int] = {
        (name, tuple((label, value) for label, value in labels)): place
        for place, (name, labels) in enumerate(row.series)
    }
    new = [key for key in exposed.samples if key not in places]
    room = MOST_SERIES - len(places)
    if new[:room]:
        row.series = [*row.series, *([name, [list(pair) for pair in labels]] for name, labels in new[:room])]
    places.update({key: len(places) + n for n, key in enumerate(new[:room])})
    row.left_out = max(row.left_out, exposed.left_out + len(new[room:]))
    values = [float("nan")] * len(places)
    for key, value in exposed.samples.items():
        if key in places:
            values[places[key]] = value
    return values
