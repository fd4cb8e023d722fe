"""Ports as an act sees them: what leaves this installation is looked up while no transaction is open."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from integrations import Embedded
from storage.look import Look

_Port = TypeVar("_Port")


def looked(kind: str, port: _Port, look: Look) -> _Port:
    """The port `kind` (`tracker`), each of its answers as `look` has it; an embedded vendor is asked as it is.

    What is asked is known by the method and its arguments, which must be hashable: values that are frozen.
    """
    return port if isinstance(port, Embedded) else cast(_Port, _Looked(kind, port, look))


class _Looked:
    def __init__(self, kind: str, port: object, look: Look) -> None:
        self._kind, self._port, self._look = kind, port, look

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if not callable(method):  # how its ids are written, for one: known without asking anybody
            return method
        who = getattr(self._port, "title", self._kind.capitalize())

        async def asked(*args: Any, **named: Any) -> Any:
            key = (self._kind, name, args, tuple(sorted(named.items())))
            return await self._look.at(key, who, lambda: method(*args, **named))

        return asked
