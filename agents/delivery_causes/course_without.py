"""What a finding costs on the critical path: the schedule as things stand, and the same without it.

The comparison is the but-for one of delay analysis (AACE International 29R-03, collapsed as-built): both
schedules begin on the day on which the first finding did, know the same hours, holidays and other work, and
differ in the finding alone.

- As things stand no story begins before today; what is held up begins when that ends: on the day that is known,
  else after as many working days again as it has lasted (the median of what is left of something of which
  nothing is known but its age: Gott, Nature 363, 1993), at most LONGEST_AHEAD.
- Without a finding, and all that follows from it alone, the stories that it held could begin when it began, and
  so could those that come after them. A dependency is left out.

CPU-bound: call it from a thread.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta
from functools import cached_property
from math import log
from statistics import median, pstdev

from agents.delivery_causes.evidence import Evidence
from agents.delivery_causes.findings import Cost, Finding, Kind, Outlook
from agents.planning.accuracy import Accuracy, Error, accuracy
from agents.planning.capacity import free_hours
from agents.planning.course import Horizon, horizon
from agents.planning.draft import DraftStory, Estimate, Forecast, Precedence
from agents.planning.forecast import forecast
from agents.planning.request import PlanningInput
from agents.planning.schedule import Timetable, schedule
from integrations.documents import Document
from integrations.tracker import Story, StoryStatus

LONGEST_AHEAD, LONGEST_BACK = 10, 40
"""Working days that something open-ended is taken to last still, and days that are looked back."""
MOST_COSTED = 8
"""Root causes of which the schedule is worked out anew."""
UNDER_WAY_LEFT = 0.5
"""The share of its hours that a story under way is taken to need still."""
_TRIES = 1
_USUAL_HOURS, _USUAL_SPREAD = 8.0, 0.5
_FINAL = frozenset({StoryStatus.DONE, StoryStatus.CANCELLED})


@dataclass(frozen=True)
class Course:
    """The schedule of the open stories with and without findings. `seen.stories` are all of them."""

    seen: Evidence
    findings: tuple[Finding, ...]

    @cached_property
    def starts(self) -> date:
        """The day on which both schedules begin."""
        dates = [one.since.astimezone(UTC).date() for one in self.findings if one.since is not None]
        return max(min([*dates, self.seen.today]), self.seen.today - timedelta(days=LONGEST_BACK))

    @cached_property
    def open(self) -> Mapping[str, Story]:
        """The open stories, by id."""
        return {one.id: one for one in self.seen.stories if one.status not in _FINAL}

    @cached_property
    def after(self) -> Mapping[str, tuple[str, ...]]:
        """The open stories that each comes after; of a circle its last link is left out."""
        found: dict[str, tuple[str, ...]] = {}
        for id, story in self.open.items():
            found[id] = tuple(one for one in story.depends_on if one in self.open and one != id)
        return _without_circles(found)

    @cached_property
    def _followers(self) -> Mapping[str, tuple[str, ...]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for id, before in self.after.items():
            for one in before:
                found[one].append(id)
        return {id: tuple(behind) for id, behind in found.items()}

    @cached_property
    def _given(self) -> PlanningInput:
        seen = self.seen
        nothing = Document("", "", "0", "")
        own = frozenset(self.open)
        others = tuple(one for one in seen.committed if one.id not in own)
        return PlanningInput(
            document=nothing,
            stories=others,
            epics=(),
            sprints=seen.sprints,
            teams=seen.teams,
            products=(),
            services=(),
            today=self.starts,
            as_of=seen.now,
            days=seen.days,
        )

    @cached_property
    def _free(self) -> Mapping[str, tuple]:  # type: ignore[type-arg]
        return free_hours(self._given, running=True)

    @cached_property
    def _days(self) -> Horizon:
        return horizon(self._free, self._given)

    @cached_property
    def accuracy(self) -> tuple[Accuracy, float]:
        """How far the team's own estimates were off lately, and their spread."""
        pairs = [
            (one.epic, log(one.actual_hours / one.estimate_hours))
            for one in self.seen.done
            if one.actual_hours and one.estimate_hours
        ]
        if len(pairs) < 20:
            return accuracy(()), _USUAL_SPREAD
        spread = max(pstdev(ratio for _, ratio in pairs), 0.05)
        return accuracy([Error(epic, ratio / spread) for epic, ratio in pairs]), spread

    @cached_property
    def _drafts(self) -> tuple[DraftStory, ...]:
        hours: defaultdict[str, list[float]] = defaultdict(list)
        for story in (*self.seen.done, *self.open.values()):
            if story.estimate_hours:
                hours[story.discipline].append(story.estimate_hours)
        usual = {discipline: median(found) for discipline, found in hours.items()}
        return tuple(self._draft(story, usual) for story in self.open.values())

    def _draft(self, story: Story, usual: Mapping[str, float]) -> DraftStory:
        whole = story.estimate_hours or usual.get(story.discipline, _USUAL_HOURS)
        begun = story.started is not None and story.status is not StoryStatus.SCHEDULED
        left = max(0.25, whole * UNDER_WAY_LEFT if begun else whole)
        spread = self.accuracy[1]
        estimate = Estimate(left, left, left, "department", (), spread=spread)
        return DraftStory(
            story.id,
            story.title,
            "",
            "",
            "",
            (),
            (),
            story.team,
            story.discipline,
            estimate,
            self.after[story.id],
            story.priority,
        )

    def table(
        self, without: Collection[str] = (), *, ended: Collection[str] = (), keys: Collection[str] | None = None
    ) -> Timetable:
        """The schedule had the findings of these keys never been, and where those of `ended` end today. With
        `keys`, of these stories alone."""
        links, not_before = self._world(frozenset(without), frozenset(ended))
        drafts = [one for one in self._drafts if keys is None or one.key in keys]
        return schedule(drafts, links, self._free, self._given, (), not_before, tries=_TRIES, days=self._days)

    def _world(
        self, without: frozenset[str], ended: frozenset[str]
    ) -> tuple[list[Precedence], Mapping[str, date]]:
        today = self.seen.days.first_from(self.seen.today)
        begins = dict.fromkeys(self.open, today)
        for id, since in self._released(without).items():
            begins[id] = since
        for one in self.findings:
            if one.key in without or one.key in ended or one.kind in (Kind.DEPENDENCY, Kind.DOCUMENTS):
                continue
            until = self.until(one)
            for id in one.holds:
                if id in begins:
                    begins[id] = max(begins[id], until)
        dropped = {
            (id, one.key.partition(":")[2])
            for one in self.findings
            if one.key in without | ended and one.kind in (Kind.DEPENDENCY, Kind.DOCUMENTS)
            for id in one.holds
        }
        links = [
            Precedence(id, before, "")
            for id, after in self.after.items()
            for before in after
            if (id, before) not in dropped
        ]
        return links, begins

    def _released(self, without: frozenset[str]) -> dict[str, date]:
        """From when on stories could have been worked on: those held by what is left out, and all behind
        them."""
        found: dict[str, date] = {}
        for one in self.findings:
            if one.key in without and one.since is not None:
                since = max(one.since.astimezone(UTC).date(), self.starts)
                for id in self.behind(one.holds):
                    found[id] = min(since, found.get(id, since))
        return found

    def behind(self, ids: Iterable[str]) -> frozenset[str]:
        """These open stories, and all that come after them."""
        found: set[str] = set()
        waiting = [id for id in ids if id in self.open]
        while waiting:
            id = waiting.pop()
            if id not in found:
                found.add(id)
                waiting.extend(self._followers.get(id, ()))
        return frozenset(found)

    def until(self, one: Finding) -> date:
        """The first day on which what it holds may begin, as things stand."""
        days = self.seen.days
        if one.until is not None:
            return days.first_from(max(one.until + timedelta(days=1), self.seen.today))
        since = one.since.astimezone(UTC).date() if one.since is not None else self.seen.today
        lasted = len(days.between(since, self.seen.today))
        ahead = min(max(lasted, 1), LONGEST_AHEAD)
        window = days.between(self.seen.today, self.seen.today + timedelta(days=LONGEST_AHEAD * 4 + 7))
        return window[min(ahead, len(window) - 1)] if window else self.seen.today

    def finishes(self, table: Timetable) -> Mapping[str, date]:
        """The day on which the last open story asked about of each epic is done; `` for those of none."""
        found: dict[str, date] = {}
        for place in table.scheduled:
            if place.story in self.seen.own:
                epic = self.open[place.story].epic or ""
                found[epic] = max(place.done, found.get(epic, place.done))
        return found

    def cost(self, keys: Collection[str], standing: Mapping[str, date], held: int) -> Cost:
        """What the findings of these keys cost together."""
        other = self.finishes(self.table(keys))
        days = {
            epic: len(self.seen.days.between(other[epic], ends)) if other.get(epic, ends) < ends else 0
            for epic, ends in standing.items()
        }
        epic = max(sorted(days), key=lambda one: days[one], default="")
        return Cost(days.get(epic, 0), epic, held)

    def outlook(self, table: Timetable) -> Outlook:
        """When all that is asked about is done by this schedule, and by its simulated runs."""
        own = [one for one in table.tasks if one.key in self.seen.own]
        unplaced = tuple(one.story for one in table.unscheduled if one.story in self.seen.own)
        ends = max((one.done for one in table.scheduled if one.story in self.seen.own), default=None)
        if not own or ends is None:
            return Outlook(None, None, None, unplaced)
        needed = self._before([one.key for one in own])
        narrowed = replace(
            table,
            tasks=tuple(one for one in table.tasks if one.key in needed),
            scheduled=tuple(one for one in table.scheduled if one.story in needed),
        )
        drafts = [one for one in self._drafts if one.key in needed]
        seed = f"{len(drafts):x}{self.seen.today.toordinal():x}"
        found = forecast(narrowed, drafts, self.accuracy[0], seed)
        if not isinstance(found, Forecast):
            return Outlook(ends, None, None, unplaced)
        return Outlook(ends, found.p50, found.p85, unplaced)

    def _before(self, keys: Sequence[str]) -> frozenset[str]:
        found: set[str] = set()
        waiting = list(keys)
        while waiting:
            id = waiting.pop()
            if id not in found:
                found.add(id)
                waiting.extend(self.after.get(id, ()))
        return frozenset(found)


def _without_circles(after: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    """The same links less those that close a circle, found going through the stories in order."""
    found: dict[str, tuple[str, ...]] = {}
    state: dict[str, int] = {}
    for start in after:
        stack = [(start, iter(after[start]))] if start not in state else []
        if stack:
            state[start], found[start] = 1, ()
        while stack:
            id, left = stack[-1]
            before = next(left, None)
            if before is None:
                state[id] = 2
                stack.pop()
            elif state.get(before) != 1:
                found[id] = (*found[id], before)
                if before not in state:
                    state[before], found[before] = 1, ()
                    stack.append((before, iter(after[before])))
    return found
