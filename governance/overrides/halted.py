"""A halt and its report, as chat, the dashboard and the command line tell of them. Imports next to nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from governance.outside_text import clean

ALIVE_WITHIN = timedelta(seconds=5)
"""A worker that was not seen for longer before the halt is taken for dead, and not waited for."""

WAIT_SECONDS = 10.0
"""How long workers are waited for."""

POLL_SECONDS = 0.05
"""How often it is asked who has acknowledged."""

IMPACT = "Every agent of the department stops, or goes on."
ROLLBACK_PLAN = "The other command takes it back; resuming takes a second person."


@dataclass(frozen=True, slots=True)
class Halted:
    """A halt that stands. `epoch` is the fence's from it on; `before` if somebody had halted already."""

    override: str
    epoch: int
    by: str
    before: bool


@dataclass(frozen=True, slots=True)
class HaltReport:
    """`silent` are the workers that have not acknowledged (yet). `seconds` is how long the slowest of the
    others took, from the halt's commit order in the database. `already_sent` are effects, by id, that
    had been claimed before the halt: what they did in the outside world stands."""

    override: str
    by: str
    reason: str
    acknowledged: tuple[str, ...]
    silent: tuple[str, ...]
    seconds: float
    cancelled: int
    already_sent: tuple[str, ...]

    @property
    def workers(self) -> int:
        """How many workers were alive when the halt came."""
        return len(self.acknowledged) + len(self.silent)


def said(reason: str) -> str:
    """The reason as the record has it. No reason is a bad one: one that says nothing is said to."""
    return clean(reason) or "No reason was given."
