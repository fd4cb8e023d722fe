"""Asking by JQL: every value is quoted, every query is bounded by our projects, and none is built by hand.

https://support.atlassian.com/jira-software-cloud/docs/jql-fields/
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from math import ceil

from integrations.tracker.vendors.jira.labels import Noun
from integrations.tracker.vendors.jira.settings import Place

_KEY = re.compile(r"[A-Z][A-Z0-9_]*-[1-9][0-9]{0,11}")


def is_key(text: str) -> bool:
    """Whether an issue could have this key: Jira refuses a query that names any other."""
    return len(text) < 40 and _KEY.fullmatch(text) is not None


def quoted(value: str) -> str:
    """A value within a query. https://support.atlassian.com/jira-software-cloud/docs/jql-special-characters/"""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def is_in(field: str, values: Iterable[str], operator: str = "in") -> str:
    """Raises ValueError for no values: JQL has no empty list."""
    listed = ", ".join(quoted(one) for one in values)
    if not listed:
        raise ValueError("a list in JQL holds something")
    return f"{field} {operator} ({listed})"


def both(*clauses: str) -> str:
    """All of these; empty ones demand nothing."""
    return " AND ".join(one for one in clauses if one)


def either(*clauses: str) -> str:
    """One of these."""
    there = [one for one in clauses if one]
    return there[0] if len(there) == 1 else "(" + " OR ".join(f"({one})" for one in there) + ")"


def without_labels(labels: Collection[str]) -> str:
    """Issues with none of these labels: `not in` alone leaves out those that have no label at all."""
    if not labels:
        return ""
    return f"(labels is EMPTY OR {is_in('labels', labels, 'not in')})"


def since(field: str, moment: datetime, now: datetime) -> str:
    """A date not before a moment, by the minute: relative, for JQL reads dates in the asker's own time zone."""
    return f'{field} >= "-{max(0, ceil((now - moment).total_seconds() / 60))}m"'


def named(noun: Noun, known: Mapping[str, Place], name: str) -> str | None:
    """The issues of a team or product, as `who` tells them; None where there is no such thing."""
    if name not in known:
        return None
    labels = [noun.label(one) for one in known]
    place = labels.index(noun.label(name))
    marked = both(is_in("labels", [labels[place]]), without_labels(labels[:place]) if place else "")
    homes = [key for key, first in _homes(known).items() if first == name]
    if not homes:
        return either(marked)
    return either(marked, both(is_in("project", homes), without_labels(labels)))


def who(noun: Noun, known: Mapping[str, Place], project: str, labels: Collection[str]) -> str:
    """The team or product of an issue: the first known one that a label names, or else its project's first."""
    there = frozenset(labels)
    marked = (name for name in known if noun.label(name) in there)
    return next(marked, None) or _homes(known).get(project, project.lower())


def _homes(known: Mapping[str, Place]) -> dict[str, str]:
    homes: dict[str, str] = {}
    for name, place in known.items():
        homes.setdefault(place.project, name)
    return homes
