"""What is read from Jira: fields by what they are, backlogs in pages, and nothing that a value could change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from governance.visibility import EVERYTHING, Scope
from integrations.tracker import Priority, SprintQuery, StoryChange, StoryEdit, StoryQuery, StoryStatus
from integrations.tracker.vendors.jira import told
from integrations.tracker.vendors.jira.tracker import JiraTracker
from simulators.jira import FakeJira
from simulators.jira.state import POINTS, SPRINT, Account
from storage.database import Database
from storage.look import Away
from tests.integrations.jira.world import opened
from tests.integrations.tracker_drafts import draft, epic, grant, ids

RENAMED = "customfield_10055"


async def test_renamed_fields_still_work(tracker: JiraTracker, jira: FakeJira) -> None:
    jira.state.names |= {SPRINT: "Iteration", POINTS: "Aufwand"}
    made = await tracker.create_story(grant(), draft(estimate_hours=12.0))
    assert jira.state.issues[made.id].values[POINTS] == 1.5
    [there] = await tracker.change_stories(grant(), [StoryEdit(made.id, StoryChange(sprint="3"))])
    assert (there.estimate_hours, there.sprint, there.status) == (12.0, "3", StoryStatus.SCHEDULED)


async def test_the_field_that_a_board_counts_in_is_used_whatever_it_is_called(
    tracker: JiraTracker, jira: FakeJira
) -> None:
    jira.state.names[RENAMED] = "Gewicht"
    for board in jira.state.boards.values():
        board.counts_in = RENAMED
    made = await tracker.create_story(grant(), draft(estimate_hours=8.0))
    assert jira.state.issues[made.id].values[RENAMED] == 1.0
    assert POINTS not in jira.state.issues[made.id].values


@pytest.mark.parametrize(
    ("time", "kept"), [(True, "timeoriginalestimate"), (False, None)], ids=["time tracking", "neither"]
)
async def test_a_project_without_points_keeps_its_estimates_elsewhere(
    jira: FakeJira, database: Database, tenant: str, time: bool, kept: str | None
) -> None:
    jira.state.add_project("BARE", points=False, time=time)
    places = {"jira_projects": "BARE", "jira_teams": "alpha=BARE", "jira_products": "checkout=BARE"}
    async with opened(jira, database, tenant, **places) as tracker:
        made = await tracker.create_story(grant(), draft(estimate_hours=6.5))
        assert made.estimate_hours == 6.5
        there = jira.state.issues[made.id]
        assert there.values.get("timeoriginalestimate") == (23400 if kept else None)
        assert there.properties["countersign"].get("estimate_hours") == (None if kept else 6.5)
        again = await tracker.change_stories(grant(), [StoryEdit(made.id, StoryChange(estimate_hours=9.25))])
        assert again[0].estimate_hours == 9.25


async def test_what_people_wrote_is_read_as_it_looks(tracker: JiraTracker, jira: FakeJira) -> None:
    def text(words: str, *marks: dict[str, Any]) -> dict[str, Any]:
        return {"type": "text", "text": words} | ({"marks": list(marks)} if marks else {})

    def block(kind: str, *content: Any, **attrs: Any) -> dict[str, Any]:
        return {"type": kind, "content": list(content)} | ({"attrs": attrs} if attrs else {})

    link = {"type": "link", "attrs": {"href": "https://example.com/a"}}
    content = [
        block("heading", text("Why"), level=2),
        block("paragraph", text("Ask "), {"type": "mention", "attrs": {"text": "@Ana"}}, text(", see "),
              text("this", link)),
        block("heading", text("Acceptance Criteria:"), level=4),
        block("taskList", block("taskItem", text("It works")), block("taskItem", text("twice"))),
        block("codeBlock", text("a = 1")),
        block("table", block("tableRow", block("tableCell", block("paragraph", text("x"))),
                             block("tableCell", block("paragraph", text("y"))))),
        {"type": "somethingNew", "content": [block("paragraph", text("still read\x07"))]},
    ]  # fmt: skip
    body = {"type": "doc", "version": 1, "content": content}
    jira.state.add_issue("SHOP", summary="Theirs", description=body, labels=["payments"])
    [found] = (await tracker.stories(EVERYTHING, StoryQuery())).items
    assert found.acceptance == ("It works", "twice")
    assert found.description == (
        "## Why\n\nAsk @Ana, see this (https://example.com/a)\n\n```\na = 1\n```\n\nx | y\n\nstill read "
    )
    assert (found.team, found.product, found.labels) == ("alpha", "checkout", ("payments",))


async def test_a_description_without_end_is_no_trouble(tracker: JiraTracker, jira: FakeJira) -> None:
    deep: dict[str, Any] = {"type": "paragraph", "content": [{"type": "text", "text": "deep"}]}
    for _ in range(150):
        deep = {"type": "blockquote", "content": [deep]}
    jira.state.add_issue("SHOP", summary="Deep", description={"type": "doc", "version": 1, "content": [deep]})
    [found] = (await tracker.stories(EVERYTHING, StoryQuery())).items
    assert found.description.endswith("…")


@pytest.mark.parametrize(
    "value", ['x") OR project = "ELSE', "x\\", '"', "x\nOR", "currentUser()", "' OR '1'='1", "🧨" * 400]
)
async def test_no_value_becomes_part_of_a_query(tracker: JiraTracker, jira: FakeJira, value: str) -> None:
    jira.state.add_issue("ELSE", summary="Theirs alone", labels=[f"customer:{value.split()[0]}"])
    for query in ({"customer": value}, {"team": value}, {"product": value}, {"epic": value}):
        assert await ids(tracker, **query) == []
    assert await tracker.find_stories(EVERYTHING, value, StoryQuery()) == []
    assert await ids(tracker, Scope(everything=False, accounts=frozenset({value}))) == []


async def test_only_our_projects_are_looked_at(tracker: JiraTracker, jira: FakeJira) -> None:
    jira.state.add_issue("ELSE", summary="Theirs alone")
    await tracker.create_story(grant(), draft())
    await tracker.stories(EVERYTHING, StoryQuery())
    await tracker.find_stories(EVERYTHING, "alone", StoryQuery())
    await tracker.count_by_status(EVERYTHING, StoryQuery())
    await tracker.events(EVERYTHING)
    asked = [one.body["jql"] for one in jira.exchanges if one.body and "jql" in one.body]
    assert len(asked) > 8
    assert all(jql.startswith('project in ("SHOP") AND issuetype in (') for jql in asked)


async def test_a_large_backlog_is_read_page_by_page(tracker: JiraTracker, jira: FakeJira) -> None:
    for number in range(450):
        jira.state.add_issue("SHOP", summary=f"Story {number}")
    await tracker.looks.world()
    jira.exchanges.clear()
    page = await tracker.stories(EVERYTHING, StoryQuery(limit=20))
    assert [one.body["maxResults"] for one in jira.exchanges if "search" in one.path] == [20]
    assert len(page.items) == 20
    jira.exchanges.clear()
    page = await tracker.stories(EVERYTHING, StoryQuery(limit=250, after=page.after))
    assert [one.body["maxResults"] for one in jira.exchanges if "search" in one.path] == [100, 100, 50]
    assert [one.title for one in page.items] == [f"Story {number}" for number in range(20, 270)]
    jira.exchanges.clear()
    assert (await tracker.count_by_status(EVERYTHING, StoryQuery()))[StoryStatus.BACKLOG] == 450
    assert {one.path for one in jira.exchanges} == {"/rest/api/3/search/approximate-count"}
    jira.exchanges.clear()
    assert await tracker.find_stories(EVERYTHING, "story 449", StoryQuery(limit=3))
    assert sum(len(one.answer["issues"]) for one in jira.exchanges if "search" in one.path) == 200


async def test_more_than_is_gone_through_is_said(
    tracker: JiraTracker, jira: FakeJira, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told, "MOST", 5)
    home = await tracker.create_epic(grant(), epic())
    for _ in range(6):
        await tracker.create_story(grant(), draft(epic=home.id))
    with pytest.raises(Away, match="more than 5 stories to go through"):
        await tracker.open_work(EVERYTHING)


async def test_what_waits_in_a_sprint_is_scheduled(tracker: JiraTracker, jira: FakeJira) -> None:
    """People move stories into sprints and leave their status alone; one that was in a sprint that is over
    waits in the backlog again."""
    waits = jira.state.add_issue("SHOP", summary="In the sprint", **{SPRINT: 3})
    over = jira.state.add_issue("SHOP", summary="Left over", **{SPRINT: 1})
    found = {one.id: one for one in (await tracker.stories(EVERYTHING, StoryQuery())).items}
    assert (found[waits.key].status, found[waits.key].sprint) == (StoryStatus.SCHEDULED, "3")
    assert (found[over.key].status, found[over.key].sprint) == (StoryStatus.BACKLOG, None)
    for status, key in ((StoryStatus.SCHEDULED, waits.key), (StoryStatus.BACKLOG, over.key)):
        assert await ids(tracker, status=frozenset({status})) == [key]
        assert (await tracker.count_by_status(EVERYTHING, StoryQuery()))[status] == 1


async def test_an_epic_that_people_closed_is_done(tracker: JiraTracker, jira: FakeJira) -> None:
    home = (await tracker.create_epic(grant(), epic())).id
    await tracker.create_story(grant(), draft(epic=home))
    jira.state.accounts["ana"] = Account("ana", "Ana Ruiz")
    jira.state.move(jira.state.issues[home], "10104", "ana")
    assert (await tracker.epic(EVERYTHING, home)).status is StoryStatus.DONE


async def test_long_histories_come_in_pages(tracker: JiraTracker, jira: FakeJira) -> None:
    jira.history_page = 2
    made = (await tracker.create_story(grant(), draft())).id
    jira.state.accounts["ana"] = Account("ana", "Ana Ruiz")
    for status in ("10102", "10106", "10103", "10102", "10104"):
        jira.state.move(jira.state.issues[made], status, "ana")
    told_of = [one.status.value for one in await tracker.events(EVERYTHING, story=made)]
    assert told_of == ["backlog", "in_progress", "blocked", "in_progress", "done"]


async def test_a_sprint_without_days_is_none_yet(tracker: JiraTracker, jira: FakeJira) -> None:
    jira.state.add_sprint(9, 2, "future", None, None)
    found = (await tracker.sprints(SprintQuery(team="beta"))).items
    assert [one.id for one in found] == ["4", "5"]


async def test_finished_is_when_it_was_done_last(tracker: JiraTracker, jira: FakeJira) -> None:
    made = jira.state.add_issue("SHOP", summary="Long ago", priority={"id": "5"})
    jira.state.ahead = -timedelta(days=3)
    jira.state._last = datetime(2020, 1, 1, tzinfo=UTC)
    jira.state.move(made, "10104", jira.me)
    jira.state.ahead = timedelta(0)
    now = datetime.now(UTC)
    assert await ids(tracker, finished_since=now - timedelta(days=4)) == [made.key]
    assert await ids(tracker, finished_since=now - timedelta(days=2)) == []
    [story] = (await tracker.stories(EVERYTHING, StoryQuery())).items
    assert story.priority is Priority.P3
    assert story.finished is not None
    assert timedelta(days=2) < now - story.finished < timedelta(days=4)
