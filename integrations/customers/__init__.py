"""Customers: their accounts, what they asked for and what they were promised. The port that every
customer system implements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from governance.visibility import Scope
from integrations.pages import LARGEST_PAGE, Page
from integrations.written_ids import WrittenIds


class Standing(StrEnum):
    """What an account's health amounts to, by the department's own thresholds."""

    HEALTHY = "healthy"
    AT_RISK = "at_risk"
    CRITICAL = "critical"


class CommitmentState(StrEnum):
    """How a promise stands."""

    OPEN = "open"
    KEPT = "kept"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom one writes to at a customer's."""

    name: str
    title: str
    email: str


@dataclass(frozen=True, slots=True)
class Account:
    """A customer. `aliases` are what people call it besides; `arr` is the annual recurring revenue in the
    department's currency; `health` goes from 0 to 100; `owner` is the person in customer success whose account
    it is, by id. None where the customer system does not say."""

    id: str
    name: str
    aliases: tuple[str, ...]
    tier: str | None
    arr: Decimal | None
    renewal: date | None
    health: int | None
    standing: Standing | None
    owner: str | None
    since: date | None
    contact: Contact | None


@dataclass(frozen=True, slots=True)
class Request:
    """What an account asked for, when, and by when it needs it. `items` are the tracker's, by id."""

    id: str
    account: str
    what: str
    asked: date
    needed_by: date | None
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Commitment:
    """What an account was promised: by which person, when, and for when. `items` as in a request."""

    id: str
    account: str
    what: str
    made: date
    by: str
    due: date
    state: CommitmentState
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AccountQuery:
    """Which accounts are wanted; None does not restrict. At most `limit`, behind the mark `after`."""

    ids: frozenset[str] | None = None
    after: str | None = None
    limit: int = LARGEST_PAGE


@dataclass(frozen=True, slots=True)
class Gaps:
    """What a customer system cannot tell, in sentences for people: of the accounts themselves, of what they
    asked for, and of what they were promised."""

    accounts: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    commitments: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.accounts, *self.requests, *self.commitments)


class NoSuchAccount(LookupError):
    """There is no such account, or the asker's scope does not reach it."""


class Customers(Protocol):
    """Reads take a Scope: the accounts in it in full; others can be counted, and no more."""

    @property
    def request_ids(self) -> WrittenIds:
        """How this system's requests' ids are written."""

    async def accounts(self, scope: Scope, query: AccountQuery) -> Page[Account]:
        """A page of the accounts that the scope reaches, by name. Raises NoSuchPage."""

    async def find(self, scope: Scope, text: str, limit: int) -> Sequence[Account]:
        """At most `limit` accounts with a name, alias or id that shares a word with the text, or one like it:
        best first, of equals by name. Accounts outside the scope are never found.
        """

    async def account(self, scope: Scope, account: str) -> Account:
        """One account. Raises NoSuchAccount."""

    async def requests(self, scope: Scope, *, account: str | None = None) -> Sequence[Request]:
        """What was asked for, in the order in which it was asked."""

    async def commitments(self, scope: Scope, *, account: str | None = None) -> Sequence[Commitment]:
        """What was promised, soonest due first."""

    async def count_others(self, scope: Scope) -> int:
        """How many accounts the scope does not reach."""

    async def gaps(self, scope: Scope) -> Gaps:
        """What this system cannot tell of the accounts that the scope reaches."""
