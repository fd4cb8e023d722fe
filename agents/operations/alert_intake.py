"""Alerts on their way in: stored before their sender is told so, and then each looked at by itself."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.announced_tests import still_holds
from agents.operations.incident_opening import LONGEST_AGO, Target
from agents.operations.incident_rows import lock_incidents, open_incidents
from agents.operations.incident_showing import SHOWN_EVERY, on_call, show_changed
from agents.operations.incident_tables import AlertRow, AnnouncedTestRow
from agents.operations.incidents import open_or_join
from integrations.alerts import Alert
from integrations.services import NoSuchService, Service, ServiceCatalogue
from storage import direct
from storage.database import Database, locked
from storage.jobs import defer
from storage.notices import tell_given_up
from storage.outage import is_database_away

_log = structlog.get_logger()

_LOOK = 200
"""Alerts that are looked at together."""

# A sender that repeats itself makes a taken alert wait again: whether it is news is decided by what stands
# then.
_STORE = """
    INSERT INTO alerts (id, source, key, fingerprint, name, service, stage, status, told, started, ended,
                        severity, labels, annotations, link, left_out, repeats, received)
    SELECT id, source, key, fingerprint, name, service, stage, status, told, started, ended,
           severity, labels, annotations, link, left_out, repeats, %(received)s
    FROM jsonb_to_recordset(%(alerts)s) AS alert (
        id text, source text, key text, fingerprint text, name text, service text, stage text, status text,
        told timestamptz, started timestamptz, ended timestamptz,
        severity text, labels jsonb, annotations jsonb, link text, left_out int, repeats boolean
    )
    ON CONFLICT (tenant, source, key) DO UPDATE
        SET state = 'stored', received = excluded.received, told = excluded.told, left_out = excluded.left_out,
            times = alerts.times + 1
        WHERE alerts.repeats AND alerts.state <> 'stored'
    RETURNING id
"""


_LONGEST_AHEAD = timedelta(hours=1)


async def store_alerts(tx: AsyncSession, alerts: Iterable[Alert], now: datetime) -> int:
    """Store what a delivery holds, and queue its taking, both for when `tx` commits. Returns how many alerts
    were news: of those that were stored before, none but what its sender repeats."""
    # In one order, and each once: two deliveries of the same would wait for each other.
    by_key = {(alert.source, alert.key): alert for alert in alerts}
    rows = [
        asdict(by_key[key]) | {"id": f"al_{secrets.token_hex(8)}"} | _moments(by_key[key], now)
        for key in sorted(by_key)
    ]
    if not rows:
        return 0
    news = await direct.rows(tx, _STORE, {"alerts": direct.Jsonb(rows), "received": now})
    if news:
        await defer(tx, "take_alerts", {}, lock="alerts")
    return len(news)


def _moments(alert: Alert, now: datetime) -> dict[str, str | None]:
    """In UTC. What its sender says lies long ago is an old one that is sent again; ahead, a wrong clock."""

    def told(at: datetime) -> str:
        # By the year first: what lies at either end of the calendar has no time in UTC.
        near = at.astimezone(UTC) if abs(at.year - now.year) < 2 else at.replace(tzinfo=UTC)
        return min(max(near, now - LONGEST_AGO), now + _LONGEST_AHEAD).isoformat()

    return {
        "told": told(alert.told),
        "started": told(alert.started),
        "ended": None if alert.ended is None else told(alert.ended),
    }


@dataclass(slots=True)
class _Catalogue:
    """A catalogue, each of whose services is asked for once."""

    port: ServiceCatalogue
    found: dict[str, Service | None] = field(default_factory=dict)

    async def service(self, written: str) -> Service | None:
        """The service of this id, or of exactly this name. Raises CatalogueError."""
        if written not in self.found:
            self.found[written] = await self._look(written)
        return self.found[written]

    async def _look(self, written: str) -> Service | None:
        if not written:
            return None
        try:
            return await self.port.service(written)
        except NoSuchService:
            called = _folded(written)
            near = await self.port.find(written, 5)
            return next((one for one in near if called in (_folded(one.id), _folded(one.name))), None)


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).casefold()


@dataclass(frozen=True, slots=True)
class AlertIntake:
    """Takes stored alerts, for one process. `catalogue` is a tenant's."""

    database: Database
    catalogue: Callable[[str], ServiceCatalogue]
    clock: Callable[[], datetime]

    async def take_alerts(self, tenant: str) -> None:
        """Take every alert that waits, in the order in which they came in, and bring cards up to date.

        One that fails is queued as a job of its own and holds up no other.
        """
        catalogue = _Catalogue(self.catalogue(tenant))
        failed: set[str] = set()
        while waiting := await self._waiting(tenant, failed):
            for alert, service in waiting:
                try:
                    await self._take(tenant, alert, service, catalogue)
                except Exception as failure:
                    if is_database_away(failure):
                        raise
                    _log.exception("alert_not_taken", alert=alert)
                    failed.add(alert)
        async with self.database.transaction(tenant) as tx:
            for alert in sorted(failed):
                await defer(tx, "take_alert", {"alert": alert}, queueing_lock=f"alert:{alert}", slow=True)
        await self.show_incidents(tenant)

    async def show_incidents(self, tenant: str) -> None:
        """Bring cards of incidents up to date; those that were shown just now, in a few seconds."""
        async with self.database.transaction(tenant) as tx:
            if await show_changed(tx, self.clock()):
                # Without the lock of `take_alerts`: a job that waits for its time would hold up the others.
                later = self.clock() + SHOWN_EVERY
                await defer(tx, "show_incidents", {}, queueing_lock="incidents:show", at=later)

    async def take_alert(self, tenant: str, alert: str) -> None:
        """Take one alert that could not be taken among the others."""
        async with self.database.transaction(tenant) as tx:
            service = (await tx.execute(select(AlertRow.service).where(AlertRow.id == alert))).scalar()
        await self._take(tenant, alert, service or "", _Catalogue(self.catalogue(tenant)))

    async def _waiting(self, tenant: str, failed: set[str]) -> Sequence[tuple[str, str]]:
        query = select(AlertRow.id, AlertRow.service).where(
            AlertRow.state == "stored", AlertRow.id.not_in(failed)
        )
        async with self.database.transaction(tenant) as tx:
            found = await tx.execute(
                query.order_by(AlertRow.received, AlertRow.started, AlertRow.number).limit(_LOOK)
            )
            return [(alert, service) for alert, service in found]

    async def _take(self, tenant: str, alert: str, service: str, catalogue: _Catalogue) -> None:
        """Look up with no transaction open, then decide under the incidents' lock. What was opened in between
        is there, and whom its service needs is looked up at the next alert."""
        known = await catalogue.service(service)
        async with self.database.transaction(tenant) as tx:
            targets = {one.service for one in await open_incidents(tx)}
        needs = {one: await catalogue.service(one) for one in sorted(targets)}
        async with self.database.transaction(tenant) as tx:
            await lock_incidents(tx)
            query = locked(select(AlertRow).where(AlertRow.id == alert, AlertRow.state == "stored"))
            row = (await tx.execute(query)).scalar()
            if row is None:
                return  # taken already
            target = None if known is None else Target(known.id, frozenset(known.depends_on))
            needed = {one: frozenset(found.depends_on) for one, found in needs.items() if found is not None}
            await open_or_join(tx, row, target, needed, self.clock())


async def queue_waiting_alerts(tx: AsyncSession, now: datetime) -> None:
    """Queue what was stored over a minute ago and is not taken; look again at what a test of ours held back
    that is over, or held for as long as it may."""
    holds = exists().where(
        AnnouncedTestRow.id == AlertRow.test,
        AnnouncedTestRow.tenant == AlertRow.tenant,
        *still_holds(func.coalesce(AlertRow.held, AlertRow.received), now),
    )
    free = (
        update(AlertRow).where(AlertRow.state == "held", ~holds).values(state="stored").returning(AlertRow.id)
    )
    freed = (await tx.execute(free)).scalars().all()
    late = select(AlertRow.id).where(
        AlertRow.state == "stored", AlertRow.received <= now - timedelta(minutes=1)
    )
    if freed or (await tx.execute(late.limit(1))).scalar() is not None:
        await defer(tx, "take_alerts", {}, lock="alerts", queueing_lock="alerts:sweep")


async def give_up_alert(tx: AsyncSession, alert: str, now: datetime) -> None:
    """End an alert that cannot be taken, and say so to those who are on call."""
    row = (await tx.execute(locked(select(AlertRow).where(AlertRow.id == alert)))).scalar()
    if row is None or row.state != "stored":
        return
    row.state = "failed"
    await tell_given_up(
        tx,
        f"alert:{row.source}:{row.fingerprint}",
        f"An alert came in ({row.name}, from {row.source}) that I could not take: something went wrong on my"
        " side.",
        "No incident was opened for it, so look at it yourself. Whoever runs Countersign finds the fault in the"
        " log.",
        people=await on_call(tx, now),
    )
