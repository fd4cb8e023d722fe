"""Jira's query language, as far as it is used: parsed, and asked of one issue at a time.

As in Jira, `not in` leaves out what has no value, a query without a restriction is refused, and so is one that
names a field, a project or an issue that is not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

_TOKEN = re.compile(r'\s*(?:(?P<text>"(?:\\.|[^"\\])*")|(?P<op>!=|>=|<=|[=<>~(),])|(?P<word>[^\s"!=<>~(),]+))')
_AGO = re.compile(r"-(\d+)m")
Test = Callable[[Any], bool]


class BadQuery(Exception):
    """Jira's own words."""


class Site(Protocol):
    """What a query is asked of."""

    def now(self) -> datetime: ...

    def values(self, issue: Any, field: str) -> list[Any] | None:
        """What an issue has in a field; None for a field that does not exist."""

    def known(self, field: str, value: str) -> bool:
        """Whether a query may name this value."""

    def called(self, function: str) -> set[Any]:
        """What a function comes to."""


@dataclass
class Query:
    """A parsed query: a test, and by what it is ordered."""

    test: Test
    order: list[tuple[str, bool]]


class Parser:
    """One query, read from its beginning."""

    def __init__(self, text: str, site: Site) -> None:
        self.site = site
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            found = _TOKEN.match(text, at)
            if found is None:
                raise BadQuery(f"Error in the JQL Query: The character at {at} is not allowed.")
            kind = str(found.lastgroup)
            self.tokens.append((kind, found[kind]))
            at = found.end()
        self.at = 0

    def query(self) -> Query:
        """Raises BadQuery."""
        if self._is("order") or not self.tokens:
            raise BadQuery("Unbounded JQL queries are not allowed here. Please add a search restriction.")
        test = self._or()
        order = []
        if self._take("order"):
            self._demand("by")
            while True:
                name = self._next()[1].lower()
                descending = self._take("desc")
                if not descending:
                    self._take("asc")
                order.append((name, descending))
                if not self._take(","):
                    break
        if self.at < len(self.tokens):
            raise BadQuery(f"Error in the JQL Query: Expecting the end, got {self.tokens[self.at][1]!r}.")
        return Query(test, order)

    def _or(self) -> Test:
        tests = [self._and()]
        while self._take("or"):
            tests.append(self._and())
        return lambda issue: any(test(issue) for test in tests)

    def _and(self) -> Test:
        tests = [self._one()]
        while self._take("and"):
            tests.append(self._one())
        return lambda issue: all(test(issue) for test in tests)

    def _one(self) -> Test:
        if self._take("("):
            inner = self._or()
            self._demand(")")
            return inner
        field = self._next()[1]
        return self._clause(field.lower())

    def _clause(self, field: str) -> Test:
        site = self.site
        operator = self._next()[1].lower()
        if operator == "is":
            negated = self._take("not")
            self._demand("empty")
            return lambda issue: bool(self._values(issue, field)) == negated
        if operator == "not":
            self._demand("in")
            wanted = self._list(field)
            return lambda issue: bool(has := self._values(issue, field)) and not wanted & set(has)
        if operator == "in":
            wanted = self._list(field)
            return lambda issue: bool(wanted & set(self._values(issue, field)))
        if operator == "=":
            one = self._value(field)
            return lambda issue: bool(one & set(self._values(issue, field)))
        if operator == ">=":
            ago = _AGO.fullmatch(self._text(self._next()))
            if ago is None:
                raise BadQuery(f"Error in the JQL Query: this is no date for the field '{field}'.")
            since = site.now() - timedelta(minutes=int(ago[1]))
            return lambda issue: any(value >= since for value in self._values(issue, field))
        if operator == "~":
            return self._contains(field, self._text(self._next()).casefold())
        raise BadQuery(f"Error in the JQL Query: the operator '{operator}' is not known.")

    def _contains(self, field: str, wanted: str) -> Test:
        is_beginning, word = wanted.endswith("*"), wanted.rstrip("*")
        if not re.fullmatch(r"[^\W_]+", word):
            raise BadQuery(f"The text query '{wanted}' for field '{field}' is not valid.")

        def test(issue: Any) -> bool:
            words = re.findall(r"[^\W_]+", " ".join(self._values(issue, field)).casefold())
            return any(one.startswith(word) if is_beginning else one == word for one in words)

        return test

    def _list(self, field: str) -> set[Any]:
        self._demand("(")
        values = set(self._value(field))
        while self._take(","):
            values |= self._value(field)
        self._demand(")")
        return values

    def _value(self, field: str) -> set[Any]:
        token = self._next()
        if token[0] == "word" and self._take("("):
            self._demand(")")
            return self.site.called(token[1])
        value = self._text(token)
        if not self.site.known(field, value):
            raise BadQuery(f"The value '{value}' does not exist for the field '{field}'.")
        return {value}

    def _values(self, issue: Any, field: str) -> list[Any]:
        values = self.site.values(issue, field)
        if values is None:
            raise BadQuery(f"Field '{field}' does not exist or you do not have permission to view it.")
        return values

    def _text(self, token: tuple[str, str]) -> str:
        kind, text = token
        return re.sub(r"\\(.)", r"\1", text[1:-1]) if kind == "text" else text

    def _next(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise BadQuery("Error in the JQL Query: it ends too early.")
        self.at += 1
        return self.tokens[self.at - 1]

    def _is(self, word: str) -> bool:
        return (
            self.at < len(self.tokens)
            and self.tokens[self.at][0] != "text"
            and (self.tokens[self.at][1].lower() == word)
        )

    def _take(self, word: str) -> bool:
        if self._is(word):
            self.at += 1
            return True
        return False

    def _demand(self, word: str) -> None:
        if not self._take(word):
            raise BadQuery(f"Error in the JQL Query: Expecting '{word}'.")
