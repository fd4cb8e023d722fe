"""Which services a text speaks of: by their ids and names, spelt with hyphens, spaces or neither."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from integrations.services import Service
from integrations.tracker import Story

_DOCUMENTS = re.compile(
    r"\b(?:api|openapi|swagger)\b.{0,40}\b(?:doc(?:s|umentation|uments?)?|spec(?:ification)?|reference)\b"
    r"|\b(?:doc(?:s|umentation|uments?)?|spec(?:ification)?|reference)\b.{0,40}\b(?:api|openapi|swagger)\b",
    re.IGNORECASE,
)
_GENERIC = frozenset({"service", "api", "web", "app", "system"})


class Mentions:
    """Finds services in texts. One pattern for all of them, so that thousands of stories are read quickly.

    A name of one word (`orders`, `export`) is an everyday word, too: it counts where a version or `service`
    follows it, and in the stories of the team that owns it.
    """

    def __init__(self, services: Sequence[Service]) -> None:
        self._ids: dict[str, str] = {}
        self._owner = {service.id: service.team for service in services}
        for service in services:
            for name in (service.id, service.name):
                spelt = _spelt(name)
                if spelt and spelt not in _GENERIC:
                    self._ids.setdefault(spelt, service.id)
        joined = "|".join(re.escape(name) for name in sorted(self._ids, key=len, reverse=True))
        said = rf"(?<![a-z0-9])(?P<name>{joined})(?P<plainly>-(?:v?\d|service|api))?(?![a-z])"
        self._pattern = re.compile(said) if joined else None

    def of(self, *texts: str | None, team: str = "") -> frozenset[str]:
        """The ids of the services that these texts name, which are those of a `team` where one is given; of a
        name within a longer one only the longer."""
        found: set[str] = set()
        for text in texts:
            if self._pattern is None or not text:
                continue
            for match in self._pattern.finditer(_spelt(text)):
                id = self._ids[match["name"]]
                if "-" in match["name"] or match["plainly"] or (team and self._owner[id] == team):
                    found.add(id)
        return frozenset(found)

    def of_story(self, story: Story) -> frozenset[str]:
        """Those of a story's title, description and reason."""
        return self.of(story.title, story.description, story.blocked_reason, team=story.team)


def is_of_api_documents(*texts: str | None) -> bool:
    """Whether a text speaks of an API's documents."""
    return any(text and _DOCUMENTS.search(text) for text in texts)


def likely_service(texts: Iterable[str], services: Sequence[Service], team: str) -> str:
    """The one service of a team whose name shares most words with these texts ("payments API v2" is
    `payment-service-v2`); empty where none does, or several do equally."""
    words = {_stem(word) for text in texts for word in re.findall(r"[a-z0-9]+", text.lower())}
    scores: dict[str, int] = {}
    for service in services:
        own = {_stem(word) for word in re.findall(r"[a-z0-9]+", f"{service.id} {service.name}".lower())}
        shared = {word for word in own & words if word not in _GENERIC}
        if service.team == team and shared:
            scores[service.id] = len(shared)
    best = max(scores.values(), default=0)
    names = [id for id, score in scores.items() if score == best]
    return names[0] if len(names) == 1 else ""


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


def _spelt(text: str) -> str:
    return re.sub(r"[\s_-]+", "-", text.strip().lower())
