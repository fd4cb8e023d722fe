"""Written conditions: what the product reads of them, against what they mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.conversations.data import WrittenCondition
from bench.conversations.meanings import NoMeaning, equal
from governance.authority.conditions import All, AnyOf, Condition, Not, Term
from governance.department_file import read_department
from handlers.language.condition_tokens import Known
from handlers.language.conditions import EVERYTHING, ConditionNotRead, read_condition
from handlers.language.kinds import Thing

ROOT = Path(__file__).resolve().parents[2]
NOW, ZONE = datetime(2026, 12, 3, 19, 0, tzinfo=UTC), "America/New_York"


@dataclass(frozen=True)
class Read:
    """A condition and what the product read of it: None is asked back."""

    condition: WrittenCondition
    read: str | None

    @property
    def is_right(self) -> bool:
        """Whether a meaning was read, and is the one that is meant."""
        meant = self.condition.meaning
        return meant is not None and self.read is not None and _equal(meant, self.read)

    @property
    def is_misread(self) -> bool:
        """Whether a meaning was read that is not meant: the dangerous kind."""
        return self.read is not None and not self.is_right

    @property
    def asked_back(self) -> str:
        """How it was asked back: rightly, wrongly, or not at all."""
        if self.read is not None:
            return "not"
        return "rightly" if self.condition.meaning is None else "wrongly"


def read_all(conditions: Sequence[WrittenCondition]) -> tuple[Read, ...]:
    """What the product makes of each."""
    return tuple(Read(condition, product_reads(condition.text)) for condition in conditions)


def product_reads(words: str) -> str | None:
    """The product's reading in the data's grammar; None where it asks back. Every fact counts as established,
    for the data says nothing of what stands."""
    try:
        return _written(read_condition(words, establishes=EVERYTHING, known=_known(), now=NOW, zone=ZONE))
    except ConditionNotRead:
        return None


@cache
def _known() -> Known:
    """The sample department's people and services."""
    acme = ROOT / "examples" / "acme"
    people = tuple(Thing(one.id, one.name) for one in read_department(acme / "department.yaml").people)
    services = tuple(Thing(folder.name, folder.name) for folder in sorted((acme / "services").iterdir()))
    return Known(people=people, services=services)


def _written(term: Term) -> str:
    match term:
        case Not(part):
            return f"not({_written(part)})"
        case All(parts) | AnyOf(parts) if len(parts) == 1:
            return _written(parts[0])
        case All(parts):
            return f"and({', '.join(map(_written, parts))})"
        case AnyOf(parts):
            return f"or({', '.join(map(_written, parts))})"
        case Condition():
            return _atom(term)


_FACTS = {
    "breaking": "breaking_change",
    "touches_pii": "touches(pii)",
    "canary_healthy": "canary_healthy({of})",
    "denied_by": "denied_by({of})",
    "deployed": "deployed({of})",
    "done": "done({of})",
    "frozen": "frozen({of})",
    "incident_open": "incident_open({of})",
    "review_done": "review_done({of})",
    "window_open": "window({of})",
    "load_test_passed": "load_test_passed({of})",
    "tests_passed": "tests_green({of})",
    "approved_by": "after(approval by {of})",
    "scan_clean": "scan_clean",
}
_UNITS = {"canary_share": "%", "error_rate": "%", "cpu": "%", "p95": "ms"}


def _atom(condition: Condition) -> str:
    """One comparison as the data writes it; as it is where the data has no such atom."""
    value, fact = condition.value, condition.fact
    of = condition.of.replace(" ", ", ") if fact in ("deployed", "version") else condition.of
    if isinstance(value, datetime):
        moment = f"{value.astimezone(ZoneInfo(ZONE)):%Y-%m-%dT%H:%M}"
        return f"{'after' if condition.operator in ('>', '>=') else 'before'}({moment})"
    if isinstance(value, Decimal):
        called = f"{fact}({of})" if of else fact
        how = (
            "="
            if condition.operator == "is" or (value == 0 and condition.operator == "<=")
            else condition.operator
        )
        return f"{called}{how}{value:f}{_UNITS.get(fact, '')}"
    if fact == "version":
        return f"version({of}){condition.operator}{value[0]}"
    if fact in ("environment", "weekday"):
        atoms = [f"{fact}={one}" for one in value]
        return atoms[0] if len(atoms) == 1 else f"or({', '.join(atoms)})"
    written = _FACTS.get(fact, fact).format(of=of or "all")
    return written if value == ("true",) else f"not({written})"


def _equal(meant: str, read: str) -> bool:
    try:
        return equal(meant, read)
    except NoMeaning:
        return False


def report(read: Sequence[Read]) -> Iterator[str]:
    """A line for each that is not right, for a person to read."""
    for one in read:
        if one.is_misread or one.asked_back == "wrongly":
            kind = "MISREAD" if one.is_misread else "asked back"
            yield f"{kind}: {one.condition.text!r} means {one.condition.meaning or 'ask_back'}, read {one.read}"
