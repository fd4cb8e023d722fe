"""The whole plan as a Markdown document, for whoever cannot open it in the dashboard."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from agents.planning.draft import DraftStory, Estimate, Flag, OutsideDependency, PassageRead, PlanDraft, Risk
from governance.department import Department
from governance.facts import names_of_facts
from handlers.delivery.plans.formats import (
    agent_for,
    budget_text,
    coverage_text,
    dates_text,
    gap_text,
    hours_text,
    late_reason,
    miss_text,
    span_text,
    team_name,
)
from handlers.delivery.plans.product_question import product_text
from handlers.delivery.plans.proposal import done_text, hours_range, risk_text

_MARKUP = re.compile(r"[\\\[<`]")


def plan_document(draft: PlanDraft, department: Department) -> str:
    """Everything that the plan says, and the facts that it rests on."""
    sections = (
        ("Not met", _bullets(miss_text(miss, draft.document) for miss in draft.misses)),
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
        ("Dates", dates_text(draft)),
        ("Timeline", span_text(draft)),
        ("Budget", budget_text(draft.budget, department.currency)),
        ("Risk", risk_text(draft)),
    )
    parts = [f"# {_line(draft.title)}", f"A plan from {draft.document}."]
    parts.append("\n".join(_bullets(f"{name}: {value}" for name, value in figures)))
    if how := " ".join(filter(None, (late_reason(draft), gap_text(draft), coverage_text(draft)))):
        parts.append(_line(how))
    for title, lines in sections:
        if told := "\n".join(lines):
            parts += [f"## {title}", told]
    return "\n\n".join(parts) + "\n"


def _stories(draft: PlanDraft, department: Department) -> Iterator[str]:
    for number, story in enumerate(draft.stories):
        if number:
            yield ""
        yield f"### {story.key} {_line(story.title)}"
        yield ""
        yield _line(story.description)
        yield ""
        yield from _bullets(_about(story, draft, department))
        if story.acceptance:
            yield "- Done when:"
            yield from (f"  - {_line(criterion)}" for criterion in story.acceptance)


def _about(story: DraftStory, draft: PlanDraft, department: Department) -> Iterator[str]:
    yield f"Team: {team_name(department, story.team)} ({agent_for(story.discipline)})"
    yield f"Priority: {story.priority.value}"
    yield from _estimate(story)
    yield f"Done by the schedule: {done_text(draft, story.key)}"
    if story.depends_on:
        yield f"Comes after: {', '.join(story.depends_on)}"
    if story.requirements:
        yield f"Requirements: {', '.join(story.requirements)}"


def _estimate(story: DraftStory) -> Iterator[str]:
    """The hours with their range, and each done story that they rest on with how alike it is."""
    if not isinstance(story.estimate, Estimate):
        yield "Estimate: not enough history to say"
        return
    yield f"Estimate: {hours_range(story)} agent-hours"
    basis = {
        "similar": "similar stories that are done",
        "discipline": f"all done {story.discipline} stories, for too few are similar",
        "department": "all done stories, for too few are similar",
    }[story.estimate.basis]
    named = "; ".join(
        f"{s.story} {s.title} ({hours_text(s.actual_hours)}, {s.similarity:.0%} alike)"
        for s in story.estimate.evidence
    )
    yield f"It rests on {basis}" + (f": {named}" if named else "")


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
