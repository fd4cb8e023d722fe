"""Slash-like commands: the catalogue's own names typed exactly. They are never guessed at."""

from __future__ import annotations

import re
from dataclasses import dataclass

from handlers.worlds import request_names

_PREFIXED = re.compile(r"\s*/(?P<word>[A-Za-z][\w-]*)(?:\s+(?P<rest>.*))?\Z", re.DOTALL)
_BARE = re.compile(r"\s*(?P<word>[a-z]+(?:_[a-z]+)+)\s*[.!?]?\s*\Z")
_APPLICATION_WORDS = frozenset({"eng", "engineering", "countersign"})


@dataclass(frozen=True, slots=True)
class Command:
    """An exactly typed catalogue name and the words after it."""

    name: str
    rest: str


def read_command(text: str) -> Command | None:
    """The command that `text` is, or None.

    `/halt_agents`, `/halt-agents now`, `/eng halt_agents`, and a name with an underscore alone are
    commands; `status of SSO` is speech.
    """
    bare = _BARE.match(text)
    if bare and bare["word"] in request_names():
        return Command(bare["word"], "")
    prefixed = _PREFIXED.match(text)
    if prefixed is None:
        return None
    word, rest = prefixed["word"], (prefixed["rest"] or "").strip()
    if word.lower() in _APPLICATION_WORDS:
        word, _, rest = rest.partition(" ")
    name = word.lower().replace("-", "_")
    return Command(name, rest.strip()) if name in request_names() else None


def without_prefix(text: str) -> str:
    """`text` as speech: `/eng what blocks search` is `what blocks search`; a lone slash falls away."""
    prefixed = _PREFIXED.match(text)
    if prefixed is None:
        return text
    rest = prefixed["rest"] or ""
    return rest if prefixed["word"].lower() in _APPLICATION_WORDS else f"{prefixed['word']} {rest}".strip()
