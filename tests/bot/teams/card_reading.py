"""Reading Adaptive Cards back, and holding them against Microsoft's own models of them."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from markdown_it import MarkdownIt
from microsoft_teams.cards import core

from bot.teams.render import TeamsMessage

Json = dict[str, Any]

_MODELS = {
    model.model_fields["type"].default: model
    for _, model in inspect.getmembers(core, inspect.isclass)
    if issubclass(model, core.SerializableObject) and "type" in model.model_fields
}
_TIME = re.compile(
    r"\{\{DATE\((?P<day>[\d-]{10})T(?P<time>\d\d:\d\d):\d\dZ,SHORT\)\}\}"
    r" \{\{TIME\((?P=day)T(?P=time):\d\dZ\)\}\}"
)
_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["strikethrough", "table"])


def check_against_models(card: Json) -> None:
    """Every object of the card is one that Microsoft's models know, property for property."""
    for found in objects(card):
        model = _MODELS[found["type"]]
        assert issubclass(model, core.SerializableObject)
        known = {
            model.model_config["alias_generator"].serialization_alias(name)  # type: ignore[typeddict-item,union-attr,misc]
            for name in model.model_fields
        } | ({"$schema"} if found["type"] == "AdaptiveCard" else set())
        assert set(found) <= known, (found["type"], set(found) - known)
        read = model.model_validate(found)
        assert json.loads(read.model_dump_json(by_alias=True, exclude_unset=True)) == found
    body, actions = card["body"], card.get("actions", [])
    assert not [element for element in body if element["type"].startswith("Action.")]
    assert not [action for action in actions if not action["type"].startswith("Action.")]


def objects(value: Any) -> Iterator[Json]:
    """The card's typed objects, in order; what buttons carry is theirs."""
    if isinstance(value, list):
        for one in value:
            yield from objects(one)
    elif isinstance(value, dict):
        if "type" in value:
            yield value
        for name, one in value.items():
            if name not in ("data", "msteams"):
                yield from objects(one)


def lines(messages: Sequence[TeamsMessage]) -> list[str]:
    """What the messages' cards say, line by line, without repeated headings."""
    return [line for message in messages if message.card for line in _card_lines(message.card)]


def _card_lines(card: Json) -> Iterator[str]:
    for found in objects([element for element in card["body"] if not _goes_on(element)]):
        if found["type"] == "RichTextBlock":
            yield "".join(run["text"] for run in found["inlines"])
        elif found["type"] == "TextBlock":
            yield shown(found["text"])


def _goes_on(element: Json) -> bool:
    """Whether it is the heading that a card's next message repeats."""
    *_, last = objects(element)
    return last.get("style") == "heading" and last["text"].endswith("(continued)")


def shown(markdown: str) -> str:
    """A TextBlock's text as it is read; times in UTC."""
    with_times = _TIME.sub(lambda found: f"{found['day']} {found['time']}", markdown)
    return "".join(content for _, content in _tokens(with_times)).replace("\u200b", "")


def markup(markdown: str) -> list[str]:
    """What in a TextBlock's text is more than text: `strong_open`, `link_open`, `image`, `heading_open` …"""
    return [kind for kind, _ in _tokens(markdown) if kind not in ("text", "text_special")]


def _tokens(markdown: str) -> Iterator[tuple[str, str]]:
    for token in _MARKDOWN.parse(markdown):
        if token.type == "inline":
            yield from ((child.type, child.content) for child in token.children or [])
        elif token.type not in ("paragraph_open", "paragraph_close"):
            yield token.type, token.content


def squeezed(text: str) -> str:
    """The text without white space, to compare what was laid out with what was meant."""
    return "".join(text.replace("\u200b", "").split())
