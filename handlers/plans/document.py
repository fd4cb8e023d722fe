"""The whole plan as a Markdown document, for whoever cannot open it in the dashboard."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from agents.planning.draft import DraftStory, Flag, OutsideDependency, PassageRead, PlanDraft, Risk, Scheduled
from governance.department import Department
from governance.facts import names_of_facts
from handlers.plans.product_question import product_text
from handlers.plans.proposal import forecast_text, risk_text
from handlers.plans.words import agent_for, budget_text, day_text, hours_text, span_text, team_name

_MARKUP = re.compile(r"[\\\[<`]")


def plan_document(draft: PlanDraft, department: Department) -> str:
    """Everything that the plan says, and the facts that it rests on."""
    sections = (
        ("To settle first", _bullets(draft.blockers)),
        ("Stories", _stories(draft, department)),
        ("Stories without a place", _bullets(f"{left.story}: {left.why}" for left in draft.unscheduled)),
        ("Unclear in the document", _bullets(map(_flag, draft.flags))),
        ("Risks", _bullets(map(_risk, draft.risks))),
        ("Depends on", _bullets(map(_dependency, draft.dependencies))),
        ("Requirements", _bullets(f"{r.id} (line {r.line}): {r.text}" for r in draft.requirements)),
        ("How the document was read", _bullets(map(_read, draft.readings))),
        ("How this was worked out", _bullets(_facts(draft))),
    )
    figures = (
        ("Product", product_text(draft, department)),
        ("Timeline", span_text(draft.schedule)),
        ("Forecast", forecast_text(draft.forecast)),
        ("Budget", budget_text(draft.budget, department.currency)),
        ("Risk", risk_text(draft)),
    )
    parts = [f"# {_line(draft.title)}", f"A plan from {draft.document}."]
    parts.append("\n".join(_bullets(f"{name}: {value}" for name, value in figures)))
    for title, lines in sections:
        if told := "\n".join(lines):
            parts += [f"## {title}", told]
    return "\n\n".join(parts) + "\n"


def _stories(draft: PlanDraft, department: Department) -> Iterator[str]:
    places = {place.story: place for place in draft.schedule}
    for number, story in enumerate(draft.stories):
        if number:
            yield ""
        yield f"### {story.key} {_line(story.title)}"
        yield ""
        yield _line(story.description)
        yield ""
        yield from _bullets(_about(story, places, department))
        if story.acceptance:
            yield "- Done when:"
            yield from (f"  - {_line(criterion)}" for criterion in story.acceptance)


def _about(story: DraftStory, places: Mapping[str, Scheduled], department: Department) -> Iterator[str]:
    yield f"Team: {team_name(department, story.team)} ({agent_for(story.discipline)})"
    yield f"Priority: {story.priority.value}"
    yield f"Estimate: {hours_text(story.hours) if story.hours else 'not enough history to say'}"
    place = places.get(story.key)
    yield f"Sprint: from {day_text(place.starts)}" if place else "Sprint: no place yet"
    if story.depends_on:
        yield f"Comes after: {', '.join(story.depends_on)}"
    if story.requirements:
        yield f"Requirements: {', '.join(story.requirements)}"


def _flag(flag: Flag) -> str:
    lines = f"line {flag.line}" if flag.also_line is None else f"lines {flag.line} and {flag.also_line}"
    return f"{flag.kind.capitalize()}, {lines}: “{flag.quote}”. {flag.why}. {flag.suggestion}"


def _risk(risk: Risk) -> str:
    evidence = "; ".join(f"{item.text} ({item.source})" for item in risk.evidence)
    weight = f"likelihood {risk.likelihood}, impact {risk.impact}"
    return f"{risk.title} ({weight}): {evidence}. What would help: {risk.mitigation}"


def _read(read: PassageRead) -> str:
    named = f" {read.requirement}" if read.requirement else ""
    return f"Line {read.line}: {read.account}{named}: “{read.text}” ({read.why})"


def _dependency(dependency: OutsideDependency) -> str:
    return f"{dependency.name} (line {dependency.line}): {dependency.status}"


def _facts(draft: PlanDraft) -> Iterator[str]:
    for name, fact in zip(names_of_facts(draft.facts), draft.facts, strict=True):
        value = "not known" if fact.value is None else fact.value
        inputs = f", from {', '.join(fact.source.inputs)}" if fact.source.inputs else ""
        told = f"{name}: {value} {fact.unit}".rstrip()
        yield f"{told} ({fact.source.kind}: {fact.source.detail}{inputs})"


def _bullets(items: Iterable[str]) -> Iterator[str]:
    return (f"- {_line(item)}" for item in items)


def _line(text: str) -> str:
    """Somebody's words as one line that makes no link, picture or tag."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.split()))
