"""From the peak that is coming to what it takes: replicas and their database connections; and the risks.

Sized for the upper end of the forecast's interval with room above it. Every need says the figures that it comes
from. What was not measured is said, and never taken for something: then there is no number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil, inf

from agents.operations.capacity.scalability import Scalability
from agents.operations.capacity.traffic_forecast import Peak

MOST_USED = 0.8
"""The share of any capacity that the peak may take: above it waiting times grow without measure."""

_NOT_LOOKED_AT = "Caches, a CDN and services of others are not looked at: nothing here measures them."
_WIDE = 2.0
_ROUNDING = 1e-9


class Level(StrEnum):
    """How bad a risk is."""

    RED = "red"
    YELLOW = "yellow"
    GREEN = "green"


@dataclass(frozen=True, slots=True)
class Need:
    """How much of something the peak takes. `now` is None where that is not known. `figures` are what it was
    worked out from, by name."""

    what: str
    needed: float
    now: float | None
    unit: str
    why: str
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Risk:
    """Something that may fail at the peak, or (green) will not, and the reason."""

    level: Level
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class CapacityPlan:
    """What is needed, what may fail (the worst first), and what is not known."""

    peak: Peak
    needs: tuple[Need, ...]
    risks: tuple[Risk, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Database:
    """What a service takes of its database. `pool` is the connections of one replica: its requests wait for one
    of these, whatever others have left. `held_seconds` is how long a request holds one."""

    pool: int
    held_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """What load tests of one release, at one path, show that a service carries by its replicas: `law` where
    they found where it gives way; `at_least` (replicas, requests/s) is the most that was held and where
    nothing gave way: so much is certain, and how much more it carries is not known."""

    version: str
    path: str
    law: Scalability | None = None
    at_least: tuple[int, float] | None = None

    @property
    def tests(self) -> str:
        """The tests, in words."""
        return f"load tests of {self.version} at {self.path}"


@dataclass(frozen=True, slots=True)
class Running:
    """What is known of a service. `carried` is what load tests show, None where there was none; `database` is
    None where nobody measured its pool."""

    service: str
    replicas: int
    carried: Carried | None = None
    database: Database | None = None


@dataclass(slots=True)
class _Found:
    needs: list[Need] = field(default_factory=list)
    risks: list[Risk] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def size(peak: Peak, running: Running) -> CapacityPlan:
    """What the peak, in requests/s, takes of a service and around it. Raises ValueError for one that is
    none."""
    if not 0 < peak.expected <= peak.high < inf:
        raise ValueError("a peak is traffic above zero, within its interval")
    found = _Found()
    low = max(peak.low, 0.0)
    if peak.high > _WIDE * low:
        why = f"The peak may be {low:,.4g} to {peak.high:,.4g} requests/s: sized for its upper end."
        found.risks.append(Risk(Level.YELLOW, "An uncertain forecast", why))
    replicas = _replicas(peak, running, found)
    _connections(peak, running.database, replicas, found)
    found.unknown.append(_NOT_LOOKED_AT)
    order = list(Level)
    risks = sorted(found.risks, key=lambda risk: order.index(risk.level))
    return CapacityPlan(peak, tuple(found.needs), tuple(risks), tuple(found.unknown))


def _replicas(peak: Peak, running: Running, found: _Found) -> int | None:
    """How many replicas are needed; None where that is not known, or no number is enough."""
    carries, wanted = running.carried, peak.high / MOST_USED
    what = f"Replicas of {running.service}"
    if carries is None or (law := carries.law) is None:
        found.unknown.append(_limit_unknown(running.service, carries))
        return None
    load = law.load_for(wanted)
    if load is None:
        why = f"No number of replicas carries {wanted:,.4g} requests/s: the fit ends at {law.ceiling:,.4g}."
        found.risks.append(Risk(Level.RED, what, f"{why} Find what they wait for. {law.says()}"))
        return None
    needed = ceil(load - _ROUNDING)
    carried = law.throughput(needed)
    why = (
        f"{needed} carry {carried:,.4g} requests/s by {carries.tests}, of which {peak.high:,.4g} may take"
        f" {MOST_USED:.0%}"
    )
    figures = {"peak": peak.high, "share used at most": MOST_USED, "carried": carried}
    found.needs.append(Need("replicas", needed, running.replicas, "replicas", why, figures))
    if needed > law.most:
        why = f"No more than {law.most:g} were measured; what {needed} carry is extrapolated. {law.says()}"
        found.risks.append(Risk(Level.YELLOW, what, why))
    says = f"{needed} are needed, {running.replicas} run"
    if needed <= running.replicas:
        found.risks.append(Risk(Level.GREEN, what, f"{says}."))
    else:
        found.risks.append(Risk(Level.YELLOW, what, f"{says}, and nothing scales them by itself."))
    return needed


def _limit_unknown(service: str, carried: Carried | None) -> str:
    if carried is None or carried.at_least is None:
        return f"It is not known what a replica of {service} carries: simulate load first."
    replicas, held = carried.at_least
    return (
        f"{replicas} replica{'' if replicas == 1 else 's'} of {service} carried at least {held:,.4g} requests/s"
        f" in {carried.tests}, and nothing gave way: how much more they carry is not known. Simulate more load."
    )


def _connections(peak: Peak, database: Database | None, replicas: int | None, found: _Found) -> None:
    """By Little's law: what a replica holds at once is its share of the rate by how long a request does."""
    if database is None:
        found.unknown.append("It is not known what the service takes of a database.")
        return
    held, pool = database.held_seconds, database.pool
    if held is None:
        found.unknown.append("It is not known how long a request holds a database connection.")
        return
    if replicas is None:
        found.unknown.append(
            "How full a replica's connection pool gets follows from how many replicas there are."
        )
        return
    each = peak.high / replicas
    busy = each * held
    why = (
        f"each of {replicas} replicas gets {each:,.4g} requests/s, which hold one for {held:.3g} s each;"
        f" {MOST_USED:.0%} of them may be busy"
    )
    figures = {"peak": peak.high, "replicas": float(replicas), "seconds held": held}
    needed = max(ceil(busy / MOST_USED - _ROUNDING), 1)
    found.needs.append(Need("pool of a replica", needed, pool, "connections", why, figures))
    level = Level.RED if busy > pool else Level.YELLOW if busy > MOST_USED * pool else Level.GREEN
    says = f"{busy:,.3g} of the {pool} connections of a replica's own pool are busy at once."
    found.risks.append(Risk(level, "The connection pool of a replica", says))
