"""Whether a plan can be carried out: all that its steps demand, checked before anybody is asked to approve.

The steps' own actions are made with stand-ins for the ids that the tracker will give, so that whatever an
action refuses (a text that is too long, an empty team) is met here and not after the approval.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import ValidationError

from agents.planning.draft import PlanDraft
from agents.planning.request import PlanningInput
from agents.plans import steps
from agents.plans.plan_step import STORY, make
from agents.work.kinds import Step

MOST_HOURS = 10_000
"""Agent-hours of one story that the tracker schedules."""

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Hindrance:
    """One thing that keeps a plan from being carried out: `why` is for people, with what to do about it."""

    what: Literal["product", "order", "team", "sprint", "size", "text"]
    why: str


def hindrances(draft: PlanDraft, given: PlanningInput) -> tuple[Hindrance, ...]:
    """All that performing the plan would fail at, as far as it can be known; empty where nothing is."""
    found = [*_product(draft, given), *_order(draft), *_teams(draft, given), *_sizes(draft)]
    if found:
        return tuple(found)
    return (*_sprints(draft, given), *_refused_actions(draft, given))


def told(found: tuple[Hindrance, ...]) -> str:
    """The hindrances as a few sentences."""
    shown = " ".join(one.why for one in found[:_SHOWN])
    rest = len(found) - _SHOWN
    return (
        f"{shown} There {'is 1 more' if rest == 1 else f'are {rest} more'} of that kind." if rest > 0 else shown
    )


def _product(draft: PlanDraft, given: PlanningInput) -> Iterator[Hindrance]:
    known = {product.id for product in given.products}
    if not draft.product:
        yield Hindrance("product", draft.product_why or "The document does not say which product it is for.")
    elif draft.product not in known:
        yield Hindrance("product", f"The department has no product {draft.product}.")


def _order(draft: PlanDraft) -> Iterator[Hindrance]:
    try:
        steps.in_order(draft)
    except steps.InACircle as circle:
        yield Hindrance("order", f"{circle} Say in the document which of them comes first, and ask again.")


def _teams(draft: PlanDraft, given: PlanningInput) -> Iterator[Hindrance]:
    known = {team.id for team in given.teams}
    for story in draft.stories:
        if story.team not in known:
            whose = f"the team {story.team}, which the department does not have" if story.team else "no team"
            yield Hindrance(
                "team", f"{story.key} {story.title} would go to {whose}. Name its team in the document."
            )


def _sizes(draft: PlanDraft) -> Iterator[Hindrance]:
    if not draft.stories:
        yield Hindrance("size", "It has no story, so there is nothing to make.")
    for story in draft.stories:
        if story.hours > MOST_HOURS:
            yield Hindrance(
                "size",
                f"{story.key} {story.title} is estimated at {story.hours:,.0f} agent-hours; the tracker takes"
                f" up to {MOST_HOURS:,} for a story. Split it in the document.",
            )


def _sprints(draft: PlanDraft, given: PlanningInput) -> Iterator[Hindrance]:
    teams = {sprint.id: sprint.team for sprint in given.sprints}
    for place in draft.schedule:
        if teams.get(place.sprint) != draft.story(place.story).team:
            yield Hindrance(
                "sprint",
                f"{place.story} is scheduled for {place.sprint}, which is no sprint of its team any more."
                " Ask again.",
            )


def _refused_actions(draft: PlanDraft, given: PlanningInput) -> Iterator[Hindrance]:
    leads = {team.id: team.lead for team in given.teams}
    laid_out = steps.laid_out("pl_0000000000", draft, leads)
    made = {step.key: {"reference": f"X-{number}"} for number, step in enumerate(laid_out)}
    for step in laid_out:
        try:
            make(replace(_STAND_IN, key=step.key, args=step.args, results=made), step.kind)
        except ValidationError as refused:
            yield Hindrance("text", f"{step.title}{_line(draft, step.key)} cannot be made: {_said(refused)}")


_STAND_IN = Step(
    tenant="",
    run="",
    key="",
    title="",
    args={},
    requester="",
    subject=None,
    plan=None,
    attempt=1,
    cursor=None,
    results={},
)


def _line(draft: PlanDraft, key: str) -> str:
    kind, _, story = key.partition(":")
    if kind != STORY:
        return ""
    lines: Mapping[str, int] = {asked.id: asked.line for asked in draft.requirements}
    found = [lines[name] for name in draft.story(story).requirements if name in lines]
    return f" (line {min(found)})" if found else ""


def _said(refused: ValidationError) -> str:
    """What the first refusal says; its words are the tracker's own."""
    message = refused.errors()[0]["msg"].removeprefix("Value error, ").rstrip(".")
    return f"{message[:1].lower()}{message[1:]}. Shorten it in the document, and ask again."
