"""The audit log's tables. All but pending, openings and the heartbeat only ever grow, by trigger.

There are no foreign keys between them: `verification` checks what keys would, and says which rows
are wrong instead of refusing them, and the log is on the path of every business transaction.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Identity, Index, LargeBinary, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class EntryRow(TenantScoped, Base):
    """An entry. `data` is its canonical JSON, what is hashed; the other columns repeat parts for searching."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_tenant_kind_id", "tenant", "kind", "id"),
        Index("ix_audit_entries_tenant_actor_id", "tenant", "actor", "id"),
        Index("ix_audit_entries_tenant_type_id", "tenant", "type", "id"),
        Index(
            "ix_audit_entries_tenant_subject_id",
            "tenant",
            "subject",
            "id",
            postgresql_where=text("subject IS NOT NULL"),
        ),
        Index(
            "ix_audit_entries_tenant_turn_id", "tenant", "turn", "id", postgresql_where=text("turn IS NOT NULL")
        ),
        Index(
            "ix_audit_entries_tenant_effect_id",
            "tenant",
            "effect",
            "id",
            postgresql_where=text("effect IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    type: Mapped[str]
    actor: Mapped[str]
    subject: Mapped[str | None]
    turn: Mapped[str | None]
    effect: Mapped[str | None]
    at: Mapped[datetime]
    data: Mapped[str]


class OpeningsRow(TenantScoped, Base):
    """What opens an entry's commitments: JSON, part → salt (hex) and canonical value. May be erased."""

    __tablename__ = "audit_openings"

    entry: Mapped[str] = mapped_column(primary_key=True)
    openings: Mapped[str]


class PendingRow(TenantScoped, Base):
    """An entry that waits for its number, with its leaf hash; the sequencer takes it away."""

    __tablename__ = "audit_pending"

    arrival: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    entry: Mapped[str]
    leaf: Mapped[bytes] = mapped_column(LargeBinary)
    since: Mapped[datetime] = mapped_column(server_default=text("now()"))


class LeafRow(TenantScoped, Base):
    """Entry and leaf hash under a number, from 0 without gaps."""

    __tablename__ = "audit_leaves"
    __table_args__ = (UniqueConstraint("tenant", "entry", name="uq_audit_leaves_tenant_entry"),)

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry: Mapped[str]
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class NodeRow(TenantScoped, Base):
    """The hash of a complete subtree at one of the stored levels (see `nodes.STRIDE`)."""

    __tablename__ = "audit_nodes"

    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class CheckpointRow(TenantScoped, Base):
    """A signed checkpoint; the newest one's `size` is how many entries are numbered."""

    __tablename__ = "audit_checkpoints"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    note: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class SequencerRow(Base):
    """One row for the whole database: when a sequencer last finished a round. Nothing of a tenant's."""

    __tablename__ = "audit_sequencer"

    id: Mapped[str] = mapped_column(primary_key=True)
    beat: Mapped[datetime]
