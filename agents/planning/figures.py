"""Every figure of a plan as a Fact: name, unit, and where it comes from."""

from __future__ import annotations

from agents.planning.draft import (
    Budget,
    DraftStory,
    Estimate,
    Flag,
    Forecast,
    NotEnoughHistory,
    OutsideDependency,
    Requirement,
    Risk,
    Scheduled,
    Unscheduled,
)
from agents.planning.ledger import Ledger
from agents.planning.request import PlanningInput
from governance.facts import Fact


def counted(
    ledger: Ledger,
    requirements: tuple[Requirement, ...],
    stories: tuple[DraftStory, ...],
    flags: tuple[Flag, ...],
) -> None:
    """What was found in the document."""
    found = ledger.computed("requirements", len(requirements), "requirements", "reading the document")
    ledger.computed(
        "stories", len(stories), "stories", "one for each thing asked for, less what was dropped", found
    )
    ledger.computed(
        "flags", len(flags), "flags", "looking for what is vague, contradictory, untestable or missing"
    )


def estimated(ledger: Ledger, stories: tuple[DraftStory, ...], given: PlanningInput) -> None:
    """Hours of each story with those of the done stories behind them."""
    ledger.looked_up("done stories", len(given.done()), "stories", "status done, with actual hours")
    for story in stories:
        if not isinstance(story.estimate, Estimate):
            continue
        similar = [
            ledger.looked_up(f"actual hours of {s.story}", s.actual_hours, "agent-hours", f"story {s.story}")
            for s in story.estimate.evidence
        ]
        likeness = ", ".join(f"{s.story} {s.similarity:.2f}" for s in story.estimate.evidence)
        how = f"weighted quantiles ({story.estimate.basis}); most similar: {likeness or 'none'}"
        ledger.computed(f"{story.key} hours", story.estimate.p50, "agent-hours", f"median, {how}", *similar)
        ledger.computed(
            f"{story.key} low", story.estimate.low, "agent-hours", f"10th percentile, {how}", *similar
        )
        ledger.computed(
            f"{story.key} high", story.estimate.high, "agent-hours", f"90th percentile, {how}", *similar
        )


def scheduled(ledger: Ledger, places: tuple[Scheduled, ...], left: tuple[Unscheduled, ...]) -> None:
    """Sprints, weeks and the day on which the schedule ends."""
    how = "constraint solving over sprints: capacity less commitments, dependencies, priority"
    spans = {(place.starts, place.ends) for place in places}
    ledger.computed("scheduled stories", len(places), "stories", how)
    ledger.computed("stories without a place", len(left), "stories", how)
    if spans:
        first, last = min(s for s, _ in spans), max(e for _, e in spans)
        ledger.computed("sprints", len({start for start, _ in spans}), "sprints", how)
        ledger.computed("scheduled start", first.isoformat(), "", how)
        ledger.computed("scheduled end", last.isoformat(), "", how)
        ledger.computed("weeks", (last - first).days // 7, "weeks", f"first to last sprint; {how}")


def forecast(ledger: Ledger, found: Forecast | NotEnoughHistory, weeks: int) -> None:
    """Percentiles and what they were drawn from."""
    if isinstance(found, NotEnoughHistory):
        ledger.looked_up(
            "stories finished lately", found.found, "stories", "finished by these teams in 52 weeks"
        )
        return
    past = ledger.looked_up("weeks of history", weeks, "weeks", "stories finished a week by the plan's teams")
    runs = ledger.computed(
        "forecast runs", found.samples, "runs", "Monte Carlo, seeded from the document", past
    )
    for name, day, after in (("P50", found.p50, found.weeks_p50), ("P85", found.p85, found.weeks_p85)):
        ledger.computed(f"forecast {name}", day.isoformat(), "", f"{name} of the runs' last weeks", runs)
        ledger.computed(f"forecast {name} weeks", after, "weeks", f"{name} of the runs, from today", runs)


def budget(ledger: Ledger, found: Budget | NotEnoughHistory, stories: tuple[DraftStory, ...]) -> None:
    """Hours, reserve, money, and the limit at which somebody is asked."""
    if isinstance(found, NotEnoughHistory):
        return
    hours = [f for f in ledger.facts() if f.name in {f"{s.key} hours" for s in stories}]
    total = ledger.computed("budget hours", found.hours, "agent-hours", "sum of the stories' medians", *hours)
    ledger.computed(
        "budget hours P80", found.p80_hours, "agent-hours", "80th percentile of simulated sums", *hours
    )
    ledger.computed("cost", found.cost, "USD", "hours times the hourly cost of the team's agent", *hours)
    limit: Fact = total
    if found.ceiling_hours is not None:
        limit = ledger.asked("budget ceiling", found.ceiling_hours, "agent-hours")
    ledger.computed(
        "budget limit", found.limit_hours, "agent-hours", "the ceiling if one is set, else the sum", limit
    )


def judged(
    ledger: Ledger, risks: tuple[Risk, ...], level: str, dependencies: tuple[OutsideDependency, ...]
) -> None:
    """Risks and outside dependencies, counted."""
    ledger.computed(
        "outside dependencies", len(dependencies), "dependencies", "names in the document that exist elsewhere"
    )
    count = ledger.computed("risks", len(risks), "risks", "rules over flags, estimates, schedule and forecast")
    ledger.computed("risk level", level, "", "worst likelihood times impact: 6 high, 3 medium", count)
