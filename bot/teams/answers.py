"""What Teams is answered at once: in the card that was pressed, and in dialogs."""

from __future__ import annotations

from typing import Any

from handlers.catalogue import request_of
from handlers.conversation.cards import Bullets, Button, Buttons, Card, Reply, Small, Text

WORKING = "Working on it…"
LOST = "This button is no longer connected to anything. Ask me again, and you get a fresh one."
FORM_BELOW = "Fill in the form below."
NOT_KNOWN = "Countersign does not know this kind of request."


def in_card(sentence: str) -> dict[str, Any]:
    """Words below the card that was pressed, for the one who pressed it. The card itself changes for everyone
    when its decision does."""
    return {"statusCode": 200, "type": "application/vnd.microsoft.activity.message", "value": sentence}


def card_error(sentence: str) -> dict[str, Any]:
    """Why a press did nothing."""
    error = {"code": "BadRequest", "message": sentence}
    return {"statusCode": 400, "type": "application/vnd.microsoft.error", "value": error}


def show_dialog(task: dict[str, Any]) -> dict[str, Any]:
    """Open a dialog, or show it again."""
    return {"task": {"type": "continue", "value": task}}


def in_dialog(sentence: str) -> dict[str, Any]:
    """Words instead of a dialog."""
    return {"task": {"type": "message", "value": sentence}}


_SHOWN = ("status", "approvals", "digest")


def welcome() -> Reply:
    """Who it is, what one can ask, and what it never does by itself."""
    examples = [request_of(name).example for name in _SHOWN]
    text = "I am Countersign: an engineering department whose agents do the work, and whose people decide."
    said = ", ".join(f"“{example}”" for example in examples)
    return Reply(
        text=f"{text} Say what you want in your own words, for example {said}.",
        cards=(
            Card(
                "Hello",
                (
                    Text((text,)),
                    Text(("Say what you want in your own words, for example:",)),
                    Bullets(tuple((f"“{example}”",) for example in examples)),
                    Buttons((Button("What can you do?", "ask", "help what can you do?", style="primary"),)),
                    Small(("What waits for your decision comes here too, with buttons.",)),
                ),
            ),
        ),
    )
