"""Every figure of a plan as a Fact: name, unit, and where it comes from."""

from __future__ import annotations

from agents.planning.draft import (
    Budget,
    DraftStory,
    Estimate,
    Flag,
    NotEnoughHistory,
    OutsideDependency,
    PlanDraft,
    Requirement,
    Risk,
)
from agents.planning.estimates import past_accuracy
from agents.planning.ledger import Ledger
from agents.planning.request import PlanningInput
from agents.planning.times import week_of
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
    how = "status done, with actual hours"
    if given.older:
        how = f"{how}, the latest and those most like the document"
    ledger.looked_up("done stories", len(given.done()) + len(given.older), "stories", how)
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


def scheduled(ledger: Ledger, draft: PlanDraft) -> None:
    """Sprints, weeks, the days on which the schedule begins and ends, and how much shorter one could be."""
    how = "the best of many orders, in capacity less commitments, working days, dependencies and priority"
    ledger.computed("scheduled stories", len(draft.schedule), "stories", how)
    ledger.computed("stories without a place", len(draft.unscheduled), "stories", how)
    first, last = draft.starts_on, draft.scheduled_to
    if first is None or last is None:
        return
    ledger.computed("sprints", len(draft.sprints), "sprints", f"from the first story's to the last's; {how}")
    start = ledger.computed("scheduled start", first.isoformat(), "", how)
    end = ledger.computed("scheduled end", last.isoformat(), "", f"every story at its median; {how}")
    ledger.computed("weeks", week_of(last, first), "weeks", "the first week of work to the last", start, end)
    if draft.gap_days is not None:
        bound = "against the longest chain of stories and the hours of each line of work"
        ledger.computed("longer than the shortest possible, at most", draft.gap_days, "working days", bound)


def forecast(ledger: Ledger, draft: PlanDraft, given: PlanningInput) -> None:
    """Percentiles and what they were drawn from."""
    found = draft.forecast
    if isinstance(found, NotEnoughHistory):
        ledger.looked_up("done stories to forecast from", found.found, "stories", "done, with actual hours")
        return
    known = past_accuracy(given.work())
    tested = ledger.computed(
        "estimates tested", known.tested, "stories", "done stories estimated anew, each without itself"
    )
    if known.covered is not None:
        ledger.computed(
            "within their range",
            round(100 * known.covered),
            "%",
            "of the tested, ranges from the other half",
            tested,
        )
    runs = ledger.computed(
        "forecast runs",
        found.samples,
        "runs",
        "the schedule carried out with drawn hours (Monte Carlo), seeded from the document",
        tested,
    )
    for name, day, week in (("P50", found.p50, found.weeks_p50), ("P85", found.p85, found.weeks_p85)):
        ledger.computed(f"forecast {name}", day.isoformat(), "", f"{name} of the runs' last days", runs)
        ledger.computed(
            f"forecast {name} week", week, "", f"{name} of the runs, from the first week of work", runs
        )
    if found.scheduled is not None:
        ledger.computed("done as scheduled", round(100 * found.scheduled), "%", "runs done by then", runs)


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
