"""The plan of record held against the work as it stands: what is done, what slipped, what no longer fits.

An item's stories are looked at in the tracker; what of them is open is worked out anew, alone among the items
of the roadmap, in what the teams have left of its time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from typing import Literal

from pydantic import TypeAdapter

from agents.roadmap.reading import Read
from agents.roadmap.roadmap import Chosen, Left, Roadmap
from governance.visibility import EVERYTHING
from integrations.pages import everything
from integrations.ports import Ports
from integrations.tracker import Story, StoryQuery, StoryStatus

State = Literal["done", "under way", "open", "dropped", "no longer fits"]
_OVER = frozenset({StoryStatus.DONE, StoryStatus.CANCELLED})
_BEGUN = frozenset({StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED, StoryStatus.DONE})


@dataclass(frozen=True, slots=True)
class ItemDrift:
    """One item of the plan of record, then and now: `done` of `stories` stories are done, `added` came to its
    feature since. `chance` and `ends` are None where nothing of it is left to place; `why` says more."""

    id: str
    title: str
    state: State
    done: int
    stories: int
    added: int
    chance_was: float
    chance: float | None
    hours_was: float
    hours: float
    ends_was: date
    ends: date | None
    why: str

    @property
    def days(self) -> int:
        """By how many days it is scheduled later than it was; under 0 for earlier."""
        return 0 if self.ends is None else (self.ends - self.ends_was).days


@dataclass(frozen=True, slots=True)
class Drift:
    """All items, and each team's free hours of the roadmap's time then and now. `fresh` are titles of items
    that nobody knew when it was made, `fresh_count` how many there are."""

    items: tuple[ItemDrift, ...]
    teams: tuple[tuple[str, float, float], ...]
    fresh: tuple[str, ...]
    fresh_count: int

    def count(self, *states: State) -> int:
        """How many items are in one of these states."""
        return sum(item.state in states for item in self.items)


async def standing_of(ports: Ports, planned: Roadmap) -> dict[str, Story]:
    """The stories of a roadmap as they stand in the tracker, by id. Raises TrackerError."""
    ids = frozenset(story for item in planned.chosen for story in item.stories)
    found = await everything(partial(ports.tracker.stories, EVERYTHING), StoryQuery(ids=ids))
    return {story.id: story for story in found}


def drift_of(planned: Roadmap, now: Roadmap, standing: Mapping[str, Story], read: Read) -> Drift:
    """What became of `planned`; `now` is the same items worked out anew."""
    chosen = {item.id: item for item in now.chosen}
    left = {item.id: item for item in now.left}
    ends = {sprint.id: sprint.ends for sprint in read.given.sprints}
    items = tuple(
        _item(item, chosen.get(item.id), left.get(item.id), standing, ends) for item in planned.chosen
    )
    free = {team.hours.team: team.free for team in now.teams}
    teams = tuple(
        (team.hours.name, round(team.free, 1), round(free.get(team.hours.team, 0.0), 1))
        for team in planned.teams
    )
    known = {one.id for one in planned.chosen} | {one.id for one in planned.left}
    titles = {epic.id: epic.title for epic in read.epics}
    fresh = {
        story.epic or story.id: titles.get(story.epic or "", story.title)
        for story in read.stories
        if (story.epic or story.id) not in known and story.created > planned.as_of
    }
    return Drift(items, teams, tuple(f"{title} ({id})" for id, title in list(fresh.items())[:5]), len(fresh))


def _item(
    was: Chosen,
    now: Chosen | None,
    left: Left | None,
    standing: Mapping[str, Story],
    sprints: Mapping[str, date],
) -> ItemDrift:
    own = [standing[id] for id in was.stories if id in standing]
    counts = Counter(story.status for story in own)
    state, why, ends = _state(now, left, own, sprints)
    return ItemDrift(
        was.id,
        was.title,
        state,
        counts[StoryStatus.DONE],
        len(was.stories),
        len(set(now.stories) - set(was.stories)) if now else 0,
        was.chance,
        now.chance if now else None,
        was.hours,
        now.hours if now else left.hours if left else 0.0,
        was.ends,
        now.ends if now else ends,
        why,
    )


def _state(
    now: Chosen | None, left: Left | None, own: list[Story], sprints: Mapping[str, date]
) -> tuple[State, str, date | None]:
    """Where an item stands, why, and by when its stories that are in sprints are due."""
    still = [story for story in own if story.status not in _OVER]
    if left is not None:
        return "no longer fits", left.why, None
    if now is not None:
        begun = any(story.status in _BEGUN for story in own)
        return ("under way" if begun else "open"), "", None
    if not still:
        dropped = not any(story.status is StoryStatus.DONE for story in own)
        why = "its stories are cancelled or gone" if dropped else ""
        return ("dropped" if dropped else "done"), why, None
    due = [ends for story in still if (ends := sprints.get(story.sprint or "")) is not None]
    count = len(still)
    said = f"{count} {'story is' if count == 1 else 'stories are'} in sprints"
    return "under way", said, max(due, default=None)


@cache
def _adapter() -> TypeAdapter[Drift]:
    return TypeAdapter(Drift)


def drift_to_json(drift: Drift) -> str:
    """The drift as JSON, for storing."""
    return _adapter().dump_json(drift).decode()


def drift_from_json(stored: str) -> Drift:
    """What `drift_to_json` stored. Raises pydantic.ValidationError."""
    return _adapter().validate_json(stored)
