"""What an alert does to the incidents that there are. Pure.

One incident a cause and target, however many alerts tell of it. Only what fires opens, joins or links; the end
of an alert ends nothing but that alert, and an incident that is over takes in nothing any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from governance.retention_rules import LONGEST_AGO_DAYS
from integrations.alerts import Alert, AlertStatus

STAGES = ("production", "staging")
"""Environments that incidents are opened in."""

FLAPS_WITHIN = timedelta(minutes=10)
"""An alert that fires again so soon after its end goes on."""

LONGEST_AGO = timedelta(days=LONGEST_AGO_DAYS)
"""What was told longer ago opens nothing: it is a replay of something that is not kept any more."""

LINKED_WITHIN = timedelta(days=7)
"""An incident at the same target that ended longer ago has nothing to do with a new one."""

_RANKS = {"info": 1, "low": 1, "warning": 2, "medium": 2, "high": 3, "error": 3, "critical": 4, "page": 4}


class Outcome(StrEnum):
    """What became of an alert."""

    OPENED = "opened"
    JOINED = "joined"
    NOTHING_NEW = "nothing new"
    ENDED = "ended"
    HELD = "held"
    IGNORED = "ignored"


class Reason(StrEnum):
    """Why, where an outcome has several reasons. For people, as the end of a sentence."""

    UNKNOWN_SERVICE = "the catalogue has no such service"
    UNKNOWN_STAGE = "there is no such environment"
    LONG_AGO = f"its sender said so over {LONGEST_AGO_DAYS} days ago"
    OVERTAKEN = "what its sender said later came before it"
    NOT_OPEN = "no open incident has it"
    SAME_SERVICE = "it is about the same service"
    CALLER = "a service that it needs has the incident"
    FLAPPING = "it ended minutes ago and fires again"
    STILL_SO = "that is known already"
    FIRES_AGAIN = "it had ended and fires again"
    TEST = "we are testing there ourselves"


@dataclass(frozen=True, slots=True)
class Target:
    """The service of the catalogue that an alert is about, and those whose work it needs."""

    service: str
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Member:
    """An alert of an incident as it stands there: `told` is when its sender last said so."""

    firing: bool
    told: datetime
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """An incident that is not over. `services` are its own and those whose alerts have joined it, `calls` what
    its own needs. `member` is the alert that is looked at, as it stands in this incident, if it is in it."""

    id: str
    number: int
    service: str
    stage: str
    services: frozenset[str]
    calls: frozenset[str] = frozenset()
    member: Member | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known when an alert is looked at.

    `target` is None for a service that the catalogue does not have. `over_at` is when its sender last said that
    this alert is over. `before` is the incident at the same target that ended last, with its end. `test` is the
    announced test of the target that goes on.
    """

    target: Target | None
    incidents: tuple[Open, ...] = ()
    over_at: datetime | None = None
    before: tuple[str, datetime] | None = None
    test: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with an alert. `incident` is the one that it joins or is part of; for a new one it is None,
    and `linked` the incident that the new one may belong with."""

    outcome: Outcome
    why: Reason | None = None
    incident: str | None = None
    linked: str | None = None
    test: str | None = None


def decide(alert: Alert, scene: Scene, now: datetime) -> Decision:
    """What an alert does, looked at `now`."""
    mine = next(((one, one.member) for one in scene.incidents if one.member is not None), None)
    if alert.status is AlertStatus.RESOLVED:
        return _ended(alert, mine)
    if scene.target is None:
        return Decision(Outcome.IGNORED, Reason.UNKNOWN_SERVICE)
    if alert.stage not in STAGES:
        return Decision(Outcome.IGNORED, Reason.UNKNOWN_STAGE)
    if scene.over_at is not None and alert.told < scene.over_at:
        return Decision(Outcome.IGNORED, Reason.OVERTAKEN)
    if alert.told <= now - LONGEST_AGO:
        return Decision(Outcome.IGNORED, Reason.LONG_AGO)
    if mine is not None:
        return _again(*mine, now)
    return _fires(alert, scene.target, scene, now)


def _ended(alert: Alert, mine: tuple[Open, Member] | None) -> Decision:
    if mine is None:
        return Decision(Outcome.IGNORED, Reason.NOT_OPEN)
    incident, member = mine
    if alert.told < member.told:
        return Decision(Outcome.IGNORED, Reason.OVERTAKEN, incident.id)
    if not member.firing:
        return Decision(Outcome.NOTHING_NEW, Reason.STILL_SO, incident.id)
    return Decision(Outcome.ENDED, incident=incident.id)


def _again(mine: Open, member: Member, now: datetime) -> Decision:
    if member.firing:
        return Decision(Outcome.NOTHING_NEW, Reason.STILL_SO, mine.id)
    if member.ended is not None and now - member.ended <= FLAPS_WITHIN:
        return Decision(Outcome.NOTHING_NEW, Reason.FLAPPING, mine.id)
    return Decision(Outcome.JOINED, Reason.FIRES_AGAIN, mine.id)


def _fires(alert: Alert, target: Target, scene: Scene, now: datetime) -> Decision:
    here = sorted((one for one in scene.incidents if one.stage == alert.stage), key=lambda one: one.number)
    same = _first(one for one in here if one.service == target.service)
    if same is not None:
        return Decision(Outcome.JOINED, Reason.SAME_SERVICE, same.id)
    needed = _first(one for one in here if not one.services.isdisjoint({target.service, *target.needs}))
    if needed is not None:
        return Decision(Outcome.JOINED, Reason.CALLER, needed.id)
    if scene.test is not None:
        return Decision(Outcome.HELD, Reason.TEST, test=scene.test)
    if scene.before is not None and now - scene.before[1] <= LINKED_WITHIN:
        return Decision(Outcome.OPENED, linked=scene.before[0])
    caller = _first(one for one in here if target.service in one.calls)
    return Decision(Outcome.OPENED, linked=caller.id if caller else None)


def _first(found: Iterable[Open]) -> Open | None:
    return next(iter(found), None)


def worse(severity: str, other: str) -> str:
    """Of two severities in senders' words the worse one; the first of those that cannot be compared."""
    return other if _RANKS.get(other, 0) > _RANKS.get(severity, 0) else severity
