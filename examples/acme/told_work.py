"""Reads the stories that are told by hand (`history_now.yaml`): checkout, single sign-on, requests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from examples.acme.past_work import NOW, Piece, Wait
from governance.department import AgentRole
from integrations.tracker import DefectOrigin, Priority, Stage, Story, StoryStatus


def told_pieces(entries: list[dict[str, Any]]) -> Iterator[Piece]:
    """The stories, with keys in place of ids, in the order of the file."""
    for entry in entries:
        started, finished = entry.get("started"), entry.get("finished")
        blocked = entry.get("blocked")
        story = Story(
            id=entry["key"],
            title=entry["title"],
            description=entry["description"],
            acceptance=tuple(entry.get("acceptance", ())),
            team=entry["team"],
            product=entry["product"],
            status=StoryStatus(entry.get("status", "done" if finished else "backlog")),
            priority=Priority(entry["priority"]),
            epic=entry.get("epic"),
            discipline=entry["discipline"],
            estimate_hours=entry["hours"] and float(entry["hours"]),
            actual_hours=entry.get("actual"),
            customers=tuple(entry.get("customers", ())),
            labels=tuple(entry.get("labels", ())),
            depends_on=tuple(entry.get("depends_on", ())),
            blocked_reason=blocked and blocked["reason"],
            assignee=entry.get("assignee") or (_agent(entry) if started else None),
            sprint=None,
            created=entry["created"],
            started=started,
            finished=finished,
        )
        waits = (Wait(blocked["since"], NOW + timedelta(days=365), blocked["reason"]),) if blocked else ()
        origin = DefectOrigin(None, Stage.CODE, Stage(entry["found"])) if "found" in entry else None
        yield Piece(story.id, story, _scheduled(story, started), waits, origin)


def _agent(entry: dict[str, Any]) -> str:
    role = next(role for role in AgentRole if role.discipline == entry["discipline"])
    return f"{entry['team']}/{role.value}"


def _scheduled(story: Story, started: datetime | None) -> datetime | None:
    if started is None and story.status is not StoryStatus.SCHEDULED:
        return None
    return min(started or NOW, story.created + timedelta(days=2))
