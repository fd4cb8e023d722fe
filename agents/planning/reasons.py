"""Why a plan that was worked out anew differs: what is done since, what is over, who took the hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agents.planning.draft import DraftStory, Estimate, NotEnoughHistory, PlanDraft, Scheduled
from agents.planning.request import PlanningInput
from governance.moments import day_text
from integrations.tracker import Sprint

_MOST = 2
"""Done stories named as the reason for an estimate."""


def why_reestimated(story: DraftStory, now: Estimate | NotEnoughHistory, known: frozenset[str]) -> str:
    """Why a story has another estimate; `known` are ids of done stories behind the one before."""
    if not isinstance(now, Estimate):
        return f"{story.key} has no estimate any more: there is not enough history."
    was, hours = f"{story.hours:g}", f"{now.p50:g}"
    said = f"{story.key} is estimated at {hours} agent-hours instead of {was}"
    if was == hours:
        said = f"{story.key} is estimated at {now.low:g} to {now.high:g} agent-hours"
    new = [s for s in now.evidence if s.story not in known][:_MOST]
    if new:
        alike = "; ".join(f"{s.story} took {s.actual_hours:g}, likeness {s.similarity:.2f}" for s in new)
        return f"{said}: similar work is done since ({alike})."
    return f"{said}: more work of its kind is done since."


def why_moved(
    draft: PlanDraft, was: Mapping[str, str], places: Sequence[Scheduled], given: PlanningInput
) -> tuple[str, ...]:
    """Why open stories get another sprint. `was` are the sprints (ids, empty for none) that they have now."""
    sprints = {sprint.id: sprint for sprint in given.sprints}
    becomes = {place.story: place for place in places}
    after = {link.story: link.after for link in draft.precedences if link.after in was}
    found = []
    for key, before in was.items():
        old, new = sprints.get(before), becomes.get(key)
        if new is None:
            found.append(f"{key} has no place any more.")
        elif old is None:
            found.append(f"{key} gets its first place, from {day_text(new.starts)}.")
        else:
            why = _why(old, new, after.get(key), given)
            found.append(f"{key} moves to the sprint of {day_text(new.starts)}: {why}.")
    return tuple(found)


def _why(old: Sprint, new: Scheduled, after: str | None, given: PlanningInput) -> str:
    if old.ends <= given.today:
        return f"its sprint ended on {day_text(given.days.last_before(old.ends))} and it was not begun"
    if old.starts < given.starts:
        if given.changes.start is not None and given.starts > given.today:
            return f"work is to begin on {day_text(given.starts)}"
        return "what is left of its sprint does not hold it"
    if new.team != old.team:
        return "another team does it now"
    if after is not None:
        return f"{after}, which it comes after, moves"
    if new.starts < old.starts:
        return "there is room earlier"
    return "other work took the hours of its sprint, or it needs more than are left there"
