"""The form that changes a proposed plan, and what was filled in, read as changes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from agents.planning.draft import DraftStory, PlanChanges, PlanDraft
from agents.plans.rows import changes_of, original_of
from agents.plans.tables import PlanRow
from agents.plans.wishes import BLOCKERS, COMPLETION
from governance.department import Department
from handlers.conversation.cards import Form, Input
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.wording import listed
from handlers.delivery.plans.formats import team_name
from handlers.delivery.plans.product_question import product_input

NOTIFICATIONS: Mapping[str, str] = {
    BLOCKERS: "When something blocks it",
    COMPLETION: "When everything is set up",
}
"""What somebody may want to hear of, and how the form says it."""

_KEY = re.compile(r"S\d+", re.IGNORECASE)
_MOVE = re.compile(r"\s*(?P<key>S\d+)\s*(?:[:=,-]+>?|→|to\b|\s)\s*(?P<team>\S.*?)\s*", re.IGNORECASE)


def modify_form(desk: Desk, plan: PlanRow, draft: PlanDraft) -> Form:
    """Asks for the changes, filled in with those that stand already."""
    standing = changes_of(plan)
    teams = listed((team.name for team in desk.department.teams), "or")
    moves = "\n".join(f"{key}: {team_name(desk.department, team)}" for key, team in standing.move)
    start = standing.start.isoformat() if standing.start else ""
    hours = f"{standing.budget_hours:g}" if standing.budget_hours is not None else ""
    beyond = "Stories beyond it are left without a place"
    first = ", ".join(standing.order)
    told = tuple(wish for wish in plan.notifications if wish in NOTIFICATIONS)
    return Form(
        title="Modify the plan",
        submit="Work it out anew",
        intro="What you change here is worked out anew and proposed again; until then nothing is carried out.",
        inputs=(
            Input("drop", "Stories to leave out", "choices", standing.drop, _stories(plan, draft), False),
            Input("move", "Stories for another team", "text", moves, (), False, f"One a line, as S3: {teams}"),
            Input("start", "Not before", "date", start, (), False, "Empty: as soon as there is room"),
            Input("budget_hours", "At most so many agent-hours", "number", hours, (), False, beyond),
            Input("order", "First of all", "line", first, (), False, "As S4, S1; the rest follows"),
            Input("notify", "Tell me", "choices", told, tuple(NOTIFICATIONS.items()), False),
            product_input(desk.department, draft.product),
        ),
    )


def read_changes(
    values: Mapping[str, str | tuple[str, ...]],
    plan: PlanRow,
    draft: PlanDraft,
    department: Department,
    today: date,
) -> PlanChanges:
    """What was filled in. A field that is not there keeps what stands. Raises CannotAnswer with why not."""
    standing = changes_of(plan)
    known = {story.key for story in draft.stories} | set(standing.drop)
    drop = _keys(_many(values, "drop", standing.drop), known)
    if drop and known <= set(drop):
        raise CannotAnswer("That would leave out every story. Cancel the plan if it is not wanted.")
    moved = values.get("move")
    return PlanChanges(
        drop=drop,
        move=standing.move if moved is None else _moves(str(moved), known, department),
        start=_start(values, standing.start, today),
        budget_hours=_hours(values, standing.budget_hours),
        order=_order(values, standing.order, known - set(drop)),
        notify=tuple(w for w in _many(values, "notify", tuple(plan.notifications)) if w in NOTIFICATIONS),
        product=_product(values, standing.product, draft, department),
    )


def _stories(plan: PlanRow, draft: PlanDraft) -> tuple[tuple[str, str], ...]:
    """Those in the plan, and those left out before, which can come back."""
    first = original_of(plan)
    told: dict[str, DraftStory] = {s.key: s for s in (*(first.stories if first else ()), *draft.stories)}
    keys = sorted({s.key for s in draft.stories} | set(changes_of(plan).drop), key=lambda key: int(key[1:]))
    return tuple(
        (key, f"{key} {told[key].title}" if key in told else f"{key} (left out before)") for key in keys
    )


def _many(values: Mapping[str, str | tuple[str, ...]], name: str, standing: Sequence[str]) -> tuple[str, ...]:
    given = values.get(name)
    if given is None:
        return tuple(standing)
    return (given,) if isinstance(given, str) and given else tuple(given)


def _keys(said: Sequence[str], known: set[str]) -> tuple[str, ...]:
    keys = tuple(dict.fromkeys(key.strip().upper() for key in said if key.strip()))
    for key in keys:
        if key not in known:
            last = max(known, key=lambda k: int(k[1:]))
            raise CannotAnswer(f"The plan has no story {key}; it has stories up to {last}.")
    return tuple(sorted(keys, key=lambda key: int(key[1:])))


def _moves(text: str, known: set[str], department: Department) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for line in filter(str.strip, re.split(r"[\n;]", text)):
        said = _MOVE.fullmatch(line)
        if said is None:
            raise CannotAnswer(
                f"I do not understand “{line.strip()}”. Write one move a line, as S3: Team Beta."
            )
        (key,) = _keys([said["key"]], known)
        found[key] = _team(said["team"], department)
    return tuple(found.items())


def _team(said: str, department: Department) -> str:
    wanted = said.casefold().removeprefix("team").strip(" -")
    for team in department.teams:
        if wanted in (team.id.casefold(), team.name.casefold().removeprefix("team").strip()):
            return team.id
        if said.casefold() == team.name.casefold():
            return team.id
    raise CannotAnswer(f"There is no team called {said}. There are {listed(t.name for t in department.teams)}.")


def _start(values: Mapping[str, str | tuple[str, ...]], standing: date | None, today: date) -> date | None:
    said = values.get("start")
    if said is None:
        return standing
    if not said:
        return None
    try:
        start = date.fromisoformat(str(said).strip())
    except ValueError:
        raise CannotAnswer(f"“{said}” is no date. Write it as {today.isoformat()}.") from None
    if start < today:
        raise CannotAnswer(f"{start} is over; work can start today, {today}, at the earliest.")
    return start


def _product(
    values: Mapping[str, str | tuple[str, ...]], standing: str, draft: PlanDraft, department: Department
) -> str:
    """The product that was chosen. What was assumed and left as it was stays an assumption."""
    said = str(values.get("product") or "")
    if not said or said == draft.product:
        return standing
    if said not in {product.id for product in department.products}:
        raise CannotAnswer(
            f"There is no product {said}. There are {listed(p.name for p in department.products)}."
        )
    return said


def _hours(values: Mapping[str, str | tuple[str, ...]], standing: float | None) -> float | None:
    said = values.get("budget_hours")
    if said is None:
        return standing
    if not said:
        return None
    return hours_said(str(said))


def hours_said(said: str) -> float:
    """A number of agent-hours that somebody wrote. Raises CannotAnswer."""
    try:
        hours = float(said.replace(",", "").strip())
    except ValueError:
        hours = -1.0
    if not 0 < hours <= 1_000_000:
        raise CannotAnswer(f"“{said}” is no budget. Write a number of agent-hours over 0, as 300.")
    return hours


def _order(
    values: Mapping[str, str | tuple[str, ...]], standing: tuple[str, ...], kept: set[str]
) -> tuple[str, ...]:
    said = values.get("order")
    if said is None:
        return tuple(key for key in standing if key in kept)
    wanted = tuple(dict.fromkeys(key.upper() for key in _KEY.findall(str(said))))
    if said and not wanted:
        raise CannotAnswer(f"I do not understand the order “{said}”. Write the stories' keys, as S4, S1.")
    for key in wanted:
        if key not in kept:
            raise CannotAnswer(f"The order names {key}, which is not in the plan.")
    return wanted
