"""The sample's history: whole, in order, in working hours, and with something to learn from."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from statistics import correlation, mean, median
from typing import Any

import yaml
from pydantic import TypeAdapter

from examples.acme import make_history
from examples.acme.working_time import WorkingTime
from governance.department import Department, Discipline
from governance.department_file import read_department
from integrations.tracker import DefectOrigin, Epic, Sprint, Stage, Story, StoryEvent, StoryStatus

ACME = Path(__file__).parents[2] / "examples" / "acme"
HISTORY = ACME / "history"
NOW = datetime(2026, 11, 21, tzinfo=UTC)
BEGUN = {StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED, StoryStatus.DONE}


@cache
def _department() -> Department:
    return read_department(ACME / "department.yaml")


@cache
def _entries(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HISTORY / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@cache
def _stories() -> dict[str, Story]:
    bare = [{key: value for key, value in entry.items() if key != "origin"} for entry in _entries("stories")]
    return {story.id: story for story in TypeAdapter(list[Story]).validate_python(bare)}


@cache
def _epics() -> dict[str, Epic]:
    return {epic.id: epic for epic in TypeAdapter(list[Epic]).validate_python(_entries("epics"))}


@cache
def _sprints() -> dict[str, Sprint]:
    return {sprint.id: sprint for sprint in TypeAdapter(list[Sprint]).validate_python(_entries("sprints"))}


@cache
def _events() -> dict[str, list[StoryEvent]]:
    by_story: dict[str, list[StoryEvent]] = defaultdict(list)
    for event in TypeAdapter(list[StoryEvent]).validate_python(_entries("events")):
        by_story[event.story].append(event)
    return by_story


def _done() -> list[Story]:
    return [story for story in _stories().values() if story.status is StoryStatus.DONE]


def _by_title(beginning: str) -> Story:
    return next(story for story in _stories().values() if story.title.startswith(beginning))


def test_fields_are_the_trackers() -> None:
    assert set(_entries("stories")[0]) == {*Story.__dataclass_fields__, "origin"}
    assert set(_entries("epics")[0]) == set(Epic.__dataclass_fields__)
    assert set(_entries("sprints")[0]) == set(Sprint.__dataclass_fields__)
    assert set(_entries("events")[0]) == set(StoryEvent.__dataclass_fields__)


def test_ids_are_single_and_in_the_order_of_creation() -> None:
    assert len(_stories()) == len(_entries("stories"))
    numbers = [int(story.removeprefix("CARD-")) for story in _stories()]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    created = [story.created for story in _stories().values()]
    assert created == sorted(created)
    assert [epic.created for epic in _epics().values()] == sorted(epic.created for epic in _epics().values())


def test_references_resolve() -> None:
    department = _department()
    teams, products = {team.id for team in department.teams}, {product.id for product in department.products}
    workers = {person.id for person in department.people} | {
        f"{team.id}/{agents.role.value}" for team in department.teams for agents in team.agents
    }
    for story in _stories().values():
        assert story.team in teams
        assert story.product in products
        assert Discipline(story.discipline) in department.team(story.team).capacity
        assert story.epic is None or story.epic in _epics()
        assert story.assignee is None or story.assignee in workers
        assert set(story.customers) <= set(department.account_owners)
        assert set(story.depends_on) <= set(_stories()) - {story.id}
        assert story.sprint is None or _sprints()[story.sprint].team == story.team
    for epic in _epics().values():
        assert epic.product in products
        assert set(epic.customers) <= set(department.account_owners)
        assert epic.document is None or (ACME / "documents" / f"{epic.document}.md").is_file()


def test_moments_are_in_order_and_in_the_past() -> None:
    for story in _stories().values():
        assert datetime(2025, 1, 1, tzinfo=UTC) < story.created < NOW
        assert (story.status in BEGUN) == (story.started is not None) == (story.assignee is not None)
        assert (
            (story.status is StoryStatus.DONE)
            == (story.finished is not None)
            == (story.actual_hours is not None)
        )
        if story.started is not None:
            assert story.created < story.started < NOW
        if story.finished is not None:
            assert story.started is not None
            assert story.started < story.finished < NOW
        if story.epic is not None:
            assert _epics()[story.epic].created <= story.created


def test_work_happens_in_working_hours() -> None:
    clock = WorkingTime(_department().calendar_of(None))
    for story in _stories().values():
        for moment in (story.created, story.started, story.finished):
            assert moment is None or abs(clock.within(moment) - moment) < timedelta(minutes=1), story.id


def test_dependencies_do_not_go_round_and_were_kept() -> None:
    for story in _stories().values():
        for needed in (_stories()[key] for key in story.depends_on):
            if story.status is StoryStatus.DONE:
                assert needed.finished is not None
                assert story.started is not None
                assert needed.finished <= story.started

    def depth(story: str, seen: frozenset[str]) -> int:
        assert story not in seen
        return 1 + max((depth(key, seen | {story}) for key in _stories()[story].depends_on), default=0)

    assert max(depth(story, frozenset()) for story in _stories()) > 2


def test_every_team_has_enough_history_and_something_to_do() -> None:
    done = Counter(story.team for story in _done())
    waiting = Counter(story.team for story in _stories().values() if story.status is StoryStatus.BACKLOG)
    current = Counter(story.team for story in _stories().values() if story.status is StoryStatus.IN_PROGRESS)
    for team in _department().teams:
        assert done[team.id] >= 20
        assert waiting[team.id] >= 3
        assert current[team.id] >= 1
    assert 1100 <= len(_stories()) <= 1400


def test_sprints_follow_each_other_into_next_summer() -> None:
    for team in _department().teams:
        own = [sprint for sprint in _sprints().values() if sprint.team == team.id]
        weekly = sum(team.capacity.values())
        assert own[0].starts == date(2025, 1, 6)
        assert own[-1].ends > date(2027, 6, 30)
        for sprint, following in pairwise(own):
            assert sprint.ends == following.starts
        for sprint in own:
            assert sprint.starts.weekday() == 0
            assert sprint.ends - sprint.starts == timedelta(weeks=2)
            assert 0 < sprint.capacity_hours <= 2 * weekly


def test_stories_lie_in_the_sprint_in_which_they_were_done() -> None:
    for story in _stories().values():
        if story.status in (StoryStatus.BACKLOG, StoryStatus.CANCELLED):
            assert story.sprint is None
            continue
        assert story.sprint is not None
        sprint = _sprints()[story.sprint]
        if story.finished is not None:
            assert sprint.starts <= story.finished.date() < sprint.ends
        else:
            assert sprint.starts >= date(2026, 11, 23)


def test_teams_do_about_what_they_can() -> None:
    recent = [story for story in _done() if story.finished and story.finished > NOW - timedelta(weeks=26)]
    for team in _department().teams:
        weekly = sum(story.actual_hours or 0 for story in recent if story.team == team.id) / 26
        assert 0.5 < weekly / sum(team.capacity.values()) < 1.05


def test_less_is_done_over_the_turn_of_the_year() -> None:
    weeks = Counter(story.finished.date().isocalendar()[:2] for story in _done() if story.finished)
    ordinary = mean(count for week, count in weeks.items() if week[0] == 2026 and week[1] > 4)
    assert weeks[2026, 1] < ordinary / 2


def test_blocked_stories_say_why_and_since_when() -> None:
    blocked = [story for story in _stories().values() if story.status is StoryStatus.BLOCKED]
    assert blocked
    for story in _stories().values():
        assert (story.blocked_reason is not None) == (story in blocked)
    for story in blocked:
        last = _events()[story.id][-1]
        assert (last.status, last.reason) == (StoryStatus.BLOCKED, story.blocked_reason)


def test_events_lead_to_where_each_story_stands() -> None:
    assert set(_events()) == set(_stories())
    for story in _stories().values():
        events = _events()[story.id]
        assert [event.at for event in events] == sorted(event.at for event in events)
        assert (events[0].status, events[0].at) == (StoryStatus.BACKLOG, story.created)
        assert events[-1].status is story.status


def test_epics_stand_where_their_stories_are() -> None:
    for epic in _epics().values():
        statuses = {story.status for story in _stories().values() if story.epic == epic.id}
        assert statuses & BEGUN
        finished = statuses <= {StoryStatus.DONE, StoryStatus.CANCELLED}
        assert epic.status is (StoryStatus.DONE if finished else StoryStatus.IN_PROGRESS)


def test_defects_come_from_earlier_stories() -> None:
    origins = {
        entry["id"]: TypeAdapter(DefectOrigin).validate_python(entry["origin"])
        for entry in _entries("stories")
        if entry["origin"] is not None
    }
    assert set(origins) == {story.id for story in _stories().values() if "defect" in story.labels}
    assert {origin.found for origin in origins.values()} == {Stage.TEST, Stage.RELEASE, Stage.PRODUCTION}
    for story, origin in origins.items():
        if origin.story is not None:
            finished = _stories()[origin.story].finished
            assert finished is not None
            assert finished < _stories()[story].created


def test_similar_work_took_similar_time() -> None:
    pairs = [(story.estimate_hours or 0, story.actual_hours or 0) for story in _done()]
    assert correlation([math.log(a) for a, _ in pairs], [math.log(b) for _, b in pairs]) > 0.6
    backfills = [story.actual_hours or 0 for story in _done() if story.title.startswith("Backfill")]
    patches = [story.actual_hours or 0 for story in _done() if story.title.startswith("Patch")]
    assert median(backfills) > 2.5 * median(patches)


def test_titles_are_not_repeated() -> None:
    assert max(Counter(story.title for story in _stories().values()).values()) == 1


def test_reviews_are_missing_somewhere_for_somebody_to_find() -> None:
    lacking = [s for s in _done() if "security-review" in s.labels and "security-reviewed" not in s.labels]
    assert 1 <= len(lacking) <= 40
    assert any("pii" in story.labels for story in _stories().values())


def test_the_checkout_story_is_told() -> None:
    call, docs = _by_title("Take payments of the one-page"), _by_title("API documentation of payments API v2")
    assert docs.team == "alpha"
    assert docs.id in call.depends_on
    since = _events()[call.id][-1].at.date()
    clock = WorkingTime(_department().calendar_of(None))
    assert clock.days_between(since, date(2026, 11, 23)) == 3
    teams = {story.team for story in _stories().values() if story.epic == call.epic}
    assert teams == {"alpha", "beta", "gamma"}
    assert _by_title("One-page checkout against mocked").status is StoryStatus.DONE
    assert _stories()["CARD-1234"].title == "Order history with line items and refunds"


def test_customers_requests_lead_to_their_items() -> None:
    customers = yaml.safe_load((ACME / "customers.yaml").read_text(encoding="utf-8"))
    for account in customers["accounts"]:
        for entry in (*account["requests"], *account["commitments"]):
            for item in entry["items"]:
                tagged = _epics()[item] if item.startswith("EPIC-") else _stories()[item]
                assert account["id"] in tagged.customers, item


def test_the_script_makes_exactly_these_files(tmp_path: Path) -> None:
    make_history.main(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in HISTORY.iterdir())
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (HISTORY / path.name).read_bytes(), path.name
