"""A load test's one card: how far it is, what it showed, and the way to stop it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import accumulate
from math import log
from typing import Any, Literal

from sqlalchemy import select

from agents.operations.load_testing import load_test_run
from agents.operations.load_testing.load_test_run import load_test_of, objectives_of, submitted
from agents.operations.load_testing.load_verdict import LevelResult, LoadResult, LoadVerdict, load_result
from agents.operations.load_testing.tables import LoadTestRow
from agents.work.runs import steps_of
from agents.work.tables import OVER, RunRow, StepRow
from governance.facts import Fact, Source
from governance.people import Person
from governance.visibility import EVERYTHING
from handlers.conversation.cards import Block, Button, Buttons, Card, Chart, Progress, Reply, Small, Text, Tone
from handlers.conversation.charts import Line, NothingToDraw, draw_by_rate, draw_lines
from handlers.conversation.desk import Desk
from handlers.notices import NoticeKind
from integrations.load import LEASE_SECONDS
from integrations.load.actions import RunLoadTest

StepState = Literal["done", "doing", "waiting", "failed", "skipped"]

_VERDICTS: Mapping[LoadVerdict, tuple[str, Tone]] = {
    LoadVerdict.PASSED: ("Load test passed", "good"),
    LoadVerdict.FAILED: ("Load test failed", "bad"),
    LoadVerdict.INVALID: ("Load test invalid", "warning"),
    LoadVerdict.STOPPED: ("Load test stopped", "warning"),
}


_ENDS_BY_ITSELF = f"Where nothing else ends it, it ends by itself within {LEASE_SECONDS:g} s."


async def load_test_reply(desk: Desk, run: RunRow) -> Reply:
    """The test as it stands now."""
    row = await load_test_of(desk.tx, run.id)
    steps = {step.key: step for step in await steps_of(desk.tx, run.id)}
    action = submitted(row)
    result = None if row.result is None else load_result(row.result)
    title, tone, summary = _standing(run, row, result, steps)
    what = f"{action.service} in {action.environment}"
    blocks: list[Block] = [Text((summary,)), Progress(_progress(run, action, row, result, steps))]
    if result is not None and result.scalability:
        blocks.append(Text((result.scalability,)))
    blocks += await _chart(desk, run, row, action, result)
    if run.state in ("running", "paused"):
        blocks.append(Buttons((Button("Stop", "stop_load_test", run.id, "danger"),)))
    limits = f"To pass: 95 of 100 within {action.slowest_ms} ms, at most {action.most_failed:.1%} failed."
    blocks.append(Small((f"{action.impact} {limits}",)))
    heading = f"{title}: {what}"
    return Reply(
        text=f"{heading}. {summary}",
        cards=(Card(heading, tuple(blocks), tone),),
        facts=_facts(run, row, action, result),
        key=f"run:{run.id}",
    )


def _standing(
    run: RunRow, row: LoadTestRow, result: LoadResult | None, steps: Mapping[str, StepRow]
) -> tuple[str, Tone, str]:
    """What has become of it: a title, and sentences."""
    if result is not None:
        title, tone = _VERDICTS[result.verdict]
        return title, tone, result.why
    watch = steps[load_test_run.WATCH_KIND]
    if run.state == "cancelled":
        if row.stood is None and watch.state not in OVER:
            return "Load test is being stopped", "waiting", f"{run.why} {_ENDS_BY_ITSELF}"
        return "Load test stopped", "warning", f"{run.why} It shows nothing about the service."
    if run.state == "failed":
        return "Load test not done", "bad", run.why or "It was not done."
    stops = next((step.detail for step in steps.values() if step.state == "waiting" and step.detail), None)
    if row.stood is not None:
        return "Load test stopped", "warning", f"{stops or 'It is over.'} Nothing is sent meanwhile."
    if stops is not None:
        return "Load test is being stopped", "waiting", f"{stops} {_ENDS_BY_ITSELF}"
    if not row.seconds:
        return "Load test begins", "waiting", "Nothing came back yet."
    return "Load test under way", "waiting", _seen(row.seconds[-1])


def _seen(point: Mapping[str, float]) -> str:
    """What came of the last point in time."""
    first, last = point["second"] + 1, point["second"] + point["lasted"]
    when = f"second {first:.0f}" if first == last else f"seconds {first:.0f} to {last:.0f}"
    p95 = f", 95 of 100 within {point['p95']:,.0f} ms" if "p95" in point else ""
    came = f"{point['answered']:.0f} answered, {point['failed']:.0f} failed{p95}"
    return f"In {when}: {point['sent']:.0f} sent, {came}."


def _progress(
    run: RunRow,
    action: RunLoadTest,
    row: LoadTestRow,
    result: LoadResult | None,
    steps: Mapping[str, StepRow],
) -> tuple[tuple[StepState, str], ...]:
    """Each level, with what came of it; then what was to follow."""
    if result is not None:
        levels = tuple(_came_of(level, action) for level in result.levels)
    else:
        levels = _so_far(run, action, row)
    own = (load_test_run.BEGIN, load_test_run.WATCH_KIND)
    after = tuple(_after(step) for key, step in steps.items() if key not in own)
    return (*levels, *after)


def _came_of(level: LevelResult, action: RunLoadTest) -> tuple[StepState, str]:
    state: StepState = "failed" if level.broke(objectives_of(action)) else "done"
    return state, (
        f"{level.rate:,.4g} requests/s: {level.throughput:,.4g}/s answered, {level.failed_share:.1%} failed,"
        f" 95 of 100 within {1000 * level.p95:,.0f} ms"
    )


def _so_far(run: RunRow, action: RunLoadTest, row: LoadTestRow) -> tuple[tuple[StepState, str], ...]:
    at = row.seconds[-1]["second"] + row.seconds[-1]["lasted"] - 1 if row.seconds else -1
    ends = list(accumulate(level.seconds for level in action.levels))
    lines: list[tuple[StepState, str]] = []
    for level, end in zip(action.levels, ends, strict=True):
        state: StepState = "done" if at >= end else "doing" if at >= end - level.seconds else "waiting"
        if run.state not in ("running", "paused") and state != "done":
            state = "skipped"
        lines.append((state, f"{level.rate:,.4g} requests/s for {level.seconds:,.0f} s"))
    return tuple(lines)


def _after(step: StepRow) -> tuple[StepState, str]:
    states: Mapping[str, StepState] = {
        "done": "done",
        "failed": "failed",
        "left": "skipped",
        "cancelled": "skipped",
    }
    state = states.get(step.state, "doing" if step.state in ("running", "submitted") else "waiting")
    return state, f"{step.title}: {step.detail}" if step.detail else step.title


def _facts(run: RunRow, row: LoadTestRow, action: RunLoadTest, result: LoadResult | None) -> tuple[Fact, ...]:
    at = run.ended or run.shown_at or run.created
    source = Source("query", f"the generator's report of {run.id}")
    facts: list[Fact] = []
    if action.base_rate is not None:
        measured = Source(
            "query", f"requests/s of {action.service} in production, highest five minutes of the last day"
        )
        base = round(action.base_rate, 4)
        facts.append(Fact("base", "Served in production", base, "requests/s", row.created, measured))
    for number, level in enumerate(result.levels if result else (), 1):
        facts += [
            Fact(f"l{number}_rate", f"Level {number}: rate", round(level.rate, 3), "requests/s", at, source),
            Fact(f"l{number}_sent", f"Level {number}: sent", level.sent, "requests", at, source),
            Fact(f"l{number}_failed", f"Level {number}: failed", level.failed, "requests", at, source),
            Fact(f"l{number}_p95", f"Level {number}: p95", round(1000 * level.p95, 1), "ms", at, source),
            Fact(
                f"l{number}_out",
                f"Level {number}: answered",
                round(level.throughput, 3),
                "requests/s",
                at,
                source,
            ),
        ]
    if result is None and row.seconds:
        last = row.seconds[-1]
        facts += [
            Fact(name, f"Last second: {name}", last[name], "requests", at, source)
            for name in ("sent", "answered", "failed")
        ]
    return tuple(facts)


async def _chart(
    desk: Desk, run: RunRow, row: LoadTestRow, action: RunLoadTest, result: LoadResult | None
) -> list[Block]:
    """While it goes on p95 over time, drawn anew now and then; at its end by rate, if it had several."""
    levels = () if result is None else result.levels
    if len(levels) > 1:
        rising = sorted((level.rate, 1000 * level.p95) for level in levels)
        (low, at_low), (high, at_high) = rising[0], rising[-1]
        summary = (
            f"95 of 100 took up to {at_low:,.0f} ms at {low:,.4g} requests/s and {at_high:,.0f} ms at"
            f" {high:,.4g}."
        )
        file = f"fi_{run.id}_levels"
        if not await desk.files.has(desk.tx, file):
            png = await asyncio.to_thread(
                draw_by_rate, rising, limit=action.slowest_ms, unit="ms, 95 of 100 took less"
            )
            await desk.files.put(desk.tx, "load.png", "image/png", png, EVERYTHING, id=file)
        return [Chart(file, f"Line of p95 by rate. {summary}", summary)]
    return await _over_time(desk, run, row.seconds)


async def _over_time(desk: Desk, run: RunRow, seconds: Sequence[Mapping[str, Any]]) -> list[Block]:
    seen = [one for one in seconds if "p95" in one]
    if len(seen) < 2:
        return []
    times = [run.created + timedelta(seconds=one["second"]) for one in seen]
    # Each picture is kept. Drawn anew when a quarter more was seen, a test of any length comes to about thirty.
    file = f"fi_{run.id}_{int(log(len(seen), 1.25))}_{run.state}"
    if not await desk.files.has(desk.tx, file):
        line = Line("p95", times, [one["p95"] for one in seen], accent=True)
        try:
            png = await asyncio.to_thread(
                draw_lines, (line,), title="How long requests took", unit="ms, 95 of 100 took less"
            )
        except NothingToDraw:
            return []
        await desk.files.put(desk.tx, "load.png", "image/png", png, EVERYTHING, id=file)
    summary = f"95 of 100 took up to {max(one['p95'] for one in seen):,.0f} ms in the slowest second."
    return [Chart(file, f"Line of p95 over time. {summary}", summary)]


async def render(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """The test as it stands; nothing while its begin waits for an approval, which has a card of its own."""
    run = (await desk.tx.execute(select(RunRow).where(RunRow.id == ids["run"]))).scalar()
    return None if run is None else await load_test_reply(desk, run)


NOTICE = NoticeKind("load_test", render)
