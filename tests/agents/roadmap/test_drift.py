"""The plan of record held against what became of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from agents.roadmap.draw import draw
from agents.roadmap.drift import drift_from_json, drift_of, drift_to_json
from agents.roadmap.items import Wishes
from integrations.tracker import Story, StoryStatus
from tests.agents.roadmap.planted import SPAN, department, epic, given, read, story

LATER = datetime(2026, 12, 20, tzinfo=UTC)


def test_each_state_that_an_item_can_come_to() -> None:
    stories = [
        story("CARD-1"),
        story("CARD-2"),
        story("CARD-3", 20.0),
        story("CARD-4", epic="EPIC-4"),
        story("CARD-5", epic="EPIC-4"),
        story("CARD-6"),
        story("CARD-7"),
    ]
    planned = draw(read(stories, [epic("EPIC-4")]), department(), SPAN, Wishes())
    assert len(planned.chosen) == 6
    sprint = next(s for s in given().sprints if s.team == "alpha" and s.starts >= SPAN.starts)
    now = {one.id: one for one in stories}
    _set(now, "CARD-1", status=StoryStatus.DONE)
    _set(now, "CARD-2", status=StoryStatus.CANCELLED)
    _set(now, "CARD-3", estimate_hours=900.0)
    _set(now, "CARD-4", status=StoryStatus.DONE)
    _set(now, "CARD-6", status=StoryStatus.IN_PROGRESS, sprint=sprint.id)
    now["CARD-8"] = story("CARD-8", epic="EPIC-4", created=LATER)
    now["CARD-9"] = story("CARD-9", created=LATER)
    still = [one for one in now.values() if one.status not in (StoryStatus.DONE, StoryStatus.CANCELLED)]
    after = read(still, [epic("EPIC-4")], given=replace(given(), stories=(*given().stories, now["CARD-6"])))
    only = Wishes(only=tuple(item.id for item in planned.chosen))
    drift = drift_of(planned, draw(after, department(), SPAN, only), now, after)
    states = {item.id: item.state for item in drift.items}
    assert states == {
        "CARD-1": "done",
        "CARD-2": "dropped",
        "CARD-3": "no longer fits",
        "EPIC-4": "under way",
        "CARD-6": "under way",
        "CARD-7": "open",
    }
    of = {item.id: item for item in drift.items}
    assert (of["EPIC-4"].done, of["EPIC-4"].stories, of["EPIC-4"].added) == (1, 2, 1)
    assert "900" in of["CARD-3"].why or "agent-hours" in of["CARD-3"].why
    assert of["CARD-6"].ends == sprint.ends
    assert of["CARD-1"].days == 0
    assert (drift.fresh_count, drift.fresh) == (1, ("Story CARD-9 (CARD-9)",))
    assert drift_from_json(drift_to_json(drift)) == drift


def test_later_starts_show_as_days() -> None:
    planned = draw(read([story("CARD-1")]), department(), SPAN, Wishes())
    late = replace(SPAN, starts=SPAN.starts + timedelta(days=28))
    now = draw(read([story("CARD-1")]), department(), late, Wishes(only=("CARD-1",)))
    drift = drift_of(planned, now, {"CARD-1": story("CARD-1")}, read([story("CARD-1")]))
    assert 24 <= drift.items[0].days <= 30
    team = {name: (was, has) for name, was, has in drift.teams}["Team Alpha"]
    assert team[1] < team[0]


def _set(stories: dict[str, Story], id: str, **different: object) -> None:
    stories[id] = replace(stories[id], **different)  # type: ignore[arg-type]
