"""Finding items of the embedded tracker by the words of their titles.

Under row-level security PostgreSQL uses an index only for operators that cannot give a row away, which those of
text search and trigrams are not; equality of text is. So the index is tables of our own, all of it looked up by
equality: which items have which word, and by which keys a word is found that is written a little otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Double, Select, Subquery, Text, column, func, literal, select, text, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.finding import asked_words, likeness, words_of
from integrations.tracker.vendors.local.tables import EpicRow, StoryRow, WordRow

Kind = Literal["story", "epic"]

_SHORTEST_KEYED = 4
_LONGEST_SHORTENED = 8
_LONGEST_WORD = 100
_MOST_ALIKE = 8
_MOST_HITS = 20_000
_MANY = 1_000_000


@dataclass(frozen=True, slots=True)
class Hits:
    """The items that have asked words: rows of `item` and `score`, the higher the better."""

    rows: Subquery

    @property
    def item(self) -> ColumnElement[str]:
        """The item's id."""
        return self.rows.c.item

    @property
    def score(self) -> ColumnElement[float]:
        """How well it answers."""
        return self.rows.c.score


async def write_words(tx: AsyncSession, kind: Kind, titles: Mapping[str, Iterable[str]]) -> None:
    """Make items findable by what they are called, by id; what is findable already is left as it is.

    Words are written in one order by everybody, so that two transactions never wait for each other.
    """
    rows = sorted({row for item, names in titles.items() for row in _rows(item, names)})
    if not rows:
        return
    words, items, shares = zip(*rows, strict=True)
    await tx.execute(
        text(
            "INSERT INTO tracker_words (kind, word, item, share)"
            " SELECT :kind, * FROM unnest(CAST(:words AS text[]), CAST(:items AS text[]),"
            " CAST(:shares AS double precision[])) ON CONFLICT DO NOTHING"
        ),
        {"kind": kind, "words": list(words), "items": list(items), "shares": list(shares)},
    )
    keyed = sorted((key, word) for word in set(words) for key in keys_of(word))
    await tx.execute(
        text(
            "INSERT INTO tracker_word_keys (key, word)"
            " SELECT * FROM unnest(CAST(:keys AS text[]), CAST(:words AS text[])) ON CONFLICT DO NOTHING"
        ),
        {"keys": [key for key, _ in keyed], "words": [word for _, word in keyed]},
    )


def keys_of(word: str) -> frozenset[str]:
    """By what a word is found that is written otherwise: its trigrams, and, as long as it is short, itself and
    whatever is left of it without one letter (so one letter more, less, another or two swapped meet).
    """
    if len(word) < _SHORTEST_KEYED:
        return frozenset()
    padded = f" {word} "
    keys = {padded[at : at + 3] for at in range(len(padded) - 2)}
    if len(word) <= _LONGEST_SHORTENED:
        keys |= {f"-{word}", *(f"-{word[:at]}{word[at + 1 :]}" for at in range(len(word)))}
    return frozenset(keys)


async def hits(tx: AsyncSession, kind: Kind, asked: str) -> Hits | None:
    """The items whose titles have words of this text, or words like them; None where no title has.

    A rare word tells more. Words that very many titles have are left out where rarer ones tell enough.
    """
    said = [word for word in asked_words(asked) if len(word) <= _LONGEST_WORD]
    alike = await _alike(tx, said)
    spread = await _spread(tx, kind, [*alike])
    weights: dict[str, float] = {}
    counted = 0
    for word in sorted(spread, key=lambda one: (spread[one], one)):
        counted += spread[word]
        if weights and counted > _MOST_HITS:
            break
        weights[word] = alike[word] * math.log(1 + _MANY / spread[word])
    if not weights:
        return None
    wanted = func.unnest(
        literal([*weights], ARRAY(Text)), literal([*weights.values()], ARRAY(Double))
    ).table_valued(column("word", Text), column("weight", Double), name="wanted", joins_implicitly=True)
    wanted = wanted.render_derived()
    # LIMIT keeps each word's titles a look-up of its own, by the key: see `best`.
    having = select(WordRow.item, WordRow.share).where(WordRow.kind == kind, WordRow.word == wanted.c.word)
    titles = having.correlate(wanted).limit(_MOST_HITS).lateral("titles")
    score = func.sum(titles.c.share * wanted.c.weight).label("score")
    found = select(titles.c.item, score).select_from(wanted.join(titles, true())).group_by(titles.c.item)
    return Hits(found.order_by(score.desc()).subquery())


def best(
    hits: Hits, table: type[StoryRow] | type[EpicRow], limit: int, *where: ColumnElement[bool]
) -> Select[str]:
    """The ids of at most `limit` items, best first, of equals the newest.

    Each item is looked up by its key, and LIMIT holds PostgreSQL to it: while it has no statistics of a table,
    as in the first minute after a large import, it read thousands of items for every hit, and never came back.
    """
    item = (
        select(table.number).where(table.id == hits.item, *where).correlate(hits.rows).limit(1).lateral("item")
    )
    found = select(hits.item).select_from(hits.rows.join(item, true()))
    return found.order_by(hits.score.desc(), item.c.number.desc()).limit(limit)


def _rows(item: str, names: Iterable[str]) -> Iterator[tuple[str, str, float]]:
    for name in names:
        words = [word for word in words_of(name) if len(word) <= _LONGEST_WORD]
        for word in words:
            yield word, item, round(1 / math.sqrt(len(words)), 4)


async def _alike(tx: AsyncSession, said: list[str]) -> dict[str, float]:
    """How likely each word of the titles is one of those that are said; those that are said count whole."""
    pairs = [(word, key) for word in said for key in sorted(keys_of(word))]
    found = dict.fromkeys(said, 1.0)
    if not pairs:
        return found
    rows = await tx.execute(
        text(
            "SELECT asked.word AS asked, keyed.word AS word FROM"
            " unnest(CAST(:words AS text[]), CAST(:keys AS text[])) AS asked (word, key)"
            " JOIN tracker_word_keys AS keyed ON keyed.key = asked.key"
            " GROUP BY 1, 2 HAVING count(*) > 1"
        ),
        {"words": [word for word, _ in pairs], "keys": [key for _, key in pairs]},
    )
    near: dict[str, list[tuple[float, str]]] = {}
    for asked, word in rows:
        if asked != word and (like := likeness(asked, word)):
            near.setdefault(asked, []).append((like, word))
    for words in near.values():
        for like, word in sorted(words, key=lambda pair: (-pair[0], pair[1]))[:_MOST_ALIKE]:
            found[word] = max(found.get(word, 0.0), like)
    return found


async def _spread(tx: AsyncSession, kind: Kind, words: list[str]) -> dict[str, int]:
    """How many titles have each word that any has, counted to where it is one that very many have."""
    rows = await tx.execute(
        text(
            "SELECT asked.word, counted.titles FROM unnest(CAST(:words AS text[])) AS asked (word), LATERAL"
            " (SELECT count(*) AS titles FROM (SELECT FROM tracker_words WHERE kind = :kind"
            " AND word = asked.word LIMIT :most) AS found) AS counted WHERE counted.titles > 0"
        ),
        {"words": words, "kind": kind, "most": _MOST_HITS},
    )
    return {row.word: row.titles for row in rows}
