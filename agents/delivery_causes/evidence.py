"""What the finder of causes is given: what was seen of stories, code, services, people and decisions.

All of it is frozen: the same evidence gives the same findings, to the byte. Texts in it are data that others
wrote.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from agents.planning.working_days import WorkingDays
from governance.department import Team
from integrations.code_host.pull_requests import PullRequest
from integrations.services import Service
from integrations.tracker import Sprint, Story


@dataclass(frozen=True, slots=True)
class PullSeen:
    """An open pull request with the stories that it is for. `failing` are the names of its failed checks and
    `failing_since` when the first of them failed; `approved` whether its very head has an approving review;
    `changes_asked` when a reviewer asked for changes of its head. `author` is a person's id, or the host's
    name of who opened it."""

    pull: PullRequest
    stories: tuple[str, ...]
    service: str | None = None
    failing: tuple[str, ...] = ()
    failing_since: datetime | None = None
    approved: bool = False
    changes_asked: datetime | None = None


@dataclass(frozen=True, slots=True)
class BranchFailing:
    """A repository's default branch at which checks (by name) fail, `since` the commit `first` on. `at_least`:
    it may have begun earlier than was looked back."""

    repository: str
    branch: str
    service: str | None
    checks: tuple[str, ...]
    since: datetime
    first: str
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class ApiBreak:
    """A version of a service that breaks who calls it. `where` is the environment in which it runs, `before`
    the version that callers were made for; `says` how that is known; `callers` are the services that the
    catalogue lets depend on it, `calls` where their code names what is gone (`checkout/pay.py:12`)."""

    service: str
    where: str
    version: str
    before: str
    since: datetime | None
    says: tuple[str, ...]
    callers: tuple[str, ...]
    calls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApiDocument:
    """An OpenAPI document in a repository, at a commit of its default branch."""

    repository: str
    sha: str
    path: str


@dataclass(frozen=True, slots=True)
class Decision:
    """An approval that waits for votes: `voters` are the people who may give one, `away` those of them who
    cannot now. `stories` and `service` are what its actions are about."""

    id: str
    title: str
    opened: datetime
    voters: tuple[str, ...]
    away: frozenset[str]
    stories: frozenset[str] = frozenset()
    service: str | None = None


@dataclass(frozen=True, slots=True)
class AwayNow:
    """Somebody who is away today: until the end of `until`."""

    person: str
    name: str
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """An incident that is not over. `after` is a change that was made there shortly before it began, in
    words; `version` and `before` are what it deployed, where it deployed something that still runs."""

    id: str
    service: str
    stage: str
    title: str
    severity: str
    started: datetime
    commander: str | None = None
    after: str = ""
    version: str | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Lag:
    """A version that is in staging `since`, and not in production, with the done stories that it brings."""

    service: str
    version: str
    production: str
    since: datetime
    stories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stopped:
    """Agents' work on a story that needs a person: why, and who answers for it."""

    story: str
    why: str
    since: datetime
    answers: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was seen at `now` (aware UTC), of which `today` is the day where the department is.

    `own` are the stories that are asked about; `stories` are these and the open ones that they come after.
    `blocked_since` is when a blocked story became so. `sprints` are those since the earliest moment that
    counts, `committed` other work of the same teams that has a sprint. `done` are done stories of late, to
    tell how far estimates are off. `documented` are OpenAPI documents, by their service. `unknown` says, in
    sentences, what could not be found out.
    """

    now: datetime
    today: date
    own: frozenset[str]
    stories: tuple[Story, ...]
    blocked_since: Mapping[str, datetime] = field(default_factory=dict)
    days: WorkingDays = field(default_factory=WorkingDays)
    sprints: tuple[Sprint, ...] = ()
    teams: tuple[Team, ...] = ()
    committed: tuple[Story, ...] = ()
    done: tuple[Story, ...] = ()
    services: Sequence[Service] = ()
    pulls: tuple[PullSeen, ...] = ()
    branches: tuple[BranchFailing, ...] = ()
    breaks: tuple[ApiBreak, ...] = ()
    decisions: tuple[Decision, ...] = ()
    absences: tuple[AwayNow, ...] = ()
    incidents: tuple[OpenIncident, ...] = ()
    lags: tuple[Lag, ...] = ()
    stopped: tuple[Stopped, ...] = ()
    documented: Mapping[str, ApiDocument] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
