"""The service catalogue: what runs, whose it is and what it needs. The port that every catalogue implements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from integrations.pages import Page, Part


@dataclass(frozen=True, slots=True)
class Service:
    """Something that runs. `tier` 1 is the most critical; `depends_on` are ids of services.

    `team` is the id of the team that owns it, `kind` says `service`, `website`, …, `lifecycle` says
    `production`, `experimental`, … in the catalogue's own words.
    """

    id: str
    name: str
    description: str
    team: str
    tier: int | None
    kind: str
    lifecycle: str
    system: str | None
    depends_on: tuple[str, ...]
    tags: tuple[str, ...]


class NoSuchService(LookupError):
    """The catalogue has no such service."""


class CatalogueError(ValueError):
    """The catalogue cannot be read. The text names the file, the line and what to do."""


class ServiceCatalogue(Protocol):
    """Services by id. What it is that they depend on may be missing from the catalogue."""

    async def services(self, part: Part) -> Page[Service]:
        """A page of the services, by id. Raises CatalogueError, NoSuchPage."""

    async def find(self, text: str, limit: int) -> Sequence[Service]:
        """At most `limit` services whose name or id shares a word with the text, or one like it: best first, of
        equals by id. Raises CatalogueError.
        """

    async def service(self, service: str) -> Service:
        """One service. Raises NoSuchService, CatalogueError."""
