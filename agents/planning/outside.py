"""Work and services outside the plan that the document names, matched against what exists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agents.planning.draft import OutsideDependency
from agents.planning.reading.outline import Outline, Passage
from agents.planning.request import PlanningInput
from agents.planning.spelled import mentions, without
from agents.planning.stories import Sketch
from integrations.services import Service
from integrations.tracker import Epic, StoryStatus

_OPEN = frozenset({StoryStatus.BACKLOG, StoryStatus.SCHEDULED, StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED})
_STATE_COLUMN = re.compile(r"state|status|ready", re.IGNORECASE)


def outside(
    outline: Outline, stories: Sequence[tuple[str, Sketch]], own_teams: frozenset[str], given: PlanningInput
) -> tuple[OutsideDependency, ...]:
    """Open epics and services that the document names, and declared dependencies that match nothing.

    A service that no dependency section names is a dependency only if it is not in production yet and
    is another team's than `own_teams`: what the plan's own teams run is what the plan changes.
    """
    found: dict[str, OutsideDependency] = {}
    epics = _spelled_out(outline, given)
    for line, text, declared, passage in _places(outline):
        for dependency in _named_in(text, line, declared, own_teams, epics, given):
            found.setdefault(dependency.name.casefold(), dependency)
        if declared and passage is not None and not _covered(text, found):
            dependency = _unmatched(passage)
            found.setdefault(dependency.name.casefold(), dependency)
    return tuple(_with_stories(d, outline, stories) for d in found.values())


def _places(outline: Outline) -> Iterator[tuple[int, str, bool, Passage | None]]:
    """Declared dependencies first, then everything else that asks for something."""
    for passage in outline.passages:
        if passage.role == "dependencies" and passage.kind in ("item", "row", "paragraph"):
            yield passage.line, passage.text, True, passage if passage.kind != "paragraph" else None
    for passage in outline.passages:
        if passage.role in ("requirements", "quality", "other") and passage.kind in (
            "item",
            "row",
            "paragraph",
        ):
            yield passage.line, passage.text, False, None


def _named_in(
    text: str,
    line: int,
    declared: bool,
    own_teams: frozenset[str],
    epics: Sequence[Epic],
    given: PlanningInput,
) -> Iterator[OutsideDependency]:
    rest = text
    for epic in epics:
        if mentions(rest, (epic.title,)) and (epic.status in _OPEN or declared):
            yield _of_epic(epic, line, given)
            rest = without(rest, epic.title)
    for service in sorted(given.services, key=lambda s: (-len(s.name), s.id)):
        if mentions(rest, (service.name, service.id)):
            rest = without(without(rest, service.name), service.id)
            if declared or (service.lifecycle != "production" and service.team not in own_teams):
                yield _of_service(service, line)


def _spelled_out(outline: Outline, given: PlanningInput) -> list[Epic]:
    """The epics whose titles, of two words or more, may stand in the document: all of their words do. The
    longest first."""
    said = " ".join(passage.text for passage in outline.passages).casefold()
    epics = [
        e
        for e in given.epics
        if e.status is not StoryStatus.CANCELLED
        and e.document != given.document.name
        and len(e.title.split()) > 1
        and all(word in said for word in e.title.casefold().replace("-", " ").replace("_", " ").split())
    ]
    return sorted(epics, key=lambda e: (-len(e.title), e.id))


def _of_epic(epic: Epic, line: int, given: PlanningInput) -> OutsideDependency:
    stories = [s for s in given.stories if s.epic == epic.id and s.status is not StoryStatus.CANCELLED]
    done = sum(s.status is StoryStatus.DONE for s in stories)
    named = [s for s in given.services if mentions(epic.title, (s.name, s.id))]
    beside = max(named, key=lambda s: (len(s.id), s.id), default=None)
    status = f"{epic.status.value.replace('_', ' ')}, {done} of {len(stories)} stories done"
    if beside:
        status += f"; service {beside.id} is {beside.lifecycle}"
    return OutsideDependency(epic.title, line, "epic", epic.id, status, epic.status is StoryStatus.DONE)


def _of_service(service: Service, line: int) -> OutsideDependency:
    ready = service.lifecycle == "production"
    return OutsideDependency(service.name, line, "service", service.id, service.lifecycle, ready)


def _unmatched(passage: Passage) -> OutsideDependency:
    said = next((cell for column, cell in passage.cells if _STATE_COLUMN.search(column)), "")
    words = passage.cells[0][1] if passage.cells else passage.text
    name = re.split(r"\s[–—-]\s|[:;(.,]", words)[0].strip()
    status = "neither in the tracker nor in the catalogue"
    return OutsideDependency(
        name, passage.line, "unknown", None, f"{status}; the document says: {said}" if said else status, None
    )


def _covered(text: str, found: dict[str, OutsideDependency]) -> bool:
    return any(mentions(text, (d.name, d.reference or "")) for d in found.values())


def _with_stories(
    dependency: OutsideDependency, outline: Outline, stories: Sequence[tuple[str, Sketch]]
) -> OutsideDependency:
    """Stories that speak of it, or whose requirement its own line names."""
    own = " ".join(p.text for p in outline.passages if p.line == dependency.line and p.role == "dependencies")
    keys = tuple(
        key
        for key, sketch in stories
        if mentions(sketch.about, (dependency.name,))
        or any(mentions(own, (name,)) for name in sketch.requirements)
    )
    return OutsideDependency(
        dependency.name,
        dependency.line,
        dependency.kind,
        dependency.reference,
        dependency.status,
        dependency.ready,
        keys,
    )
