"""What people can ask for: read from the folders of the requests."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping
from functools import cache

from governance.people import Person
from governance.permissions import Allowed, Refused, may_ask
from governance.standing import WindowMode
from handlers.conversation.handler import Handler, Request
from handlers.language.recognition import ARGUMENTS
from handlers.worlds import HANDLER_MODULE, request_worlds


class RequestMisdeclared(Exception):
    """A request's folder does not declare what it has to; the message says which, and what is wrong."""


@cache
def catalogue() -> Mapping[str, Request]:
    """Every request, by name, in the order of the worlds. Raises RequestMisdeclared."""
    return {name: _declared(name, world) for name, world in request_worlds().items()}


def find_handlers() -> Mapping[str, Handler]:
    """The requests that are answered, by name."""
    return {name: one for name, one in catalogue().items() if isinstance(one, Handler)}


def request_of(name: str) -> Request:
    """The request called `name`. Raises KeyError if there is none."""
    return catalogue()[name]


def may_request(
    person: Person | None, name: str, modes: Collection[WindowMode] = frozenset()
) -> Allowed | Refused:
    """As `may_ask`, for the request called `name`. Raises KeyError if there is none."""
    return may_ask(person, request_of(name).permission, modes)


def _declared(name: str, world: str) -> Request:
    module = f"handlers.{world}.{name}.{HANDLER_MODULE}"
    declared = getattr(importlib.import_module(module), "HANDLER", None)
    if not isinstance(declared, Request):
        raise RequestMisdeclared(f"{module} has no HANDLER")
    if declared.name != name:
        raise RequestMisdeclared(f"{module} calls itself {declared.name}; its folder is called {name}")
    if unknown := set(declared.arguments) - set(ARGUMENTS):
        raise RequestMisdeclared(f"{module} reads {', '.join(sorted(unknown))}, which nobody tells apart")
    return declared
