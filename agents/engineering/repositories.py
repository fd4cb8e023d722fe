"""Which repository is meant, and what service is in it: as somebody says, as a story's own words say, or as its
team has one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from integrations.code_host.contents import Repository
from integrations.pages import Part, everything
from integrations.ports import Ports
from integrations.services import Service
from integrations.tracker import Story

_MISSPELT = 84.0
"""Similarity (0 to 100, Indel ratio) from which a word is a name with a slip in it."""
_SHORTEST_MISSPELT = 4
_SAYS_NOTHING = re.compile(
    r"services?|api|application|code|team|open|show|pull|requests?|merged?|review|agents?|from|with"
)
"""Words that tell no repository from another, or that people ask with."""


@dataclass(frozen=True, slots=True)
class Known:
    """A repository, and the service that is in it, where the catalogue has one."""

    repository: Repository
    service: Service | None

    @property
    def names(self) -> frozenset[str]:
        """What it is called, as `_spelt` spells it: with its account and without, and as its service is."""
        ids = {self.repository.id, _last(self.repository.id)}
        service = set() if self.service is None else {self.service.id, self.service.name}
        return frozenset(map(_spelt, ids | service))

    @property
    def is_open(self) -> bool:
        """Whether it can be written to."""
        return not self.repository.is_archived and not self.repository.is_empty


async def known_repositories(ports: Ports) -> tuple[Known, ...]:
    """Every repository that we may see, by id, with what is in it. Raises CodeHostError, CatalogueError,
    Away."""
    found = await everything(ports.code_host.repositories, Part())
    services = await _catalogue(ports)
    return tuple(Known(one, services.get(_spelt(_last(one.id)))) for one in found)


async def service_of(repository: str, ports: Ports) -> Service | None:
    """The service that is in a repository: the one of the same name, in whosever account the repository is
    (`acme/orders` holds `orders`). Raises CatalogueError, Away."""
    return (await _catalogue(ports)).get(_spelt(_last(repository)))


async def _catalogue(ports: Ports) -> Mapping[str, Service]:
    return {_spelt(one.id): one for one in await everything(ports.services.services, Part())}


def named(words: str, known: Sequence[Known]) -> tuple[Known, ...]:
    """Those that are named: by a whole name; where there is none by one with a slip in it, else by a telling
    part of one. A name within a longer one that is named does not count."""
    return _named_whole(words, known) or _named_with_a_slip(words, known) or _named_in_part(words, known)


def repository_for(story: Story, said: str, known: Sequence[Known]) -> Known | None:
    """The one repository that is `said`; else the one that the story names; else the only one whose service the
    story's team owns. None where several could be meant, or none."""
    for found in (named(said, known), _named_whole(f"{story.title} {story.description}", known)):
        if len(found) == 1:
            return found[0]
    owned = [one for one in known if one.service is not None and one.service.team == story.team]
    return owned[0] if len(owned) == 1 else None


def repository_called(said: str, known: Sequence[Known]) -> Known | None:
    """The one whose whole name, or whose service's, is `said`."""
    called = {_spelt(said), _spelt(said).removesuffix("-service")}
    return next((one for one in known if not called.isdisjoint(one.names)), None)


def _named_whole(words: str, known: Sequence[Known]) -> tuple[Known, ...]:
    text = _spelt(words)
    spans = {
        (found.start(), found.end())
        for name in _names(known)
        for found in re.finditer(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", text)
    }
    longest = [
        span
        for span in spans
        if not any(other != span and other[0] <= span[0] and span[1] <= other[1] for other in spans)
    ]
    said = {text[start:end] for start, end in longest}
    return tuple(one for one in known if not said.isdisjoint(one.names))


def _named_with_a_slip(words: str, known: Sequence[Known]) -> tuple[Known, ...]:
    said = re.findall(r"[a-z0-9]+", words.lower())
    likeness: dict[str, float] = {}
    for name in _names(known):
        width = name.count("-") + 1
        windows = ("-".join(said[at : at + width]) for at in range(len(said) - width + 1))
        alike = (one for one in windows if _digits(one) == _digits(name) and len(name) >= _SHORTEST_MISSPELT)
        likeness[name] = max((fuzz.ratio(one, name, score_cutoff=_MISSPELT) for one in alike), default=0.0)
    best = max(likeness.values(), default=0.0)
    like = {name for name, found in likeness.items() if best and found == best}
    return tuple(one for one in known if not like.isdisjoint(one.names))


def _named_in_part(words: str, known: Sequence[Known]) -> tuple[Known, ...]:
    said = set(re.findall(r"[a-z0-9]+", words.lower()))
    telling = {one for one in said if len(one) >= _SHORTEST_MISSPELT and not _SAYS_NOTHING.fullmatch(one)}
    return tuple(one for one in known if not telling.isdisjoint(re.findall(r"[a-z0-9]+", " ".join(one.names))))


def _names(known: Iterable[Known]) -> frozenset[str]:
    return frozenset(name for one in known for name in one.names)


def _digits(name: str) -> str:
    """A wrong digit is another thing, never a slip: v1 is not v2."""
    return "".join(character for character in name if character.isdigit())


def _last(repository: str) -> str:
    return repository.rpartition("/")[2]


def _spelt(text: str) -> str:
    return re.sub(r"[\s_-]+", "-", text.strip().lower())
