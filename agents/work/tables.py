"""Runs and steps as rows, and the locks that steps hold on what they touch."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped

OVER = ("done", "failed", "left", "cancelled")
"""States of steps of which nothing more comes."""

ENDED = ("done", "failed", "cancelled")
"""States of runs that are over."""


class RunRow(TenantScoped, Base):
    """Work that takes longer than an answer. `state`: running | paused | done | failed | cancelled (`why`
    says).

    `requester` is None where nobody asked for it. `subject` is what it is about (`plan:pl_1`,
    `service:orders`), and `plan` the id of the plan that it is done for: a freeze of either stops the run's
    steps. `shown` is how the last card looked, so that it is
    edited only where something changed; `shown_at` is when, and `look_at` when the next look at it is queued
    for."""

    __tablename__ = "runs"
    __table_args__ = (Index(None, "tenant", "state"), Index(None, "tenant", "plan"))

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    title: Mapped[str]
    subject: Mapped[str | None]
    plan: Mapped[str | None]
    requester: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default=text("'running'"))
    why: Mapped[str | None]
    place: Mapped[dict[str, Any] | None]
    turn: Mapped[str | None]
    shown: Mapped[str | None]
    shown_at: Mapped[datetime | None]
    look_at: Mapped[datetime | None]
    created: Mapped[datetime] = mapped_column(server_default=text("now()"))
    ended: Mapped[datetime | None]


class StepRow(TenantScoped, Base):
    """One step of a run.

    `state`: waiting | running (a worker is at it until `lease`) | submitted (its effect is the gate's) | asleep
    (until `wake`) | done | failed | left (what it depends on failed) | cancelled. `attempt` counts tries,
    `cursor` is what was started outside, `result` what later steps are given, `blocked` why it does not
    start though it could: a pool without a place, or a lock. `locks` are held from its start to its end.
    `taken` is since when a worker has it, `worked` for how many seconds workers had it before that.
    """

    __tablename__ = "run_steps"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "run"], ["runs.tenant", "runs.id"]),
        Index(None, "tenant", "state", "lease"),
        Index(None, "tenant", "effect"),
        Index(
            "ix_run_steps_blocked",
            "tenant",
            "pool",
            "run",
            postgresql_where=text("state = 'waiting' AND blocked IS NOT NULL"),
        ),
    )

    run: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    kind: Mapped[str]
    title: Mapped[str]
    args: Mapped[dict[str, Any]]
    depends_on: Mapped[list[Any]]
    locks: Mapped[list[Any]]
    pool: Mapped[str]
    actor: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'waiting'"))
    attempt: Mapped[int] = mapped_column(server_default=text("0"))
    worker: Mapped[str | None]
    lease: Mapped[datetime | None]
    wake: Mapped[datetime | None]
    cursor: Mapped[dict[str, Any] | None]
    result: Mapped[dict[str, Any] | None]
    effect: Mapped[str | None]
    blocked: Mapped[str | None]
    detail: Mapped[str | None]
    started: Mapped[datetime | None]
    taken: Mapped[datetime | None]
    worked: Mapped[float] = mapped_column(server_default=text("0"))
    finished: Mapped[datetime | None]


class StepLockRow(TenantScoped, Base):
    """A lock of a step on something that it touches (`service:orders`). Taken in the order of their names,
    in the scheduler's transaction; given back with the step's end."""

    __tablename__ = "step_locks"

    subject: Mapped[str] = mapped_column(primary_key=True)
    run: Mapped[str]
    step: Mapped[str]


def from_now(length: timedelta) -> ColumnElement[datetime]:
    """The moment that comes so long after now, by the database's clock. Leases are set and compared by that one
    alone: the clocks of the machines that workers run on differ."""
    return func.clock_timestamp() + length
