"""Looking at the outside world before acting: no transaction is held while somebody else is waited for.

What is done in a transaction asks for what it wants of the outside world through a `Look`. What was looked up
already is there; anything else ends the transaction, which leaves nothing behind, is looked up while none is
open, and the act begins again. So an act may be written as if it simply asked, and cannot wait within a
transaction even by mistake.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, TypeVar, cast

from sqlalchemy.ext.asyncio import AsyncSession

from storage.database import Database, holds_transaction
from storage.savepoints import WriteRefused, is_refused_write

SECONDS = 8.0
"""How long all of one turn's looking may take, unless a setting says otherwise."""

_MOST_LOOKS = 40
"""Times that one act begins again: an act that wants other things at each try is not going to end."""

_Seen = TypeVar("_Seen")
_Done = TypeVar("_Done")


class Away(Exception):
    """Somebody outside did not answer, or not in time. `who` is their name as people know it."""

    def __init__(self, who: str, why: str) -> None:
        super().__init__(f"{who} {why}")
        self.who = who


class NotLooked(Exception):
    """Something of the outside world is wanted within a transaction and was not looked up before."""

    def __init__(self, look: Look, key: Hashable, who: str, call: Callable[[], Awaitable[Any]]) -> None:
        super().__init__(f"{key!r} was not looked up before the transaction")
        self._look, self._key, self._who, self._call = look, key, who, call

    async def look_up(self) -> None:
        """Look it up, now that no transaction is open."""
        await self._look.up(self._key, self._who, self._call)


@dataclass(slots=True)
class _Found:
    """What came of one call: its value, or the exception that it raised."""

    value: Any
    failed: Exception | None


@dataclass(slots=True)
class Look:
    """What one turn or job has seen of the outside world: each thing once, all of it within `seconds`."""

    seconds: float = SECONDS
    _found: dict[Hashable, _Found] = field(default_factory=dict)
    _spent: float = 0.0
    _waiting: int = 0
    _since: float = 0.0
    """When the first of those that are waited for now was begun: what is looked at side by side counts once."""

    async def at(self, key: Hashable, who: str, call: Callable[[], Awaitable[_Seen]]) -> _Seen:
        """What `call` comes to, by its `key`: as it was seen, or looked up where no transaction is open.

        Raises what the call raised, Away where `who` did not answer in time, and NotLooked within a
        transaction.
        """
        if key not in self._found:
            if holds_transaction():
                raise NotLooked(self, key, who, call)
            await self.up(key, who, call)
        found = self._found[key]
        if found.failed is not None:
            raise found.failed
        return cast(_Seen, found.value)

    async def up(self, key: Hashable, who: str, call: Callable[[], Awaitable[Any]]) -> None:
        """Look something up and keep what came of it, a failure as well: nobody is asked twice in one turn."""
        value: Any = None
        failed: Exception | None = None
        if not self._waiting:
            self._since = monotonic()
        left = self.seconds - self._spent - (monotonic() - self._since)
        self._waiting += 1
        try:
            async with asyncio.timeout(max(left, 0.0)):
                value = await call()
        except TimeoutError:
            failed = Away(who, f"did not answer within {self.seconds:g} seconds")
        except Exception as raised:  # noqa: BLE001 — whoever asked meets it, within their act
            failed = raised
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._spent += monotonic() - self._since
        self._found[key] = _Found(value, failed)


def may_look(tx: AsyncSession) -> bool:
    """Whether what is done in this session may ask for the outside world: it was begun by `act`."""
    return "acts" in tx.info


def look_of(tx: AsyncSession) -> Look:
    """The look that goes with this session: what asks for the outside world within an act asks there.

    In a transaction that `act` did not begin nothing was looked up, so that asking is an error of ours.
    """
    look: Look = tx.info.setdefault("look", Look())
    return look


async def act(
    database: Database, tenant: str, look: Look, doing: Callable[[AsyncSession], Awaitable[_Done]]
) -> _Done:
    """Do something in one transaction, and return what came of it once that is committed.

    Where it wants something of the outside world, it is first gone through without a transaction and without
    leave to write, which looks up all that it wants up to its first change; what it wants later is looked up
    one by one.
    """
    rehearsed = False
    for _ in range(_MOST_LOOKS):
        try:
            async with database.transaction(tenant) as tx:
                tx.info.update(look=look, acts=True)
                return await doing(tx)
        except NotLooked as missing:
            wanted = missing
        await wanted.look_up()
        if not rehearsed:
            rehearsed = True
            await _rehearse(database, tenant, look, doing)
    raise RuntimeError(
        f"it still wants something else of the outside world after {_MOST_LOOKS} looks: {wanted}"
    )


async def _rehearse(
    database: Database, tenant: str, look: Look, doing: Callable[[AsyncSession], Awaitable[Any]]
) -> None:
    try:
        async with database.statements(tenant, read_only=True) as session:
            session.info.update(look=look, acts=True)
            await doing(session)
    except WriteRefused:
        return
    except Exception as ended:
        if not is_refused_write(ended):
            raise
