"""Which findings follow from which: a root cause is one that follows from none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from agents.delivery_causes.findings import Finding, Kind
from agents.delivery_causes.scene import Scene

_SOON_AFTER = timedelta(days=7)
"""How long after a change an incident, or a failing check, may still be its consequence."""


def linked(found: Sequence[Finding], scene: Scene) -> Iterator[Finding]:
    """Each with what it follows from. No circle comes of it: of two that explain each other the earlier one
    of this order does."""
    holding: defaultdict[str, list[Finding]] = defaultdict(list)
    for one in found:
        for id in one.holds:
            holding[id].append(one)
    because = {one.key: _causes(one, found, holding, scene) for one in found}
    for one in found:
        yield replace(one, because=_without_circles(one.key, because))


def _causes(
    one: Finding, found: Sequence[Finding], holding: Mapping[str, Sequence[Finding]], scene: Scene
) -> tuple[str, ...]:
    match one.kind:
        case Kind.BLOCKED:
            causes = [other.key for other in holding[one.holds[0]] if _explains(other, one, scene)]
        case Kind.DEPENDENCY | Kind.DOCUMENTS:
            before = one.key.partition(":")[2]
            causes = [other.key for other in holding.get(before, ())]
        case Kind.CHECKS | Kind.INCIDENT:
            causes = [
                other.key for other in found if other.kind is Kind.BREAKING and _breaks_it(other, one, scene)
            ]
            causes = causes or _same_branch(one, found)
        case Kind.STALE | Kind.CONFLICTS:
            causes = [other.key for other in found if other.key == f"away:{one.whose}"]
        case Kind.AGENTS:
            causes = [
                o.key for o in holding[one.holds[0]] if o.kind in (Kind.CHECKS, Kind.REVIEW, Kind.CONFLICTS)
            ]
        case _:
            causes = []
    return tuple(sorted(set(causes) - {one.key}))


def _explains(other: Finding, blocked: Finding, scene: Scene) -> bool:
    """What holds a blocked story up explains it, where its reason names it or that did not begin much later."""
    if other.key == blocked.key:
        return False
    reason = scene.stories[blocked.holds[0]].blocked_reason or ""
    if other.service and other.service in scene.mentions.of(reason):
        return True
    if other.since is None or blocked.since is None:
        return other.kind in (Kind.DEPENDENCY, Kind.DOCUMENTS, Kind.BREAKING)
    return other.since <= blocked.since + timedelta(days=1)


def _breaks_it(cause: Finding, one: Finding, scene: Scene) -> bool:
    """Whether a breaking change is behind trouble in its service, or in one that calls it, soon after."""
    if cause.since is None or one.since is None or not one.service:
        return False
    service = scene.services.get(one.service)
    calls = service is not None and cause.service in service.depends_on
    is_near = cause.since <= one.since <= cause.since + _SOON_AFTER
    return (one.service == cause.service or calls) and is_near


def _same_branch(one: Finding, found: Sequence[Finding]) -> list[str]:
    """A pull request's checks fail because its base branch's do."""
    if not one.key.startswith("pull:"):
        return []
    repository = one.key.removeprefix("pull:").rpartition("#")[0]
    since = one.since
    return [
        other.key
        for other in found
        if other.key.startswith(f"branch:{repository}:")
        and other.since is not None
        and since is not None
        and other.since <= since
    ]


def _without_circles(key: str, because: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(cause for cause in because[key] if not (_reaches(cause, key, because) and cause > key))


def _reaches(start: str, goal: str, because: Mapping[str, tuple[str, ...]]) -> bool:
    seen, waiting = set(), [start]
    while waiting:
        one = waiting.pop()
        if one == goal:
            return True
        if one not in seen:
            seen.add(one)
            waiting.extend(because.get(one, ()))
    return False
