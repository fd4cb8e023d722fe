"""Alerts as they came in, and the incidents that were opened for them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKeyConstraint, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class AlertRow(TenantScoped, Base):
    """One alert, stored before its sender is told so. The columns are those of `integrations.alerts.Alert`.

    `state`: stored | held (by `test`, an announced test of its target; first at `held`) | taken | failed. What
    it came to stands in `outcome` (see `incident_opening`) with its reason `why`, and `incident`, if there is
    one. `times` counts how often a sender that repeats itself told it; `received` is the last time.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("tenant", "source", "key"),
        Index(None, "tenant", "state", "received"),
        Index(None, "tenant", "source", "fingerprint"),
        Index(None, "tenant", "why", "received"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    source: Mapped[str]
    key: Mapped[str]
    fingerprint: Mapped[str]
    name: Mapped[str]
    service: Mapped[str]
    stage: Mapped[str]
    status: Mapped[str]
    told: Mapped[datetime]
    started: Mapped[datetime]
    ended: Mapped[datetime | None]
    severity: Mapped[str]
    labels: Mapped[dict[str, Any]]
    annotations: Mapped[dict[str, Any]]
    link: Mapped[str]
    left_out: Mapped[int] = mapped_column(server_default=text("0"))
    repeats: Mapped[bool] = mapped_column(server_default=text("false"))
    received: Mapped[datetime]
    times: Mapped[int] = mapped_column(server_default=text("1"))
    state: Mapped[str] = mapped_column(server_default=text("'stored'"))
    outcome: Mapped[str | None]
    why: Mapped[str | None]
    incident: Mapped[str | None]
    test: Mapped[str | None]
    held: Mapped[datetime | None]


class IncidentRow(TenantScoped, Base):
    """Something wrong with one service in one environment. `state`: open | mitigated | resolved.

    `started` is when it began by what the alerts say, `detected` when the first of them came in, and the other
    moments are when it got there last. `linked` is an incident that it may belong with: the one before at the
    same target, or that of a service which calls this one. With `to_show` its card is behind; `shown` is when
    it was shown last.

    `declared_by` is set where a person opened it, `place` (a Place as JSON) where they did. `commander`,
    `communications` and `scribe` are ids of people. `updated` is when people last wrote into it, `reminded`
    when they were last asked to. `impact` is what was counted last (`incident_impact.Impact`).
    """

    __tablename__ = "incidents"
    __table_args__ = (
        UniqueConstraint("tenant", "number"),
        Index(None, "tenant", "service", "stage"),
        Index("ix_incidents_open", "tenant", "state", postgresql_where=text("state <> 'resolved'")),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    service: Mapped[str]
    stage: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    severity: Mapped[str]
    title: Mapped[str]
    started: Mapped[datetime]
    detected: Mapped[datetime]
    acknowledged: Mapped[datetime | None]
    mitigated: Mapped[datetime | None]
    resolved: Mapped[datetime | None]
    linked: Mapped[str | None]
    to_show: Mapped[bool] = mapped_column(server_default=text("false"))
    shown: Mapped[datetime | None]
    declared_by: Mapped[str | None]
    commander: Mapped[str | None]
    communications: Mapped[str | None]
    scribe: Mapped[str | None]
    updated: Mapped[datetime | None]
    reminded: Mapped[datetime | None]
    place: Mapped[dict[str, Any] | None]
    impact: Mapped[dict[str, Any] | None]


class IncidentAlertRow(TenantScoped, Base):
    """One alert of an incident, by its fingerprint, as it stands now: it may end and fire again. `told` is when
    its sender said so, `alert` the row that it came in as."""

    __tablename__ = "incident_alerts"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "incident"], ["incidents.tenant", "incidents.id"]),
        ForeignKeyConstraint(["tenant", "alert"], ["alerts.tenant", "alerts.id"]),
        Index(None, "tenant", "source", "fingerprint"),
        Index(None, "tenant", "alert"),
    )

    incident: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(primary_key=True)
    alert: Mapped[str]
    name: Mapped[str]
    service: Mapped[str]
    firing: Mapped[bool]
    told: Mapped[datetime]
    started: Mapped[datetime]
    ended: Mapped[datetime | None]


class IncidentEventRow(TenantScoped, Base):
    """An incident's timeline; nothing of it is changed later. `kind` says how `detail` is to be read. People
    are named by their ids, so that names stand in one place alone."""

    __tablename__ = "incident_events"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "incident"], ["incidents.tenant", "incidents.id"]),
        Index(None, "tenant", "incident", "number"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    incident: Mapped[str]
    at: Mapped[datetime]
    kind: Mapped[str]
    detail: Mapped[dict[str, Any]]


class AnnouncedTestRow(TenantScoped, Base):
    """A test of ours (a load test, a canary) that may set off alerts of its target from `starts` until it has
    `ended`, and until `ends` at the latest. Each is held for `holds_seconds` at most; None is as long as it
    goes on."""

    __tablename__ = "announced_tests"
    __table_args__ = (Index(None, "tenant", "service", "stage"), Index(None, "tenant", "ends"))

    id: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str]
    stage: Mapped[str]
    what: Mapped[str]
    starts: Mapped[datetime]
    ends: Mapped[datetime]
    ended: Mapped[datetime | None]
    holds_seconds: Mapped[int | None]
