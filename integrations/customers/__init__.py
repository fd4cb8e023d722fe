"""Customers: their accounts, what they asked for and what they were promised. The port that every
customer system implements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from governance.visibility import Scope


@dataclass(frozen=True, slots=True)
class Account:
    """A customer. `arr` is the annual recurring revenue in USD; `health` goes from 0 to 100; `owner` is
    the id of the person in customer success whose account it is."""

    id: str
    name: str
    tier: str
    arr: Decimal
    renewal: date | None
    health: int | None
    owner: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """What an account asked for, when it was asked, and by when it is wanted. `epic` is the epic in the
    tracker that it became."""

    id: str
    account: str
    title: str
    asked: date
    wanted_by: date | None
    epic: str | None


@dataclass(frozen=True, slots=True)
class Commitment:
    """What an account was promised, when, and for when; `kept` is the day on which it was delivered."""

    id: str
    account: str
    promise: str
    made: date
    due: date
    epic: str | None
    kept: date | None


class NoSuchAccount(LookupError):
    """There is no such account, or the asker's scope does not reach it."""


class Customers(Protocol):
    """Reads take a Scope: the accounts in it in full; others can be counted, and no more."""

    async def accounts(self, scope: Scope) -> Sequence[Account]:
        """The accounts that the scope reaches, by name."""

    async def account(self, scope: Scope, account: str) -> Account:
        """One account. Raises NoSuchAccount."""

    async def requests(self, scope: Scope, *, account: str | None = None) -> Sequence[Request]:
        """What was asked for, in the order in which it was asked."""

    async def commitments(self, scope: Scope, *, account: str | None = None) -> Sequence[Commitment]:
        """What was promised, soonest due first."""

    async def count_others(self, scope: Scope) -> int:
        """How many accounts the scope does not reach."""
