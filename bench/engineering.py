"""Stories that agents write, from the requirements document to their merge: `python -m bench.engineering`.

The sample department with its database, its workers as processes, real git and the real sandbox; the model
is scripted, and writes every story with a patch that is wrong at first. Three parts, each in a department of
its own: the plan's stories over three services; the same under kills and halts at random moments; many stories
at once. What is deployed is not looked at yet: its place is `_checked`, beside every story's verdict and merge.

    python -m bench.engineering [--stories N] [--kills N] [--halts N] [--at-once N] [--repositories N]

The last line is one JSON object. The reference of a step's overhead is one question to the scripted model and
two transactions on the same database, made in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import httpx

from bench.engineering_department import BenchDepartment, NotAsExpected, bench_department
from bench.engineering_model import StoryModel
from bench.targets import Targets
from bot.conversation import Conversation
from governance.overrides.halting import halt, resume
from governance.people import Role
from integrations.code_host import PullRequestQuery
from integrations.sandbox import SandboxError

PLANNED = ("dashboard-api", "analytics-pipeline", "orders")
BUILD = "/build_feature Build the customer dashboard feature from PRD-2025-Q1-Dashboard"
PLANNED_WITHIN = 600.0
MOST_OVERHEAD_MS = 60.0
MOST_ENGINE_SHARE = 0.2
_OF_A_STORY = {
    "code.push_branch": 1,
    "code.open_pull_request": 1,
    "code.report_check": 1,
    "code.review_pull_request": 1,
    "code.merge_pull_request": 1,
}


def main() -> int:
    """Measure, print, and say whether the targets are met; 2 where it could not be measured."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.engineering", description="Write stories, and measure."
    )
    parser.add_argument("--stories", type=int, default=17, help="of the plan")
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--halts", type=int, default=20)
    parser.add_argument("--at-once", type=int, default=50, help="stories of the last part")
    parser.add_argument("--repositories", type=int, default=10, help="of the last part")
    parser.add_argument("--seed", type=int, default=14)
    options = parser.parse_args()
    targets = Targets()
    try:
        figures = asyncio.run(_measure(options, targets))
    except (NotAsExpected, SandboxError, OSError) as failed:
        print(f"  NOT MEASURED: {failed}")
        print(json.dumps({"measured": False, "why": str(failed)}))
        return 2
    status = targets.status()
    print(json.dumps({"measured": True, "load": round(os.getloadavg()[0], 1), **figures}))
    return status


async def _measure(options: argparse.Namespace, targets: Targets) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="countersign-bench-") as name:
        folder = Path(name)
        await asyncio.to_thread(folder.chmod, 0o755)  # its database runs as another user where this one is root
        parts = [
            (_planned, options.stories),
            (_under_fire, options.kills + options.halts),
            (_at_once, options.at_once),
        ]
        for part, wanted in parts:
            if wanted:
                place = folder / part.__name__.strip("_")
                await asyncio.to_thread(place.mkdir, 0o755)
                figures |= await part(place, options, targets)
    return figures


async def _planned(folder: Path, options: argparse.Namespace, targets: Targets) -> dict[str, Any]:
    """The requirements document's stories, one alone and then all others at once."""
    model = StoryModel()
    async with model.serving() as server, bench_department(folder, server.base_url, 0) as (place, chat):
        stories = await _approved(place, chat, options.stories)
        reference = await _reference(place, server.base_url)
        await place.put_agents_on(stories[:1], PLANNED)
        await place.until_merged(stories[:1])
        alone = 1_000 * statistics.median(model.quick_gaps())
        began, cpu, busy = monotonic(), place.cpu(), model.busy
        await place.put_agents_on(stories[1:], PLANNED)
        await place.until_merged(stories)
        wall = monotonic() - began
        wrong = await _checked(place, stories)
        own = place.cpu() - cpu
    print(f"planned: {len(stories)} stories over {len(PLANNED)} services in {wall:.0f} s")
    print(f"  {own:.0f} s of CPU are our own, beside the model and whatever ran in the sandbox")
    print(
        f"  a move costs {alone:.1f} ms beside the model; one question and two transactions {reference:.1f} ms"
    )
    targets.below("ms that a move costs beside the model", alone, MOST_OVERHEAD_MS)
    targets.at_most("stories without entry, pull request, verdict or merge", len(wrong), 0)
    return {
        "stories": len(stories),
        "wall_seconds": round(wall, 1),
        "own_cpu_seconds": round(own, 1),
        "model_seconds": round(model.busy - busy, 2),
        "overhead_ms": round(alone, 1),
        "overhead_ratio": round(alone / reference, 1),
        "wrong": wrong[:10],
    }


async def _approved(place: BenchDepartment, chat: Conversation, count: int) -> list[str]:
    """The plan is asked for, approved and carried out; its first stories. Raises NotAsExpected."""
    before = {row.id for row in await place.rows("SELECT id FROM tracker_stories")}
    asked = await chat.say("david", BUILD, None, None)
    proposed = "SELECT count(*) FROM plans WHERE state = 'proposed'"  # by rule, once the model has failed
    await place.until(proposed, 1, f"a plan is proposed ({asked.as_text()[:200]})", PLANNED_WITHIN)
    (approval,) = await place.rows("SELECT id FROM approvals ORDER BY number LIMIT 1")
    await chat.decide("amanda", approval.id, "approve", {})
    await place.until("SELECT count(*) FROM plans WHERE state = 'created'", 1, "it is set up", PLANNED_WITHIN)
    rows = await place.rows("SELECT id FROM tracker_stories ORDER BY id")
    stories = [row.id for row in rows if row.id not in before]
    if len(stories) < count:
        raise NotAsExpected(f"the plan has {len(stories)} stories, and {count} are to be written")
    return stories[:count]


async def _reference(place: BenchDepartment, model: str) -> float:
    """The median of what one question to the model and two transactions take, in milliseconds."""
    took = []
    question = {"model": "m", "messages": [{}, {}], "tools": [{"function": {"name": "Reviewed"}}]}
    async with httpx.AsyncClient() as client:
        for _ in range(40):
            began = monotonic()
            (await client.post(f"{model}/chat/completions", json=question)).raise_for_status()
            for _ in range(2):
                await place.rows("SELECT 1")
            took.append(1_000 * (monotonic() - began))
    return statistics.median(took)


async def _checked(place: BenchDepartment, stories: list[str]) -> list[str]:
    """What is missing of a story, or stands there twice: its effects and their entries, its pull request, its
    verdict, its merge, and its commit in the branch that it was merged into."""
    wrong: list[str] = []
    for id in stories:
        (work,) = await place.rows("SELECT * FROM story_works WHERE story = :id", id=id)
        done = Counter(
            row.action_type
            for row in await place.rows(
                "SELECT action_type FROM effects WHERE run = :run AND state = 'done'", run=work.run
            )
        )
        wrong += [f"{id}: {done[name]} of {name}" for name, least in _OF_A_STORY.items() if done[name] < least]
        once = ("code.open_pull_request", "code.merge_pull_request")
        wrong += [f"{id}: {done[name]} times {name}" for name in once if done[name] > 1]
        logged = await place.rows(
            "SELECT count(DISTINCT effects.id) FROM effects"
            " JOIN audit_entries AS entry ON entry.effect = effects.id"
            " JOIN audit_leaves AS leaf ON leaf.entry = entry.id WHERE run = :run AND effects.state = 'done'",
            run=work.run,
        )
        if logged[0][0] < sum(done.values()):
            wrong.append(f"{id}: {logged[0][0]} of {sum(done.values())} effects are numbered in the log")
        if work.verdict is None:
            wrong.append(f"{id}: no verdict")
        wrong += await _wrong_in_git(place, id, work)
    return wrong


async def _wrong_in_git(place: BenchDepartment, id: str, work: Any) -> list[str]:
    host, wrong = place.ports.code_host, []
    opened = (await host.pull_requests(PullRequestQuery(work.repository, head=work.branch))).items
    if len(opened) != 1:
        wrong.append(f"{id}: {len(opened)} pull requests of {work.branch}")
    said = await place.rows(
        "SELECT count(*) FROM code_reviews WHERE repository = :repository AND pull_request = :number",
        repository=work.repository,
        number=work.pull_request,
    )
    reviewed = await place.rows(
        "SELECT count(*) FROM effects WHERE run = :run AND state = 'done'"
        " AND action_type = 'code.review_pull_request'",
        run=work.run,
    )
    if said[0][0] != reviewed[0][0]:
        wrong.append(f"{id}: {said[0][0]} reviews stand there, {reviewed[0][0]} were given")
    tip = (await host.branch(work.repository, work.base_branch)).sha
    for sha in (work.merged, work.head):
        if (await host.merge_result(work.repository, tip, sha)).merge_base != sha:
            wrong.append(f"{id}: {sha[:12]} is not in {work.base_branch}")
    return wrong


async def _under_fire(folder: Path, options: argparse.Namespace, targets: Targets) -> dict[str, Any]:
    """Kills and halts at random moments while stories are written."""
    model, dice = StoryModel(), random.Random(options.seed)
    count = max(2, min(options.stories, 17))
    async with model.serving() as server, bench_department(folder, server.base_url, 0) as (place, chat):
        stories = await _approved(place, chat, count)
        await place.start("web")
        await place.put_agents_on(stories, PLANNED)
        killed: Counter[str] = Counter()
        moved = "SELECT count(*) FROM engineering_moves"
        await place.until(moved, 1, "an engineer has made a move", PLANNED_WITHIN)
        approving = asyncio.create_task(_approve_whatever_asks(place, chat))
        for _ in range(options.kills):
            killed[await _kill(place, dice)] += 1
        sent = [await _halt(place, model, dice) for _ in range(options.halts)]
        await place.until_merged(stories)
        approving.cancel()
        with suppress(asyncio.CancelledError):
            await approving
        wrong = await _checked(place, stories)
    print(f"under fire: killed {dict(killed)}, halted {len(sent)} times")
    print(f"  lost or twice: {len(wrong)} {wrong[:5]}")
    print(f"  sent more than a second after a halt: {sum(sent)}")
    if options.kills:
        targets.at_most("lost or twice after kills", len(wrong), 0)
    if options.halts:
        targets.at_most("sent more than a second after a halt", sum(sent), 0)
    return {
        "kills": dict(killed),
        "lost_or_twice": wrong[:10],
        "halts": len(sent),
        "sent_after_halt": sum(sent),
    }


async def _approve_whatever_asks(place: BenchDepartment, chat: Conversation) -> None:
    """Where a sandbox was killed nobody knows what the suite says, and a person is asked: she says yes."""
    merging = "SELECT approval FROM effects WHERE state = 'parked' AND action_type = 'code.merge_pull_request'"
    while True:
        for row in await place.rows(merging):
            await chat.decide("amanda", row.approval, "approve", {})
        await asyncio.sleep(1.0)


async def _kill(place: BenchDepartment, dice: random.Random) -> str:
    """Kill a worker, the web or a sandbox after a while; what was killed. The first two are started again."""
    await asyncio.sleep(dice.uniform(0.2, 6.0))
    kind = dice.choice(("worker", "worker", "web", "sandbox"))
    if kind == "sandbox":
        if not (found := place.sandboxes()):
            kind = "worker"
        else:
            with suppress(ProcessLookupError):
                os.kill(dice.choice(found), 9)
            return kind
    await place.kill(dice.choice([name for name in place.workers if name.startswith(kind)]))
    await place.start(kind)
    return kind


async def _halt(place: BenchDepartment, model: StoryModel, dice: random.Random) -> int:
    """Halt after a while, wait, and resume. How much was sent, claimed or running a second after the halt."""
    await asyncio.sleep(dice.uniform(0.5, 4.0))
    async with place.installation.database.transaction(place.installation.settings.tenant) as tx:
        director = frozenset({Role.ENGINEERING_DIRECTOR})
        await halt(tx, by="amanda", identity="a", roles=director, reason="bench", at=datetime.now(UTC))
    await asyncio.sleep(1.0)
    late, since = datetime.now(UTC), monotonic()
    running = len(place.sandboxes())
    await asyncio.sleep(1.5)
    asked = sum(at > since for at in model.asked)
    claimed = await place.rows("SELECT count(*) FROM effects WHERE claimed > :late", late=late)
    async with place.installation.database.transaction(place.installation.settings.tenant) as tx:
        await resume(tx, by="david", identity="d", at=datetime.now(UTC))
    return int(running + asked + claimed[0][0])


async def _at_once(folder: Path, options: argparse.Namespace, targets: Targets) -> dict[str, Any]:
    """Many stories over many repositories at once: does each come on, and what does the engine itself cost?"""
    model = StoryModel()
    copies = options.repositories
    async with model.serving() as server, bench_department(folder, server.base_url, copies) as (place, chat):
        stories = await _added(place, chat, options.at_once)
        began = monotonic()
        await place.put_agents_on(stories, [f"desk-{number}" for number in range(copies)])
        await place.until_merged(stories, WRITTEN_AT_ONCE * len(stories))
        wall = monotonic() - began
        spent = await place.stop(next(iter(place.workers)))
        waited = [
            row[0].total_seconds()
            for row in await place.rows(
                "SELECT min(started) - min(runs.created) FROM run_steps JOIN runs"
                " ON runs.id = run WHERE run_steps.key = 'write' GROUP BY run"
            )
        ]
        wrong = await _checked(place, stories)
    share = spent.get("engine", 0.0) / wall
    print(f"at once: {len(stories)} stories over {copies} repositories in {wall:.0f} s")
    print(f"  the work engine took {share:.3f} of a core")
    targets.below("share of a core that the work engine takes", share, MOST_ENGINE_SHARE)
    targets.at_most("stories at once that came to nothing or twice", len(wrong), 0)
    return {
        "at_once": len(stories),
        "at_once_seconds": round(wall, 1),
        "engine_share": round(share, 3),
        "thread_seconds": {name: round(value, 1) for name, value in spent.items()},
        "waited_longest_seconds": round(max(waited), 1),
        "at_once_wrong": wrong[:10],
    }


WRITTEN_AT_ONCE = 120.0
"""Seconds for each story before they are given up together."""


async def _added(place: BenchDepartment, chat: Conversation, count: int) -> list[str]:
    """So many stories in the tracker. Raises NotAsExpected."""
    for number in range(count):
        said = await chat.say("david", f"/add_to_backlog Sum up figure {number}; P2, team Beta", None, None)
        if "Created" not in said.as_text():
            raise NotAsExpected(f"no story was added: {said.as_text()[:300]}")
    rows = await place.rows("SELECT id FROM tracker_stories WHERE title LIKE 'Sum up figure%' ORDER BY id")
    return [row.id for row in rows]


if __name__ == "__main__":
    sys.exit(main())
