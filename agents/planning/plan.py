"""From a document to a plan, by rule: one pure function, the same input giving the same plan."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agents.planning import figures
from agents.planning.advice import NO_ADVICE, Advice
from agents.planning.assignment import discipline_of, disciplines_of, named_teams, team_of
from agents.planning.budget import budget
from agents.planning.capacity import free_hours
from agents.planning.document_reading import Reading, read
from agents.planning.draft import (
    HISTORY_NEEDED,
    Budget,
    DraftStory,
    Flag,
    Forecast,
    NotEnoughHistory,
    PlanDraft,
    Precedence,
    Unscheduled,
)
from agents.planning.estimates import estimate, past_accuracy
from agents.planning.forecast import forecast
from agents.planning.ledger import Ledger
from agents.planning.milestones import milestones
from agents.planning.ordering import precedences
from agents.planning.outside import outside
from agents.planning.products import product_of
from agents.planning.reading.outline import Outline
from agents.planning.request import ImpossibleChange, PlanningInput
from agents.planning.risks import Findings, overall, risks
from agents.planning.schedule import Timetable, schedule
from agents.planning.stated import money_stated, stated, unknown_teams
from agents.planning.stories import Sketch
from agents.planning.targets import Outlook, misses, targets
from agents.planning.waiting import waiting
from governance.department import Product
from governance.facts import Fact
from integrations.tracker.lines import plain_line, plain_text

_LONGEST_TITLE = 120
"""Characters of a plan's title, which every card, step and record repeats."""
_HOURS = re.compile(r"(\d[\d,.]*)\s*(?:agent[- ])?hours", re.IGNORECASE)


def plan(given: PlanningInput) -> PlanDraft:
    """The whole plan. CPU-bound (seconds): call it from a thread, never on the event loop.

    Raises UnplannableDocument for a document that cannot be planned from, and ImpossibleChange for
    changes that name a story or team that is not there.
    """
    return plan_from(read(given), given)


def plan_from(reading: Reading, given: PlanningInput, advice: Advice = NO_ADVICE) -> PlanDraft:
    """The plan for these sketches, whoever wrote their words; all figures are worked out here."""
    _check(given, [key for key, _ in reading.sketches])
    said = milestones(given.document.text, given.today)
    given = replace(given, wanted_start=said.start)
    kept = [(key, sketch) for key, sketch in reading.sketches if key not in given.changes.drop]
    assumed = product_of(reading.outline, given)
    product = assumed.product
    stories, links, conflicts = _stories(kept, product, reading, given, advice)
    free = free_hours(given)
    within, over = _within_budget(stories, links, given)
    own_teams = frozenset(s.team for s in stories) | frozenset(product.teams if product else ())
    outside_work = outside(reading.outline, kept, own_teams, given)
    waits = waiting(outside_work, links, free, given)
    held = {one.story for one in waits.held}
    within = [story for story in within if story.key not in held]
    table = schedule(within, links, free, given, given.changes.order, waits.not_before)
    left = (*table.unscheduled, *waits.held, *(one for one in over if one.story not in held))
    cost = (
        budget(stories, given) if len(given.done()) >= HISTORY_NEEDED else NotEnoughHistory(len(given.done()))
    )
    found = Findings(
        given.document.path,
        product.id if product else "",
        reading.requirements,
        stories,
        reading.flags,
        table.scheduled,
        left,
        outside_work,
        _forecast(table, stories, given),
        cost,
        free,
        _document_hours(reading.outline),
    )
    outlook = Outlook(tuple(within), links, free, table, cost, waits.not_before)
    wanted = targets(said, outlook, given)
    missed = misses(wanted, outlook, given)
    conflicts = (*conflicts, *waits.told, *money_stated(reading.outline))
    draft = replace(
        _drafted(replace(found, misses=missed), links, conflicts, reading, given),
        sprints=table.sprints,
        gap_days=table.gap_days,
        targets=wanted,
        wanted_start=said.start,
        misses=missed,
        product_why=assumed.why,
        product_assumed=assumed.assumed,
        product_likely=assumed.likely,
    )
    return replace(draft, facts=_facts(draft, found, given))


def _drafted(
    found: Findings,
    links: tuple[Precedence, ...],
    conflicts: tuple[str, ...],
    reading: Reading,
    given: PlanningInput,
) -> PlanDraft:
    judged = risks(found, given)
    return PlanDraft(
        document=given.document.name,
        document_digest=given.document.digest,
        product=found.product,
        title=_title(reading.outline, given.document.name),
        requirements=reading.requirements,
        stories=found.stories,
        flags=reading.flags,
        precedences=links,
        schedule=found.schedule,
        unscheduled=found.unscheduled,
        forecast=found.forecast,
        budget=found.budget,
        risks=judged,
        risk_level=overall(judged),
        dependencies=found.dependencies,
        facts=(),
        worked_out="rules",
        blockers=(*conflicts, *_blockers(reading.flags, found.unscheduled, given)),
        changes=given.changes,
        readings=reading.readings,
    )


def _check(given: PlanningInput, keys: Sequence[str]) -> None:
    changes = given.changes
    for key in (*changes.drop, *changes.order, *(key for key, _ in changes.move)):
        if key not in keys:
            raise ImpossibleChange(f"The plan has no story {key}; it has {keys[0]} to {keys[-1]}.")
    if set(keys) == set(changes.drop):
        raise ImpossibleChange("That would drop every story.")
    if changes.budget_hours is not None and changes.budget_hours <= 0:
        raise ImpossibleChange("A budget must be more than 0 hours.")
    for _, team in changes.move:
        given.team(team)


def _stories(
    kept: Sequence[tuple[str, Sketch]],
    product: Product | None,
    reading: Reading,
    given: PlanningInput,
    advice: Advice,
) -> tuple[tuple[DraftStory, ...], tuple[Precedence, ...], tuple[str, ...]]:
    work = given.work()
    known = frozenset(d.value for team in given.teams for d in team.capacity)
    named = named_teams(reading.outline, given)
    moved = {key: given.team(team).id for key, team in given.changes.move}
    said = stated(reading.outline, kept, given)
    teams = {team.id: team for team in given.teams}
    moved = {key: states.team for key, states in said.items() if states.team} | moved
    kinds = [
        (key, sketch, discipline_of(sketch, work, disciplines_of(teams.get(moved.get(key, "")), known)))
        for key, sketch in kept
    ]
    ordered = precedences(kinds, advice.links, said)
    links = ordered.links
    stories = tuple(
        DraftStory(
            key=key,
            title=plain_line(sketch.title),
            as_a=plain_line(sketch.as_a),
            i_want=plain_text(sketch.i_want),
            so_that=plain_text(sketch.so_that),
            acceptance=tuple(map(plain_text, sketch.acceptance)),
            requirements=sketch.requirements,
            team=moved.get(key) or team_of(sketch, discipline, product, named, work, given),
            discipline=discipline,
            estimate=estimate(sketch.about, discipline, work),
            depends_on=tuple(link.after for link in links if link.story == key),
            priority=advice.priorities.get(key, sketch.priority),
        )
        for key, sketch, discipline in kinds
    )
    unknown = unknown_teams(stories, said, given)
    return stories, links, (*_order_conflicts(links, given.changes.order), *ordered.broken, *unknown)


def _order_conflicts(links: Sequence[Precedence], order: Sequence[str]) -> tuple[str, ...]:
    wanted = {key: place for place, key in enumerate(order)}
    return tuple(
        f"{link.story} was wanted before {link.after}, but comes after it: it {link.why}."
        for link in links
        if link.story in wanted and link.after in wanted and wanted[link.story] < wanted[link.after]
    )


def _within_budget(
    stories: Sequence[DraftStory], links: Sequence[Precedence], given: PlanningInput
) -> tuple[list[DraftStory], tuple[Unscheduled, ...]]:
    """Stories in order of importance, each after those it needs, until the ceiling is reached."""
    ceiling = given.changes.budget_hours
    if ceiling is None:
        return list(stories), ()
    rank = {key: place for place, key in enumerate(given.changes.order)}
    needed = {s.key: {link.after for link in links if link.story == s.key} for s in stories}
    waiting = sorted(stories, key=lambda s: (rank.get(s.key, len(rank)), s.priority, int(s.key[1:])))
    taken: list[DraftStory] = []
    spent = 0.0
    while ready := [
        s for s in waiting if needed[s.key] <= {t.key for t in taken} and spent + s.hours <= ceiling
    ]:
        taken.append(ready[0])
        spent += ready[0].hours
        waiting.remove(ready[0])
    left = tuple(Unscheduled(s.key, f"over the budget of {ceiling:g} hours") for s in waiting)
    return sorted(taken, key=lambda s: int(s.key[1:])), left


def _forecast(
    table: Timetable, stories: tuple[DraftStory, ...], given: PlanningInput
) -> Forecast | NotEnoughHistory:
    if len(given.done()) < HISTORY_NEEDED:
        return NotEnoughHistory(len(given.done()))
    return forecast(table, stories, past_accuracy(given.work()), given.document.digest)


def _document_hours(taken: Outline) -> tuple[float, int] | None:
    for meta in taken.meta:
        if "budget" in meta.key and (match := _HOURS.search(meta.value)):
            return float(match[1].replace(",", "")), meta.line
    return None


def _title(taken: Outline, name: str) -> str:
    plain = re.sub(r"^\W*PRD[-\w]*\s*[:–—-]\s*", "", taken.title).strip()
    return plain_line(plain, _LONGEST_TITLE) or name


def _blockers(
    found: Sequence[Flag],
    left: Sequence[Unscheduled],
    given: PlanningInput,
) -> tuple[str, ...]:
    return (
        *(
            f"Line {f.line} and line {f.also_line} disagree: {f.why}."
            for f in found
            if f.kind == "contradictory"
        ),
        *(f"{u.story} has no place: {u.why}." for u in left),
        *(() if len(given.done()) >= HISTORY_NEEDED else ("There is not enough history to estimate from.",)),
    )


def _facts(draft: PlanDraft, found: Findings, given: PlanningInput) -> tuple[Fact, ...]:
    ledger = Ledger(given.as_of, given.document.path)
    figures.counted(ledger, draft.requirements, draft.stories, draft.flags)
    figures.estimated(ledger, draft.stories, given)
    figures.scheduled(ledger, draft)
    figures.forecast(ledger, draft, given)
    figures.budget(ledger, draft.budget, draft.stories)
    if found.document_hours and isinstance(draft.budget, Budget):
        ledger.read("budget in the document", found.document_hours[0], "agent-hours", found.document_hours[1])
    figures.judged(ledger, draft.risks, draft.risk_level, draft.dependencies)
    return ledger.facts()
