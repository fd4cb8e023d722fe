"""A finding of the doctor's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing: `well`, worth knowing (`advice`), or `wrong`, and then what to do."""

    what: str
    state: Literal["well", "advice", "wrong"]
    says: str
