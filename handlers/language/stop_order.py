"""The plain order to stop every agent, read by a closed grammar: it must be understood at once and for certain.

Only a message that consists of such an order and nothing else counts; every word has its place, a slip of the
fingers in the longer ones is forgiven. Whatever else is said goes to the recogniser.
"""

from __future__ import annotations

from rapidfuzz.distance import OSA

from handlers.language.words import tokens

_STOP = (
    "stop", "halt", "freeze", "pause", "kill", "suspend", "abort", "disable", "stopp", "stoppe", "detener",
    "parar",
)  # fmt: skip
_AGENTS = ("agents", "bots", "agenten", "agentes")
_ALL = frozenset({"all", "al", "alll", "every", "everything", "alle", "todos", "tous"})
_FILLER = frozenset(
    {
        "please", "pls", "plz", "now", "rn", "immediately", "everyone", "everybody", "ok", "okay", "the", "of",
        "them", "right", "away", "at", "once", "asap", "this", "instant", "second", "just", "our", "working",
        "emergency", "sofort", "bitte", "jetzt", "ya", "ahora", "los", "les", "die",
    }
)  # fmt: skip
_ALONE = frozenset({"halt", "all stop", "emergency stop", "halt everything", "stop everything", "red button"})
"""What means nothing else where agents work."""

_LONGEST = 12


def is_stop_order(text: str) -> bool:
    """Whether `text` is nothing but the order to stop all agents."""
    if "?" in text:
        return False
    said = tokens(text.replace("!", " "))
    if " ".join(said) in _ALONE:
        return True
    if not 2 <= len(said) <= _LONGEST:
        return False
    kinds = [_kind(word) for word in said]
    return (
        None not in kinds
        and kinds.count("stop") + kinds.count("off") == 1
        and "agents" in kinds
        and _orders(kinds)
    )


def _orders(kinds: list[str | None]) -> bool:
    """The verb comes first, as in an order ("all agents stop" tells as much), or it is "off" and comes last."""
    telling = [kind for kind in kinds if kind != "filler"]
    return telling[0] == "stop" or telling[-1] == "off"


def _kind(word: str) -> str | None:
    if word in _FILLER:
        return "filler"
    if word in _ALL:
        return "all"
    if word == "off" or _like(word, _STOP):
        return "off" if word == "off" else "stop"
    return "agents" if _like(word, _AGENTS) else None


def _like(word: str, known: tuple[str, ...]) -> bool:
    """The same but for one slip in a longer word; "stops" and "paused" are other forms, and tell."""
    if any(word in (f"{one}s", f"{one}d") for one in known):
        return False
    return any(word == one or (len(one) >= 4 and OSA.distance(word, one) <= 1) for one in known)
