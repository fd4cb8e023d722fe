"""Where planning writes down its figures: each becomes a Fact with an id, a unit and a source."""

from __future__ import annotations

from datetime import datetime

from governance.facts import Fact, FactValue, Source


class Ledger:
    """Facts in the order in which they were established, `f1`, `f2`, …, each name once."""

    def __init__(self, as_of: datetime, document: str, query: str = "tracker") -> None:
        self._as_of = as_of
        self._document = document
        self._query = query
        self._by_name: dict[str, Fact] = {}

    def computed(self, name: str, value: FactValue, unit: str, how: str, *inputs: Fact) -> Fact:
        """A value worked out; `how` names the computation in words."""
        return self._add(name, value, unit, Source("computation", how, tuple(fact.name for fact in inputs)))

    def looked_up(self, name: str, value: FactValue, unit: str, asked: str) -> Fact:
        """A value read from the tracker, the catalogue or the department; `asked` is the query."""
        return self._add(name, value, unit, Source("query", f"{self._query}: {asked}"))

    def read(self, name: str, value: FactValue, unit: str, line: int) -> Fact:
        """A value that stands in the document, at this line."""
        return self._add(name, value, unit, Source("file", f"{self._document}:{line}"))

    def asked(self, name: str, value: FactValue, unit: str) -> Fact:
        """A value that a person set."""
        return self._add(name, value, unit, Source("person", "asked for with Modify"))

    def facts(self) -> tuple[Fact, ...]:
        """All of them."""
        return tuple(self._by_name.values())

    def _add(self, name: str, value: FactValue, unit: str, source: Source) -> Fact:
        if name not in self._by_name:
            fact = Fact(f"f{len(self._by_name) + 1}", name, value, unit, self._as_of, source)
            self._by_name[name] = fact
        return self._by_name[name]
