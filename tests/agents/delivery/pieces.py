"""Stories and sprints for what is worked out of deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from integrations.tracker import Priority, Sprint, Story, StoryStatus

MONDAY = date(2026, 1, 5)


def sprint(team: str, number: int, capacity: float = 80.0) -> Sprint:
    starts = MONDAY + timedelta(weeks=2 * number)
    return Sprint(
        f"{team}-s{number:02d}", team, f"{team} {number}", starts, starts + timedelta(weeks=2), capacity
    )


def story(id: str, **known: object) -> Story:
    fields: dict[str, object] = {
        "id": id,
        "title": id,
        "description": "",
        "acceptance": (),
        "team": "alpha",
        "product": "shop",
        "status": StoryStatus.SCHEDULED,
        "priority": Priority.P2,
        "epic": "EPIC-1",
        "discipline": "backend",
        "estimate_hours": 8.0,
        "actual_hours": None,
        "customers": (),
        "labels": (),
        "depends_on": (),
        "blocked_reason": None,
        "assignee": None,
        "sprint": None,
        "created": datetime(2026, 1, 1, tzinfo=UTC),
        "started": None,
        "finished": None,
    }
    return Story(**{**fields, **known})  # type: ignore[arg-type]


def done(team: str, number: int, count: int, hours: float = 8.0) -> list[Story]:
    """So many stories of a team, finished in a sprint, one a day."""
    day = datetime.combine(sprint(team, number).starts, datetime.min.time(), UTC)
    return [
        story(
            f"{team}-{number}-{at}",
            team=team,
            status=StoryStatus.DONE,
            estimate_hours=hours,
            started=day + timedelta(days=at % 9, hours=10),
            finished=day + timedelta(days=at % 9 + 1, hours=15),
        )
        for at in range(count)
    ]


def history(team: str, counts: Sequence[int]) -> list[Story]:
    """What a team finished sprint by sprint, from the first one."""
    return [one for number, count in enumerate(counts) for one in done(team, number, count)]
