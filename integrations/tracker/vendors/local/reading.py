"""Queries of the embedded tracker. What a scope does not reach is left out by the database."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    Text,
    and_,
    case,
    false,
    func,
    not_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.orm import InstrumentedAttribute, aliased

from governance.visibility import Scope
from integrations.pages import NoSuchPage
from integrations.tracker import (
    Defect,
    DefectOrigin,
    Epic,
    EpicQuery,
    Priority,
    Stage,
    Story,
    StoryEvent,
    StoryQuery,
    StoryStatus,
)
from integrations.tracker.rules import EPIC_RULES, OPEN, EpicRule, epic_status
from integrations.tracker.vendors.local.tables import DefectRow, DependencyRow, EpicRow, StoryEventRow, StoryRow
from storage.exact_text import is_exact

_IN_EPIC = and_(StoryRow.tenant == EpicRow.tenant, StoryRow.epic == EpicRow.id)


def reached(scope: Scope, customers: InstrumentedAttribute[list[str]]) -> ColumnElement[bool]:
    """Whether the scope reaches an item with these tags. An item without tags is nobody's."""
    if scope.everything:
        return true()
    shared: ColumnElement[bool] = customers.overlap(sorted(scope.accounts))
    return shared


def matching(query: StoryQuery) -> ColumnElement[bool]:
    """The stories that the query asks for, whoever asks."""
    if not is_exact(query):
        return false()  # nothing that is kept holds such text
    wanted: list[ColumnElement[bool]] = [true()]
    if query.ids is not None:
        wanted.append(StoryRow.id.in_(sorted(query.ids)))
    for column, value in (
        (StoryRow.epic, query.epic),
        (StoryRow.team, query.team),
        (StoryRow.product, query.product),
        (StoryRow.priority, query.priority),
    ):
        if value is not None:
            wanted.append(column == value)
    if query.customer is not None:
        wanted.append(StoryRow.customers.contains([query.customer]))
    if query.status is not None:
        wanted.append(StoryRow.status.in_(sorted(query.status)))
    if query.finished_since is not None:
        wanted.append(StoryRow.finished >= query.finished_since)
    return and_(*wanted)


def behind(number: InstrumentedAttribute[int], after: str | None, *, newest_first: bool) -> ColumnElement[bool]:
    """The items behind a page's mark, the number of its last item. Raises NoSuchPage."""
    if after is None:
        return true()
    if not (after.isascii() and after.isdigit() and len(after) < 10):
        raise NoSuchPage(f"{after!r} is no mark of this list")
    return number < int(after) if newest_first else number > int(after)


def matching_epics(query: EpicQuery) -> ColumnElement[bool]:
    """The epics that the query asks for, whoever asks."""
    if not is_exact(query):
        return false()
    wanted: list[ColumnElement[bool]] = [true()]
    if query.ids is not None:
        wanted.append(EpicRow.id.in_(sorted(query.ids)))
    if query.document is not None:
        wanted.append(EpicRow.document == query.document)
    if query.status is not None:
        wanted.append(_epic_status().in_(sorted(query.status)))
    return and_(*wanted)


def select_open_work(scope: Scope) -> Select[Any]:
    """How many stories of each epic are open, and their hours."""
    hours = func.coalesce(func.sum(StoryRow.estimate_hours), 0.0)
    found = _open_of_epics(scope).add_columns(func.count(), hours)
    return found.group_by(StoryRow.epic).order_by(StoryRow.epic)


def select_open_customers(scope: Scope) -> Select[Any]:
    """The customers that each epic's open stories are tagged with."""
    return _open_of_epics(scope).add_columns(func.unnest(StoryRow.customers)).distinct()


def _open_of_epics(scope: Scope) -> Select[Any]:
    return (
        select(StoryRow.epic)
        .join(EpicRow, _IN_EPIC)
        .where(
            reached(scope, StoryRow.customers),
            StoryRow.status.in_(sorted(OPEN)),
            reached(scope, EpicRow.customers),
        )
    )


def select_stories(scope: Scope, *where: ColumnElement[bool], newest_first: bool = False) -> Select[Any]:
    """Stories in creation order, or the newest first, as rows for `story_of`."""
    return (
        select(
            StoryRow.__table__,
            _dependencies(scope).label("depends_on"),
            _epic(scope).label("reached_epic"),
        )
        .where(reached(scope, StoryRow.customers), *where)
        .order_by(StoryRow.number.desc() if newest_first else StoryRow.number)
    )


def count_by_status(scope: Scope, query: StoryQuery) -> Select[str, int]:
    """How many stories the query finds within the scope, of each status that it finds."""
    found = select(StoryRow.status, func.count()).where(reached(scope, StoryRow.customers), matching(query))
    return found.group_by(StoryRow.status)


def count_outside(scope: Scope, query: StoryQuery) -> Select[int]:
    """How many stories the query finds that the scope does not reach."""
    return select(func.count()).where(not_(reached(scope, StoryRow.customers)), matching(query))


def select_epics(scope: Scope, *where: ColumnElement[bool]) -> Select[Any]:
    """Epics, newest first, as rows for `epic_of`."""
    return (
        select(EpicRow, _story_statuses().label("statuses"))
        .where(reached(scope, EpicRow.customers), *where)
        .order_by(EpicRow.number.desc())
    )


def select_events(scope: Scope, since: datetime | None, story: str | None) -> Select[Any]:
    """Events of the stories that the scope reaches, as rows for `event_of`."""
    query = (
        select(StoryEventRow.__table__)
        .join(StoryRow, _same(StoryRow, StoryEventRow.tenant, StoryEventRow.story))
        .where(reached(scope, StoryRow.customers))
        .order_by(StoryEventRow.id)
    )
    if since is not None:
        query = query.where(StoryEventRow.at >= since)
    if story is not None:
        query = query.where(StoryEventRow.story == story if is_exact(story) else false())
    return query


def select_defects(scope: Scope) -> Select[DefectRow, str]:
    """Defects in their stories' creation order, as rows for `defect_of`."""
    origin = aliased(StoryRow)
    return (
        select(DefectRow, origin.id.label("reached_origin"))
        .join(StoryRow, _same(StoryRow, DefectRow.tenant, DefectRow.story))
        .outerjoin(
            origin, and_(_same(origin, DefectRow.tenant, DefectRow.origin), reached(scope, origin.customers))
        )
        .where(reached(scope, StoryRow.customers))
        .order_by(StoryRow.number)
    )


def story_of(row: Row[Any], scope: Scope) -> Story:
    """The story in a row of `select_stories`."""
    return Story(
        id=row.id,
        title=row.title,
        description=row.description,
        acceptance=tuple(row.acceptance),
        team=row.team,
        product=row.product,
        status=StoryStatus(row.status),
        priority=Priority(row.priority),
        epic=row.reached_epic,
        discipline=row.discipline,
        estimate_hours=row.estimate_hours,
        actual_hours=row.actual_hours,
        customers=_named(row.customers, scope),
        labels=tuple(row.labels),
        depends_on=tuple(row.depends_on or ()),
        blocked_reason=row.blocked_reason,
        assignee=row.assignee,
        sprint=row.sprint,
        created=row.created,
        started=row.started,
        finished=row.finished,
    )


def epic_of(row: Row[Any], scope: Scope) -> Epic:
    """The epic in a row of `select_epics`."""
    found: EpicRow = row.EpicRow
    return Epic(
        id=found.id,
        title=found.title,
        product=found.product,
        document=found.document,
        status=epic_status(
            [StoryStatus(status) for status in row.statuses], cancelled=found.cancelled is not None
        ),
        priority=Priority(found.priority),
        customers=_named(found.customers, scope),
        created=found.created,
    )


def event_of(row: Row[Any]) -> StoryEvent:
    """The event in a row of `select_events`."""
    return StoryEvent(row.story, row.at, StoryStatus(row.status), row.by, row.reason)


def defect_of(row: Row[DefectRow, str]) -> Defect:
    """The defect in a row of `select_defects`."""
    found: DefectRow = row.DefectRow
    return Defect(found.story, DefectOrigin(row.reached_origin, Stage(found.stage), Stage(found.found)))


def _named(customers: list[str], scope: Scope) -> tuple[str, ...]:
    # A story of one's own customer may be tagged with another's as well.
    return tuple(c for c in customers if scope.everything or c in scope.accounts)


def _same(table: type[StoryRow], tenant: Any, item: Any) -> ColumnElement[bool]:
    return and_(table.tenant == tenant, table.id == item)


@lru_cache(maxsize=64)  # made anew, this took longer than the query that it is part of
def _dependencies(scope: Scope) -> ScalarSelect[Any]:
    other = aliased(StoryRow)
    return (
        select(func.array_agg(aggregate_order_by(DependencyRow.depends_on, DependencyRow.position)))
        .join(other, _same(other, DependencyRow.tenant, DependencyRow.depends_on))
        .where(
            DependencyRow.tenant == StoryRow.tenant,
            DependencyRow.story == StoryRow.id,
            reached(scope, other.customers),
        )
        .correlate(StoryRow)
        .scalar_subquery()
    )


@lru_cache(maxsize=64)
def _epic(scope: Scope) -> ColumnElement[Any]:
    if scope.everything:
        return StoryRow.epic.expression
    return (
        select(EpicRow.id)
        .where(_IN_EPIC, reached(scope, EpicRow.customers))
        .correlate(StoryRow)
        .scalar_subquery()
    )


def _story_statuses() -> ColumnElement[Any]:
    """In which statuses an epic has stories."""
    own = select(StoryRow.status).where(_IN_EPIC).distinct().correlate(EpicRow)
    return func.array(own.scalar_subquery(), type_=ARRAY(Text))


def _epic_status() -> ColumnElement[Any]:
    """`rules.epic_status`, in the database."""

    def some(statuses: frozenset[StoryStatus]) -> ColumnElement[bool]:
        there = select(StoryRow.id).where(_IN_EPIC, StoryRow.status.in_(sorted(statuses)))
        return there.correlate(EpicRow).exists()

    def holds(rule: EpicRule) -> ColumnElement[bool]:
        return and_(some(rule.some), not_(some(rule.none))) if rule.none else some(rule.some)

    return case(
        (EpicRow.cancelled.is_not(None), StoryStatus.CANCELLED.value),
        *((holds(rule), rule.status.value) for rule in EPIC_RULES),
        else_=StoryStatus.BACKLOG.value,
    )
