"""How a vendor's ids are written, so that one in a message is told from other words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class WrittenId:
    """An id in a text: where it begins, and how its vendor spells it."""

    start: int
    id: str


@dataclass(frozen=True, slots=True)
class WrittenIds:
    """The shape of the ids of one kind of item: `pattern` finds one in a text, and `case` is the case in which
    the vendor keeps them. What has the shape need not be there; two kinds of one vendor may share a shape.
    """

    pattern: re.Pattern[str]
    case: Literal["upper", "lower", "as written"] = "upper"

    def first(self, text: str) -> WrittenId | None:
        """The first text that looks like an id."""
        found = self.pattern.search(text)
        return None if found is None else WrittenId(found.start(), self.spelt(found[0]))

    def spelt(self, written: str) -> str:
        """An id as its vendor keeps it, however it is written."""
        match self.case:
            case "upper":
                return written.upper()
            case "lower":
                return written.lower()
            case "as written":
                return written
