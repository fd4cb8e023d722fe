"""The evidence, indexed for the rules that find causes in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from agents.delivery_causes.evidence import Evidence
from agents.delivery_causes.mentions import Mentions
from integrations.services import Service
from integrations.tracker import Sprint, Story, StoryStatus

_FINAL = frozenset({StoryStatus.DONE, StoryStatus.CANCELLED})
_BEGUN = frozenset({StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED})


@dataclass(frozen=True, slots=True)
class Scene:
    """The evidence, indexed: `stories` are the open ones, `mentioned` the services that each speaks of."""

    seen: Evidence
    stories: Mapping[str, Story]
    services: Mapping[str, Service]
    mentioned: Mapping[str, frozenset[str]]
    mentions: Mentions
    sprints: Mapping[str, Sprint]

    def team(self, service: str | None) -> str:
        """Whose a service is; empty where nobody knows."""
        found = self.services.get(service or "")
        return found.team if found else ""

    def lead(self, team: str) -> str:
        """Who leads a team."""
        return next((one.lead for one in self.seen.teams if one.id == team), "")

    def team_name(self, team: str) -> str:
        """What a team is called."""
        return next((one.name for one in self.seen.teams if one.id == team), team or "nobody")

    def open_of(self, ids: Sequence[str] | frozenset[str]) -> tuple[str, ...]:
        """Those of these stories that are open."""
        return tuple(id for id in sorted(ids) if id in self.stories)

    def begun_at(self, service: str) -> tuple[str, ...]:
        """Begun stories that speak of a service."""
        return tuple(
            id for id, story in self.stories.items() if story.status in _BEGUN and service in self.mentioned[id]
        )

    def blocked_at(self, service: str) -> tuple[str, ...]:
        """Blocked stories that speak of a service. To those of the team that owns it everything is about it: of
        these only the ones whose reason names it."""
        owner = self.team(service)
        return tuple(
            id
            for id, story in self.stories.items()
            if story.status is StoryStatus.BLOCKED
            and service in self.mentioned[id]
            and (story.team != owner or service in self.mentions.of(story.blocked_reason))
        )

    def days_since(self, moment: datetime | date) -> int:
        """Working days since then, today not counted."""
        first = moment.astimezone(UTC).date() if isinstance(moment, datetime) else moment
        return len(self.seen.days.between(first, self.seen.today))


def scene_of(seen: Evidence) -> Scene:
    """Index the evidence."""
    stories = {one.id: one for one in seen.stories if one.status not in _FINAL}
    mentions = Mentions(seen.services)
    return Scene(
        seen,
        stories,
        {one.id: one for one in seen.services},
        {id: mentions.of_story(story) for id, story in stories.items()},
        mentions,
        {one.id: one for one in seen.sprints},
    )


def listed(names: Sequence[str]) -> str:
    """Names in a sentence, four at the most."""
    shown = list(names[:4])
    more = len(names) - len(shown)
    if more:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def sentence(text: str) -> str:
    """Somebody's words as a part of a sentence: without their full stop."""
    return text.strip().rstrip(".")
