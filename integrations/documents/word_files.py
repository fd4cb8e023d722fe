"""Word files as Markdown: what stands when every tracked change is accepted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any
from zipfile import ZipFile

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MOST_UNPACKED = 60_000_000
"""Bytes; a small file that unpacks to more is made to fill memory."""


class NotWord(ValueError):
    """The bytes are no Word file; the message is the reason in a few words."""


def word(content: bytes) -> str:
    """Headings, lists, tables and text of a `.docx`, insertions taken, deletions left out. Raises NotWord."""
    from docx import Document

    if content[:4] == b"\xd0\xcf\x11\xe0":
        raise NotWord("it is encrypted, or of a Word older than 2007")
    try:
        with ZipFile(BytesIO(content)) as packed:
            if sum(each.file_size for each in packed.infolist()) > _MOST_UNPACKED:
                raise NotWord("it unpacks to more than I read")
        return "\n".join(_lines(Document(BytesIO(content))))
    except NotWord:
        raise
    except Exception as error:
        raise NotWord("it is no Word file") from error


def _lines(document: Any) -> Iterator[str]:
    styles = {each.style_id: (each.name or "").lower() for each in document.styles}
    was_item = False
    for element in document.element.body.iterchildren():
        if element.tag == f"{_W}p":
            text, is_item = _paragraph(element, styles)
            if text.strip():
                if not (is_item and was_item):
                    yield ""
                yield text
            was_item = is_item and bool(text.strip())
        elif element.tag == f"{_W}tbl":
            yield ""
            yield from _table(element)
            was_item = False
        elif element.tag == f"{_W}sdt":
            for inner in element.iter(f"{_W}p"):
                if text := _words(inner).strip():
                    yield ""
                    yield text
            was_item = False
    yield ""


def _paragraph(element: Any, styles: Mapping[str, str]) -> tuple[str, bool]:
    text = _words(element).strip()
    style = _style(element, styles)
    heading = re.match(r"heading (\d)", style)
    if style == "title":
        return f"# {text}" if text else "", False
    if heading and text:
        return f"{'#' * min(6, int(heading[1]) + 1)} {text}", False
    depth = _list_depth(element, style)
    if depth is None or not text:
        return _escaped(text), False
    return f"{'    ' * depth}- {text}", True


def _style(element: Any, styles: Mapping[str, str]) -> str:
    """The style's name in small letters; an id that the document does not explain counts as the name."""
    properties = element.find(f"{_W}pPr")
    style = properties.find(f"{_W}pStyle") if properties is not None else None
    if style is None:
        return ""
    wanted = style.get(f"{_W}val")
    return styles.get(wanted, str(wanted).lower())


def _list_depth(element: Any, style: str) -> int | None:
    properties = element.find(f"{_W}pPr")
    marked = properties.find(f"{_W}numPr") if properties is not None else None
    if marked is not None:
        level = marked.find(f"{_W}ilvl")
        return int(level.get(f"{_W}val", "0")) if level is not None else 0
    listed = re.match(r"list (?:bullet|number|paragraph)(?: (\d))?", style)
    return int(listed[1] or 1) - 1 if listed else None


def _words(element: Any) -> str:
    """The text of a paragraph; what was deleted or moved away is left out, what was struck out is marked."""
    found: list[str] = []
    for node in element.iter():
        if _within(node, (f"{_W}del", f"{_W}moveFrom"), element):
            continue
        if node.tag == f"{_W}t":
            struck = _is_struck(node)
            found.append(f"~~{node.text}~~" if struck and node.text else node.text or "")
        elif node.tag in (f"{_W}tab", f"{_W}br", f"{_W}cr"):
            found.append(" ")
        elif node.tag == f"{_W}noBreakHyphen":
            found.append("-")
    return re.sub(r"~~~~", "", "".join(found))


def _is_struck(node: Any) -> bool:
    run = node.getparent()
    properties = run.find(f"{_W}rPr") if run is not None else None
    strike = properties.find(f"{_W}strike") if properties is not None else None
    return strike is not None and strike.get(f"{_W}val", "true") not in ("0", "false")


def _within(node: Any, tags: tuple[str, ...], top: Any) -> bool:
    above = node.getparent()
    while above is not None and above is not top:
        if above.tag in tags:
            return True
        above = above.getparent()
    return False


def _table(element: Any) -> Iterator[str]:
    rows = [
        [_cell(cell) for cell in row.iter(f"{_W}tc")]
        for row in element.iter(f"{_W}tr")
        if row.find(f"{_W}trPr/{_W}del") is None
    ]  # fmt: skip
    width = max((len(row) for row in rows), default=0)
    for number, row in enumerate(rows):
        yield "| " + " | ".join([*row, *[""] * (width - len(row))]) + " |"
        if number == 0:
            yield "|" + "---|" * width
    yield ""


def _cell(element: Any) -> str:
    words = " ".join(_words(paragraph).strip() for paragraph in element.iter(f"{_W}p"))
    return words.strip().replace("|", "\\|")


def _escaped(text: str) -> str:
    """A paragraph that would begin as a list or a heading in Markdown stays a paragraph."""
    return re.sub(r"^([#>+*-]|\d+[.)])(?=\s)", r"\\\1", text) if re.match(r"^[#>+*-]\s", text) else text
