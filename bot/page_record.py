"""What people do on our own pages, for the record: entries by which nothing is decided."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from governance.audit.entries import Absence, Entry, EntryKind, NotApplicable
from governance.audit.log import record
from governance.people import Actor


async def note(
    tx: AsyncSession,
    kind: EntryKind,
    entry_type: str,
    actor: Actor,
    *,
    subject: str | None = None,
    details: Mapping[str, JsonValue] | None = None,
) -> None:
    """Record that somebody looked, came, went, or was refused."""
    refused = kind is EntryKind.REFUSAL
    nothing = NotApplicable(not_applicable=Absence.NOTHING_WAS_DONE if refused else Absence.NOTHING_CHANGES)
    await record(
        tx,
        Entry.model_validate(
            {
                "kind": kind,
                "type": entry_type,
                "actor": actor,
                "subject": subject,
                "details": details or {},
                "rationale": NotApplicable(not_applicable=Absence.NONE_GIVEN),
                "approvals": NotApplicable(not_applicable=Absence.NO_APPROVAL_NEEDED),
                "impact": nothing,
                "rollback_plan": nothing,
                "artifacts": NotApplicable(not_applicable=Absence.NO_ARTIFACTS),
            }
        ),
    )
