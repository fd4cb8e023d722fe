"""Who may open which page of the dashboard, by the same permissions that hold in chat."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.console.visit import Visit
from governance.audit.entries import Absence, Entry, EntryKind, NotApplicable
from governance.audit.log import record
from governance.overrides.rows import read_standing
from governance.people import Actor
from governance.permissions import Refused, may_ask
from governance.standing import WindowMode

PERMISSION = {"approvals": "approvals", "plans": "status", "audit": "audit", "overrides": "status"}
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
        if not isinstance(may_ask(person, permission, modes), Refused)
    )


async def demand(visiting: Visit, page: str) -> None:
    """Raises PageRefused unless the reader may open this page now; `note_refusal` records it."""
    answer = may_ask(visiting.reader.person, PERMISSION[page], await _modes(visiting))
    if isinstance(answer, Refused):
        who = f" It is open to: {', '.join(answer.who_may)}." if answer.who_may else ""
        raise PageRefused(f"{answer.why}{who}")


async def note_refusal(visiting: Visit, page: str) -> None:
    """Record that the reader was refused a page."""
    nothing = NotApplicable(not_applicable=Absence.NOTHING_WAS_DONE)
    await _note(visiting, EntryKind.REFUSAL, f"dashboard.{page}", None, nothing)


async def note_reading(visiting: Visit, what: str, subject: str | None = None) -> None:
    """Record that the reader read or verified the log itself."""
    nothing = NotApplicable(not_applicable=Absence.NOTHING_CHANGES)
    await _note(visiting, EntryKind.READ, f"dashboard.{what}", subject, nothing)


async def _modes(visiting: Visit) -> frozenset[WindowMode]:
    now = datetime.now(UTC)
    return (await read_standing(visiting.tx, now)).modes(now)


async def _note(
    visiting: Visit, kind: EntryKind, entry_type: str, subject: str | None, nothing: NotApplicable
) -> None:
    await record(
        visiting.tx,
        Entry.model_validate(
            {
                "kind": kind,
                "type": entry_type,
                "actor": Actor("person", visiting.reader.person.id, identity=visiting.reader.identity),
                "subject": subject,
                "rationale": NotApplicable(not_applicable=Absence.NONE_GIVEN),
                "approvals": NotApplicable(not_applicable=Absence.NO_APPROVAL_NEEDED),
                "impact": nothing,
                "rollback_plan": nothing,
                "artifacts": NotApplicable(not_applicable=Absence.NO_ARTIFACTS),
            }
        ),
    )
