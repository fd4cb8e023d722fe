"""One grant, one effect: the receipt and what it stands for commit together or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.tracker import GrantSpent
from integrations.tracker.vendors.local.tables import ReceiptRow


async def once(
    tx: AsyncSession, grant: str, kind: str, make: Callable[[], Awaitable[Sequence[str]]]
) -> Sequence[str]:
    """Run `make` in `tx` unless the grant was used before; the ids of what it, or the first call, made.

    A second call that comes meanwhile waits here, on the receipt's key, until the first has committed
    or rolled back. Raises GrantSpent if the first call was of another kind.
    """
    claim = insert(ReceiptRow).values(grant_id=grant, kind=kind, items=[]).on_conflict_do_nothing()
    if (await tx.execute(claim.returning(ReceiptRow.grant_id))).scalar() is None:
        return await _earlier(tx, grant, kind)
    items = list(await make())
    await tx.execute(update(ReceiptRow).where(ReceiptRow.grant_id == grant).values(items=items))
    return items


async def receipt(tx: AsyncSession, grant: str) -> Sequence[str] | None:
    """The ids of what a grant's effect made or changed, or None."""
    return (await tx.execute(select(ReceiptRow.items).where(ReceiptRow.grant_id == grant))).scalar()


async def _earlier(tx: AsyncSession, grant: str, kind: str) -> Sequence[str]:
    found = (await tx.execute(select(ReceiptRow).where(ReceiptRow.grant_id == grant))).scalar_one()
    if found.kind != kind:
        raise GrantSpent(f"This permission was already used for something else ({found.kind}).")
    return found.items
