"""What Countersign says when somebody adds it to their own chat."""

from __future__ import annotations

from handlers.catalogue import request_of
from handlers.conversation.cards import Bullets, Button, Buttons, Card, Reply, Small, Text

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
