"""Atlassian Document Format, read and written.

What we write is paragraphs, and a list under the heading “Acceptance criteria”; it is read back character by
character. What people write is read as text, as near as text comes to it.
https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from unicodedata import category

Node = Mapping[str, Any]

HEADING = "Acceptance criteria"
MOST_CHARACTERS = 30_000
"""Jira keeps a description of up to 32,767 characters."""

_DEEPEST = 30
_IS_HEADING = re.compile(r"\s*acceptance(?:\s+criteri(?:a|on))?\s*:?\s*", re.IGNORECASE)
_LISTS = frozenset({"bulletList", "orderedList", "taskList"})


def document(text: str, acceptance: Sequence[str] = ()) -> dict[str, Any]:
    """The description of a story."""
    content = _paragraphs(text) if text else []
    if acceptance:
        items = [{"type": "listItem", "content": _paragraphs(one)} for one in acceptance]
        content.append(
            {"type": "heading", "attrs": {"level": 3}, "content": [{"type": "text", "text": HEADING}]}
        )
        content.append({"type": "bulletList", "content": items})
    return {"type": "doc", "version": 1, "content": content}


def read(found: Node | None) -> tuple[str, tuple[str, ...]]:
    """The text of a description, and the acceptance criteria that stand in it."""
    nodes = _content(found)
    at = next((place for place, one in enumerate(nodes[:-1]) if _heads(one, nodes[place + 1])), None)
    if at is None:
        return _blocks(nodes, 0), ()
    criteria = tuple(_item(one, 0) for one in _content(nodes[at + 1]))
    return _blocks([*nodes[:at], *nodes[at + 2 :]], 0), tuple(one for one in criteria if one)


def _paragraphs(text: str) -> list[dict[str, Any]]:
    return [_paragraph(part) for part in text.split("\n\n")]


def _paragraph(text: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    for number, line in enumerate(text.split("\n")):
        content += [{"type": "hardBreak"}] if number else []
        content += [{"type": "text", "text": line}] if line else []
    return {"type": "paragraph", "content": content}


def _heads(node: Node, behind: Node) -> bool:
    """Whether this says that the list behind it is of acceptance criteria: as a heading, or in bold."""
    if behind.get("type") not in _LISTS:
        return False
    if node.get("type") == "paragraph":
        marks = [mark.get("type") for part in _content(node) for mark in part.get("marks") or ()]
        if "strong" not in marks:
            return False
    elif node.get("type") != "heading":
        return False
    return _IS_HEADING.fullmatch(_inline(node)) is not None


def _content(node: Node | None) -> list[Node]:
    found = (node or {}).get("content")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _blocks(nodes: Sequence[Node], depth: int) -> str:
    return "\n\n".join(_block(one, depth) for one in nodes)


def _block(node: Node, depth: int) -> str:
    if depth > _DEEPEST:
        return "…"
    return _BLOCKS.get(str(node.get("type")), _group)(node, depth)


def _group(node: Node, depth: int) -> str:
    inner = _content(node)
    if all(one.get("type") in _INLINE for one in inner):
        return _inline(node)
    return _blocks(inner, depth + 1)


def _heading(node: Node, _depth: int) -> str:
    level = _attrs(node).get("level")
    return f"{'#' * level if isinstance(level, int) and 0 < level < 7 else '#'} {_inline(node)}"


def _list(node: Node, depth: int) -> str:
    is_numbered = node.get("type") == "orderedList"
    marks = (f"{number}." if is_numbered else "-" for number, _ in enumerate(_content(node), 1))
    items = (_item(one, depth + 1).replace("\n", "\n  ") for one in _content(node))
    return "\n".join(f"{mark} {item}" for mark, item in zip(marks, items, strict=True))


def _item(node: Node, depth: int) -> str:
    inner = _content(node)
    if all(one.get("type") in _INLINE for one in inner):
        return _inline(node)
    return _blocks(inner, depth + 1)


def _quote(node: Node, depth: int) -> str:
    return "\n".join(f"> {line}" for line in _blocks(_content(node), depth + 1).split("\n"))


def _code(node: Node, _depth: int) -> str:
    return f"```\n{_inline(node)}\n```"


def _table(node: Node, depth: int) -> str:
    rows = (
        " | ".join(_blocks(_content(cell), depth + 3).replace("\n", " ") for cell in _content(row))
        for row in _content(node)
    )
    return "\n".join(rows)


def _inline(node: Node) -> str:
    return "".join(_INLINE.get(str(one.get("type")), _no_text)(one) for one in _content(node))


def _text(node: Node) -> str:
    text = str(node.get("text") or "")
    links = [_attrs(mark).get("href") for mark in node.get("marks") or () if mark.get("type") == "link"]
    return f"{text} ({links[0]})" if links and links[0] and links[0] != text else text


def _attribute(*names: str) -> Callable[[Node], str]:
    def read_one(node: Node) -> str:
        return next((str(value) for name in names if (value := _attrs(node).get(name))), "")

    return read_one


def _day(node: Node) -> str:
    stamp = str(_attrs(node).get("timestamp") or "")
    try:
        return datetime.fromtimestamp(int(stamp) / 1000, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def _no_text(_node: Node) -> str:
    return ""


def _attrs(node: Node) -> Mapping[str, Any]:
    found = node.get("attrs")
    return found if isinstance(found, dict) else {}


_INLINE: Mapping[str, Callable[[Node], str]] = {
    "text": _text,
    "hardBreak": lambda _node: "\n",
    "mention": _attribute("text", "id"),
    "emoji": _attribute("text", "shortName"),
    "inlineCard": _attribute("url"),
    "status": _attribute("text"),
    "date": _day,
    "mediaInline": lambda _node: "[attachment]",
}
_BLOCKS: Mapping[str, Callable[[Node, int], str]] = {
    "heading": _heading,
    "bulletList": _list,
    "orderedList": _list,
    "taskList": _list,
    "decisionList": _list,
    "blockquote": _quote,
    "codeBlock": _code,
    "table": _table,
    "rule": lambda _node, _depth: "---",
    "blockCard": lambda node, _depth: _attribute("url")(node),
    "embedCard": lambda node, _depth: _attribute("url")(node),
    "mediaSingle": lambda _node, _depth: "[attachment]",
    "mediaGroup": lambda _node, _depth: "[attachment]",
}


def is_unfit(text: str) -> bool:
    """Whether it holds what Jira does not keep: half characters, or control characters (not \\n and \\t)."""
    return any(category(one) in ("Cc", "Cs") and one not in "\n\t" for one in text)
