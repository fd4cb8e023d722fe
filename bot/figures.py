"""Prometheus figures, counted from the rows: the same whichever process is asked, and after a restart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.tables import InboxRow, OutboxRow
from governance.audit.tables import PendingRow
from governance.tables import ApprovalRow, EffectRow

LATENCY_BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Upper bounds in seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Figures(Collector):
    """A tenant's figures at one moment. `latency` counts finished turns up to each bucket's bound."""

    turns: dict[tuple[str, str], int]
    latency: tuple[int, ...]
    latency_count: int
    latency_sum: float
    effects: dict[tuple[str, str], int]
    approvals_open: int
    outbox: dict[str, int]
    unnumbered: int

    def collect(self) -> Iterable[Metric]:
        """The figures as Prometheus names them."""
        turns = CounterMetricFamily(
            "countersign_turns", "Turns stored, by state and intent", labels=["state", "intent"]
        )
        for (state, intent), count in self.turns.items():
            turns.add_metric([state, intent], count)
        bounds = [*(str(bound) for bound in LATENCY_BUCKETS), "+Inf"]
        counts = [*self.latency, self.latency_count]
        latency = HistogramMetricFamily(
            "countersign_turn_seconds",
            "From a message stored to its turn finished",
            buckets=list(zip(bounds, map(float, counts), strict=True)),
            sum_value=self.latency_sum,
        )
        effects = CounterMetricFamily(
            "countersign_effects", "Actions submitted, by type and state", labels=["type", "state"]
        )
        for (action_type, state), count in self.effects.items():
            effects.add_metric([action_type, state], count)
        outbox = GaugeMetricFamily("countersign_outbox", "Messages to post", labels=["state"])
        for state, count in self.outbox.items():
            outbox.add_metric([state], count)
        return (
            turns,
            latency,
            effects,
            outbox,
            GaugeMetricFamily("countersign_approvals_open", "Approvals that wait", self.approvals_open),
            GaugeMetricFamily(
                "countersign_audit_unnumbered", "Entries that wait for a number", self.unnumbered
            ),
        )


async def read_figures(tx: AsyncSession) -> Figures:
    """Count what the figures say, for the transaction's tenant."""
    intent = func.coalesce(InboxRow.intent, "")
    turns = select(InboxRow.state, intent, func.count()).group_by(InboxRow.state, intent)
    effects = select(EffectRow.action_type, EffectRow.state, func.count())
    outbox = select(OutboxRow.state, func.count()).where(OutboxRow.state != "posted")
    took = func.extract("epoch", InboxRow.finished - InboxRow.received)
    within = [func.count().filter(took <= bound) for bound in LATENCY_BUCKETS]
    latency = select(func.count(), func.coalesce(func.sum(took), 0), *within).where(
        InboxRow.finished.is_not(None)
    )
    waiting = select(func.count()).where(ApprovalRow.status == "open")
    finished, seconds, *counts = (await tx.execute(latency)).one()
    return Figures(
        turns={(state, name): n for state, name, n in (await tx.execute(turns))},
        latency=tuple(counts),
        latency_count=finished,
        latency_sum=float(seconds),
        effects={
            (kind, state): n
            for kind, state, n in (await tx.execute(effects.group_by(EffectRow.action_type, EffectRow.state)))
        },
        approvals_open=(await tx.execute(waiting)).scalar_one(),
        outbox={"waiting": 0, "failed": 0} | dict((await tx.execute(outbox.group_by(OutboxRow.state))).all()),
        unnumbered=(await tx.execute(select(func.count(PendingRow.arrival)))).scalar_one(),
    )
