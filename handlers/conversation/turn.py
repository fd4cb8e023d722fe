"""A turn: one thing said, clicked or triggered, with its person, place and thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from governance.people import Actor, Person
from governance.places import Place


@dataclass(frozen=True, slots=True)
class Said:
    """Words typed by a person. Control characters are gone; length is bounded at the inbox.

    `overheard` words were said in a thread that Countersign is part of, without addressing it: people
    also talk among themselves there, so what is not understood is left alone. `cut_from` is how many
    characters there were where that were too many: nothing is done on half a message.
    """

    text: str
    overheard: bool = False
    cut_from: int | None = None
    kind: Literal["said"] = "said"


@dataclass(frozen=True, slots=True)
class Clicked:
    """A button pressed (`verb`, `subject` as stored with the token), with its form's values if it had one."""

    verb: str
    subject: str
    message: str
    values: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    kind: Literal["clicked"] = "clicked"


@dataclass(frozen=True, slots=True)
class Turn:
    """`person` is None for somebody whom the department does not know; `identity` is always proved."""

    tenant: str
    id: str
    identity: str
    person: Person | None
    place: Place
    at: datetime
    what: Said | Clicked

    @property
    def actor(self) -> Actor:
        """The person (or the unknown identity) as an actor, for rulings and the record."""
        return Actor("person", self.person.id if self.person else "unknown", identity=self.identity)
