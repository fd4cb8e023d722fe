"""A canary's one card: how much it has, what the judge says, and the way out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from math import isfinite, nan
from typing import Any, Literal

from sqlalchemy import select

from agents.operations import canary_judge
from agents.operations.canary import canary_run
from agents.operations.canary.canary_step import settings_of
from agents.operations.canary.tables import CanaryRow
from agents.operations.canary_judge import Judgement, Verdict
from agents.work.runs import steps_of
from agents.work.tables import RunRow, StepRow
from governance.action import Subject
from governance.facts import Fact, Source
from governance.people import Person
from governance.tables import EffectRow
from governance.visibility import EVERYTHING
from handlers.conversation.cards import Block, Button, Buttons, Card, Chart, Progress, Reply, Small, Text, Tone
from handlers.conversation.charts import Line, draw_lines
from handlers.conversation.desk import Desk
from handlers.notices import NoticeKind
from integrations.deployments.actions import BeginCanary
from storage import direct

StepState = Literal["done", "doing", "waiting", "failed", "skipped"]


async def render(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """The canary as it stands; nothing before it was begun, for its approval has a card of its own."""
    run = (await desk.tx.execute(select(RunRow).where(RunRow.id == ids["run"]))).scalar()
    if run is None:
        return None
    steps = {step.key: step for step in await steps_of(desk.tx, run.id)}
    if steps[canary_run.BEGIN].state in ("submitted", "waiting") or await _never_began(desk, steps):
        return None
    row = await canary_run.canary_of(desk.tx, run.id)
    return await _reply(desk, run, row, steps)


async def _never_began(desk: Desk, steps: Mapping[str, StepRow]) -> bool:
    query = select(EffectRow.grant_id).where(EffectRow.id == steps[canary_run.BEGIN].effect)
    return (await desk.tx.execute(query)).scalar() is None


async def _reply(desk: Desk, run: RunRow, row: CanaryRow, steps: Mapping[str, StepRow]) -> Reply:
    action = canary_run.approved(row)
    what = f"{action.service} {action.version} in {action.environment}"
    title, tone, summary = _standing(run, action, steps, _stopped(desk, action))
    judgement = None
    if row.state is not None:
        judgement = canary_judge.judge(canary_judge.load(row.state), settings_of(action))
    blocks: list[Block] = [Text((summary,)), Progress(_progress(action, row, steps))]
    facts: tuple[Fact, ...] = ()
    if judgement is not None:
        blocks.append(Text((judged_text(judgement, action.before),)))
        facts = _facts(run, row, judgement)
    blocks += await _chart(desk, run, row, action)
    if run.state == "running":
        blocks.append(Buttons(_buttons(run)))
        back = f"Where nobody looks for {action.lease} s, all traffic goes back to {action.before} by itself."
        blocks.append(Small((back,)))
    heading = f"{title}: {what}"
    card = Card(heading, tuple(blocks), tone)
    return Reply(text=f"{heading}. {summary}", cards=(card,), facts=facts, key=f"run:{run.id}")


def _stopped(desk: Desk, action: BeginCanary) -> str | None:
    """What keeps its agents from looking just now."""
    if desk.standing.halt is not None:
        return "All agents are halted."
    freeze = desk.standing.freeze_over(Subject("deployments", service=action.service), "canary_steps")
    return None if freeze is None else f"It is frozen: {freeze.reason}."


def _standing(
    run: RunRow, action: BeginCanary, steps: Mapping[str, StepRow], stopped: str | None
) -> tuple[str, Tone, str]:
    """What has become of it: a title, and a sentence."""
    ended = next((step.result for step in steps.values() if (step.result or {}).get("verdict") == "over"), None)
    promoted = _is_done(steps, "promote") or (ended is not None and ended["end"] == "promoted")
    if promoted:
        return "Promoted", "good", f"{action.version} has all traffic in the place of {action.before}."
    if ended is not None:
        why = f"All traffic is back on {action.before}: {ended['why']}."
        return "Ended", "warning", why
    if "abort" in steps:
        step = steps["abort"]
        why = str(step.args["why"])
        if step.state == "done":
            return "Taken back", "bad", f"All traffic is back on {action.before}: {why}."
        return "Going back", "bad", f"All traffic goes back to {action.before}: {why}."
    if run.state in ("failed", "cancelled", "paused"):
        back = f"All traffic goes back to {action.before} by itself within {action.lease} s."
        return "Ended", "warning", f"{run.why or 'It does not go on.'} {back}"
    if stopped is not None:
        back = f"Meanwhile all traffic goes back to {action.before} by itself, within {action.lease} s."
        return "Stopped", "warning", f"{stopped} {back}"
    share = action.shares[max((step.args.get("share_index", 0) for step in steps.values()), default=0)]
    return f"Canary with {share} %", "waiting", f"{action.version} runs beside {action.before}."


def _is_done(steps: Mapping[str, StepRow], key: str) -> bool:
    return key in steps and steps[key].state == "done"


def _progress(
    action: BeginCanary, row: CanaryRow, steps: Mapping[str, StepRow]
) -> tuple[tuple[StepState, str], ...]:
    """Each share, and what is said of the one that is watched."""
    lines: list[tuple[StepState, str]] = []
    for index, share in enumerate(action.shares[:-1]):
        watch = steps.get(f"watch:{index}")
        name = f"{share} % of the traffic"
        if index < row.passed:
            lines.append(("done", name))
        elif watch is None or watch.state == "waiting":
            lines.append(("waiting", name))
        elif watch.state in ("running", "asleep"):
            lines.append(("doing", f"{share} %: {watch.detail}" if watch.detail else name))
        else:
            lines.append(("failed" if watch.state in ("done", "failed") else "skipped", name))
    promote = steps.get("promote")
    state: StepState = "waiting"
    if promote is not None:
        state = {"done": "done", "submitted": "doing", "failed": "failed"}.get(promote.state, "waiting")  # type: ignore[assignment]
    return (*lines, (state, "all of it, in the place of the version that ran before"))


def judged_text(judgement: Judgement, before: str) -> str:
    """What the judge says, with the figures that it says it by."""
    slow, failed = judgement.latency, judgement.errors
    says = {
        Verdict.WORSE: "It is worse",
        Verdict.HOLDING: "It goes on",
        Verdict.WELL: "It passes",
        Verdict.INCONCLUSIVE: "Nothing can be told",
    }[judgement.verdict]
    parts = [f"{says}: {judgement.reason.value}."]
    if slow.requests:
        parts.append(
            f"Of {slow.requests} requests {slow.share:.1%} were clearly slower than the slowest twentieth of"
            f" {before} (up to {slow.healthy:.0%} is usual)."
        )
    if failed.requests:
        parts.append(f"{failed.share:.1%} failed (up to {failed.healthy:.1%} is usual).")
    return " ".join(parts)


def _facts(run: RunRow, row: CanaryRow, judgement: Judgement) -> tuple[Fact, ...]:
    source = Source("computation", f"the canary judge over the ticks of {run.id}, up to number {row.tick}")
    at = run.shown_at or run.created
    of = (("slow", "Slow requests", judgement.latency), ("failed", "Failed requests", judgement.errors))
    facts: list[Fact] = []
    for id, name, evidence in of:
        facts += [
            Fact(f"{id}_requests", f"{name}: out of", evidence.requests, "requests", at, source),
            Fact(f"{id}_share", name, round(100 * evidence.share, 2), "%", at, source),
            Fact(
                f"{id}_healthy",
                f"{name}: as it should be, up to",
                round(100 * evidence.healthy, 2),
                "%",
                at,
                source,
            ),
            Fact(
                f"{id}_e",
                f"{name}: e-value (worse from {evidence.alarm_at:g} on)",
                round(evidence.e_value, 3),
                "",
                at,
                source,
            ),
        ]
    return tuple(facts)


def _buttons(run: RunRow) -> tuple[Button, ...]:
    return (
        Button("Promote now", "promote_canary", run.id),
        Button("Abort", "abort_canary", run.id, "danger"),
    )


_P95 = """
    SELECT at,
        (SELECT 1000 * percentile_disc(0.95) WITHIN GROUP (ORDER BY (one ->> 1)::float8)
         FROM jsonb_array_elements(stable -> 'sample') AS one),
        (SELECT 1000 * percentile_disc(0.95) WITHIN GROUP (ORDER BY (one ->> 1)::float8)
         FROM jsonb_array_elements(canary -> 'sample') AS one)
    FROM canary_ticks WHERE run = %(run)s ORDER BY number
"""
"""How long requests took on both versions, in milliseconds. Worked out where the samples lie: an hour of them
is more than an event loop should read."""


async def _chart(desk: Desk, run: RunRow, kept: CanaryRow, action: BeginCanary) -> list[Block]:
    """How long requests took on both versions; drawn anew every half minute, and at the end."""
    rows = await direct.rows(desk.tx, _P95, {"run": run.id})
    if kept.tick and not rows:
        days = desk.department.retention.canaries
        return [Small((f"The requests that it was judged by are deleted: they are kept for {days} days.",))]
    times = [at for at, _, _ in rows]
    stable, canary = ([nan if row[side] is None else row[side] for row in rows] for side in (1, 2))
    lines = (Line(action.before, times, stable), Line(action.version, times, canary, accent=True))
    summary = _compared(lines)
    if summary is None:
        return []
    file = f"fi_{run.id}_{kept.tick // 6}_{kept.passed}_{run.state}"
    if not await desk.files.has(desk.tx, file):
        title, unit = "How long requests took", "ms, 95 of 100 took less"
        png = await asyncio.to_thread(draw_lines, lines, title=title, unit=unit)
        await desk.files.put(desk.tx, "canary.png", "image/png", png, EVERYTHING, id=file)
    return [Chart(file, f"Lines over time. {summary}", summary)]


def _compared(lines: Sequence[Line]) -> str | None:
    """The lines in a sentence; None where there is nothing on them."""
    last = [next((value for value in reversed(line.values) if isfinite(value)), None) for line in lines]
    said = [
        f"{line.name} {value:,.0f} ms" for line, value in zip(lines, last, strict=True) if value is not None
    ]
    return f"95 of 100 requests took less than: {', '.join(said)}." if said else None


NOTICE = NoticeKind("canary", render)
