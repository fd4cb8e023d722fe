"""Rows for the dashboard to show: a plan, approvals, overrides, windows, and entries of the audit log."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from agents.planning.draft import (
    Budget,
    DraftStory,
    Estimate,
    Evidence,
    Forecast,
    PlanDraft,
    Risk,
    Scheduled,
    to_json,
)
from agents.plans.tables import PlanRow
from agents.work.tables import RunRow, StepRow
from governance.action import ApprovalTerms, Slot
from governance.approvals.decision import ApprovalState, Status
from governance.approvals.store import state_to_json
from governance.approvals.working_time import Deadlines
from governance.audit.log import record
from governance.tables import ApprovalRow, OverrideRow, WindowRow
from integrations.tracker import Priority
from tests.governance.audit.audit_entries import intent, outcome, said

NOW = datetime.now(UTC)

_STORIES = (
    ("S1", "Usage events arrive in the warehouse", "Insights", 0, 22, ()),
    ("S2", "Daily usage per account", "Insights", 0, 18, ("S1",)),
    ("S3", "Dashboard shell with navigation", "Team Delta", 0, 14, ()),
    ("S4", "Usage chart over a chosen period", "Team Delta", 1, 24, ("S2", "S3")),
    ("S5", "Seats and licences at a glance", "Team Delta", 1, 12, ("S3",)),
    ("S6", "Export a chart as CSV", "Integrations", 2, 9, ("S4",)),
    ("S7", "Health score per account", "Insights", 2, 31, ("S2",)),
    ("S8", "Share a view with a colleague", "Team Delta", 2, 16, ("S4", "S5")),
)


def draft() -> PlanDraft:
    """A plan of eight stories, three teams and three sprints."""
    starts = [date(2026, 11, 30) + timedelta(weeks=2 * number) for number in range(3)]
    return PlanDraft(
        document="PRD-2025-Q1-Dashboard",
        document_digest="ab",
        product="dashboard",
        title="Customer dashboard",
        requirements=(),
        stories=tuple(_story(*story) for story in _STORIES),
        flags=(),
        precedences=(),
        schedule=tuple(
            Scheduled(key, f"Sprint {49 + at}", team, starts[at], starts[at] + timedelta(weeks=2))
            for key, _, team, at, _, _ in _STORIES
        ),
        unscheduled=(),
        forecast=Forecast(date(2027, 1, 8), date(2027, 1, 22), 6, 8, 10000, ((5, 4000), (6, 6000))),
        budget=Budget(146, 171.5, Decimal("934.40"), None),
        risks=(
            Risk(
                "Payment Service v2 may be late",
                "medium",
                "high",
                (Evidence("It is named in line 31 and has no epic.", "PRD-2025-Q1-Dashboard.md:31"),),
                "Schedule S6 last, or ask Team Alpha for a date.",
            ),
        ),
        risk_level="medium",
        dependencies=(),
        facts=(),
        worked_out="rules",
    )


def _story(key: str, title: str, team: str, _sprint: int, hours: float, after: tuple[str, ...]) -> DraftStory:
    estimate = Estimate(hours, hours * 0.7, hours * 1.5, "similar", ())
    return DraftStory(
        key, title, "account manager", title, "", ("it works",), (), team, "data", estimate, after, Priority.P1
    )


async def add_plan(tx: AsyncSession, place: dict[str, Any] | None = None, plan: str = "pl_1") -> None:
    """A plan under way, half its budget used, two stories created."""
    tx.add(
        PlanRow(
            id=plan,
            document="PRD-2025-Q1-Dashboard",
            title="Customer dashboard",
            requester="david",
            state="executing",
            version=1,
            draft=to_json(draft()).decode(),
            notifications=[],
            budget_hours=146,
            used_hours=61,
            place=place,
            run=f"rn_{plan}",
        )
    )
    await tx.flush()
    steps = (
        ("epic", "Epic “Customer dashboard”", "done", "EP-31"),
        ("story:S1", "Usage events arrive in the warehouse", "done", "ST-901"),
        ("story:S2", "Daily usage per account", "done", "ST-902"),
        ("story:S3", "Dashboard shell with navigation", "submitted", None),
        ("assign", "Propose who holds each story", "waiting", None),
    )
    run = RunRow(id=f"rn_{plan}", kind="plan", title="Customer dashboard", requester="david", state="running")
    tx.add(run)
    await tx.flush()
    tx.add_all(
        StepRow(
            run=run.id,
            key=key,
            position=at,
            kind=f"plan_{key.partition(':')[0]}",
            title=title,
            state=state,
            result=reference and {"reference": reference},
            args={},
            depends_on=[],
            locks=[],
            pool="effects",
            actor="project_manager",
        )
        for at, (key, title, state, reference) in enumerate(steps)
    )


def add_approval(
    tx: AsyncSession,
    approval: str,
    title: str,
    *,
    requester: str,
    asked: tuple[str, ...],
    roles: tuple[str, ...],
    status: Status = Status.OPEN,
    place: dict[str, Any] | None = None,
) -> None:
    """An approval that one person of `roles` gives."""
    state = ApprovalState(
        id=approval,
        requester=requester,
        terms=ApprovalTerms((Slot(frozenset(roles)),)),
        opened=NOW,
        deadlines=Deadlines(NOW + timedelta(hours=6), (), NOW + timedelta(hours=9)),
        status=status,
        asked=frozenset(asked),
        decided_by=asked[0] if status is not Status.OPEN else None,
        decided=NOW if status is not Status.OPEN else None,
    )
    row = ApprovalRow(
        id=approval,
        title=title,
        decision_type="deployments",
        digest="ab",
        ruling={},
        notifications=[],
        actor={},
        requester=requester,
        status=status.value,
        body=state_to_json(state),
        place=place,
        opened=NOW,
        decided=state.decided,
    )
    tx.add(row)


def add_overrides(tx: AsyncSession) -> None:
    """A freeze that stands, an emergency whose review is overdue, and two windows."""
    rows: tuple[dict[str, Any], ...] = (
        {"id": "ov_1", "kind": "freeze", "scope": "deployments", "reason": "Pen test until Friday",
         "made_by": "carlos", "roles": ["compliance_officer"], "made": NOW - timedelta(hours=3)},
        {"id": "ov_2", "kind": "emergency", "scope": "deployment", "subject": "orders@4.2.1",
         "reason": "Checkout fails for half of the customers", "made_by": "nathan", "roles": ["sre_lead"],
         "made": NOW - timedelta(hours=26), "expires": NOW - timedelta(hours=25),
         "review_due": NOW - timedelta(hours=2)},
    )  # fmt: skip
    tx.add_all(OverrideRow(**row) for row in rows)
    for mode, hours in (("planning", -1), ("demo", 30)):
        starts = NOW + timedelta(hours=hours)
        tx.add(
            WindowRow(
                id=f"wi_{mode}",
                mode=mode,
                starts=starts,
                ends=starts + timedelta(hours=4),
                opened_by="amanda",
                reason="Quarterly planning" if mode == "planning" else "Show the board",
            )
        )


def add_halt(tx: AsyncSession) -> None:
    """A halt that stands."""
    row = OverrideRow(
        id="ov_3",
        kind="halt",
        scope="agents",
        subject="1",
        reason="Stories were created twice",
        made_by="amanda",
        roles=["engineering_director"],
        made=NOW,
    )
    tx.add(row)


async def add_entries(tx: AsyncSession, count: int = 12) -> list[str]:
    """Turns, and one effect with all eight parts; returns the entries' ids."""
    turns = [await record(tx, said(f"How is story {number} going?")) for number in range(count)]
    return [*turns, await record(tx, intent()), await record(tx, outcome())]
