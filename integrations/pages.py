"""Lists in pages: whoever asks for one item or a few never waits for all of them.

A page goes on behind the last item that was read, not at a count of items, so that what is added meanwhile
neither repeats an item nor hides one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

LARGEST_PAGE = 1000
"""Items of one page where a query does not say."""


class _Paged(Protocol):
    @property
    def after(self) -> str | None: ...


T = TypeVar("T")
Query = TypeVar("Query", bound=_Paged)


class NoSuchPage(ValueError):
    """`after` is none of this list's marks."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a list, in its order. `after` is the mark by which the next page is asked for; None where
    no more items follow. A mark means something to the port that gave it, and to nobody else.
    """

    items: tuple[T, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a list that nothing restricts: at most `limit` items, behind the mark `after`."""

    after: str | None = None
    limit: int = LARGEST_PAGE


async def every(read: Callable[[Query], Awaitable[Page[T]]], query: Query) -> AsyncIterator[T]:
    """Every item that answers the query, page by page, each of at most the query's `limit`."""
    while True:
        page = await read(query)
        for item in page.items:
            yield item
        if page.after is None:
            return
        query = replace(query, after=page.after)  # type: ignore[type-var]  # every query is a dataclass


async def everything(read: Callable[[Query], Awaitable[Page[T]]], query: Query) -> tuple[T, ...]:
    """`every` item at once, for what is worked out from all of them."""
    return tuple([item async for item in every(read, query)])


def page_of(found: Sequence[T], limit: int, mark: Callable[[T], str]) -> Page[T]:
    """The page that `found` begins with; a vendor reads one item more than the limit to know whether more
    follow.
    """
    items = tuple(found[:limit])
    return Page(items, mark(items[-1]) if items and len(found) > limit else None)


def page_behind(found: Sequence[T], after: str | None, limit: int, mark: Callable[[T], str]) -> Page[T]:
    """The page behind the mark `after`, of a whole list. Raises NoSuchPage."""
    if after is not None:
        marks = [mark(one) for one in found]
        if after not in marks:
            raise NoSuchPage(after)
        found = found[marks.index(after) + 1 :]
    return page_of(found, limit, mark)
