"""The worlds of what people can ask for, and the folders of requests in them.

Reads the folders' names and imports nothing of them, so that what only needs names stays quick.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar

import handlers

T = TypeVar("T")

WORLDS = ("office", "delivery", "operations", "customers", "compliance", "architecture", "measures")

HANDLER_MODULE = "handler"
"""The module of a request's folder that has its `HANDLER`; a folder without it is shared within its world."""


@cache
def request_worlds() -> Mapping[str, str]:
    """The world of each request, by the request's name, in the order of the worlds."""
    return {folder.name: world for world in WORLDS for folder in _folders(world)}


@cache
def request_folders() -> Mapping[str, Path]:
    """Where each request lives, by its name."""
    return {folder.name: folder for world in WORLDS for folder in _folders(world)}


@cache
def request_names() -> frozenset[str]:
    """The names of all requests: those of their folders."""
    return frozenset(request_worlds())


def _folders(world: str) -> Iterator[Path]:
    for path in importlib.import_module(f"handlers.{world}").__path__:
        for folder in sorted(Path(path).iterdir()):
            if (folder / f"{HANDLER_MODULE}.py").is_file():
                yield folder


@cache
def declared(attribute: str, kind: type[T]) -> tuple[T, ...]:
    """Every `kind` that a module of `handlers/` declares as `attribute`, by itself or in a tuple."""
    found: list[T] = []
    for module in pkgutil.walk_packages(handlers.__path__, "handlers."):
        value = getattr(importlib.import_module(module.name), attribute, ())
        found += [one for one in (value if isinstance(value, tuple) else (value,)) if isinstance(one, kind)]
    return tuple(found)
