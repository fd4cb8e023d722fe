"""Small backlogs for the sample's teams, made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from agents.planning.request import PlanningInput
from agents.planning.working_days import working_days
from agents.ranking import Demand
from agents.roadmap.items import Span
from agents.roadmap.reading import Read
from governance.department import Department
from governance.department_file import read_department
from integrations.documents import Document
from integrations.tracker import Epic, Priority, Story, StoryStatus
from tests.agents.acme_input import ACME, AS_OF, TODAY, history

SPAN = Span("Q1 2027", date(2027, 1, 1), date(2027, 4, 1))
NOBODY = Demand({}, (), ())


@cache
def department() -> Department:
    return read_department(ACME / "department.yaml")


@cache
def given() -> PlanningInput:
    """The sample with nothing taken on."""
    stories, _, sprints = history()
    done = tuple(story for story in stories if story.status is StoryStatus.DONE)
    teams, products = department().teams, department().products
    document = Document("roadmap", "", "0" * 16, "roadmap")
    days = working_days(department())
    return PlanningInput(document, done, (), sprints, teams, products, (), TODAY, AS_OF, days=days)


def story(id: str, hours: float | None = 10.0, **different: Any) -> Story:
    """A story in the backlog of Team Alpha's backend."""
    plain = Story(
        id=id,
        title=f"Story {id}",
        description="",
        acceptance=(),
        team="alpha",
        product="payments",
        status=StoryStatus.BACKLOG,
        priority=Priority.P2,
        epic=None,
        discipline="backend",
        estimate_hours=hours,
        actual_hours=None,
        customers=(),
        labels=(),
        depends_on=(),
        blocked_reason=None,
        assignee=None,
        sprint=None,
        created=datetime(2026, 11, 1, tzinfo=UTC),
        started=None,
        finished=None,
    )
    return replace(plain, **different)


def epic(id: str, **different: Any) -> Epic:
    created = datetime(2026, 11, 1, tzinfo=UTC)
    plain = Epic(id, f"Feature {id}", "payments", None, StoryStatus.BACKLOG, Priority.P2, (), created)
    return replace(plain, **different)


def read(
    stories: Sequence[Story],
    epics: Sequence[Epic] = (),
    demand: Demand = NOBODY,
    **different: Any,
) -> Read:
    """What was read, where these are all the open stories."""
    plain = Read(tuple(stories), tuple(epics), frozenset(), 0, frozenset(), demand, given())
    return replace(plain, **different)


def money(thousands: int) -> Decimal:
    return Decimal(thousands * 1000)
