"""Notices: 'tell these people this', stored with what it is about and turned into a card when posted.

Rooms below `handlers/` cannot make cards; they write a notice in the transaction of what happened.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Index, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.jobs import defer
from storage.schema import Base, TenantScoped


class NoticeRow(TenantScoped, Base):
    """One notice. `kind` chooses the card; `ids` say what it is about; `people` are told directly,
    `place` (a Place as JSON) is the thread it goes to; either may be empty.

    `platforms` are those on which the people are told, empty for everywhere. `held_until` is the end of
    the quiet hours of the one person whom a notice was kept back for.
    """

    __tablename__ = "notices"
    __table_args__ = (Index(None, "tenant", "held_until"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    ids: Mapped[dict[str, Any]]
    place: Mapped[dict[str, Any] | None]
    people: Mapped[list[Any]]
    platforms: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    turn: Mapped[str | None]
    created: Mapped[datetime] = mapped_column(server_default=text("now()"))
    held_until: Mapped[datetime | None]
    posted: Mapped[datetime | None]


async def notify(
    tx: AsyncSession,
    kind: str,
    ids: Mapping[str, Any],
    *,
    place: Mapping[str, Any] | None = None,
    people: tuple[str, ...] = (),
    platforms: tuple[str, ...] = (),
    turn: str | None = None,
    slow: bool = False,
) -> str:
    """Store a notice and queue its posting, both for when `tx` commits. Returns its id.

    `slow` is for a card that takes a lot of looking up and drawing.
    """
    notice = NoticeRow(
        id=_new_id(),
        kind=kind,
        ids=dict(ids),
        place=place and dict(place),
        people=list(people),
        platforms=list(platforms),
        turn=turn,
    )
    tx.add(notice)
    args = {"id": notice.id} | ({"turn": turn} if turn else {})
    await defer(tx, "post_notice", args, lock=_lock(notice), slow=slow)
    return notice.id


async def hold(tx: AsyncSession, notice: NoticeRow, person: str, until: datetime) -> None:
    """Keep back what a notice tells one person, and queue its posting for `until`."""
    kept = NoticeRow(
        id=_new_id(),
        kind=notice.kind,
        ids=notice.ids,
        place=None,
        people=[person],
        platforms=notice.platforms,
        turn=notice.turn,
        held_until=until,
    )
    tx.add(kept)
    await defer(tx, "post_notice", {"id": kept.id}, lock=_lock(kept), at=until)


async def let_go(tx: AsyncSession, person: str) -> None:
    """Queue what is kept back for this person: whether it still has to wait is asked anew when it is posted."""
    held = select(NoticeRow).where(
        NoticeRow.held_until.is_not(None), NoticeRow.posted.is_(None), NoticeRow.people.contains([person])
    )
    for notice in (await tx.execute(held.order_by(NoticeRow.created))).scalars():
        await defer(tx, "post_notice", {"id": notice.id}, lock=_lock(notice))


def _new_id() -> str:
    return f"no_{secrets.token_hex(6)}"


def _lock(notice: NoticeRow) -> str:
    return f"notice:{notice.ids.get('key', notice.id)}"


GIVEN_UP = "job_given_up"


async def tell_given_up(
    tx: AsyncSession,
    subject: str,
    what: str,
    then: str,
    *,
    place: Mapping[str, Any] | None = None,
    people: tuple[str, ...] = (),
    plan: str | None = None,
    turn: str | None = None,
) -> None:
    """Tell those whom it is for that something was tried and given up (`what`), and what to do (`then`).

    Of one `subject` (a row's id, say) it is told once a day, however often it fails.
    """
    lately = select(NoticeRow.id).where(
        NoticeRow.kind == GIVEN_UP,
        NoticeRow.ids["subject"].astext == subject,
        NoticeRow.created > text("now() - interval '1 day'"),
    )
    if (place is None and not people) or (await tx.execute(lately.limit(1))).scalar() is not None:
        return
    ids = {"subject": subject, "what": what, "next": then} | ({"plan": plan} if plan else {})
    await notify(tx, "job_given_up", ids, place=place, people=people, turn=turn)
