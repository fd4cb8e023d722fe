"""Changes of a proposed plan that somebody wishes for in words: shown as old and new, made by one button."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from agents.planning.draft import NotEnoughHistory, PlanChanges, PlanDraft
from agents.plans.rows import changes_of, changes_to_json, draft_of, original_of, plan_of_approval
from agents.plans.tables import PlanRow
from governance.moments import day_text
from governance.tables import ApprovalRow
from handlers.conversation.cards import Bullets, Button, Buttons, Card, Inline, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.wording import counted, listed, quoted
from handlers.delivery.plans.card import PLAN_EXECUTION
from handlers.delivery.plans.formats import hours_text, span_text, team_name
from handlers.delivery.plans.modify_form import modify_form
from handlers.delivery.plans.product_question import product_name
from handlers.delivery.plans.reading import correction_wished
from handlers.delivery.plans.replan import product_wished, read_replan
from handlers.delivery.plans.story_grouping import grouping_wished
from handlers.language.words import in_digits, plain

_BEFORE_A_CONDITION = re.compile(
    r"\b(?:if|provided|as long as|so long as|once|unless|when|assuming|on condition|subject to|until)\b"
)
_ASKS_SOMETHING_ELSE = re.compile(
    r"^(?:(?:and|so|but|ok|hm+|well) )*(?:what(?:'?s| is| are| does| do| did)|why|who|whose|how|when|where"
    r"|which|is|are"
    r"|does|do (?:we|you|they|i)|did|has|have|was|were)\b(?! about| if)"
)
_CHANGES = re.compile(
    r"^(?:please |ok(?:ay)?,? |yes,? |can (?:you|we) |could (?:you|we) )*(?:modify|change|edit|amend"
    r"|adjust|revise)\b"
    r"|\b(?:without|w/o|minus|leave out|leaving out|drop|skip|remove|take out|take) (?:story |stories |the"
    r" )?(?:s?\d+|last)\b"
    r"|\b(?:only|just|at most|max(?:imum)?|no more than|not more than|up to|cap(?:ped)?(?: it)? at"
    r"|budget(?: of| to)?:?"
    r"|limit(?: it)? to) \d+[\d,.]* ?(?:agent[- ]?)?h"
    r"|\b(?:start|begin)(?:s|ing)?\b(?: (?:it|this|that|the plan|work))? ?(?:on|in|at|from|after|not"
    r" before|only|later|next)?\b"
    r"|\bmove (?:story )?s?\d+ to\b"
)
_BACK_IN = re.compile(
    r"\b(?:put|take|bring|add|have|with) (?P<keys>s\d+(?:(?:,| and|, and) s\d+)*) (?:back|again|in again"
    r"|back in)\b"
)
_WEEKS = re.compile(r"\b(?:in|within|into|down to) (?P<count>\d+) (?P<unit>weeks?|sprints?)\b")
_DONE_IN = re.compile(r"\b(?:do|done|finish\w*|fit|ship|deliver\w*|make|get|squeeze|it)\b")
_KEY = re.compile(r"s(\d+)")


@dataclass(frozen=True, slots=True)
class _Wish:
    """The changes that were understood, and what has to be said about them."""

    changes: PlanChanges
    note: str = ""


async def change_wished(text: str, desk: Desk, row: ApprovalRow) -> Reply | None:
    """The change that a message wishes for of the open proposal `row`; None if it is about none, or no plan's.

    Nothing is changed: the reply shows old and new, and a button that works the plan out anew.
    """
    if row.decision_type != PLAN_EXECUTION:
        return None
    for_product = not text.rstrip().endswith("?") and product_wished(text, desk.department) is not None
    plan = await plan_of_approval(desk.tx, row.id)
    draft = None if plan is None else draft_of(plan)
    if plan is None or draft is None:
        return None
    if (corrected := correction_wished(text, plan, draft, row.id)) is not None:
        return corrected
    if (grouped := grouping_wished(text, plan, draft, row.id)) is not None:
        return grouped
    if not for_product and not _wishes(in_digits(plain(text))):
        return None
    wish = _read(_without_condition(in_digits(plain(text))), plan, draft, desk)
    if wish is None:
        return (
            None
            if _DONE_IN.search(plain(text)) and not _CHANGES.search(in_digits(plain(text)))
            else _not_understood(desk, plan, draft, row)
        )
    lines = list(_differences(changes_of(plan), wish.changes, draft, plan, desk))
    if not lines:
        note = wish.note or f"{quoted(draft.title)} is proposed like that already, so nothing changes."
        return Reply(text=note)
    lead = f"What would change in {quoted(draft.title)}. Nothing is changed or approved yet."
    button = Button("Work it out anew", "change_plan", f"{row.id} {changes_to_json(wish.changes)}", "primary")
    change = Button("Modify", "modify", row.id, form=modify_form(desk, plan, draft))
    items: tuple[tuple[Inline, ...], ...] = tuple((line,) for line in lines)
    notes = (Text((wish.note,)),) if wish.note else ()
    blocks = (Text((lead,)), Bullets(items), *notes, Buttons((button, change)))
    spelt = " ".join(filter(None, (lead, *lines, wish.note, "Press “Work it out anew” for a new proposal.")))
    return Reply(text=spelt, cards=(Card("Change the plan like this?", blocks, "waiting"),))


def _wishes(said: str) -> bool:
    """Whether somebody wishes for another plan, rather than asking about this one or setting a condition."""
    said = _without_condition(said)
    if _ASKS_SOMETHING_ELSE.search(said):
        return False
    return bool(
        _CHANGES.search(said) or _BACK_IN.search(said) or (_WEEKS.search(said) and _DONE_IN.search(said))
    )


def _without_condition(said: str) -> str:
    condition = _BEFORE_A_CONDITION.search(re.sub(r"^(?:what|and) if\b", "", said))
    return said[: condition.start()] if condition else said


def _read(said: str, plan: PlanRow, draft: PlanDraft, desk: Desk) -> _Wish | None:
    here = ZoneInfo(desk.department.calendar_of(None).time_zone)
    weeks = _WEEKS.search(said)
    rest = _WEEKS.sub("", said).replace("w/o", "without")  # a length is no later start
    read = read_replan(rest, plan, draft, desk.department, desk.now, here)
    changes = read or changes_of(plan)
    if back := _BACK_IN.search(said):
        keys = {f"S{number}" for number in _KEY.findall(back["keys"])}
        changes = replace(changes, drop=tuple(key for key in changes.drop if key not in keys))
        return _Wish(changes)
    if weeks:
        count = int(weeks["count"]) * (2 if weeks["unit"].startswith("sprint") else 1)
        return _in_weeks(count, changes, draft)
    return None if read is None else _Wish(changes)


def _in_weeks(count: int, changes: PlanChanges, draft: PlanDraft) -> _Wish:
    """What has room in so many weeks: a plan cannot be pressed together, but stories can be left out."""
    if not draft.schedule:
        return _Wish(
            changes, "No sprint that is planned has room for it, so I cannot tell what fits in a length."
        )
    first = min(place.begins for place in draft.schedule)
    ends = first - timedelta(days=first.weekday()) + timedelta(weeks=count)
    late = [place.story for place in draft.schedule if place.done >= ends]
    late += [story.story for story in draft.unscheduled]
    last = day_text(_last_day(ends, draft))
    if not late:
        return _Wish(
            changes,
            f"It is planned for {span_text(draft)} already; that is within {counted(count, 'week')}.",
        )
    kept = len(draft.stories) - len(late)
    if kept <= 0:
        note = (
            f"Nothing of it has room before {last}: the plan takes {span_text(draft)}. Leave"
            f" stories out by"
            " their keys, or give it more time."
        )
        return _Wish(changes, note)
    drop = tuple(sorted({*changes.drop, *late}, key=lambda key: int(key[1:])))
    note = (
        f"As proposed it takes {span_text(draft)}. In {counted(count, 'week')}, to {last}, there"
        f" is room for"
        f" {kept} of its {counted(len(draft.stories), 'story', 'stories')}."
    )
    return _Wish(replace(changes, drop=drop), note)


def _last_day(ends: date, draft: PlanDraft) -> date:
    """The last day before `ends` on which anything is done by the schedule, or else the Friday before it."""
    done = [place.done for place in draft.schedule if place.done < ends]
    return max(done, default=ends - timedelta(days=3))


def _differences(
    old: PlanChanges, new: PlanChanges, draft: PlanDraft, plan: PlanRow, desk: Desk
) -> Iterator[str]:
    """Old and new, a sentence for each thing that differs."""
    titles = {story.key: story.title for story in draft.stories}
    first = original_of(plan)
    titles = {story.key: story.title for story in (first.stories if first else ())} | titles
    for words, keys in (
        ("Left out", set(new.drop) - set(old.drop)),
        ("In again", set(old.drop) - set(new.drop)),
    ):
        if keys:
            named = (f"{key} {titles.get(key, '')}".strip() for key in sorted(keys, key=_number))
            yield f"{words}: {listed(named)}."
    if new.product != old.product:
        was = product_name(desk.department, draft.product)
        yield f"Product: {product_name(desk.department, new.product)} (now {was})."
    if new.start != old.start:
        yield f"Start: not before {_day(new.start)} (now {_day(_starts(old, draft))})."
    if new.budget_hours != old.budget_hours:
        yield f"Agent-hours: at most {_hours(new.budget_hours)} (now {_hours_now(old, draft)})."
    for key, team in new.move:
        before = dict(old.move).get(key) or next((s.team for s in draft.stories if s.key == key), "")
        if team != before:
            yield f"{key}: {team_name(desk.department, team)} (now {team_name(desk.department, before)})."


def _starts(old: PlanChanges, draft: PlanDraft) -> date | None:
    return min((place.starts for place in draft.schedule), default=old.start)


def _day(day: date | None) -> str:
    return "as soon as there is room" if day is None else day_text(day)


def _hours(hours: float | None) -> str:
    return "without a limit" if hours is None else hours_text(hours)


def _hours_now(old: PlanChanges, draft: PlanDraft) -> str:
    if old.budget_hours is not None:
        return f"at most {hours_text(old.budget_hours)}"
    return "not known" if isinstance(draft.budget, NotEnoughHistory) else hours_text(draft.budget.hours)


def _not_understood(desk: Desk, plan: PlanRow, draft: PlanDraft, row: ApprovalRow) -> Reply:
    text = (
        f"I did not understand what should change in {quoted(draft.title)}, so it stays as it is. I can"
        f" leave stories"
        " out or take them in again (“without S13”), set a start (“start on 14 December 2026”), a limit"
        " (“only 300"
        " hours”) or a length (“in 5 weeks”), and move stories to another team."
    )
    button = Button("Modify", "modify", row.id, form=modify_form(desk, plan, draft))
    return Reply(
        text=text, cards=(Card("What should change?", (Text((text,)), Buttons((button,))), "waiting"),)
    )


def _number(key: str) -> int:
    return int(key[1:])
