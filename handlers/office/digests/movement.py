"""What moved since a moment, what is blocked, and what comes next, as far as a scope reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from governance.visibility import Scope
from integrations.pages import everything
from integrations.tracker import Sprint, SprintQuery, Story, StoryEvent, StoryQuery, StoryStatus, Tracker

_WORKED = frozenset({StoryStatus.SCHEDULED, StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED})


@dataclass(frozen=True, slots=True)
class Movement:
    """Stories by what became of them since `since`, and those that stand so now.

    `blocked` are all that are blocked now; `newly_blocked` are the ids of those that got so since. `added`
    counts what came to the backlog. `upcoming` are scheduled for a sprint that runs, most urgent first.
    """

    since: datetime
    finished: tuple[Story, ...]
    started: tuple[Story, ...]
    blocked: tuple[Story, ...]
    newly_blocked: frozenset[str]
    in_progress: int
    added: int
    upcoming: tuple[Story, ...]

    @property
    def anything(self) -> bool:
        """Whether something moved or is blocked."""
        return bool(self.finished or self.started or self.blocked or self.added)


async def movement(tracker: Tracker, scope: Scope, since: datetime, now: datetime) -> Movement:
    """Look it up."""
    events = await tracker.events(scope, since=since)
    open_now = await everything(partial(tracker.stories, scope), StoryQuery(status=_WORKED))
    finished = await everything(partial(tracker.stories, scope), StoryQuery(finished_since=since))
    running = await everything(tracker.sprints, SprintQuery(since=now.date()))
    sprints = {sprint.id: sprint for sprint in running}
    return moved(events, open_now, finished, sprints, since, now)


def moved(
    events: Sequence[StoryEvent],
    open_now: Sequence[Story],
    finished: Sequence[Story],
    sprints: Mapping[str, Sprint],
    since: datetime,
    now: datetime,
) -> Movement:
    """What the events since `since` came to: a story that went on and back again did not move."""
    last = {event.story: event.status for event in events if event.at <= now}
    having = {status: [story for story in open_now if story.status is status] for status in _WORKED}
    blocked = having[StoryStatus.BLOCKED]
    started = [s for s in having[StoryStatus.IN_PROGRESS] if last.get(s.id) is StoryStatus.IN_PROGRESS]
    running = [s for s in having[StoryStatus.SCHEDULED] if _runs(sprints.get(s.sprint or ""), now.date())]
    return Movement(
        since=since,
        finished=tuple(s for s in finished if s.status is StoryStatus.DONE),
        started=tuple(started),
        blocked=tuple(sorted(blocked, key=lambda s: (last.get(s.id) is not StoryStatus.BLOCKED, s.priority))),
        newly_blocked=frozenset(s.id for s in blocked if last.get(s.id) is StoryStatus.BLOCKED),
        in_progress=len(having[StoryStatus.IN_PROGRESS]),
        added=sum(status is StoryStatus.BACKLOG for status in last.values()),
        upcoming=tuple(sorted(running, key=lambda s: (s.priority, s.created))),
    )


def _runs(sprint: Sprint | None, today: date) -> bool:
    return sprint is not None and sprint.starts <= today < sprint.ends
