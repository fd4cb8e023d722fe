"""No transaction is held while somebody outside is waited for: where one is, a test fails."""

from __future__ import annotations

import asyncio
from asyncio import selector_events
from collections.abc import Callable
from typing import Any

from storage.database import holds_transaction


class WaitedInATransaction(AssertionError):
    """Something was sent, or a connection opened, within a transaction. PostgreSQL's own are the driver's."""


def forbid() -> None:
    """From now on, in this process: asyncio's connections refuse to send within a transaction."""
    transport: Any = selector_events._SelectorSocketTransport  # type: ignore[attr-defined]
    for name in ("write", "writelines"):
        setattr(transport, name, _refusing(getattr(transport, name)))
    connecting = asyncio.BaseEventLoop.create_connection

    async def create_connection(*args: Any, **named: Any) -> Any:
        _demand()
        return await connecting(*args, **named)

    asyncio.BaseEventLoop.create_connection = create_connection  # type: ignore[assignment, method-assign]


def _refusing(method: Callable[..., Any]) -> Callable[..., Any]:
    def sent(*args: Any) -> Any:
        _demand()
        return method(*args)

    return sent


def _demand() -> None:
    if holds_transaction():
        raise WaitedInATransaction("a transaction is open; look it up before (storage.look), or post after it")
