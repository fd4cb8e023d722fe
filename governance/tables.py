"""Governance's rows: people, effects and their approvals, overrides, windows, and the fence."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ForeignKeyConstraint, Identity, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class DepartmentRow(TenantScoped, Base):
    """The department in force: its file (teams, products, channels, calendars, agents) with what was added in
    chat, which stands once more in `added` (`governance.department_added`)."""

    __tablename__ = "departments"

    body: Mapped[dict[str, Any]]
    digest: Mapped[str]
    opened: Mapped[datetime] = mapped_column(server_default=text("now()"))
    added: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


NEW_LOG_NAME = "('pn_'::text || substr(replace((gen_random_uuid())::text, '-'::text, ''::text), 1, 20))"
"""SQL for a fresh name in the audit log: random, so that it says nothing of whoever has it."""


class PersonRow(TenantScoped, Base):
    """One human. Roles are rows of their own, for they change. `log_name` is what the audit log calls them."""

    __tablename__ = "people"
    __table_args__ = (UniqueConstraint("tenant", "log_name"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str | None]
    team: Mapped[str | None]
    time_zone: Mapped[str]
    accounts: Mapped[list[Any]]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    log_name: Mapped[str] = mapped_column(server_default=text(NEW_LOG_NAME))


class PersonRoleRow(TenantScoped, Base):
    """A role that a person holds, and the effect that gave it (None: the department file)."""

    __tablename__ = "person_roles"
    __table_args__ = (ForeignKeyConstraint(["tenant", "person"], ["people.tenant", "people.id"]),)

    person: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    given_by: Mapped[str | None]
    given: Mapped[datetime] = mapped_column(server_default=text("now()"))


class IdentityRow(TenantScoped, Base):
    """A chat identity that a platform proves, linked to a person."""

    __tablename__ = "identities"
    __table_args__ = (ForeignKeyConstraint(["tenant", "person"], ["people.tenant", "people.id"]),)

    identity: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str]
    linked: Mapped[datetime] = mapped_column(server_default=text("now()"))


class DelegationRow(TenantScoped, Base):
    """Somebody decides for somebody else, from `starts` until `ends` (half-open)."""

    __tablename__ = "delegations"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "from_person"], ["people.tenant", "people.id"]),
        ForeignKeyConstraint(["tenant", "to_person"], ["people.tenant", "people.id"]),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    from_person: Mapped[str]
    to_person: Mapped[str]
    starts: Mapped[datetime]
    ends: Mapped[datetime]
    ended: Mapped[datetime | None]


class ApprovalRow(TenantScoped, Base):
    """A request for people's votes on one exact list of actions (`digest` binds their bytes).

    `body` is the ApprovalState with its votes; `status` repeats its status for finding the open ones.
    """

    __tablename__ = "approvals"
    __table_args__ = (Index(None, "tenant", "status"), Index(None, "tenant", "thread"))

    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    title: Mapped[str]
    decision_type: Mapped[str]
    digest: Mapped[str]
    ruling: Mapped[dict[str, Any]]
    notifications: Mapped[list[Any]]
    actor: Mapped[dict[str, Any]]
    requester: Mapped[str | None]
    status: Mapped[str]
    body: Mapped[dict[str, Any]]
    place: Mapped[dict[str, Any] | None]
    thread: Mapped[str | None]
    turn: Mapped[str | None]
    opened: Mapped[datetime]
    decided: Mapped[datetime | None]
    supersedes: Mapped[str | None]


class EffectRow(TenantScoped, Base):
    """One submitted action, from its ruling to its outcome.

    `state`: refused | left_to_people | parked (awaits its approval) | ready (awaits its job) | held (a
    halt, freeze or window came between; `held` says why) | claimed (the port may have been called) |
    done | failed | unknown | withdrawn (what it waited for will not come).
    """

    __tablename__ = "effects"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "approval"], ["approvals.tenant", "approvals.id"]),
        UniqueConstraint("tenant", "grant_id"),
        Index(None, "tenant", "state"),
        Index(None, "tenant", "approval"),
        Index(None, "tenant", "plan"),
        Index(None, "tenant", "created"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    action_type: Mapped[str]
    decision_type: Mapped[str]
    body: Mapped[dict[str, Any]]
    digest: Mapped[str]
    actor: Mapped[dict[str, Any]]
    requester: Mapped[str | None]
    process: Mapped[str]
    service: Mapped[str | None]
    plan: Mapped[str | None]
    run: Mapped[str | None]
    cost: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    state: Mapped[str]
    ruling: Mapped[dict[str, Any]]
    approval: Mapped[str | None]
    turn: Mapped[str | None]
    place: Mapped[dict[str, Any] | None]
    created: Mapped[datetime]
    intent: Mapped[str | None]
    grant_id: Mapped[str | None]
    claimed: Mapped[datetime | None]
    claimed_by: Mapped[str | None]
    finished: Mapped[datetime | None]
    outcome: Mapped[dict[str, Any] | None]
    undoes: Mapped[str | None]
    position: Mapped[int] = mapped_column(server_default=text("0"))
    held: Mapped[str | None]


class OverrideRow(TenantScoped, Base):
    """A halt, freeze, emergency deployment or pinned decision, from when it stands to when it ends."""

    __tablename__ = "overrides"
    __table_args__ = (Index(None, "tenant", "kind", "ended"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    scope: Mapped[str]
    subject: Mapped[str | None]
    reason: Mapped[str]
    made_by: Mapped[str]
    identity: Mapped[str | None]
    roles: Mapped[list[Any]]
    made: Mapped[datetime]
    expires: Mapped[datetime | None]
    ended: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    review_due: Mapped[datetime | None]
    reviewed: Mapped[datetime | None]
    reviewed_by: Mapped[str | None]


class FenceRow(TenantScoped, Base):
    """The fence: every claim of an effect reads it `FOR SHARE`; halting and resuming bump `epoch`."""

    __tablename__ = "fences"

    epoch: Mapped[int] = mapped_column(server_default=text("0"))
    halted: Mapped[bool] = mapped_column(server_default=text("false"))
    changed: Mapped[datetime] = mapped_column(server_default=text("now()"))


class FenceAcknowledgementRow(TenantScoped, Base):
    """A worker process saw an epoch, and had by then cancelled its calls and ended its process groups."""

    __tablename__ = "fence_acknowledgements"

    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    worker: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    cancelled: Mapped[int]
    already_sent: Mapped[list[Any]]


class WorkerRow(Base):
    """A live process that runs work, whatever the tenant; a halt waits for each of these."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(primary_key=True)
    started: Mapped[datetime] = mapped_column(server_default=text("now()"))
    seen: Mapped[datetime] = mapped_column(server_default=text("now()"))


class WindowRow(TenantScoped, Base):
    """A scheduled mode over a half-open interval in UTC."""

    __tablename__ = "windows"

    id: Mapped[str] = mapped_column(primary_key=True)
    mode: Mapped[str]
    starts: Mapped[datetime]
    ends: Mapped[datetime]
    opened_by: Mapped[str]
    reason: Mapped[str]


class PolicyRow(TenantScoped, Base):
    """A policy that director and compliance officer accepted; the one with the highest number rules."""

    __tablename__ = "policies"

    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    version: Mapped[str]
    text_: Mapped[str] = mapped_column("text")
    accepted: Mapped[datetime]


class InterventionRow(TenantScoped, Base):
    """A person stepped in: modified, denied, overruled, overrode, cancelled, answered a blocker; or an
    approval had to be escalated. The department's autonomy figures are counted from these."""

    __tablename__ = "interventions"
    __table_args__ = (Index(None, "tenant", "at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    person: Mapped[str | None]
    subject: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]


class AgentRunRow(TenantScoped, Base):
    """One stretch of an agent's work: busy and waiting time in ms, what it cost, how it ended."""

    __tablename__ = "agent_runs"
    __table_args__ = (Index(None, "tenant", "started"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    agent: Mapped[str]
    on_behalf_of: Mapped[str | None]
    plan: Mapped[str | None]
    turn: Mapped[str | None]
    started: Mapped[datetime]
    finished: Mapped[datetime | None]
    busy_ms: Mapped[int] = mapped_column(server_default=text("0"))
    waiting_ms: Mapped[int] = mapped_column(server_default=text("0"))
    cost: Mapped[Decimal] = mapped_column(Numeric(18, 4), server_default=text("0"))
    worked_out: Mapped[str]
    outcome: Mapped[str | None]


class AgentSettingsRow(TenantScoped, Base):
    """How an agent is set (`body`, an AgentSettings). `paused_…` says who paused it, `narrowed_…` who has it
    act less by itself than the matrix lets it; both stand while that does."""

    __tablename__ = "agent_settings"

    agent: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[dict[str, Any]]
    changed: Mapped[datetime]
    changed_by: Mapped[str]
    paused_since: Mapped[datetime | None]
    paused_by: Mapped[str | None]
    narrowed_by: Mapped[str | None]
    narrowed_why: Mapped[str | None]
