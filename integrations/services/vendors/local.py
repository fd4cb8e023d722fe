"""A catalogue kept as files: Backstage's `catalog-info.yaml`, one or more entities each, in a folder.

The format: https://backstage.io/docs/features/software-catalog/descriptor-format. Only components are
services; what else a file describes is left alone. The tier is our annotation `countersign.dev/tier`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from governance import marked_yaml
from governance.marked_yaml import KeyPath, MarkedDocument, MarkedYamlError
from integrations import Embedded
from integrations.finding import best
from integrations.integration import Integration
from integrations.pages import Page, Part, page_of
from integrations.services import CatalogueError, NoSuchService, Service

FILE_NAME = "catalog-info.yaml"
MOST_BYTES = 1_000_000
"""A larger file is refused unread."""

_TIER = "countersign.dev/tier"
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_NEW_DOCUMENT = re.compile(r"^---(?=\s|$)", re.MULTILINE)


class LocalCatalogue(Embedded):
    """A `ServiceCatalogue` over the files below `folder`, read once, when first asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reading: asyncio.Task[Mapping[str, Service]] | None = None

    async def services(self, part: Part) -> Page[Service]:
        """A page of the services, by id. Raises CatalogueError."""
        found = (await self._read()).values()
        behind = [one for one in found if part.after is None or one.id > part.after]
        return page_of(behind, part.limit, lambda one: one.id)

    async def find(self, text: str, limit: int) -> Sequence[Service]:
        """See ServiceCatalogue.find."""
        return best(text, ((one, (one.name, one.id)) for one in (await self._read()).values()), limit)

    async def service(self, service: str) -> Service:
        """One service. Raises NoSuchService, CatalogueError."""
        try:
            return (await self._read())[service]
        except KeyError:
            raise NoSuchService(f"There is no service {service!r} in the catalogue.") from None

    async def _read(self) -> Mapping[str, Service]:
        if self._reading is None:
            self._reading = asyncio.create_task(asyncio.to_thread(read_catalogue, self._folder))
        return await asyncio.shield(self._reading)


def read_catalogue(folder: Path) -> Mapping[str, Service]:
    """The services that the files below `folder` describe, by id; none where there is no such folder yet.

    Raises CatalogueError.
    """
    found: dict[str, tuple[Service, str]] = {}
    for path in sorted(folder.rglob(FILE_NAME)):
        source = path.relative_to(folder).as_posix()
        for entity in _entities(source, _text(path, source)):
            service = _service(entity)
            if service.id in found:
                first = found[service.id][1]
                entity.refuse(("metadata", "name"), f"`{service.id}` is described in {first} already")
            found[service.id] = (service, source)
    return {name: found[name][0] for name in sorted(found)}


@dataclass(frozen=True, slots=True)
class _Entity:
    """One document of a file, whose first line is the file's line `offset` + 1."""

    source: str
    offset: int
    document: MarkedDocument

    def refuse(self, path: KeyPath, what: str) -> NoReturn:
        raise CatalogueError(f"{self.source}, line {self.offset + self.document.line_of(path)}: {what}")

    def at(self, *path: str) -> Any:
        value = self.document.value
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def text(self, *path: str) -> str:
        value = self.at(*path)
        if not isinstance(value, str) or not value.strip():
            self.refuse(path, f"`{'.'.join(path)}` must be given, as text")
        return value.strip()

    def optional_text(self, *path: str) -> str | None:
        return None if self.at(*path) is None else self.text(*path)

    def texts(self, *path: str) -> tuple[str, ...]:
        values = [] if self.at(*path) is None else self.at(*path)
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            self.refuse(path, f"`{'.'.join(path)}` must be a list of texts")
        return tuple(values)


def _text(path: Path, source: str) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CatalogueError(f"{source}: the file cannot be read ({error.strerror})") from error
    if len(raw) > MOST_BYTES:
        raise CatalogueError(f"{source}: the file has {len(raw)} bytes; at most {MOST_BYTES} are read")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise CatalogueError(f"{source}, line {line}: this is not UTF-8; save the file as UTF-8") from error


def _entities(source: str, text: str) -> Iterator[_Entity]:
    # A line that starts with three dashes always begins a new document in YAML, within a text as well.
    starts = [0, *(match.end() for match in _NEW_DOCUMENT.finditer(text))]
    ends = [*(match.start() for match in _NEW_DOCUMENT.finditer(text)), len(text)]
    for start, end in zip(starts, ends, strict=True):
        part, offset = text[start:end], text[:start].count("\n")
        if not _says_something(part):
            continue
        try:
            entity = _Entity(source, offset, marked_yaml.read(part))
        except MarkedYamlError as error:
            raise CatalogueError(f"{source}, line {offset + error.line}: {error.why}") from error
        if entity.text("kind") == "Component":
            yield entity


def _says_something(part: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in part.splitlines())


def _service(entity: _Entity) -> Service:
    name = entity.text("metadata", "name")
    if not _NAME.fullmatch(name):
        entity.refuse(("metadata", "name"), f"`{name}` is no name: letters, digits and -_. (at most 63)")
    return Service(
        id=name,
        name=entity.optional_text("metadata", "title") or name,
        description=entity.optional_text("metadata", "description") or "",
        team=_referred(entity.text("spec", "owner")),
        tier=_tier(entity),
        kind=entity.text("spec", "type"),
        lifecycle=entity.text("spec", "lifecycle"),
        system=entity.optional_text("spec", "system"),
        depends_on=_components(entity),
        tags=entity.texts("metadata", "tags"),
    )


def _tier(entity: _Entity) -> int | None:
    path = ("metadata", "annotations", _TIER)
    tier = entity.optional_text(*path)
    if tier is not None and not re.fullmatch(r"[1-9]", tier):
        entity.refuse(path, f'the tier is a digit in quotes, from "1" (most critical) on, not `{tier}`')
    return None if tier is None else int(tier)


def _components(entity: _Entity) -> tuple[str, ...]:
    # References read `kind:namespace/name`; here as in Backstage the kind must be said.
    references = entity.texts("spec", "dependsOn")
    for position, reference in enumerate(references):
        if ":" not in reference:
            entity.refuse(
                ("spec", "dependsOn", position), f"say what `{reference}` is: `component:{reference}`?"
            )
    return tuple(_referred(reference) for reference in references if reference.lower().startswith("component:"))


def _referred(reference: str) -> str:
    """The name in a reference such as `group:default/alpha`."""
    return reference.rpartition(":")[2].rpartition("/")[2]


INTEGRATION = Integration(
    kind="services",
    name="local",
    title="the services folder",
    open=lambda around: LocalCatalogue(around.folder / around.folders["services"]),
)
