"""What differs between two versions of a plan, in sentences, for "old and new"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from agents.planning.draft import Budget, DraftStory, Forecast, PlanDraft
from governance.moments import day_text

_NO_NAMES: Mapping[str, str] = MappingProxyType({})


def compare(
    old: PlanDraft, new: PlanDraft, teams: Mapping[str, str], products: Mapping[str, str] = _NO_NAMES
) -> tuple[str, ...]:
    """One sentence a difference; empty if nothing that people see differs. `teams` and `products` are their
    names by id."""
    return (
        *_product(old, new, products),
        *(_stories(old, new, teams) if _same_reading(old, new) else _read_again(old, new)),
        *compare_figures(old, new),
        *_rest(old, new),
    )


def _product(old: PlanDraft, new: PlanDraft, products: Mapping[str, str]) -> Iterator[str]:
    if old.product != new.product:
        was, now = (products.get(draft.product, draft.product) or "none" for draft in (old, new))
        yield f"It is for {now} instead of {was}."


def compare_figures(old: PlanDraft, new: PlanDraft) -> tuple[str, ...]:
    """The same of dates, hours and money alone."""
    return (*_times(old, new), *_money(old, new))


def _stories(old: PlanDraft, new: PlanDraft, teams: Mapping[str, str]) -> Iterator[str]:
    before = {s.key: s for s in old.stories}
    after = {s.key: s for s in new.stories}
    for key in [k for k in before if k not in after]:
        yield f"{key} {before[key].title} is dropped ({before[key].hours:g} agent-hours)."
    for key in [k for k in after if k not in before]:
        yield f"{key} {after[key].title} is new ({after[key].hours:g} agent-hours)."
    places, others = ({p.story: p for p in d.schedule} for d in (old, new))
    for key in [k for k in after if k in before]:
        yield from _story(before[key], after[key], teams)
        if key in places and key in others and places[key].starts != others[key].starts:
            was, now = day_text(places[key].starts), day_text(others[key].starts)
            yield f"{key} moves from the sprint of {was} to that of {now}."
        elif key in places and key not in others:
            yield f"{key} has no place any more."
        elif key not in places and key in others:
            yield f"{key} gets a place in the sprint of {day_text(others[key].starts)}."


def _same_reading(old: PlanDraft, new: PlanDraft) -> bool:
    return [(r.statement, r.account) for r in old.readings] == [(r.statement, r.account) for r in new.readings]


def _read_again(old: PlanDraft, new: PlanDraft) -> Iterator[str]:
    """Where the document was read in another way, stories are told by their titles: their keys are others'."""
    was = {read.statement: read.account for read in old.readings}
    for read in new.readings:
        if was.get(read.statement, read.account) != read.account:
            yield f"Line {read.line} is {read.account} instead of {was[read.statement]}."
    before, after = ({story.title: story for story in draft.stories} for draft in (old, new))
    yield from (f"{t} is dropped ({s.hours:g} agent-hours)." for t, s in before.items() if t not in after)
    yield from (f"{t} is new ({s.hours:g} agent-hours)." for t, s in after.items() if t not in before)


def _story(old: DraftStory, new: DraftStory, teams: Mapping[str, str]) -> Iterator[str]:
    if old.team != new.team:
        was, now = (teams.get(story.team, story.team) or "nobody" for story in (old, new))
        yield f"{new.key} {new.title} goes from {was} to {now}."
    if old.hours != new.hours:
        yield f"{new.key} is estimated at {new.hours:g} agent-hours instead of {old.hours:g}."
    if (old.title, old.description, old.acceptance) != (new.title, new.description, new.acceptance):
        yield f"{new.key} is worded differently."
    if old.priority is not new.priority:
        yield f"{new.key} has priority {new.priority} instead of {old.priority}."


def _times(old: PlanDraft, new: PlanDraft) -> Iterator[str]:
    was, now = _span(old), _span(new)
    if was != now:
        yield f"The schedule covers {now} instead of {was}."
    if isinstance(old.forecast, Forecast) and isinstance(new.forecast, Forecast):
        if old.forecast.p50 != new.forecast.p50:
            half, was_half = day_text(new.forecast.p50), day_text(old.forecast.p50)
            yield f"Half of the simulated runs are done by {half} instead of {was_half}."
        if old.forecast.p85 != new.forecast.p85:
            most, was_most = day_text(new.forecast.p85), day_text(old.forecast.p85)
            yield f"85 of 100 simulated runs are done by {most} instead of {was_most}."


def _span(draft: PlanDraft) -> str:
    first, last = draft.starts_on, draft.scheduled_to
    return f"{day_text(first)} to {day_text(last)}" if first and last else "nothing"


def _money(old: PlanDraft, new: PlanDraft) -> Iterator[str]:
    if not (isinstance(old.budget, Budget) and isinstance(new.budget, Budget)):
        return
    if old.budget.hours != new.budget.hours:
        yield f"The budget is {new.budget.hours:g} agent-hours instead of {old.budget.hours:g}."
    if old.budget.limit_hours != new.budget.limit_hours and new.budget.ceiling_hours is not None:
        limit, was = new.budget.limit_hours, old.budget.limit_hours
        yield f"Spending pauses for approval at {limit:g} agent-hours instead of {was:g}."
    if old.budget.cost != new.budget.cost:
        yield f"The cost is {new.budget.cost} USD instead of {old.budget.cost} USD."


def _rest(old: PlanDraft, new: PlanDraft) -> Iterator[str]:
    if old.document_digest != new.document_digest:
        yield "The document has changed."
    if old.changes.names_stories and not new.changes.names_stories and not _same_reading(old, new):
        yield "Stories are numbered again, so none is left out, moved or put in order any more; say it again."
    if old.risk_level != new.risk_level:
        yield f"The risk is {new.risk_level} instead of {old.risk_level}."
    if old.changes.order != new.changes.order and new.changes.order:
        yield f"The order is {', '.join(new.changes.order)}, then the rest."
    told = [word for word in new.changes.notify if word not in old.changes.notify]
    if told:
        yield f"You will also be told of {', '.join(told)}."
