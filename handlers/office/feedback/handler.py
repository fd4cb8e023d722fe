"""`feedback`: was it useful, how far is it trusted, in people's own words."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace

from governance.permissions import KNOWN
from handlers.conversation.cards import Button, Buttons, Card, Form, Input, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, Group, Handler, Risk
from handlers.conversation.origin import known
from handlers.conversation.tables import FeedbackRow
from handlers.conversation.turn import Clicked, Turn
from handlers.language.mood import Mood
from handlers.language.words import plain

_BARE = re.compile(r"^(?:i(?: want| would like|'d like) to )?(?:give |leave )?(?:some )?fee?db?ac?k\W*$")
_OUT_OF = re.compile(r"\b(?P<given>\d{1,2})\s*(?:/|out of|of)\s*(?P<most>5|10)\b")
_STARS = re.compile(r"\b(?P<given>[1-5]) stars?\b")
_REVERSES = re.compile(
    r"\b(?:turn|flip|switch) (?:it|that|this) (?:a?round|back|over)\b"
    r"|\b(?:reverse|revert|undo|overrule|overturn) (?:it|that|this)\b|\btake (?:it|that|this) back\b"
)
"""What wants something done about it, whatever is thought of it."""
_KEPT = 1000
"""Characters of a message that a button keeps."""
_TRUST = re.compile(r"\btrust\b")
_RATING = re.compile(r"\b(?:trust|rating|rate|score)\b\D{0,20}(?P<given>[1-5])\b")
_LOW = re.compile(
    r"\b(?:don'?t|do not|no|little|low)\b[^.]*\btrust\b|\btrust\b[^.]*\b(?:low|little|gone|lost)\b"
)
_BAD = re.compile(
    r"\b(?:not|isn'?t|wasn'?t|un)\s?-?(?:helpful|useful|good|right|correct|what|happy|satisfied)"
    r"|\bun(?:helpful|useful|satisfied|happy)\b|\b(?:don'?t|do not|didn'?t) like\b"
    r"|\b(?:wrong|useless|bad|poor|confusing|misunderst\w+|thumbs down|way off|off$|misses|disappoint\w+"
    r"|incomplete|too (?:optimistic|pessimistic|long|short|vague))\b"
)
_GOOD = re.compile(
    r"\b(?:helpful|useful|great|good|thanks|thank you|excellent|nice|thumbs up|saved|exactly|recommend"
    r"|really well|did well|perfect|love\w*|like the|happy|satisfied|spot on)\b"
)


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Store what was said; ask for it where nothing was."""
    said = plain(asked.text)
    if not said or _BARE.match(said):
        return _ask()
    if _REVERSES.search(said):
        return _not_only_told(asked.text.strip())
    useful, trust = read_useful(said), read_trust(said)
    return await _store(turn, desk, useful, trust, asked.text.strip())


def _not_only_told(text: str) -> Reply:
    """Words that want a decision reversed are more than an opinion: which it is, one click says."""
    lead = "That sounds like something to be changed, not only told. I changed and noted nothing."
    said = f"{lead} Say which decision you mean, or press the button for the last one."
    button = Button("Overrule the agent", "ask", f"overrule_agent {text[:_KEPT]}")
    return Reply(text=said, cards=(Card("Shall it be changed?", (Text((said,)), Buttons((button,)))),))


def read_useful(said: str) -> bool | None:
    """Whether plain words call something useful; None where they do not say."""
    if _BAD.search(said):
        return False
    return True if _GOOD.search(said) else None


def read_trust(said: str) -> int | None:
    """Trust or a score from 1 to 5 in plain words; a score out of ten is halved, a half rounded up."""
    if found := _OUT_OF.search(said):
        given, most = int(found["given"]), int(found["most"])
        scaled = given if most == 5 else (given + 1) // 2
        return scaled if 1 <= scaled <= 5 and given <= most else None
    if found := _STARS.search(said) or _RATING.search(said):
        return int(found["given"])
    return 1 if _TRUST.search(said) and _LOW.search(said) else None


async def press(turn: Turn, desk: Desk) -> Reply:
    """The form, filled in."""
    pressed = _pressed(turn)
    values = {name: str(value).strip() for name, value in pressed.values.items()}
    useful = {"yes": True, "no": False}.get(values.get("useful", ""))
    trust = int(values["trust"]) if values.get("trust") in ("1", "2", "3", "4", "5") else None
    return await _store(turn, desk, useful, trust, values.get("comment") or None)


async def rate_useful(turn: Turn, desk: Desk) -> Reply:
    """The small button under an answer."""
    reply = await _store(turn, desk, True, None, None, about=_pressed(turn).subject)
    return replace(reply, aside=turn.identity)


async def rate_not_useful(turn: Turn, desk: Desk) -> Reply:
    """Its neighbour, which asks what should be different."""
    pressed = _pressed(turn)
    comment = str(pressed.values.get("comment", "")).strip() or None
    reply = await _store(turn, desk, False, None, comment, about=pressed.subject)
    return replace(reply, aside=turn.identity)


def _pressed(turn: Turn) -> Clicked:
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    return turn.what


async def _store(
    turn: Turn,
    desk: Desk,
    useful: bool | None,
    trust: int | None,
    comment: str | None,
    *,
    about: str | None = None,
) -> Reply:
    desk.demand_order("note this as feedback")
    desk.tx.add(
        FeedbackRow(
            id=f"fe_{secrets.token_hex(6)}",
            person=known(turn).id,
            turn=about or turn.id,
            useful=useful,
            trust=trust,
            comment=comment,
        )
    )
    parts = []
    if useful is not None:
        parts.append("useful" if useful else "not useful")
    if trust is not None:
        parts.append(f"{trust} of 5")
    noted = f" ({', '.join(parts)})" if parts else ""
    unclear = useful is False and comment is None
    again = " Tell me what should be different, and I note that too." if unclear else ""
    return Reply(text=f"Thank you. I noted it{noted}; the department's figures count it.{again}")


def _ask() -> Reply:
    form = Form(
        title="Feedback",
        submit="Send",
        inputs=(
            Input("useful", "Was it useful?", "choice", "", (("yes", "Yes"), ("no", "No")), required=False),
            Input(
                "trust",
                "How far do you trust it?",
                "choice",
                "",
                tuple((str(score), f"{score} of 5") for score in range(1, 6)),
                required=False,
            ),
            Input("comment", "In your own words", "text", required=False),
        ),
    )
    text = "Was it useful, how far do you trust it (1 to 5), and what should be different? Say it, or press."
    button = Button("Give feedback", "feedback", "", "primary", form)
    return Reply(text=text, cards=(Card("Feedback", (Text((text,)), Buttons((button,)))),))


HANDLER = Handler(
    name="feedback",
    purpose="Say whether something was useful",
    example="that last answer was really useful",
    group=Group.US,
    permission=KNOWN,
    answer=answer,
    presses={"feedback": press, "rate_useful": rate_useful, "rate_not_useful": rate_not_useful},
    risk=Risk.ACTS,
    moods=frozenset({Mood.REQUEST, Mood.REPORT, Mood.WISH}),
)
