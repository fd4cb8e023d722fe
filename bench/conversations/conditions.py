"""Written conditions: what the product reads of them, against what they mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.conversations.data import WrittenCondition
from bench.conversations.meanings import NoMeaning, equal
from governance.authority.conditions import Condition
from handlers.conversation.conditions import UncheckableCondition, read_condition


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
    """The product's reading in the data's grammar; None where it asks back. This is where the product's reader
    is joined: a reader whose trees are written in the grammar needs nothing here but `str`."""
    try:
        return _written(read_condition(words))
    except UncheckableCondition:
        return None


def _written(condition: Condition) -> str:
    value = "|".join(condition.value) if isinstance(condition.value, tuple) else str(condition.value)
    match condition.fact, value:
        case "tests_passed", "true":
            return "tests_green(all)"
        case "environment", where:
            return f"environment={where}"
    return f"{condition.fact}({value})"


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
