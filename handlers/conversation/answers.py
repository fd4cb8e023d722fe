"""Answers that belong to no handler: not understood, not permitted, not there yet."""

from __future__ import annotations

from collections.abc import Sequence

from governance.permissions import Refused
from handlers.catalogue import Entry
from handlers.conversation.cards import Bold, Button, Buttons, Card, Reply, Text

_QUOTED = 200


def not_understood(text: str, nearest: Sequence[Entry]) -> Reply:
    """Nothing in the catalogue is meant surely enough: offer the nearest, do nothing."""
    said = text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"
    choices = tuple(Button(entry.purpose, "ask", f"{entry.name} {text}") for entry in nearest)
    plain = "I am not sure what you would like me to do, so I did nothing."
    return Reply(
        text=f"{plain} The nearest things that I can do: {'; '.join(entry.purpose for entry in nearest)}.",
        cards=(
            Card(
                "Did you mean one of these?",
                (
                    Text((plain, " You wrote: ", Bold(said) if said else "nothing that I could read.")),
                    Buttons(choices),
                ),
            ),
        ),
    )


def not_permitted(entry: Entry, refused: Refused) -> Reply:
    """Somebody asked for what they may not ask for: say so, and who may."""
    may = " or ".join([", ".join(refused.who_may[:-1]), refused.who_may[-1]]) if refused.who_may[1:] else ""
    who = f" It is for the {may or refused.who_may[0]}." if refused.who_may else ""
    text = f"{refused.why}{who} I did nothing, and noted the question."
    return Reply(
        text=text, cards=(Card(f"You cannot ask for this: {entry.purpose}", (Text((text,)),), tone="warning"),)
    )


def not_built(entry: Entry) -> Reply:
    """Understood, and honestly not there yet."""
    text = f"I understood this as “{entry.purpose}”. I cannot do that yet, so nothing happened."
    return Reply(text=text, cards=(Card("Not there yet", (Text((text,)),), tone="warning"),))


def lost_button() -> Reply:
    """A press on a button that means nothing any more."""
    return Reply(text="This button is no longer connected to anything. Ask me again, and you get a fresh one.")


def broke(turn: str) -> Reply:
    """A fault of ours: nothing was done, and how to refer to it."""
    text = f"Something went wrong on my side, and nothing was done. The fault is on record as {turn}."
    return Reply(text=text, cards=(Card("That did not work", (Text((text,)),), tone="bad"),))
