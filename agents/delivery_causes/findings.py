"""What the finder says: causes of delay with their evidence, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Kind(StrEnum):
    """Kinds of causes of delay."""

    BLOCKED = "blocked story"
    DEPENDENCY = "dependency"
    DOCUMENTS = "missing API documents"
    CHECKS = "failing checks"
    CONFLICTS = "merge conflicts"
    REVIEW = "waiting review"
    STALE = "stale pull request"
    BREAKING = "breaking API change"
    APPROVAL = "waiting approval"
    ABSENCE = "absence"
    INCIDENT = "incident"
    UNRELEASED = "not released"
    AGENTS = "agents need a person"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that holds work up. `key` is unique within one diagnosis (`incident:INC-3`), `what` a sentence.

    `whose` is a person's id and `team` a team's, each empty where nobody is known; `service` is what it is
    about. `holds` are the open stories that it holds up by itself; `until` the last day that it is known to
    last. `because` are keys of findings that it follows from: a finding without them is a root cause.
    """

    key: str
    kind: Kind
    what: str
    since: datetime | None
    holds: tuple[str, ...] = ()
    whose: str = ""
    team: str = ""
    service: str = ""
    until: date | None = None
    evidence: tuple[str, ...] = ()
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cost:
    """Working days by which a finding, with all that follows from it, delays what is asked about; `epic` is
    where it costs most, `held` the open stories that wait for it, directly or behind others."""

    days: int
    epic: str
    held: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """When what is asked about is done: `scheduled` with every story at its median hours, `half` and `most` by
    which 50 and 85 of 100 simulated runs are done; None where there is nothing to schedule."""

    scheduled: date | None
    half: date | None
    most: date | None
    unplaced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`roots` are ordered: what costs most first. `follows` are consequences, by the key of each root that they
    come from. `ready` are teams of the work asked about for whom nothing stands in the way. `costs` are by key;
    a root that was not costed (there were too many) has none."""

    roots: tuple[Finding, ...]
    follows: Mapping[str, tuple[Finding, ...]]
    costs: Mapping[str, Cost]
    outlook: Outlook
    ready: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = field(default=())
