"""Who may look at what on our own pages, and for the record that they did."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from bot.console.visit import Visit
from governance.audit.entries import Absence, Entry, EntryKind, NotApplicable
from governance.audit.log import record
from governance.overrides.rows import read_standing
from governance.people import Actor
from governance.permissions import Refused
from governance.standing import WindowMode
from handlers.catalogue import may_request


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


PERMISSION = {
    "approvals": "approvals",
    "plans": "status",
    "audit": "audit",
    "overrides": "status",
    "outbox": "status",
}
"""The permission of the catalogue that opens each page. What customer success sees there is narrowed
in the page's own query."""


class PageRefused(Exception):
    """Somebody may not open a page. The text says why and who may."""


async def open_pages(visiting: Visit) -> frozenset[str]:
    """The pages that the reader may open now."""
    person, modes = visiting.reader.person, await _modes(visiting)
    return frozenset(
        page
        for page, permission in PERMISSION.items()
        if not isinstance(may_request(person, permission, modes), Refused)
    )


async def demand(visiting: Visit, page: str) -> None:
    """Raises PageRefused unless the reader may open this page now; `note_refusal` records it."""
    answer = may_request(visiting.reader.person, PERMISSION[page], await _modes(visiting))
    if isinstance(answer, Refused):
        who = f" It is open to: {', '.join(answer.who_may)}." if answer.who_may else ""
        raise PageRefused(f"{answer.why}{who}")


async def note_refusal(visiting: Visit, page: str) -> None:
    """Record that the reader was refused a page."""
    await note(visiting.tx, EntryKind.REFUSAL, f"dashboard.{page}", _actor(visiting))


async def note_reading(visiting: Visit, what: str, subject: str | None = None) -> None:
    """Record that the reader read or verified the log itself."""
    await note(visiting.tx, EntryKind.READ, f"dashboard.{what}", _actor(visiting), subject=subject)


async def _modes(visiting: Visit) -> frozenset[WindowMode]:
    now = datetime.now(UTC)
    return (await read_standing(visiting.tx, now)).modes(now)


def _actor(visiting: Visit) -> Actor:
    return Actor("person", visiting.reader.person.id, identity=visiting.reader.identity)
