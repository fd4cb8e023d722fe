"""What planning is given: a document, the department's work so far, and what somebody wants changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from agents.planning.draft import PlanChanges
from agents.planning.grouping import Groupings
from agents.planning.history import DoneWork
from agents.planning.reading.statement import Corrections
from agents.planning.working_days import WorkingDays
from governance.department import Product, Team
from integrations.documents import Document
from integrations.services import Service
from integrations.tracker import Epic, Sprint, Story, StoryStatus

COMMITTED = frozenset({StoryStatus.SCHEDULED, StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED})
"""Of open stories that have a sprint."""


class ImpossibleChange(Exception):
    """What is asked for cannot be done to this plan; the message is a sentence for people."""


@dataclass(frozen=True, slots=True)
class PlanningInput:
    """Everything that a plan depends on: the same input gives the same plan, to the byte.

    `stories` are those of the tracker that planning uses (`agents/plans/gathering.py`): the latest that are
    done, all in sprints that are not over, and those of epics that the document speaks of; `older` are done
    stories from before these that are like what the document asks for. `sprints` are those that are not over,
    of a plan under way since it began; their capacity is in agent-hours, with holidays taken off. `told` is
    what people, or a model, say that the document's statements are, `groupings` what people say of its
    stories. `today` is the day it is planned on, `as_of` when the tracker was read (aware UTC), `days` on
    which days the department works, `wanted_start` the start that the document states.
    """

    document: Document
    stories: tuple[Story, ...]
    epics: tuple[Epic, ...]
    sprints: tuple[Sprint, ...]
    teams: tuple[Team, ...]
    products: tuple[Product, ...]
    services: tuple[Service, ...]
    today: date
    as_of: datetime
    changes: PlanChanges = field(default_factory=PlanChanges)
    days: WorkingDays = field(default_factory=WorkingDays)
    wanted_start: date | None = None
    told: Corrections = field(default_factory=dict)
    groupings: Groupings = field(default_factory=dict)
    older: tuple[Story, ...] = ()

    @property
    def starts(self) -> date:
        """The first day on which work may begin: as somebody asked, or else as the document says."""
        return max(self.today, self.changes.start or self.wanted_start or self.today)

    def done(self) -> tuple[Story, ...]:
        """Done stories whose actual hours are known, in the order in which they were finished."""
        done = (s for s in self.stories if s.status is StoryStatus.DONE and s.actual_hours and s.finished)
        return tuple(sorted(done, key=lambda s: (s.finished or self.as_of, s.id)))

    def work(self) -> DoneWork:
        """What is done, to estimate from."""
        return DoneWork(self.done(), self.older)

    def committed(self) -> tuple[Story, ...]:
        """Open stories that already have a sprint."""
        return tuple(s for s in self.stories if s.sprint and s.status in COMMITTED)

    def team(self, name: str) -> Team:
        """The team of this id or name, any case. Raises ImpossibleChange."""
        wanted = name.strip().casefold()
        for team in self.teams:
            if wanted in (team.id.casefold(), team.name.casefold()):
                return team
        known = ", ".join(team.name for team in self.teams)
        raise ImpossibleChange(f"There is no team called {name}. There are {known}.")
