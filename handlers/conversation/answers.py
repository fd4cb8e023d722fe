"""Answers that belong to no handler: not understood, not permitted, not there yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from governance.permissions import Refused
from handlers.conversation.cards import Bold, Button, Buttons, Card, Reply, Small, Text
from handlers.conversation.handler import Request
from handlers.conversation.wording import listed, lowered
from handlers.language.mood import Mood
from storage.look import Away

_QUOTED = 200
_KEPT = 2000
"""Characters of a message that a button keeps."""
_NAMED = 4
"""Of more people than these, only the roles are said."""
_HELP = Button("What can you do?", "ask", "help what can you do?")


def not_understood(text: str, nearest: Sequence[Request]) -> Reply:
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


def did_not_answer(away: Away, name: str = "", text: str = "") -> Reply:
    """Somebody outside did not answer, so nothing was done; with a `name`, the button that asks again."""
    said = f"{away}, so I cannot tell, and did nothing. Try again in a minute."
    again = (Buttons((Button("Try again", "ask", f"{name} {text[:_KEPT]}"),)),) if name else ()
    return Reply(text=said, cards=(Card(f"{away.who} did not answer", (Text((said,)), *again), "warning"),))


def left_alone(entry: Request, mood: Mood, text: str) -> Reply:
    """Something was spoken of and nothing ordered: say that nothing was done, and how to have it done."""
    did_nothing, offers = _LEFT[mood]
    if not offers:
        return Reply(text=did_nothing)
    asked = f"If you want it done, press the button: {lowered(entry.purpose)}."
    button = Button(entry.purpose, "ask", f"{entry.name} {text[:_KEPT]}")
    blocks = (Text((did_nothing,)), Buttons((button,)))
    return Reply(text=f"{did_nothing} {asked}", cards=(Card("Nothing was done", blocks),))


_LEFT: Mapping[Mood, tuple[str, bool]] = {
    Mood.NEGATION: ("All right: I did nothing, and everything stays as it is.", False),
    Mood.REPORT: ("Thanks for telling me. I took it as news and did nothing.", True),
    Mood.CONDITION: (
        "I cannot wait for that by myself, so nothing will happen by itself when it comes true.",
        True,
    ),
    Mood.QUOTATION: ("I took that as words about it, not as an order, and did nothing.", True),
    Mood.SMALL_TALK: ("I did nothing.", True),
    Mood.OTHER: ("I did nothing.", True),
}


def one_click(entry: Request, mood: Mood, text: str, what: str) -> Reply:
    """Something may be wanted and was not plainly ordered: the one button that does it. `what` is the effect
    that it would have, in words."""
    lead = "You asked, so I changed nothing." if mood is Mood.QUESTION else "I have not done it yet."
    does = what or entry.purpose
    button = Button("Do it", "ask", f"{entry.name} {text[:_KEPT]}", "primary")
    blocks = (Text((lead, " The button does this: ", Bold(does), ".")), Buttons((button,)))
    said = f"{lead} Press the button to do it: {does}."
    return Reply(text=said, cards=(Card("Shall I?", blocks, "waiting"),))


def not_permitted(entry: Request, refused: Refused, who_may: Sequence[str]) -> Reply:
    """Somebody asked for what they may not ask for: say so, and who may; `who_may` are their names."""
    named = f" ({listed(who_may, 'or')})" if 0 < len(who_may) <= _NAMED else ""
    who = f" It is for the {listed(refused.who_may, 'or')}{named}." if refused.who_may else ""
    text = f"{refused.why}{who} I did nothing, and noted the question."
    return Reply(
        text=text, cards=(Card(f"You cannot ask for this: {entry.purpose}", (Text((text,)),), tone="warning"),)
    )


def not_built(entry: Request, instead: Sequence[Button] = ()) -> Reply:
    """Understood, and honestly not there yet; `instead` helps now."""
    wanted = lowered(entry.purpose)
    text = f"I understood what you want ({wanted}), but that is not there yet, so nothing happened."
    helps = f" What helps now: {listed((button.label for button in instead), 'or')}." if instead else ""
    more = "" if instead else " Ask “what can you do?” for what works today."
    blocks = (Text((text,)), Buttons((*instead, _HELP)))
    return Reply(text=f"{text}{helps}{more}", cards=(Card("Not there yet", blocks, tone="warning"),))


def in_english(replies: Sequence[Reply], language: str) -> tuple[Reply, ...]:
    """The answer to a message in another language, with a word on how far it was read."""
    note = f"I read {language} only roughly without a model. If I got it wrong, say it in English."
    first, *rest = replies or (Reply(text=""),)
    text = f"{first.text} {note}".strip()
    if not first.cards:
        return (replace(first, text=text), *rest)
    card = replace(first.cards[0], blocks=(*first.cards[0].blocks, Small((note,))))
    return (replace(first, text=text, cards=(card, *first.cards[1:])), *rest)


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
