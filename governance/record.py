"""What the department's own figures are counted from: who stepped in, and how agents spent their time."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from governance.tables import InterventionRow

Kind = Literal[
    "modified",
    "denied",
    "expired",
    "escalated",
    "overruled",
    "halted",
    "froze",
    "emergency",
    "cancelled",
    "answered",
]


async def intervened(
    tx: AsyncSession, kind: Kind, person: str | None, subject: str, reason: str, at: datetime
) -> None:
    """Record that a person stepped in, or had to be asked twice. `subject` is what it was about."""
    tx.add(
        InterventionRow(
            id=f"iv_{secrets.token_hex(6)}", kind=kind, person=person, subject=subject, reason=reason, at=at
        )
    )
