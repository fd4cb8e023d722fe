"""Names in a message that are recognisable by how they are written, known or not."""

from __future__ import annotations

import re

from handlers.language.kinds import Known, Thing
from handlers.language.matching import Resolution, Resolved, find, resolve, resolve_id
from handlers.language.words import plain, visible

_DOCUMENT = re.compile(r"\bPRD[-_][\w-]*\w", re.IGNORECASE)
_TICKET = re.compile(r"\b[A-Z][A-Z0-9]{1,9}-\d+\b", re.IGNORECASE)
_WORDS = r"(?P<name>[\w&.'-]+(?: [\w&.'-]+){0,2}?)"
_SERVICE = re.compile(rf"\b(?:the |our )?{_WORDS} (?:micro)?service\b")
_FEATURE = re.compile(rf"\b(?:the |our |for )?{_WORDS} (?:feature|epic|plan|integration|project)\b")
_CUSTOMER = re.compile(
    r"\b(?:customer|client|account) (?P<name>[\w&.'-]+(?: (?:corp|inc|ltd)\b)?)", re.IGNORECASE
)
_TEAM = re.compile(r"\bteam (?P<name>[\w&'-]+)|\b(?P<before>[\w&'-]+) (?:team|squad)\b", re.IGNORECASE)
_NOT_NAMES = frozenset(
    [
        "the",
        "a",
        "an",
        "this",
        "that",
        "which",
        "what",
        "our",
        "my",
        "your",
        "any",
        "every",
        "all",
        "of",
        "for",
        "in",
        "on",
        "s",
        "is",
        "one",
        "each",
    ]
)


def read_document(text: str, known: Known) -> Resolution | None:
    """The PRD that is named, by its id (`PRD-2025-Q1-Dashboard`) or by its title."""
    written = _DOCUMENT.search(visible(text))
    return resolve_id(written[0], known.documents) if written else find(text, known.documents)


def read_story(text: str, known: Known) -> Resolution | None:
    """The story that is named by its id (`CARD-1234`) or by its title."""
    for written in _TICKET.finditer(visible(text)):
        if written[0].split("-")[0].upper() not in ("PRD", "CVE", "RFC"):
            return resolve_id(written[0], known.stories)
    return find(text, known.stories)


def read_service(text: str, known: Known) -> Resolution | None:
    """The service that is meant; Unknown for "the foo service" where there is no foo."""
    return _by_pattern(text, known.services, _SERVICE)


def read_epic(text: str, known: Known) -> Resolution | None:
    """The feature, epic or plan that is meant."""
    return _by_pattern(text, known.epics, _FEATURE)


def read_customer(text: str, known: Known) -> Resolution | None:
    """The customer that is meant."""
    return _by_pattern(text, known.customers, _CUSTOMER)


def read_team(text: str, known: Known) -> Resolution | None:
    """The team that is meant."""
    return _by_pattern(text, known.teams, _TEAM)


def read_product(text: str, known: Known) -> Resolution | None:
    """The product that is meant."""
    return find(text, known.products)


def read_person(text: str, known: Known) -> Resolution | None:
    """The person that is meant, by name or first name. Two of one first name are ambiguous."""
    return find(text, tuple(_with_first_name(person) for person in known.people))


def read_people(text: str, known: Known) -> tuple[Resolution, ...]:
    """Everybody who is named, in the order in which they are said; each first name once."""
    people = tuple(_with_first_name(person) for person in known.people)
    parts = re.split(r",|;|&|\band\b|\bwith\b|\bplus\b", plain(text))
    found = [answer for part in parts if (answer := find(part, people)) is not None]
    return tuple(dict.fromkeys(found))


def _with_first_name(person: Thing) -> Thing:
    first = person.name.split()[:1]
    return Thing(person.id, person.name, (*person.aliases, *first))


def _by_pattern(text: str, things: tuple[Thing, ...], pattern: re.Pattern[str]) -> Resolution | None:
    found = find(text, things)
    if isinstance(found, Resolved):
        return found
    for written in pattern.finditer(plain(text)):
        name = next(group for group in written.groups() if group)
        words = name.split()
        while words and words[0] in _NOT_NAMES:
            words.pop(0)
        if words and not set(words) <= _NOT_NAMES:
            return found if found is not None else resolve(words[-1] if len(words) > 1 else name, things)
    return found
