"""Plans as rows: finding one, and what it holds."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agents.planning.draft import PlanChanges, PlanDraft, from_json
from agents.plans.tables import DocumentSourceRow, PlanRow
from agents.work.tables import StepRow
from governance.outside_text import storable
from governance.tables import ApprovalRow
from storage.database import locked, tenant_of

_CHANGES: TypeAdapter[PlanChanges] = TypeAdapter(PlanChanges)


class NoSuchPlan(LookupError):
    """No plan has this id."""


def new_plan(
    document: str, requester: str, place: dict[str, Any] | None, thread: str | None, turn: str | None
) -> PlanRow:
    """A plan that is about to be drafted."""
    return PlanRow(
        id=f"pl_{secrets.token_hex(5)}",
        document=document,
        title=document,
        requester=requester,
        state="drafting",
        version=0,
        notifications=[],
        used_hours=0.0,
        warned=False,
        blocked=[],
        place=place,
        thread=thread,
        turn=turn,
    )


async def keep_source(tx: AsyncSession, digest: str, text: str) -> None:
    """Keep the text that a plan is worked out from, once."""
    row = insert(DocumentSourceRow).values(digest=digest, text_=storable(text))
    await tx.execute(row.on_conflict_do_nothing(index_elements=["tenant", "digest"]))


async def source_of(tx: AsyncSession, digest: str) -> str | None:
    """The text with this digest, as a plan was worked out from it."""
    query = select(DocumentSourceRow.text_).where(DocumentSourceRow.digest == digest)
    return (await tx.execute(query)).scalar()


async def plan_by_id(tx: AsyncSession, plan: str) -> PlanRow:
    """A plan's row. Raises NoSuchPlan."""
    return _found(plan, (await tx.execute(select(PlanRow).where(PlanRow.id == plan))).scalar())


async def plan_for_update(tx: AsyncSession, plan: str) -> PlanRow:
    """A plan's row, locked until `tx` ends. Raises NoSuchPlan."""
    query = locked(select(PlanRow).where(PlanRow.id == plan))
    return _found(plan, (await tx.execute(query)).scalar())


async def plan_of_approval(tx: AsyncSession, approval: str) -> PlanRow | None:
    """The plan that an approval is about, if it is about one."""
    return (await tx.execute(select(PlanRow).where(PlanRow.approval == approval))).scalar()


async def plans(tx: AsyncSession, *states: str) -> list[PlanRow]:
    """Plans in these states (all, if none is named), newest first."""
    query = select(PlanRow).order_by(PlanRow.created.desc())
    return list((await tx.execute(query.where(PlanRow.state.in_(states)) if states else query)).scalars())


async def steps_of(tx: AsyncSession, plan: str) -> list[StepRow]:
    """The steps of a plan's run, in order; none before it is carried out."""
    run = select(PlanRow.run).where(PlanRow.id == plan).scalar_subquery()
    query = select(StepRow).where(StepRow.run == run).order_by(StepRow.position)
    return list((await tx.execute(query.execution_options(populate_existing=True))).scalars())


async def open_plan_for(tx: AsyncSession, document: str) -> PlanRow | None:
    """The plan for this document that waits, is decided on or is being carried out, if there is one.

    Until `tx` ends nobody else may ask the same of this document, so that two plans for it cannot start at
    the same moment. A proposal that was denied, taken back or ran out is no open plan.
    """
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"{tenant_of(tx)}/plan/{document}"))))
    open_approval = select(ApprovalRow.id).where(ApprovalRow.status.in_(("open", "approved")))
    query = select(PlanRow).where(
        PlanRow.document == document,
        or_(
            PlanRow.state.in_(("drafting", "asking", "executing", "paused")),
            and_(PlanRow.state == "proposed", PlanRow.approval.in_(open_approval)),
        ),
    )
    return (await tx.execute(query.order_by(PlanRow.created.desc()).limit(1))).scalar()


def draft_of(plan: PlanRow) -> PlanDraft | None:
    """The newest draft; None while the first is being worked out."""
    return None if plan.draft is None else from_json(plan.draft)


def previous_of(plan: PlanRow) -> PlanDraft | None:
    """The draft before the newest."""
    return None if plan.previous is None else from_json(plan.previous)


def original_of(plan: PlanRow) -> PlanDraft | None:
    """The first draft, which every change is made to."""
    return None if plan.original is None else from_json(plan.original)


def digest_of(draft: str) -> str:
    """SHA-256 (hex) of a draft's stored text: what an approval binds."""
    return hashlib.sha256(draft.encode()).hexdigest()


def changes_of(plan: PlanRow) -> PlanChanges:
    """What people asked to be different from the first draft."""
    return PlanChanges() if plan.changes is None else _CHANGES.validate_json(plan.changes)


def changes_from_json(text: str) -> PlanChanges:
    """Changes that `changes_to_json` wrote."""
    return _CHANGES.validate_json(text)


def changes_to_json(changes: PlanChanges) -> str:
    """Changes as JSON text, for the row."""
    return _CHANGES.dump_json(changes).decode()


def _found(plan: str, row: PlanRow | None) -> PlanRow:
    if row is None:
        raise NoSuchPlan(plan)
    return row
