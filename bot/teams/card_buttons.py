"""A card's buttons. What they mean stays with us; a token is all that goes out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from bot.teams.runs import Element, Run, paragraphs
from bot.teams.sizes import shortened
from handlers.conversation.cards import Button, Buttons

_A_ROW = 6
"""Buttons that Teams shows before it hides the others behind a menu."""

_LABEL = 80
"""Characters of a label; one that is longer also stands in full above the buttons."""

_STYLES = {"primary": "positive", "danger": "destructive", "plain": "default"}


def action_sets(block: Buttons) -> list[Element]:
    """The buttons as elements, six a row; before them, in full, the labels that had to be shortened."""
    elements: list[Element] = []
    for button in block.buttons:
        if " ".join(button.label.split()) != (short := shortened(button.label, _LABEL)):
            elements += paragraphs((Run(f"{short} ", bold=True), Run(button.label)))
    return elements + [
        {"type": "ActionSet", "actions": [_action(button) for button in row]} for row in _rows(block.buttons)
    ]


def _rows(buttons: Iterable[Button]) -> Iterator[list[Button]]:
    left = iter(buttons)
    while row := list(islice(left, _A_ROW)):
        yield row


def _action(button: Button) -> Element:
    common = {"title": shortened(button.label, _LABEL)}
    if button.style != "plain":
        common["style"] = _STYLES[button.style]
    if button.form is not None:
        data = {"msteams": {"type": "task/fetch"}, "token": button.token}
        return {"type": "Action.Submit", **common, "data": data}
    submit = {"type": "Action.Submit", **common, "data": {"verb": "press", "token": button.token}}
    return {
        "type": "Action.Execute",
        **common,
        "verb": "press",
        "data": {"token": button.token},
        "fallback": submit,
    }
