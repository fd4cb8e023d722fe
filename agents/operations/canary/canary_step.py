"""The kinds of steps of a canary: begin, watch a share, give it the next, promote, abort.

A watch is looked at every few seconds. It renews the canary's lease only after it has judged, and not while a
freeze stands over it: whatever keeps it from looking (a halt, a dead worker, a lost database) lets all traffic
go back as well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agents import sre
from agents.operations import canary_judge
from agents.operations.announced_tests import announce_test, end_tests
from agents.operations.canary.canary_run import (
    ABORT_KIND,
    BEGIN_KIND,
    HELD,
    WATCH_KIND,
    approved,
    canary_name,
    canary_of,
    grant_of,
    holds,
    queue_asking,
    watch_step,
)
from agents.operations.canary.stable_health import stable_suffers
from agents.operations.canary.tables import CanaryRow, CanaryTickRow
from agents.operations.canary_judge import CanarySettings, CanaryState, Judgement, Requests, Verdict
from agents.work.kinds import ActionStep, Json, NewStep, Over, Step, Still, WaitStep, Worker
from governance.action import Action, Subject
from governance.audit.entries import Absence, Entry, EntryKind, NotApplicable
from governance.audit.log import record
from governance.overrides.rows import read_standing
from governance.people import Actor
from integrations.deployments import CanaryOver, ChangeKind, ChangeQuery, Deployments, Served, Status, Tick
from integrations.deployments.actions import (
    AbortCanary,
    BeginCanary,
    PromoteCanary,
    StepCanary,
)

LOOKED_EVERY = timedelta(seconds=5)
HOLDS_ALERTS = timedelta(minutes=3)
"""How long an alert of the canary's target waits for the judge, who finds 5 % errors within a minute."""
_METER = "platform"
_LONGEST = timedelta(days=11)


def settings_of(action: BeginCanary, *, holds: bool = False) -> CanarySettings:
    """How the judge was approved to judge. One that `holds`, for its promotion is asked about, has no deadline:
    it goes back for being worse, or because nobody watches, and not for a night without traffic."""
    return CanarySettings(
        weights=action.shares,
        least_samples=action.least_requests,
        least_seconds=float(action.least_seconds),
        deadline_seconds=_LONGEST.total_seconds() if holds else float(action.deadline),
    )


async def _start(step: Step, worker: Worker) -> Json:
    """From which tick on: the share was given within the one that is open now, so that this is left out."""
    row, id = await _canary(step, worker)
    if step.args["index"] == 0:
        await _announce(step, worker, approved(row))
    last = 0
    try:
        while ticks := await worker.ports.deployments.traffic(approved(row).target, id, after=last):
            last = ticks[-1].number
    except CanaryOver:
        pass  # the first look says so
    return {"after": last + 1 if last else 0}


async def _announce(step: Step, worker: Worker, action: BeginCanary) -> None:
    """What it sets off is no incident at once: its judge is the one to say so, and soon."""
    now, name = worker.now(), canary_name(step.run)
    ends = now + timedelta(seconds=action.deadline * len(action.shares))
    async with worker.transaction() as tx:
        await announce_test(tx, action.service, action.environment, name, now, ends, HOLDS_ALERTS)


async def _look(step: Step, worker: Worker) -> Still | Over:
    """Judge what has come in since the last look, and let the canary go on if that is not against it."""
    row, id = await _canary(step, worker)
    action, port = approved(row), worker.ports.deployments
    after = max(row.tick, (step.cursor or {}).get("after", 0))
    try:
        ticks = await port.traffic(action.target, id, after=after)
        if not after:  # the canary was begun within the first
            ticks = ticks[1:]
        state, judgement = await _judged(step, worker, row, ticks)
        # Until a tick of this share is in, what is said is about the one before, which has passed.
        is_of_this_share = state.step == step.args["index"]
        passes = is_of_this_share and judgement.verdict is Verdict.WELL
        asks = action.promotion == "ask" and step.args["index"] == len(action.shares) - 2
        if passes and asks:
            await _hold(step, worker)
        elif judgement.returns or passes:
            return Over({"verdict": judgement.verdict.value, "why": judgement.reason.value})
        if (why := await _frozen(worker, action)) is not None:
            return Still(LOOKED_EVERY, why)
        status = await port.renew_canary(action.target, id)
    except CanaryOver:
        return Over(await _how_it_ended(port, action, id))
    if status.canary is None or status.canary.ready == 0:
        return Over({"verdict": Verdict.WORSE.value, "why": "none of its replicas answers any more"})
    return Still(LOOKED_EVERY, HELD if passes and asks else _detail(judgement, status))


async def _hold(step: Step, worker: Worker) -> None:
    """Let it stand at its last share but 100, watched as before, and have people asked about its promotion."""
    async with worker.transaction() as tx:
        row = await canary_of(tx, step.run, lock=True)
        if row.passed == step.args["index"]:
            row.passed += 1
            await queue_asking(tx)


async def _frozen(worker: Worker, action: BeginCanary) -> str | None:
    """Why its next share would be refused by a freeze; then it is let go."""
    async with worker.transaction() as tx:
        standing = await read_standing(tx, worker.now())
    freeze = standing.freeze_over(Subject("deployments", service=action.service), StepCanary.decision_type)
    return None if freeze is None else f"It is frozen: {freeze.reason}"


async def _judged(
    step: Step, worker: Worker, row: CanaryRow, ticks: Sequence[Tick]
) -> tuple[CanaryState, Judgement]:
    """Fold the ticks into the judge's state, and keep both: what it judged by, and what it said."""
    settings = settings_of(approved(row), holds=holds(row))
    state = CanaryState() if row.state is None else canary_judge.load(row.state)
    seen = [as_judged(tick, step.args["index"]) for tick in ticks]
    state, judgement = await sre.by_rule(state, seen, settings)
    if ticks:
        async with worker.transaction() as tx:
            kept = await canary_of(tx, step.run, lock=True)
            if kept.tick < ticks[-1].number:  # nobody else has looked meanwhile
                kept.tick, kept.state = ticks[-1].number, canary_judge.dump(state)
                rows = [_tick_values(step, tick) for tick in ticks]
                await tx.execute(insert(CanaryTickRow).values(rows).on_conflict_do_nothing())
                if await stable_suffers(tx, step.run):  # then it is not the canary alone
                    await end_tests(tx, canary_name(step.run), worker.now())
    return state, judgement


def as_judged(tick: Tick, index: int) -> canary_judge.Tick:
    return canary_judge.Tick(
        tick.number, index, _METER, canary=_requests(tick.canary), stable=_requests(tick.stable)
    )


def _requests(served: Served) -> Requests:
    return Requests(
        answered=tuple(seconds for failed, seconds in served.sample if not failed),
        failed=tuple(seconds for failed, seconds in served.sample if failed),
    )


def _tick_values(step: Step, tick: Tick) -> dict[str, Any]:
    return {
        "tenant": step.tenant,
        "run": step.run,
        "number": tick.number,
        "at": tick.at,
        "step": step.args["index"],
        "stable": asdict(tick.stable),
        "canary": asdict(tick.canary),
    }


def _detail(judgement: Judgement, status: Status) -> str:
    share = f"{status.canary.share:.0%} of the traffic" if status.canary else "no traffic"
    if judgement.verdict is Verdict.INCONCLUSIVE:
        return f"{share}, held: {judgement.reason.value}"
    return f"{share}: {judgement.samples} requests judged in {judgement.seconds:.0f} s"


async def _how_it_ended(port: Deployments, action: BeginCanary, id: str) -> Json:
    """What became of a canary that is over without this run."""
    page = await port.history(ChangeQuery(action.service, action.environment))
    last = next((change for change in page.items if change.canary == id), None)
    if last is not None and last.kind is ChangeKind.PROMOTED:
        return {"verdict": "over", "end": "promoted", "why": "it was promoted", "by_leave": True}
    why = last.why if last is not None and last.why else "it was ended"
    by_leave = last is not None and bool(last.grant)
    return {"verdict": "over", "end": "returned", "why": why, "by_leave": by_leave}


def _returned(step: Step, action: BeginCanary, why: str) -> Entry:
    """What the platform did by itself, recorded as soon as it is seen."""
    nothing = NotApplicable(not_applicable=Absence.NOTHING_CHANGES)
    return Entry(
        kind=EntryKind.SYSTEM,
        type="canary.returned",
        actor=Actor("system", "platform"),
        subject=step.run,
        details={"service": action.service, "stage": action.environment.value, "version": action.version},
        rationale=f"All traffic went back to {action.before}: {why}.",
        approvals=NotApplicable(not_applicable=Absence.NO_APPROVAL_NEEDED),
        impact=nothing,
        rollback_plan=nothing,
        artifacts=NotApplicable(not_applicable=Absence.NO_ARTIFACTS),
    )


async def _canary(step: Step, worker: Worker) -> tuple[CanaryRow, str]:
    """The canary, and what the platform calls it: the id of the grant that began it."""
    async with worker.transaction() as tx:
        return await canary_of(tx, step.run), await grant_of(tx, step.run)


async def _next(tx: AsyncSession, step: Step, result: Json) -> Iterable[NewStep]:
    """What follows from the judge's word: the next share, the promotion, or the way back."""
    row = await canary_of(tx, step.run, lock=True)
    action, index = approved(row), step.args["index"]
    given = {"canary": await grant_of(tx, step.run), "action": row.action}
    if result["verdict"] == "over":
        if result["end"] == "returned" and not result["by_leave"]:
            await record(tx, _returned(step, action, result["why"]))
        return ()
    if result["verdict"] != Verdict.WELL.value:
        args = {**given, "why": result["why"]}
        return (NewStep("abort", ABORT.name, "Give all traffic back", args, (step.key,)),)
    row.passed = index + 1
    if row.passed == len(action.shares) - 1:
        return (NewStep("promote", PROMOTE.name, "Promote it", given, (step.key,)),)
    share = action.shares[row.passed]
    key = f"share:{row.passed}"
    return (
        NewStep(
            key,
            SHARE.name,
            f"Give it {share} %",
            {**given, "share": share, "share_index": row.passed},
            (step.key,),
        ),
        watch_step(action, row.passed, key),
    )


def _begin(step: Step) -> Action:
    return BeginCanary.of_body(step.args)


def _about(step: Step, why: str) -> dict[str, Any]:
    action = BeginCanary.of_body(step.args["action"])
    return {
        "service": action.service,
        "environment": action.environment,
        "canary": step.args["canary"],
        "version": action.version,
        "rationale": why,
        "rollback_plan": f"All traffic goes back to {action.before}.",
        "artifacts": action.artifacts,
    }


def _share(step: Step) -> Action:
    why = "The judge let the share before pass, as it was approved."
    share = step.args["share"]
    return StepCanary(share=share, impact=f"{share} % of the traffic reaches it.", **_about(step, why))


def _promote(step: Step) -> Action:
    action = BeginCanary.of_body(step.args["action"])
    return PromoteCanary.of(
        action,
        step.args["canary"],
        rationale="The judge let every share pass, as it was approved.",
        impact=f"{action.version} takes the place of {action.before}.",
    )


def _abort(step: Step) -> Action:
    why = step.args["why"]
    about = {**_about(step, f"The canary is ended: {why}."), "rollback_plan": "Begin the canary again."}
    return AbortCanary(why=why, impact="Nothing of it has traffic any more.", **about)


_ACTOR = sre.ROLE.name
CANARY_BEGIN = ActionStep(BEGIN_KIND, _ACTOR, _begin)
WATCH = WaitStep(WATCH_KIND, _ACTOR, _look, _start, finish=_next, longest=_LONGEST)
SHARE = ActionStep("canary_share", _ACTOR, _share)
PROMOTE = ActionStep("canary_promote", _ACTOR, _promote)
ABORT = ActionStep(ABORT_KIND, _ACTOR, _abort)
KINDS = (CANARY_BEGIN, WATCH, SHARE, PROMOTE, ABORT)
