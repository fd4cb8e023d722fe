"""Stored files: the pictures and documents that cards show."""

from __future__ import annotations

import secrets

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from bot.tables import FileRow
from governance.visibility import Scope

_SCOPE: TypeAdapter[Scope] = TypeAdapter(Scope)


class StoredFiles:
    """Keeps files in the database, with what a reader's scope must cover to open them."""

    async def put(
        self,
        tx: AsyncSession,
        name: str,
        media_type: str,
        content: bytes,
        scope: Scope,
        *,
        id: str | None = None,
    ) -> str:
        """See Files.put."""
        file = id or f"fi_{secrets.token_hex(8)}"
        kept = _SCOPE.dump_python(scope, mode="json")
        tx.add(FileRow(id=file, name=name, media_type=media_type, content=content, scope=kept))
        return file
