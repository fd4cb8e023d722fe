"""The documents as they are written: their pages, fenced blocks and links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.architecture.source import ROOT

_MARKDOWN = MarkdownIt("commonmark").enable("table")

PAGES = sorted(
    path
    for folder in (
        ".",
        ".github",
        "docs",
        "docs/adr",
        "examples/acme",
        "simulators/slack",
        "simulators/teams",
    )
    for path in (ROOT / folder).glob("*.md")
)
"""Every document that people read."""


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block: its language, whether a test is to run it, and what stands in it."""

    language: str
    runs: bool
    text: str


def tokens(path: Path) -> Iterator[Token]:
    """All tokens of a page, those within lines too."""
    for token in _MARKDOWN.parse(path.read_text(encoding="utf-8")):
        yield token
        yield from token.children or ()


def fences(path: Path) -> list[Fence]:
    """The page's fenced blocks, in order."""
    return [
        Fence(token.info.partition(" ")[0], 'title="run"' in token.info, token.content)
        for token in tokens(path)
        if token.type == "fence"
    ]


def links(path: Path) -> Iterator[str]:
    """Where the page's links and pictures lead."""
    for token in tokens(path):
        target = token.attrGet("href") or token.attrGet("src")
        if target is not None:
            yield str(target)


def code(path: Path) -> str:
    """All that stands in the page as code, in lines and in blocks."""
    return "\n".join(token.content for token in tokens(path) if token.type in ("fence", "code_inline"))


def anchors(path: Path) -> set[str]:
    """What headings are linked by."""
    found = list(tokens(path))
    heads = [after.content for token, after in pairwise(found) if token.type == "heading_open"]
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", head).strip().lower()) for head in heads}
