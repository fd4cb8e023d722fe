"""Replies, places and what was said as JSON, for the rows that keep them, and back."""

from __future__ import annotations

import dataclasses
import secrets
from typing import Any

from pydantic import TypeAdapter

from governance.places import Place
from handlers.conversation.cards import Block, Button, Buttons, Form, Rating, Reply

_REPLY: TypeAdapter[Reply] = TypeAdapter(Reply)
_PLACE: TypeAdapter[Place] = TypeAdapter(Place)
_FORM: TypeAdapter[Form] = TypeAdapter(Form)


def reply_to_json(reply: Reply) -> dict[str, Any]:
    """A reply as JSON values."""
    dumped: dict[str, Any] = _REPLY.dump_python(reply, mode="json")
    return dumped


def reply_from_json(stored: dict[str, Any]) -> Reply:
    """The reply that `reply_to_json` stored."""
    return _REPLY.validate_python(stored)


def place_to_json(place: Place) -> dict[str, Any]:
    """A place as JSON values."""
    dumped: dict[str, Any] = _PLACE.dump_python(place, mode="json")
    return dumped


def place_from_json(stored: dict[str, Any]) -> Place:
    """The place that `place_to_json` stored."""
    return _PLACE.validate_python(stored)


def form_to_json(form: Form) -> dict[str, Any]:
    """A form as JSON values."""
    dumped: dict[str, Any] = _FORM.dump_python(form, mode="json")
    return dumped


def form_from_json(stored: dict[str, Any]) -> Form:
    """The form that `form_to_json` stored."""
    return _FORM.validate_python(stored)


def with_tokens(reply: Reply) -> tuple[Reply, tuple[Button, ...]]:
    """The reply with an opaque token in each of its buttons, and those buttons."""
    made: list[Button] = []

    def tokened(button: Button) -> Button:
        made.append(dataclasses.replace(button, token=f"b_{secrets.token_urlsafe(12)}"))
        return made[-1]

    def with_block_tokens(block: Block) -> Block:
        match block:
            case Buttons(buttons):
                return dataclasses.replace(block, buttons=tuple(tokened(button) for button in buttons))
            case Rating(useful, not_useful):
                return dataclasses.replace(block, useful=tokened(useful), not_useful=tokened(not_useful))
            case _:
                return block

    cards = tuple(
        dataclasses.replace(card, blocks=tuple(with_block_tokens(block) for block in card.blocks))
        for card in reply.cards
    )
    return dataclasses.replace(reply, cards=cards), tuple(made)
