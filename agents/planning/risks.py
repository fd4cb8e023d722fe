"""What may go wrong with a plan, each risk with the evidence that it rests on.

Likelihood and impact are low, medium or high (1, 2, 3). The plan's level is high if some risk's product
of the two is 6 or more, medium from 3, else low.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from agents.planning.capacity import Free
from agents.planning.draft import (
    Budget,
    DraftStory,
    Estimate,
    Evidence,
    Flag,
    Forecast,
    Level,
    Miss,
    NotEnoughHistory,
    OutsideDependency,
    Requirement,
    Risk,
    Scheduled,
    Unscheduled,
)
from agents.planning.estimates import typical_overrun
from agents.planning.request import PlanningInput
from governance.moments import day_text
from integrations.tracker import Priority

_SCORE: Mapping[Level, int] = {"low": 1, "medium": 2, "high": 3}
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Findings:
    """All that risks are judged by. `document_hours` is a budget that the document itself names."""

    document: str
    product: str
    requirements: tuple[Requirement, ...]
    stories: tuple[DraftStory, ...]
    flags: tuple[Flag, ...]
    schedule: tuple[Scheduled, ...]
    unscheduled: tuple[Unscheduled, ...]
    dependencies: tuple[OutsideDependency, ...]
    forecast: Forecast | NotEnoughHistory
    budget: Budget | NotEnoughHistory
    free: Mapping[str, Sequence[Free]]
    document_hours: tuple[float, int] | None
    misses: tuple[Miss, ...] = ()


def risks(found: Findings, given: PlanningInput) -> tuple[Risk, ...]:
    """All risks, the gravest first."""
    names = {team.id: team.name for team in given.teams}
    every = (
        *_outside(found),
        *_contradictions(found),
        *_unclear(found),
        *_instructions(found),
        *_without_place(found),
        *_full_teams(found, names),
        *_missed(found),
        *_late(found),
        *_wide(found),
        *_overrun(found, given),
        *_one_team(found, names),
        *_over_budget(found),
    )
    return tuple(sorted(every, key=lambda r: -_SCORE[r.likelihood] * _SCORE[r.impact]))


def overall(every: Sequence[Risk]) -> Level:
    """The plan's risk level; see the module's rule."""
    worst = max((_SCORE[r.likelihood] * _SCORE[r.impact] for r in every), default=0)
    return "high" if worst >= 6 else "medium" if worst >= 3 else "low"


def _outside(found: Findings) -> Iterator[Risk]:
    for d in found.dependencies:
        if d.ready:
            continue
        touched = [s for s in found.stories if s.key in d.stories]
        many = len(touched) * 3 >= len(found.stories) or any(s.priority is Priority.P0 for s in touched)
        yield Risk(
            f"Dependency on {d.name}",
            _likely(d),
            "high" if many else "medium" if touched else "low",
            (
                Evidence(f"the document names it ({d.status})", f"{found.document}:{d.line}"),
                *(Evidence(f"{s.key} {s.title} speaks of it", s.key) for s in touched[:_SHOWN]),
            ),
            f"Agree a date for {d.name}, or begin with stories that do not need it.",
        )


def _likely(d: OutsideDependency) -> Level:
    """Low where the document says that it is there, medium where it is under way, high where nobody began."""
    if d.ready is None:
        return "low" if re.search(r"\b(?:live|available|done|in production|released)\b", d.status) else "medium"
    return "medium" if "in progress" in d.status or "experimental" in d.status else "high"


def _evidence(found: Findings, flags: Sequence[Flag]) -> tuple[Evidence, ...]:
    return tuple(Evidence(f"“{f.quote[:120]}”: {f.why}", f"{found.document}:{f.line}") for f in flags[:_SHOWN])


def _contradictions(found: Findings) -> Iterator[Risk]:
    flags = [f for f in found.flags if f.kind == "contradictory"]
    if flags:
        likelihood: Level = "high" if len(flags) >= 3 else "medium"
        yield Risk(
            "The document contradicts itself",
            likelihood,
            "medium",
            _evidence(found, flags),
            "Settle them first.",
        )


def _unclear(found: Findings) -> Iterator[Risk]:
    flags = [f for f in found.flags if f.kind in ("vague", "untestable", "missing")]
    if not flags:
        return
    share = len(flags) / max(1, len(found.requirements))
    likelihood: Level = "high" if share >= 0.3 else "medium" if share >= 0.15 else "low"
    yield Risk(
        "Requirements leave room for doubt",
        likelihood,
        "medium",
        _evidence(found, flags),
        "Give the figures and decisions that the flags ask for.",
    )


def _instructions(found: Findings) -> Iterator[Risk]:
    flags = [f for f in found.flags if f.kind == "instruction"]
    if flags:
        yield Risk(
            "The document speaks to the planner's software",
            "medium",
            "medium",
            _evidence(found, flags),
            "Ask its author; nothing in it was followed.",
        )


def _without_place(found: Findings) -> Iterator[Risk]:
    if found.unscheduled:
        share = len(found.unscheduled) / max(1, len(found.stories))
        evidence = tuple(Evidence(f"{u.story}: {u.why}", u.story) for u in found.unscheduled[:_SHOWN])
        impact: Level = "high" if share >= 0.2 else "medium"
        yield Risk(
            "Stories without a place in the schedule", "high", impact, evidence, "Drop, split or move them."
        )


def _full_teams(found: Findings, names: Mapping[str, str]) -> Iterator[Risk]:
    """A team whose discipline is planned to nine tenths or more of what is free in the plan's sprints."""
    used: Counter[tuple[str, str]] = Counter()
    sprints: dict[str, set[str]] = {}
    hours = {s.key: s for s in found.stories}
    for place in found.schedule:
        story = hours[place.story]
        used[place.team, story.discipline] += round(story.hours * 4)
        # A story that is too large for one sprint lies in all of them from its start to its end.
        covered = {f.sprint.id for f in found.free[place.team] if place.starts <= f.sprint.starts < place.ends}
        sprints.setdefault(place.team, set()).update(covered)
    for (team, discipline), quarters in sorted(used.items()):
        free = sum(f.hours.get(discipline, 0.0) for f in found.free[team] if f.sprint.id in sprints[team])
        if free and quarters / 4 >= 0.9 * free:
            text = f"{quarters / 4:g} of {free:.0f} free hours of {discipline} are planned"
            yield Risk(
                f"{names.get(team, team)} has no slack in {discipline}",
                "medium",
                "medium",
                (Evidence(text, f"sprints {', '.join(sorted(sprints[team]))}"),),
                "Move a story to another team, or start later.",
            )


def _missed(found: Findings) -> Iterator[Risk]:
    dates = [miss for miss in found.misses if miss.target.day is not None]
    if dates:
        yield Risk(
            "Dates of the document are not met",
            "high",
            "high" if any(not miss.target.stories for miss in dates) else "medium",
            tuple(
                Evidence(
                    f"{m.target.what} by {m.target.when}: {m.planned}", f"{found.document}:{m.target.line}"
                )
                for m in dates[:_SHOWN]
            ),
            dates[0].remedy,
        )


def _late(found: Findings) -> Iterator[Risk]:
    if isinstance(found.forecast, Forecast) and found.schedule:
        ends = max(place.done for place in found.schedule)
        begins = min(place.begins for place in found.schedule)
        later = (found.forecast.p85 - ends) / max(ends - begins, timedelta(days=1))
        if found.forecast.p85 > ends:
            yield Risk(
                "It may take longer than scheduled",
                "high" if later >= 0.4 else "medium" if later >= 0.1 else "low",
                "medium",
                (
                    Evidence(f"scheduled to {day_text(ends)}", "schedule"),
                    Evidence(f"85 of 100 runs are done by {day_text(found.forecast.p85)}", "forecast"),
                ),
                "Promise the later date.",
            )


def _wide(found: Findings) -> Iterator[Risk]:
    wide = [
        s
        for s in found.stories
        if isinstance(s.estimate, Estimate)
        and (s.estimate.basis != "similar" or s.estimate.high >= 3 * s.estimate.p50)
    ]
    if len(wide) * 5 >= len(found.stories) and wide:
        likelihood: Level = "high" if len(wide) * 2 >= len(found.stories) else "medium"
        evidence = tuple(
            Evidence(f"{s.key}: {s.estimate.low:g} to {s.estimate.high:g} hours ({s.estimate.basis})", s.key)
            for s in wide[:_SHOWN]
            if isinstance(s.estimate, Estimate)
        )
        yield Risk(
            "Wide estimates", likelihood, "low", evidence, "Split these stories, or try the unknown part first."
        )


def _overrun(found: Findings, given: PlanningInput) -> Iterator[Risk]:
    teams = {s.team for s in found.stories}
    past = [s for s in given.done() if s.product == found.product and s.team in teams]
    ratio = typical_overrun(past)
    if ratio is not None and ratio >= 1.15:
        text = (
            f"the median story of {found.product} took {ratio:g} times its estimate ({len(past)} done stories)"
        )
        yield Risk(
            "Similar work took longer than estimated",
            "high" if ratio >= 1.5 else "medium",
            "medium",
            (Evidence(text, f"tracker: done stories of {found.product}"),),
            "Keep the reserve.",
        )


def _one_team(found: Findings, names: Mapping[str, str]) -> Iterator[Risk]:
    by_team: Counter[str] = Counter()
    for story in found.stories:
        by_team[story.team] += round(story.hours * 4)
    total = sum(by_team.values())
    team, most = by_team.most_common(1)[0] if by_team else ("", 0)
    if len(found.stories) >= 5 and total and most >= 0.8 * total:
        yield Risk(
            f"Nearly all of it rests on {names.get(team, team)}",
            "low",
            "medium",
            (Evidence(f"{most / 4:g} of {total / 4:g} hours", names.get(team, team)),),
            "Name a second team that can step in.",
        )


def _over_budget(found: Findings) -> Iterator[Risk]:
    if not isinstance(found.budget, Budget):
        return
    limit, source = found.budget.ceiling_hours, "Modify"
    if limit is None and found.document_hours:
        limit, source = found.document_hours[0], f"{found.document}:{found.document_hours[1]}"
    if limit is not None and found.budget.p80_hours > limit:
        text = (
            f"{found.budget.hours:g} hours expected, {found.budget.p80_hours:g} with reserve; budget {limit:g}"
        )
        yield Risk(
            "The budget may not be enough",
            "high" if found.budget.hours > limit else "medium",
            "medium",
            (Evidence(text, source),),
            "Raise the budget or drop stories.",
        )
