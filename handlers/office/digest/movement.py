"""What moved since a moment, what is blocked, what comes next; and how digests list it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from governance.facts import Fact, FactValue, Source
from governance.visibility import Scope
from handlers.conversation.cards import Block, Bold, Bullets, Button, Buttons, Code, Inline, Moment, Small, Text
from handlers.conversation.desk import Desk
from handlers.delivery.plans.formats import team_name
from handlers.delivery.whereabouts.work_state import reason_text
from integrations.pages import everything
from integrations.tracker import Sprint, SprintQuery, Story, StoryEvent, StoryQuery, StoryStatus, Tracker

_WORKED = frozenset({StoryStatus.SCHEDULED, StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED})

MOST = 5
"""Of a longer list this many are named."""

Line = tuple[Inline, ...]


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
    return _moved(events, open_now, finished, sprints, since, now)


def _moved(
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


def section(title: str, lines: Sequence[Line], count: int | None = None) -> list[Block]:
    """A heading and its list; nothing for an empty one. `count` is how many there are in all."""
    if not lines:
        return []
    more = (len(lines) if count is None else count) - len(lines[:MOST])
    shown = [*lines[:MOST], *([(f"and {more} more",)] if more > 0 else [])]
    return [Text((Bold(title),)), Bullets(tuple(shown))]


def story_section(title: str, stories: Sequence[Story], line: Callable[[Story], Line]) -> list[Block]:
    """The first stories of a list."""
    return section(title, [line(story) for story in stories[:MOST]], len(stories))


def story_line(desk: Desk, story: Story) -> Line:
    """`ABC-3 Refund ledger (Team Alpha)`."""
    return (Code(story.id), f" {story.title} ({team_name(desk.department, story.team)})")


def blocked_line(desk: Desk, story: Story, *, new: bool) -> Line:
    """A blocked story with why."""
    since = " New." if new else ""
    return (*story_line(desk, story), f": {reason_text(story.blocked_reason)}{since}")


def blocked_text(called: str, story: Story) -> str:
    """`ABC-3 (the bank has not answered)`, for plain text."""
    return f"{called} ({reason_text(story.blocked_reason).rstrip('.')})"


def facts(
    desk: Desk, kind: str, source: Source, values: Sequence[tuple[str, str, FactValue, str]]
) -> tuple[Fact, ...]:
    """A digest's figures, from (id, name, value, unit)."""
    return tuple(Fact(f"{kind}.{id}", name, value, unit, desk.now, source) for id, name, value, unit in values)


def ending(since: datetime, *, waits: bool, personal: bool) -> list[Block]:
    """The buttons at the end, and how it was worked out."""
    buttons = [Button("What runs now?", "ask", "status what runs now?")]
    if waits:
        buttons.insert(0, Button("What waits for my approval?", "ask", "approvals what waits for me?"))
    if personal:
        buttons.append(Button("Change my summaries", "ask", "digest settings"))
    how = ("Since ", Moment(since), ", from the tracker and the record; worked out without a model.")
    return [Buttons(tuple(buttons)), Small(how)]
