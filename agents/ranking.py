"""What comes first: features ranked by what waits for them, how soon, and how much work is left.

The score of a feature is its value times its urgency, divided by the work that is left, as in weighted
shortest job first (Reinertsen, The Principles of Product Development Flow, 2009, ch. 7):

    value    1 + the yearly revenue of the customers who wait for it, in units of 100,000; one whose revenue is
             not known adds nothing, and is named
    urgency  2 if a need, a promise or a renewal of theirs falls due within 90 days, else 1
    work     agent-hours of its open stories, in units of 100, at least a tenth of one

A feature nobody waits for has the value 1, so that small things still come before large ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from integrations.customers import Account, Commitment, CommitmentState, Request
from integrations.tracker import Epic, OpenWork

SOON = timedelta(days=90)

_UNIT = Decimal(100_000)


@dataclass(frozen=True, slots=True)
class Revenue:
    """The yearly revenue of some accounts, in the department's currency: what is known of it, and the names of
    those of whom it is not."""

    known: Decimal
    without: tuple[str, ...]

    @classmethod
    def of(cls, accounts: Sequence[Account]) -> Revenue:
        """Together."""
        known = sum((account.arr for account in accounts if account.arr is not None), Decimal(0))
        return cls(known, tuple(account.name for account in accounts if account.arr is None))


@dataclass(frozen=True, slots=True)
class Ranked:
    """A feature with its score and what it rests on. `due` is the nearest date that somebody waits for."""

    epic: Epic
    score: float
    revenue: Revenue
    waiting: tuple[Account, ...]
    due: date | None
    hours: float
    open_stories: int


@dataclass(frozen=True, slots=True)
class Demand:
    """Who waits: accounts by id, what they asked for, and what they were promised."""

    accounts: Mapping[str, Account]
    requests: Sequence[Request]
    commitments: Sequence[Commitment]

    @property
    def items(self) -> frozenset[str]:
        """The tracker's items that somebody waits for."""
        asked = (item for request in self.requests for item in request.items)
        return frozenset((*asked, *(item for promise in self.commitments for item in promise.items)))

    def due(self, items: frozenset[str], waiting: Sequence[Account], today: date) -> date | None:
        """The nearest date, from today on, of needs and promises about these items and of renewals."""
        needs = [r.needed_by for r in self.requests if items.intersection(r.items) and r.needed_by]
        promises = [
            c.due for c in self.commitments if items.intersection(c.items) and c.state is CommitmentState.OPEN
        ]
        renewals = [account.renewal for account in waiting if account.renewal]
        return min((day for day in (*needs, *promises, *renewals) if day >= today), default=None)


def rank(
    epics: Sequence[Epic],
    work: Mapping[str, OpenWork],
    demand: Demand,
    homes: Mapping[str, str | None],
    today: date,
) -> tuple[Ranked, ...]:
    """Features with open stories, the first first; ties by the epic's priority, then its id.

    `work` is what is left of each epic by its id; `homes` are the epics of the open stories among what somebody
    waits for, by the stories' ids.
    """
    stories: defaultdict[str, set[str]] = defaultdict(set)
    for story, home in homes.items():
        if home is not None:
            stories[home].add(story)
    ranked = [
        _ranked(epic, work[epic.id], frozenset({epic.id, *stories[epic.id]}), demand, today)
        for epic in epics
        if epic.id in work
    ]
    return tuple(sorted(ranked, key=lambda r: (-r.score, r.epic.priority, r.epic.id)))


def _ranked(epic: Epic, left: OpenWork, items: frozenset[str], demand: Demand, today: date) -> Ranked:
    tagged = sorted({*epic.customers, *left.customers})
    waiting = tuple(demand.accounts[customer] for customer in tagged if customer in demand.accounts)
    revenue = Revenue.of(waiting)
    due = demand.due(items, waiting, today)
    urgency = 2 if due is not None and due <= today + SOON else 1
    score = float(1 + revenue.known / _UNIT) * urgency / max(left.hours / 100, 0.1)
    return Ranked(epic, round(score, 2), revenue, waiting, due, left.hours, left.stories)
