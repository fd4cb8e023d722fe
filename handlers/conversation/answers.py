"""Answers that belong to no handler: not understood, not permitted, not there yet."""

from __future__ import annotations

from collections.abc import Sequence

from governance.permissions import Refused
from handlers.catalogue import Entry
from handlers.conversation.cards import Bold, Button, Buttons, Card, Reply, Text
from handlers.conversation.wording import listed

_QUOTED = 200
_KEPT = 2000
"""Characters of a message that a button keeps."""
_NAMED = 4
"""Of more people than these, only the roles are said."""
_HELP = Button("What can you do?", "ask", "help what can you do?")


def not_understood(text: str, nearest: Sequence[Entry]) -> Reply:
    """Nothing in the catalogue is meant surely enough: offer the nearest, do nothing."""
    said = text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"
    choices = tuple(Button(entry.purpose, "ask", f"{entry.name} {text[:_KEPT]}") for entry in nearest)
    plain = "I am not sure what you would like me to do, so I did nothing."
    near = (
        f" The nearest things that I can do: {'; '.join(entry.purpose for entry in nearest)}."
        if nearest
        else ""
    )
    return Reply(
        text=f"{plain}{near} Ask “what can you do?” for examples.",
        cards=(
            Card(
                "Did you mean one of these?",
                (
                    Text((plain, " You wrote: ", Bold(said) if said else "nothing that I could read.")),
                    Buttons((*choices, _HELP)),
                ),
            ),
        ),
    )


def not_permitted(entry: Entry, refused: Refused, who_may: Sequence[str]) -> Reply:
    """Somebody asked for what they may not ask for: say so, and who may; `who_may` are their names."""
    named = f" ({listed(who_may, 'or')})" if 0 < len(who_may) <= _NAMED else ""
    who = f" It is for the {listed(refused.who_may, 'or')}{named}." if refused.who_may else ""
    text = f"{refused.why}{who} I did nothing, and noted the question."
    return Reply(
        text=text, cards=(Card(f"You cannot ask for this: {entry.purpose}", (Text((text,)),), tone="warning"),)
    )


def not_built(entry: Entry) -> Reply:
    """Understood, and honestly not there yet."""
    text = (
        f"I understood what you want ({entry.purpose[0].lower()}{entry.purpose[1:]}), but that is not there"
        " yet, so nothing happened. Ask “what can you do?” for what works today."
    )
    return Reply(text=text, cards=(Card("Not there yet", (Text((text,)), Buttons((_HELP,))), tone="warning"),))


def too_long(length: int) -> Reply:
    """A message of which not all could be read: half of one may say the opposite of the whole."""
    return Reply(
        text=f"That message has {length:,} characters, more than I read at once, so I did nothing."
        " Say it shorter, or put it into one of the department's documents and name that."
    )


def lost_button() -> Reply:
    """A press on a button that means nothing any more."""
    return Reply(text="This button is no longer connected to anything. Ask me again, and you get a fresh one.")


def broke(turn: str) -> Reply:
    """A fault of ours: nothing was done, and how to refer to it."""
    text = f"Something went wrong on my side, and nothing was done. The fault is on record as {turn}."
    return Reply(text=text, cards=(Card("That did not work", (Text((text,)),), tone="bad"),))
