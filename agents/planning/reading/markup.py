"""Shapes that CommonMark does not know, rewritten line by line into those that it does.

Wiki macros, unusual underlines, typed bullets, headings in capitals or behind a clause's number. Every line
stays where it is, so that a passage's line is its line in the source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MACRO = re.compile(r"^\s*\{(?P<name>[a-z][\w-]*)(?::(?P<told>[^{}]*))?\}\s*$", re.IGNORECASE)
_STATUS = re.compile(r"\{status:[^{}]*?title=([^|{}\\]+)[^{}]*\}", re.IGNORECASE)
_INLINE_MACRO = re.compile(r"\{/?[a-z][\w-]*(?::[^{}]*)?\}")
_DIRECTIVE = re.compile(r"^\s*(?:\[TOC\]|\[\[_TOC_\]\]|:::+.*|<!--\s*toc\s*-->)\s*$", re.IGNORECASE)
_UNDERLINE = re.compile(r"^ {0,3}([\^~\"'+*.:#_`])\1{3,}\s*$")
_BULLET = re.compile(r"^(\s*)(?:[•◦▪▫‣·●○■□➤►→✓✔☐☑]|–|—)[ \t\u00a0]+(?=\S)")
_LETTERED = re.compile(r"^(\s*)\(?([a-z]|[ivx]{1,4})[).][ \t]+(?=\S)")
_CAPITALS = re.compile(r"^[^a-z]*[A-Z]{3}[^a-z]*$")
_CLAUSE_TITLE = re.compile(r"^ {0,3}(?P<number>\d+(?:\.\d+)*)(?P<dot>\.?)[ \t]+(?P<title>\S.{0,70})$")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s")
_SENTENCE = re.compile(r"\b(?:must|shall|should|may|can|will|is|are|has|have|does)\b")
_FENCE = re.compile(r"^\s*(```|~~~)")


@dataclass(frozen=True, slots=True)
class Panel:
    """A box of a wiki page: its kind (`info`, `warning` …), its title, and its first and last line."""

    kind: str
    title: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Normalised:
    """The lines as CommonMark reads them, and the boxes that stood around some of them."""

    lines: tuple[str, ...]
    panels: tuple[Panel, ...]


def normalised(text: str) -> Normalised:
    """Rewrite what CommonMark does not know. The number of lines stays; fenced code stays as it is."""
    lines = text.split("\n")
    panels, lines = _without_macros(lines)
    fenced = _fenced(lines)
    for index, line in enumerate(lines):
        if index in fenced:
            continue
        line = _BULLET.sub(r"\1- ", line)
        if not line.startswith("    "):
            line = _LETTERED.sub(r"\1- \2) ", line)
        lines[index] = line
    for index in range(len(lines)):
        if index not in fenced:
            _as_heading(lines, index)
    return Normalised(tuple(lines), tuple(panels))


def _without_macros(lines: list[str]) -> tuple[list[Panel], list[str]]:
    panels: list[Panel] = []
    opened: dict[str, tuple[int, str]] = {}
    kept: list[str] = []
    for number, line in enumerate(lines, 1):
        macro = _MACRO.match(line)
        if macro is None:
            kept.append("" if _DIRECTIVE.match(line) else _INLINE_MACRO.sub("", _STATUS.sub(r"\1", line)))
            continue
        name, told = macro["name"].lower(), macro["told"] or ""
        if name in opened and not told:
            first, title = opened.pop(name)
            panels.append(Panel(name, title, first, number))
        else:
            titled = re.search(r"title=([^|]+)", told)
            opened[name] = (number, titled[1].strip() if titled else "")
        kept.append("")
    return panels, kept


def _fenced(lines: list[str]) -> frozenset[int]:
    inside: set[int] = set()
    fence = ""
    for index, line in enumerate(lines):
        found = _FENCE.match(line)
        if fence or found:
            inside.add(index)
        if found and (not fence or line.strip().startswith(fence)):
            fence = "" if fence else found[1]
    return frozenset(inside)


def _as_heading(lines: list[str], index: int) -> None:
    line = lines[index]
    before = lines[index - 1].strip() if index else ""
    after = lines[index + 1] if index + 1 < len(lines) else ""
    if before and _ITEM.match(before) and re.match(r"[A-Z].{3,80}:\s*$", line) and not after.strip():
        lines[index] = f"###### {line.strip()}"  # not a part of the item above it
        return
    if not line.strip() or before:
        return
    if _UNDERLINE.match(after) and len(after.strip()) >= len(line.strip()) * 0.6 and not _ITEM.match(line):
        lines[index], lines[index + 1] = f"### {line.strip()}", ""
    elif not after.strip() or _ITEM.match(after):
        if title := _clause_title(lines, index):
            lines[index] = title
        elif _is_capitals(line):
            lines[index] = f"## {line.strip()}"


def _clause_title(lines: list[str], index: int) -> str:
    """`3.1 Wagons` on a line of its own; not an item of a numbered list, and not a sentence."""
    found = _CLAUSE_TITLE.match(lines[index])
    if found is None or len(found["title"].split()) > 8 or found["title"].rstrip()[-1] in ".;,:":
        return ""
    if _SENTENCE.search(found["title"]):
        return ""
    depth = found["number"].count(".") + 1
    following = next((line for line in lines[index + 1 :] if line.strip()), "")
    if depth == 1 and found["dot"] and re.match(r"^ {0,3}\d+\.\s", following):
        return ""
    if depth > 1 and not re.match(rf"^\s*{re.escape(found['number'])}\.\d|^\s*[-*(a-z]|^[A-Z]", following):
        return ""
    return f"{'#' * min(depth + 1, 6)} {lines[index].strip()}"


def _is_capitals(line: str) -> bool:
    words = line.strip(" :").split()
    return (
        0 < len(words) <= 8
        and line[0] not in "#|>-*+"
        and bool(_CAPITALS.match(line))
        and line.rstrip()[-1] not in ".;,|"
    )
