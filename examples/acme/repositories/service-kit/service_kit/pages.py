"""Lists in pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some items of a list; `after` is the mark of the next page, None on the last one."""

    items: tuple[T, ...]
    after: str | None


def page(items: Sequence[T], mark: Callable[[T], str], limit: int, after: str | None = None) -> Page[T]:
    """The page behind the mark `after`. Raises ValueError for a mark that is not there."""
    if not 1 <= limit <= 1000:
        raise ValueError("a page has 1 to 1000 items")
    marks = [mark(item) for item in items]
    begin = 0 if after is None else marks.index(after) + 1
    part = tuple(items[begin : begin + limit])
    return Page(part, marks[begin + limit - 1] if begin + limit < len(items) else None)
