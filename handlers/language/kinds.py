"""What exists, as far as a request may name it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thing:
    """Something with an id and a name; `aliases` are other names that people use for it."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that the asker may name, by kind. What they may not see is not in here."""

    people: tuple[Thing, ...] = ()
    teams: tuple[Thing, ...] = ()
    products: tuple[Thing, ...] = ()
    services: tuple[Thing, ...] = ()
    customers: tuple[Thing, ...] = ()
    documents: tuple[Thing, ...] = ()
    epics: tuple[Thing, ...] = ()
    stories: tuple[Thing, ...] = ()
