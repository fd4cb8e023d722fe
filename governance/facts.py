"""Facts: values that were looked up or worked out, each with where it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

FactValue = str | int | float | bool | Decimal | None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact comes from.

    `kind` says how to read `detail`: the query asked, the file (with commit or digest and line), or
    the computation (named in words, its inputs by fact name in `inputs`).
    """

    kind: Literal["query", "file", "computation", "setting", "person"]
    detail: str
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """A value with its name, unit, time and source. Every number that a card shows is one of these.

    `id` is short and unique within one reply or plan (`f1`, `budget`); a model cites facts by it.
    `unit` is what people read after the value (`agent-hours`, `stories/week`, `USD`, `` for none).
    """

    id: str
    name: str
    value: FactValue
    unit: str
    as_of: datetime
    source: Source


def names_of_facts(facts: Sequence[Fact]) -> list[str]:
    """The facts' names in order; before those that others cite by id stands the id."""
    cited = {id for fact in facts for id in fact.source.inputs}
    return [f"{fact.id} {fact.name}" if fact.id in cited else fact.name for fact in facts]


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts behind one reply, by id, in the order in which they were established."""

    items: Mapping[str, Fact] = field(default_factory=dict)

    def __getitem__(self, fact_id: str) -> Fact:
        return self.items[fact_id]
