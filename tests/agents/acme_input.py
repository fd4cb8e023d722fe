"""The sample department as planning's input, read from its files."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from agents.planning.draft import PlanChanges
from agents.planning.request import PlanningInput
from agents.planning.working_days import working_days
from governance.department_file import read_department
from integrations.documents import Document
from integrations.services import Service
from integrations.services.vendors.local import read_catalogue
from integrations.tracker import Epic, Sprint, Story

ACME = Path(__file__).parents[2] / "examples" / "acme"
TODAY = date(2026, 11, 23)
AS_OF = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@cache
def history() -> tuple[tuple[Story, ...], tuple[Epic, ...], tuple[Sprint, ...]]:
    return tuple(
        tuple(
            TypeAdapter(kind).validate_json(line)
            for line in (ACME / "history" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        )
        for name, kind in (("stories", Story), ("epics", Epic), ("sprints", Sprint))
    )  # type: ignore[return-value]


@cache
def services() -> tuple[Service, ...]:
    return tuple(read_catalogue(ACME / "services").values())


def document(name: str, text: str | None = None) -> Document:
    if text is None:
        text = (ACME / "documents" / f"{name}.md").read_text(encoding="utf-8")
    return Document(name, text, hashlib.sha256(text.encode()).hexdigest(), f"{name}.md")


def planning_input(
    name: str = "PRD-2025-Q1-Dashboard", text: str | None = None, changes: PlanChanges | None = None
) -> PlanningInput:
    """Everything that the sample department has, with this document."""
    stories, epics, sprints = history()
    department = read_department(ACME / "department.yaml")
    return PlanningInput(
        document(name, text),
        stories,
        epics,
        sprints,
        department.teams,
        department.products,
        services(),
        TODAY,
        AS_OF,
        changes or PlanChanges(),
        working_days(department),
    )
