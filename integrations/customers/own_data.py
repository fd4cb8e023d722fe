"""Whether a text for one customer says anything of another: checked before it goes out, by code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from integrations.customers import Account, Request

_SHINGLE = 5
"""So many words in a row of another customer's request are taken from it."""

_WORD = re.compile(r"[^\W_]+")
_SHORTEST = 3
"""Shorter names would be found in any text."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """Something of another customer's in a text: whose, and what of it is there."""

    account: str
    what: str


def foreign_data(
    text: str, account: str, accounts: Sequence[Account], requests: Iterable[Request]
) -> tuple[Foreign, ...]:
    """What of other customers' a text for `account` (an id) says: their names, people, addresses, revenue,
    requests by number or in their words. What the customer's own name, request or contact has in common with
    theirs is its own."""
    own = next((one for one in accounts if one.id == account), None)
    asked = tuple(requests)
    ours = _bare(" ".join(_names(own) if own is not None else ()))
    said = _bare(text)
    found: list[Foreign] = []
    for other in accounts:
        if other.id == account:
            continue
        for name in _names(other):
            if len(name) >= _SHORTEST and _holds(said, _bare(name)) and not _holds(ours, _bare(name)):
                found.append(Foreign(other.id, name))
        amount = f"{other.arr:,.0f}"
        if (
            other.arr
            and (own is None or own.arr != other.arr)
            and re.search(rf"(?<![\d,]){amount}(?![\d,])", text)
        ):
            found.append(Foreign(other.id, amount))
    return (*found, *_of_requests(said, account, asked))


def _names(account: Account) -> tuple[str, ...]:
    person = () if account.contact is None else (account.contact.name, account.contact.email)
    return (account.name, *account.aliases, account.id, *person)


def _of_requests(said: str, account: str, requests: Sequence[Request]) -> list[Foreign]:
    own = {shingle for one in requests if one.account == account for shingle in _shingles(one.what)}
    found: list[Foreign] = []
    for one in requests:
        if one.account == account:
            continue
        if _holds(said, _bare(one.id)):
            found.append(Foreign(one.account, one.id))
        taken = next((each for each in _shingles(one.what) if each not in own and _holds(said, each)), None)
        if taken is not None:
            found.append(Foreign(one.account, taken))
    return found


def _shingles(text: str) -> list[str]:
    words = _bare(text).split()
    return [" ".join(words[at : at + _SHINGLE]) for at in range(len(words) - _SHINGLE + 1)]


def _bare(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def _holds(said: str, words: str) -> bool:
    return bool(words) and f" {words} " in f" {said} "
