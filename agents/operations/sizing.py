"""From the peak that is coming to what it takes: replicas, connections, pods, caches, CDN; and the risks.

Sized for the upper end of the forecast's interval with room above it. Every need says the figures that it comes
from. What was not measured is said, and never taken for something: then there is no number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil, inf

from agents.operations.scalability import Scalability
from agents.operations.traffic_forecast import Peak

MOST_USED = 0.8
"""The share of any capacity that the peak may take: above it waiting times grow without measure."""

_WIDE = 2.0
_GB = 1e9
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
    """What a service's database takes. `pool` is the connections of one replica, `limit` all that there may be,
    `used_by_others` what other services hold; `held_seconds` is how long a request holds one."""

    pool: int | None = None
    limit: int | None = None
    used_by_others: int | None = None
    held_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Cache:
    """A cache: `lookups` for one request, what one node carries in lookups/s, and how many nodes there are."""

    nodes: int | None = None
    node_carries: float | None = None
    lookups: float | None = None


@dataclass(frozen=True, slots=True)
class Cdn:
    """What is served before the service: `served` requests at the edge for each one that reaches the service,
    of `response_bytes` on average; `limit` is what the contract carries, in GB/hour."""

    served: float | None = None
    response_bytes: float | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Dependency:
    """Somebody else's service: `calls` for one request, and the rate that it allows, in calls/s."""

    name: str
    calls: float | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """What is known of a service. `scalability` is its measured throughput in requests/s by replicas;
    `scales_itself_to` the bound of its autoscaler, None where it has none; `replicas_in_pod` are processes."""

    service: str
    replicas: int
    scalability: Scalability | None = None
    scales_itself_to: int | None = None
    replicas_in_pod: int | None = None
    database: Database | None = None
    cache: Cache | None = None
    cdn: Cdn | None = None
    dependencies: tuple[Dependency, ...] = ()


@dataclass(slots=True)
class _Found:
    needs: list[Need] = field(default_factory=list)
    risks: list[Risk] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def known(self, *figures: tuple[float | None, str]) -> tuple[float, ...] | None:
        """The figures, if all are known; each that is not is noted by its words."""
        self.unknown += [f"It is not known {says}." for value, says in figures if value is None]
        values = tuple(value for value, _ in figures if value is not None)
        return values if len(values) == len(figures) else None

    def against(self, what: str, needed: float, limit: float, why: str) -> None:
        """A risk by how much of a limit is needed."""
        share = needed / limit if limit > 0 else inf
        level = Level.RED if share > 1 else Level.YELLOW if share > MOST_USED else Level.GREEN
        self.risks.append(Risk(level, what, f"{why}: {share:.0%} of {limit:,.6g}."))


def size(peak: Peak, running: Running) -> CapacityPlan:
    """What the peak, in requests/s, takes of a service and around it. Raises ValueError for a peak that is none
    and for capacities of zero."""
    if not 0 < peak.expected <= peak.high < inf:
        raise ValueError("a peak is traffic above zero, within its interval")
    if running.replicas_in_pod == 0 or (running.cache is not None and running.cache.node_carries == 0):
        raise ValueError("a pod holds a replica, and a cache node carries something")
    found = _Found()
    low = max(peak.low, 0.0)
    if peak.high > _WIDE * low:
        why = f"The peak may be {low:,.4g} to {peak.high:,.4g} requests/s: sized for its upper end."
        found.risks.append(Risk(Level.YELLOW, "An uncertain forecast", why))
    replicas = _replicas(peak, running, found)
    _connections(peak, running.database, replicas, found)
    _caches(peak, running.cache, found)
    _cdn(peak, running.cdn, found)
    for dependency in running.dependencies:
        _dependency(peak, dependency, found)
    order = list(Level)
    risks = sorted(found.risks, key=lambda risk: order.index(risk.level))
    return CapacityPlan(peak, tuple(found.needs), tuple(risks), tuple(found.unknown))


def _replicas(peak: Peak, running: Running, found: _Found) -> int | None:
    """How many replicas are needed; None where that is not known, or no number is enough."""
    law, wanted = running.scalability, peak.high / MOST_USED
    what = f"Replicas of {running.service}"
    if law is None:
        found.unknown.append(
            f"It is not known what a replica of {running.service} carries: simulate load first."
        )
        return None
    load = law.load_for(wanted)
    if load is None:
        why = f"No number of replicas carries {wanted:,.4g} requests/s: the fit ends at {law.ceiling:,.4g}."
        found.risks.append(Risk(Level.RED, what, f"{why} Find what they wait for. {law.says()}"))
        return None
    needed = ceil(load - _ROUNDING)
    carried = law.throughput(needed)
    why = f"{needed} carry {carried:,.4g} requests/s, of which {peak.high:,.4g} may take {MOST_USED:.0%}"
    figures = {"peak": peak.high, "share used at most": MOST_USED, "carried": carried}
    found.needs.append(Need("replicas", needed, running.replicas, "replicas", why, figures))
    if needed > law.most:
        why = f"No more than {law.most:g} were measured; what {needed} carry is extrapolated. {law.says()}"
        found.risks.append(Risk(Level.YELLOW, what, why))
    found.risks.append(_scaling_risk(what, needed, running))
    _pods(needed, running, found)
    return needed


def _scaling_risk(what: str, needed: int, running: Running) -> Risk:
    bound, says = running.scales_itself_to, f"{needed} are needed, {running.replicas} run"
    if needed <= running.replicas:
        return Risk(Level.GREEN, what, f"{says}.")
    if bound is None:
        return Risk(Level.YELLOW, what, f"{says}, and nothing scales them.")
    if needed <= bound:
        return Risk(Level.GREEN, what, f"{says}; they scale themselves up to {bound}.")
    return Risk(Level.RED, what, f"{says}; they scale themselves up to no more than {bound}.")


def _pods(needed: int, running: Running, found: _Found) -> None:
    each = running.replicas_in_pod
    if each is None:
        found.unknown.append("It is not known how many replicas a pod holds.")
        return
    now, why = ceil(running.replicas / each), f"{needed} replicas, {each} in a pod"
    figures = {"replicas": float(needed), "in a pod": float(each)}
    found.needs.append(Need("pods", ceil(needed / each), now, "pods", why, figures))


def _connections(peak: Peak, database: Database | None, replicas: int | None, found: _Found) -> None:
    if database is None:
        found.unknown.append("It is not known what the service takes of a database.")
        return
    pool = database.pool
    if known := found.known((database.held_seconds, "how long a request holds a database connection")):
        _busy_connections(peak, known[0], None if pool is None or replicas is None else pool * replicas, found)
    if pool is None:
        found.unknown.append("It is not known how many connections a replica's pool holds.")
    elif replicas is not None:
        _opened_connections(database, replicas, pool, found)


def _busy_connections(peak: Peak, held: float, pooled: int | None, found: _Found) -> None:
    """By Little's law: what is busy is the rate by the time each request holds one."""
    busy = peak.high * held
    why = f"{peak.high:,.4g} requests/s hold one for {held:g} s each; {MOST_USED:.0%} of them are busy"
    figures = {"peak": peak.high, "seconds held": held, "share used at most": MOST_USED}
    needed = ceil(busy / MOST_USED - _ROUNDING)
    found.needs.append(Need("connections in use", needed, pooled, "connections", why, figures))
    if pooled is not None:
        found.against("The connection pools", busy, pooled, f"{busy:,.4g} connections are busy at once")


def _opened_connections(database: Database, replicas: int, pool: int, found: _Found) -> None:
    opened, why = replicas * pool, f"{replicas} replicas open {pool} each"
    figures = {"replicas": float(replicas), "pool": float(pool)}
    found.needs.append(Need("connections opened", opened, None, "connections", why, figures))
    known = found.known(
        (database.limit, "how many connections the database allows"),
        (database.used_by_others, "how many connections others hold"),
    )
    if known is None:
        return
    limit, others = known
    total = opened + others
    found.against("The database's connections", total, limit, f"{why}, others hold {others:g}")
    if total > MOST_USED * limit > 0:
        copies = ceil(total / (MOST_USED * limit)) - 1
        why = f"{total:g} connections, and {MOST_USED:.0%} of {limit:g} on each; only reads can go to a copy"
        figures = {"connections": total, "limit": limit, "share used at most": MOST_USED}
        found.needs.append(Need("read replicas", copies, None, "databases", why, figures))
        found.unknown.append("It is not known which share of the queries only reads, and could go to a copy.")


def _caches(peak: Peak, cache: Cache | None, found: _Found) -> None:
    if cache is None:
        found.unknown.append("It is not known whether a cache stands before the database.")
        return
    known = found.known(
        (cache.node_carries, "what a cache node carries"), (cache.lookups, "how many lookups a request makes")
    )
    if known is None:
        return
    carries, lookups = known
    wanted = peak.high * lookups
    needed = ceil(wanted / (MOST_USED * carries) - _ROUNDING)
    why = f"{wanted:,.4g} lookups/s, {carries:,.4g} for each node, {MOST_USED:.0%} used"
    figures = {"lookups": wanted, "a node carries": carries, "share used at most": MOST_USED}
    found.needs.append(Need("cache nodes", needed, cache.nodes, "nodes", why, figures))
    if cache.nodes is None:
        found.unknown.append("It is not known how many cache nodes run.")
    else:
        found.against("The cache", wanted, carries * cache.nodes, f"{wanted:,.4g} lookups/s are needed")


def _cdn(peak: Peak, cdn: Cdn | None, found: _Found) -> None:
    if cdn is None:
        found.unknown.append("It is not known what a CDN serves before the service.")
        return
    known = found.known(
        (cdn.served, "how many requests the CDN serves"), (cdn.response_bytes, "how large its responses are")
    )
    if known is None:
        return
    served, size_of_one = known
    volume = peak.high * served * size_of_one * 3600 / _GB
    why = f"{peak.high:,.4g} requests/s, {served:g} at the edge for each, of {size_of_one:,.6g} bytes"
    figures = {"peak": peak.high, "served": served, "bytes": size_of_one}
    found.needs.append(Need("CDN traffic", volume, None, "GB/hour", why, figures))
    if limit := found.known((cdn.limit, "how much the CDN's contract carries")):
        found.against("The CDN", volume, limit[0], f"{volume:,.4g} GB/hour are needed")


def _dependency(peak: Peak, dependency: Dependency, found: _Found) -> None:
    name, what = dependency.name, f"The rate limit of {dependency.name}"
    known = found.known(
        (dependency.calls, f"how often a request calls {name}"), (dependency.limit, f"what {name} allows")
    )
    if known is None:
        found.risks.append(Risk(Level.YELLOW, what, "Whether it is enough is not known: ask, or measure."))
        return
    calls, limit = known
    found.against(what, peak.high * calls, limit, f"{peak.high * calls:,.4g} calls/s are needed")
