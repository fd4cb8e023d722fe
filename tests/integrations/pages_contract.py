"""What every list that comes in pages must keep: no gap, no double, however long a page is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from integrations.pages import NoSuchPage, Page

Read = Callable[[str | None, int], Awaitable[Page[Any]]]
Add = Callable[[int], Awaitable[Any]]


async def read_in_pages(read: Read, limit: int, between: Add | None = None) -> list[Any]:
    """All items, with something added after each page. Each page keeps the limit; only the last is short."""
    found: list[Any] = []
    after: str | None = None
    for number in range(1000):
        page = await read(after, limit)
        assert len(page.items) <= limit
        found += page.items
        if page.after is None:
            return found
        assert len(page.items) == limit
        after = page.after
        if between is not None and number < 20:
            await between(number)
    raise AssertionError("the pages do not end")


async def keeps_pages(read: Read, add: Add | None = None, *, marked: bool = True) -> None:
    """The contract, of a list that has at least three items. `add` adds an item somewhere in it."""
    there = await read_in_pages(read, 1000)
    assert len(there) >= 3
    for limit in (1, 2, 3, len(there), len(there) + 1):
        assert await read_in_pages(read, limit) == there
    if marked:
        with pytest.raises(NoSuchPage):
            await read("no mark of this list", 2)
    if add is not None:
        found = await read_in_pages(read, 1, add)
        assert len({_key(item) for item in found}) == len(found)
        assert [item for item in found if item in there] == there


def _key(item: Any) -> Any:
    return getattr(item, "id", item)
