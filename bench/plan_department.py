"""The sample department as planning's input, for benchmarks of plans."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from agents.planning.request import PlanningInput
from agents.planning.working_days import working_days
from governance.department import Department
from governance.department_file import read_department
from integrations.documents import Document
from integrations.services.vendors.local import read_catalogue
from integrations.tracker import Epic, Sprint, Story

ACME = Path(__file__).parents[1] / "examples" / "acme"
TODAY = date(2026, 11, 23)
"""The Monday after the sample's history ends."""
_AS_OF = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@cache
def department() -> Department:
    """The sample department."""
    return read_department(ACME / "department.yaml")


@cache
def _rows(name: str, kind: type) -> tuple[Any, ...]:
    read = TypeAdapter[Any](kind).validate_json
    return tuple(
        read(line) for line in (ACME / "history" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    )


def given(document: Document) -> PlanningInput:
    """All that a plan of this document is worked out from."""
    known = department()
    return PlanningInput(
        document,
        _rows("stories", Story),
        _rows("epics", Epic),
        _rows("sprints", Sprint),
        known.teams,
        known.products,
        tuple(read_catalogue(ACME / "services").values()),
        TODAY,
        _AS_OF,
        days=working_days(known),
    )
