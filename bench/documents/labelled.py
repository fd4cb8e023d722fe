"""Labelled requirements documents: ours (of four hands) and those of `BENCH_DATA`, with their scorer."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from integrations.documents.formats import FORMATS

OURS = Path(__file__).parents[1] / "requirements_documents"
GIVEN = Path(os.environ.get("BENCH_DATA", Path(__file__).parents[2] / ".." / "shared" / "bench")) / "documents"


class NoDocuments(LookupError):
    """The folder of labelled documents is not there."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A document's text and what a careful reader finds in it."""

    name: str
    text: str
    gold: Mapping[str, Any]

    @property
    def is_english(self) -> bool:
        """Whether it is read by rule."""
        return self.gold["language"] == "en"


def ours() -> tuple[Labelled, ...]:
    """The documents that come with the project, of all hands."""
    return tuple(each for folder in sorted(OURS.iterdir()) if folder.is_dir() for each in labelled(folder))


def given() -> tuple[Labelled, ...]:
    """The documents of `BENCH_DATA`. Raises NoDocuments."""
    found = labelled(GIVEN) if GIVEN.is_dir() else ()
    if not found:
        raise NoDocuments(f"no labelled documents in {GIVEN}: set BENCH_DATA")
    return found


def labelled(folder: Path) -> tuple[Labelled, ...]:
    """Every document of a folder that has a gold file."""
    found = []
    for file in sorted(folder.glob("*.gold.json")):
        gold = json.loads(file.read_text(encoding="utf-8"))
        path = folder / gold["file"]
        found.append(
            Labelled(file.name.removesuffix(".gold.json"), FORMATS[path.suffix](path.read_bytes()), gold)
        )
    return tuple(found)


def scorer() -> ModuleType:
    """The scorer that comes with the documents of `BENCH_DATA`. Raises NoDocuments."""
    file = GIVEN / "score.py"
    spec = importlib.util.spec_from_file_location("documents_score", file)
    if not file.exists() or spec is None or spec.loader is None:
        raise NoDocuments(f"{file} is missing: set BENCH_DATA")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def senses(document: Labelled, texts: Sequence[str], score: ModuleType) -> list[str | None]:
    """What each text is by the gold: a scope, `detail`, `none`, or None where readers may differ."""
    wanted = document.gold["requirements"]
    quotes = [score.tokens(" ".join([r["quote"], *r.get("quote_more", [])])) for r in wanted]
    match = score.Matcher(quotes)
    others = {
        "detail": [score.tokens(d) for r in wanted for d in r.get("details", [])],
        "none": [score.tokens(text) for text in document.gold["not_requirements"]],
        "neutral": [score.tokens(text) for text in document.gold["neutral"]],
    }
    found = [
        _sense(match, wanted, quotes, others, score.tokens(text) if text else frozenset()) for text in texts
    ]
    return _each_once(match, quotes, [score.tokens(text) if text else frozenset() for text in texts], found)


def _sense(
    match: Any, wanted: Sequence[Any], quotes: Sequence[Any], others: Mapping[str, Sequence[Any]], words: Any
) -> str | None:
    if not words:
        return "none"
    like, place = max(((match.like(q, words), n) for n, q in enumerate(quotes)), default=(0.0, 0))
    against = max((match.like(q, words) for q in others["none"]), default=0.0)
    if like >= 0.5 and like >= against:
        return str(wanted[place]["scope"])
    if max((match.parts(q, words)[1] for q in others["detail"]), default=0.0) >= 0.7:
        return "detail"
    if against >= 0.5:
        return "none"
    if max((match.like(q, words) for q in others["neutral"]), default=0.0) >= 0.5:
        return None
    inside = max((match.parts(q, words)[1] for q in quotes), default=0.0)
    return "detail" if inside >= 0.85 and len(words) > 2 else "none"


def _each_once(
    match: Any, quotes: Sequence[Any], words: Sequence[Any], found: list[str | None]
) -> list[str | None]:
    """Where several texts are taken for one requirement, the likest is, and the others are its details."""
    claims: dict[int, list[int]] = {}
    for place, sense in enumerate(found):
        if sense in ("in", "constraint", "later", "out"):
            best = max(range(len(quotes)), key=lambda n: match.like(quotes[n], words[place]))
            claims.setdefault(best, []).append(place)
    for quote, places in claims.items():
        keep = max(places, key=lambda p: match.like(quotes[quote], words[p]))
        for place in places:
            if place != keep and match.like(quotes[quote], words[place]) < 0.75:
                found[place] = "detail"
    return found
