"""Desks: what a handler works with, put together for one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import partial

from pydantic import TypeAdapter
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.findings import Findings
from agents.sre import Suggested
from bot.tables import FileRow
from governance.department_rows import DIGEST, department_of, read_department
from governance.gate import Gate
from governance.overrides.rows import standing_at
from governance.visibility import Scope
from handlers.conversation.desk import Channels, Desk, Files, HeldFiles
from handlers.conversation.memory import Memory
from integrations.looked import looked
from integrations.ports import Ports
from storage import direct
from storage.database import speaks_in_statements, tenant_of
from storage.look import Look, look_of


@dataclass(frozen=True, slots=True)
class Desks:
    """Makes a desk for each turn, notice and job. `ports` are a tenant's, by the tenant; `suggest` asks a model
    what could be behind an incident, for a tenant; `models` are those that agents may be given."""

    gate: Gate
    ports: Callable[[str], Ports]
    files: Files
    channels: Channels
    has_model: bool
    suggest: Callable[[str, Findings], Awaitable[Suggested | None]] | None = None
    models: tuple[str, ...] = ()

    async def desk(self, tx: AsyncSession, memory: Memory) -> Desk:
        """A desk over `tx`, in the thread that `memory` belongs to."""
        now = datetime.now(UTC)
        digest, standing = await direct.both(tx, DIGEST, standing_at(now))
        return Desk(
            tx=tx,
            now=now,
            department=await department_of(tx, digest),
            gate=self.gate,
            ports=_looked(self.ports(tenant_of(tx)), look_of(tx)),
            files=HeldFiles() if speaks_in_statements(tx) else self.files,
            channels=self.channels,
            memory=memory,
            standing=standing,
            has_model=self.has_model,
            suggest=None if self.suggest is None else partial(_suggested, self.suggest, tx),
            models=self.models,
        )


async def _suggested(
    ask: Callable[[str, Findings], Awaitable[Suggested | None]], tx: AsyncSession, findings: Findings
) -> Suggested | None:
    """Looked up as the outside world is, within the time that a turn has for all of it."""
    key = ("suggest", findings.question, findings.as_of)
    return await look_of(tx).at(key, "The model", lambda: ask(tenant_of(tx), findings))


def _looked(ports: Ports, look: Look) -> Ports:
    return Ports(**{kind.name: looked(kind.name, getattr(ports, kind.name), look) for kind in fields(Ports)})


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
        """See Files.put. Two may draw the same picture at once, a turn and a notice: the first one stays."""
        file = id or f"fi_{secrets.token_hex(8)}"
        kept = _SCOPE.dump_python(scope, mode="json")
        new = insert(FileRow).values(id=file, name=name, media_type=media_type, content=content, scope=kept)
        await tx.execute(new.on_conflict_do_nothing())
        return file

    async def has(self, tx: AsyncSession, id: str) -> bool:
        """See Files.has."""
        return (await tx.execute(select(FileRow.id).where(FileRow.id == id))).scalar() is not None


_PICTURES_AT_ONCE = 200


async def delete_old_pictures(tx: AsyncSession, now: datetime) -> None:
    """Delete a batch of the pictures of canaries and load tests that are older than the department keeps what
    they show. Documents stay."""
    kept = (await read_department(tx)).retention
    for name, days in (("canary.png", kept.canaries), ("load.png", kept.load_tests)):
        old = select(FileRow.id).where(FileRow.name == name, FileRow.created < now - timedelta(days=days))
        batch = old.order_by(FileRow.created).limit(_PICTURES_AT_ONCE)
        await tx.execute(delete(FileRow).where(FileRow.id.in_(batch)))
