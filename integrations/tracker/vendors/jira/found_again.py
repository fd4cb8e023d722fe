"""Finding in Jira what an effect came to, by its mark: see `receipts`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from integrations import CannotTell
from integrations.tracker.vendors.jira.issues import Issue, grants_of, property_of
from integrations.tracker.vendors.jira.looks import Looks
from integrations.tracker.vendors.jira.questions import NEWEST_FIRST
from integrations.tracker.vendors.jira.receipts import Receipt

NEW_STORY, NEW_EPIC, CHANGED, CANCELLED = "new story", "new epic", "changed stories", "cancelled epic"
_MADE = frozenset({NEW_STORY, NEW_EPIC})
_CLOCKS = timedelta(minutes=2)
"""How far two clocks may be apart."""
_MOST = 500


@dataclass(frozen=True, slots=True)
class Found:
    """What an effect came to: keys of its items, and ids of the issues that it made or changed."""

    items: tuple[str, ...]
    touched: tuple[str, ...]


async def find(looks: Looks, receipt: Receipt) -> Found | None:
    """What is there of an effect, or None. Raises CannotTell where it is half done, Refused, Away."""
    if receipt.kind in _MADE:
        return await _made(looks, receipt)
    return await _changed(looks, receipt)


async def _made(looks: Looks, receipt: Receipt) -> Found | None:
    world, questions = await looks.world(), await looks.questions()
    types = world.stories if receipt.kind == NEW_STORY else world.epics
    since = receipt.began - _CLOCKS
    where = questions.made_by_us(receipt.project, types, since, looks.clock())
    for one in await looks.search.first(where, NEWEST_FIRST, ("summary",), _MOST):
        if property_of(one).get("made") == receipt.grant:
            return Found((str(one["key"]),), (str(one["id"]),))
    return None


async def _changed(looks: Looks, receipt: Receipt) -> Found | None:
    found = await looks.search.fetch(receipt.touches, ("summary",))
    by_id = {str(one["id"]): one for one in found.values()}
    there = [by_id[id] for id in receipt.touches if id in by_id]
    whole = [one for one in there if receipt.grant in grants_of(one)]
    if len(whole) == len(receipt.touches):
        keys = tuple(str(one["key"]) for one in whole)
        return Found(keys[-1:] if receipt.kind == CANCELLED else keys, receipt.touches)
    if whole or any(property_of(one).get("half") == receipt.grant for one in there):
        raise CannotTell(_half(there, whole))
    return None


def _half(there: list[Issue], whole: list[Issue]) -> str:
    left = ", ".join(str(one["key"]) for one in there if one not in whole)[:300] or "what is there no more"
    done = ", ".join(str(one["key"]) for one in whole)[:300] or "none"
    return f"In Jira this is half done. Changed: {done}; not, or not wholly: {left}. Please look there."
