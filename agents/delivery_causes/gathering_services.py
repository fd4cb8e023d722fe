"""Which versions run where, since when, and which of them break who calls them by their own number."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agents.delivery_causes.evidence import ApiBreak
from integrations.deployments import Change, ChangeQuery, DeploymentError, Deployments, Stage, Target
from integrations.ports import Ports
from integrations.services import Service
from storage.look import Away

MOST_SERVICES, _MOST_CHANGES = 12, 20
_LATELY = timedelta(days=30)
_MAJOR = re.compile(r"v?(?P<major>\d+)(?:\.|$)")


@dataclass(frozen=True, slots=True)
class Runs:
    """What runs. `production` is a service's version there; `changes` are the latest, by service and stage."""

    breaks: tuple[ApiBreak, ...] = ()
    production: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[tuple[str, str], tuple[Change, ...]] = field(default_factory=dict)


async def runs_seen(
    ports: Ports, services: Sequence[Service], relevant: Collection[str], now: datetime, unknown: list[str]
) -> Runs:
    """What runs of the relevant services in staging and in production."""
    deployments = ports.deployments
    production: dict[str, str] = {}
    changes: dict[tuple[str, str], tuple[Change, ...]] = {}
    breaks: list[ApiBreak] = []
    try:
        known = [one for one in await deployments.services() if one in relevant]
        others = sorted(set(relevant) - set(known))
        if others:
            more = f" and {len(others) - 3} more" if len(others) > 3 else ""
            unknown.append(f"Which versions run of {', '.join(others[:3])}{more}: no platform here has them.")
        if len(known) > MOST_SERVICES:
            unknown.append(f"Which versions of {len(known) - MOST_SERVICES} more services run where.")
        for service in sorted(known)[:MOST_SERVICES]:
            versions: dict[Stage, str] = {}
            for stage in Stage:
                target = Target(service, stage)
                status = await deployments.status(target)
                if status.stable is not None:
                    versions[stage] = status.stable.version
                changes[service, stage] = await _changes(deployments, target)
            production |= {service: versions[Stage.PRODUCTION]} if Stage.PRODUCTION in versions else {}
            breaks += _breaks(service, versions, changes, services, now)
    except (DeploymentError, Away) as failed:
        unknown.append(f"Which versions run where: {failed}")
    return Runs(tuple(breaks), production, changes)


async def _changes(deployments: Deployments, target: Target) -> tuple[Change, ...]:
    query = ChangeQuery(target.service, target.stage, limit=_MOST_CHANGES)
    return (await deployments.history(query)).items


def _breaks(
    service: str,
    versions: Mapping[Stage, str],
    changes: Mapping[tuple[str, str], Sequence[Change]],
    services: Sequence[Service],
    now: datetime,
) -> list[ApiBreak]:
    """Where a version runs whose major number is higher than the one that callers know: by Semantic Versioning
    (semver.org 2.0.0, rule 8) it breaks them. In staging that is production's, in production the one before."""
    found = []
    for stage, version in versions.items():
        last = next((one for one in changes[service, stage] if one.replaces and one.version == version), None)
        known = versions.get(Stage.PRODUCTION) if stage is Stage.STAGING else (last.before if last else None)
        if known is None or not is_major_step(known, version):
            continue
        if stage is Stage.PRODUCTION and (last is None or now - last.at > _LATELY):
            continue
        callers = tuple(sorted(one.id for one in services if service in one.depends_on))
        says = f"{version} has a higher major version than {known}, which callers know (Semantic Versioning)"
        found.append(
            ApiBreak(service, stage.value, version, known, last.at if last else None, (says,), callers)
        )
    return found


def is_major_step(before: str, version: str) -> bool:
    """Whether the first number of a version is higher."""
    old, new = _MAJOR.match(before), _MAJOR.match(version)
    return old is not None and new is not None and int(new["major"]) > int(old["major"])
