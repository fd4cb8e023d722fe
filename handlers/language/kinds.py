"""Kinds of things that people name: each kind's owner registers how its things are found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from governance.visibility import Scope
from handlers.worlds import declared
from integrations.written_ids import WrittenId, WrittenIds

if TYPE_CHECKING:
    from handlers.conversation.desk import Desk


@dataclass(frozen=True, slots=True)
class Thing:
    """Something with an id and a name; `aliases` are other names that people use for it."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()


FindsThings = Callable[["Desk", Scope, str], Awaitable[Sequence[Thing]]]
FindsById = Callable[["Desk", Scope, str], Awaitable[Thing | None]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing. What its functions return lies within the scope that they are given: what the asker may
    not see is not found, nor is it ever a near name. `find` is given the text that names something: of what
    there is much it returns only what shares a word with it, or one like it, best first.

    `before` are words that stand before a name ("team Alpha"), `behind` those behind it ("the orders service").
    `ids` says how an id of it is written where that tells it from other words, and `by_id` looks one up;
    without `by_id` a written id is looked for among the things, a slip in its letters forgiven.
    `expected_after` are words behind which a capitalised name of nothing else is taken for one of this kind. Of
    a `crowded` kind there is so much that other kinds go before it. `missing` says that there is no such thing,
    `{}` being the name; `missing_here` the same to somebody who sees a part of them.
    """

    name: str
    find: FindsThings
    missing: str
    before: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    ids: Callable[[Desk], WrittenIds] | None = None
    by_id: FindsById | None = None
    expected_after: tuple[str, ...] = ()
    crowded: bool = False
    missing_here: str = ""


@cache
def find_kinds() -> Mapping[str, Kind]:
    """Every kind by its name: the `KINDS` that modules of `handlers/` declare."""
    return {kind.name: kind for kind in declared("KINDS", Kind)}


def written_id(desk: Desk, text: str, *names: str) -> WrittenId | None:
    """The first id of one of these kinds that is written out in `text`, so that nothing else can be meant."""
    shapes = (kind.ids(desk) for name in names if (kind := find_kinds()[name]).ids is not None)
    found = (one for shape in shapes if (one := shape.first(text)))
    return min(found, key=lambda one: one.start, default=None)
