"""The acceptance criteria of a requirement: the document's own, in its words."""

from __future__ import annotations

import re

from agents.planning.quantities import measured
from agents.planning.requirements import Asked

_LABEL = re.compile(
    r"^(?:acceptance(?: criteria| test)?s?|accept|criteri(?:a|on)|measure|target|test|verification)\s*:\s*",
    re.I,
)


def acceptance_of(a: Asked) -> tuple[str, ...]:
    """The document's own criteria; where it gives none, its sentence, which is then what is shown."""
    text = a.requirement.text.strip()
    given = [
        as_sentence(_LABEL.sub("", detail)) for detail, _ in a.details if _LABEL.sub("", detail).strip(" .:")
    ]
    own = [as_sentence(text)] if measured(text) or not given else []
    return tuple(dict.fromkeys((*own, *_joined_scenarios(given))))


def _joined_scenarios(criteria: list[str]) -> list[str]:
    """Given, When and Then on lines of their own are one criterion."""
    joined: list[str] = []
    for criterion in criteria:
        continues = re.match(r"(?:when|then|and|but)\b", criterion, re.IGNORECASE)
        if continues and joined and re.match(r"(?:scenario|given|when)\b", joined[-1], re.IGNORECASE):
            joined[-1] = f"{joined[-1].rstrip('.')}, {uncapitalised(criterion)}"
        else:
            joined.append(criterion)
    return joined


def as_sentence(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    text = text[:1].upper() + text[1:]
    return text if not text or text[-1] in ".!?:" else text + "."


def uncapitalised(text: str) -> str:
    """Without its capital, unless the word is a name or an abbreviation."""
    first = text.split(" ", 1)[0]
    return text if not first[1:].islower() and len(first) > 1 else text[:1].lower() + text[1:]
