"""The embedded metrics: the embedded platform's replicas, scraped into our own database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from pydantic import Field
from sqlalchemy import func, select

from integrations.integration import Checked, Chore, Integration, Surroundings, VendorSettings
from integrations.metrics import MetricsError
from integrations.metrics.vendors.local.reading import LocalMetrics
from integrations.metrics.vendors.local.retention import Retention, Thinning
from integrations.metrics.vendors.local.scraping import Scraper
from integrations.metrics.vendors.local.tables import ScrapeRow
from integrations.metrics.vendors.local.targets import read_targets

_THINNED_EVERY = 600.0


class LocalMetricsSettings(VendorSettings):
    """What is scraped, how often, and for how long it is kept."""

    metrics_targets: Path | None = Field(
        default=None,
        description="What is scraped, as a list in Prometheus' file_sd format; the keeper's, if not given.",
    )
    metrics_scrape_seconds: float = Field(default=5.0, ge=1, description="How often every replica is scraped.")
    metrics_raw_hours: int = Field(
        default=24, ge=1, description="Hours for which one scrape in 15 seconds is kept; later one a minute."
    )
    metrics_days: int = Field(default=30, ge=1, description="Days after which metrics are deleted.")


def _settings(around: Surroundings) -> LocalMetricsSettings:
    if not isinstance(around.settings, LocalMetricsSettings):
        raise TypeError("the embedded metrics are opened with their settings")
    return around.settings


def _targets(around: Surroundings) -> Path:
    own = around.var_folder.absolute() / "keeper" / around.tenant / "targets.json"
    return _settings(around).metrics_targets or own


def _retention(around: Surroundings) -> Retention:
    settings = _settings(around)
    return Retention(settings.metrics_raw_hours, settings.metrics_days)


def _open(around: Surroundings) -> LocalMetrics:
    seconds = _settings(around).metrics_scrape_seconds
    return LocalMetrics(around.database, around.tenant, scrape_seconds=seconds, retention=_retention(around))


def _chores(around: Surroundings) -> Iterable[Chore]:
    seconds = _settings(around).metrics_scrape_seconds
    scraper = Scraper(around.database, around.tenant, _targets(around), seconds)
    thinning = Thinning(around.database, around.tenant, _retention(around))

    async def scrape() -> None:
        await scraper.scrape(datetime.now(UTC))

    async def thin() -> None:
        await thinning.thin_out(datetime.now(UTC))

    return (Chore("scrape_metrics", seconds, scrape), Chore("thin_out_metrics", _THINNED_EVERY, thin))


async def _check(around: Surroundings) -> Iterable[Checked]:
    try:
        targets = await asyncio.to_thread(read_targets, _targets(around))
    except MetricsError as wrong:
        return (Checked("metrics", "wrong", str(wrong)),)
    async with around.database.transaction(around.tenant) as tx:
        last = await tx.scalar(select(func.max(ScrapeRow.at)))
    scraped = "nothing was scraped yet" if last is None else f"scraped last at {last:%F %T} UTC"
    return (Checked("metrics", "well", f"{len(targets)} replicas are to be scraped; {scraped}"),)


INTEGRATION = Integration(
    "metrics",
    "local",
    "What is scraped here",
    _open,
    settings=LocalMetricsSettings,
    check=_check,
    chores=_chores,
)
