"""The kinds of steps of a response: look, find the cause, remedy it, look again.

An alert only says where to look. Nothing is changed unless the figures show it and the cause is computed; two
remedies without effect, or none that is allowed, and it is a person's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from agents import sre
from agents.operations.burden import Metric
from agents.operations.findings import Explained, Findings, Question
from agents.operations.incident_rows import add_event, incident_by_id, incident_for_update, lock_incidents
from agents.operations.incident_showing import show
from agents.operations.investigation import LONGEST, investigate
from agents.operations.response.health import USUAL, Health, State, coarser, look
from agents.operations.response.learned import incident_spans, learned
from agents.operations.response.remedies import REMEDIES, Person, Remedy, remedy_for
from agents.operations.response.response_run import (
    CAUSE_KIND,
    LOOK_KIND,
    MOST_TRIES,
    REMEDY_KIND,
    VERIFY_KIND,
)
from agents.work.kinds import (
    ActionStep,
    Json,
    NewStep,
    Over,
    Step,
    StepFailed,
    Still,
    WaitStep,
    Worker,
)
from governance.action import Action
from integrations.deployments import Stage, Target
from integrations.metrics import Metrics, MetricsError

LOOKED_EVERY = timedelta(seconds=5)
LOOKS = 36
"""Looks in which nothing can be told, or nothing is wrong, before a look is over: three minutes."""
EVIDENCE_WITHIN = timedelta(minutes=1)
"""So long a cause is looked for, at least: an alert may come before the evidence, which takes two windows."""
HEALTHY_LOOKS = 2
OVER = "over"
"""A person has ended the incident."""
SETTLES = timedelta(seconds=15)
"""After a remedy, before it is looked at: what was under way comes to its end, and two scrapes are taken."""


def _target(step: Step) -> Target:
    return Target(step.args["service"], Stage(step.args["stage"]))


async def _look(step: Step, worker: Worker) -> Still | Over:
    """Until it is seen to be wrong, or often enough not to be."""
    if await _is_over(step, worker):
        return Over({"state": OVER})
    health = await _health(step, worker)
    state = State.UNKNOWN if health is None else health.state
    counts = {"unknown": 0, "well": 0, **(step.cursor or {})}
    if health is not None and state in (State.FAILING, State.SLOW):
        return Over({"state": state.value, "health": _json(health)})
    counts[state.value] += 1
    if counts["well"] + counts["unknown"] >= LOOKS:
        ended = "well" if counts["well"] else "unknown"
        return Over({"state": ended, "health": None if health is None else _json(health)})
    return Still(LOOKED_EVERY, cursor=counts)


async def _verify(step: Step, worker: Worker) -> Still | Over:
    """Two healthy looks in a row after a remedy has settled; or not, in as many looks."""
    if await _is_over(step, worker):
        return Over({"state": OVER})
    cursor = {"looks": 0, "well": 0, "from": worker.now().isoformat(), **(step.cursor or {})}
    settled = datetime.fromisoformat(cursor["from"]) + settles(worker.ports.metrics)
    if worker.now() < settled:
        return Still(LOOKED_EVERY, cursor=cursor)
    health = await _health(step, worker)
    state = State.UNKNOWN if health is None else health.state
    cursor = {**cursor, "looks": cursor["looks"] + 1, "well": cursor["well"] + 1 if state is State.WELL else 0}
    if cursor["well"] >= HEALTHY_LOOKS or cursor["looks"] >= LOOKS:
        ended = State.WELL if cursor["well"] >= HEALTHY_LOOKS else state
        return Over({"state": ended.value, "health": None if health is None else _json(health)})
    return Still(LOOKED_EVERY, cursor=cursor)


def settles(metrics: Metrics) -> timedelta:
    """How long a remedy is left alone before it is looked at: coarser figures show longer what was before."""
    return SETTLES + coarser(metrics)


def evidence_within(metrics: Metrics) -> timedelta:
    """How long a cause is looked for: two windows of coarser figures take longer."""
    return EVIDENCE_WITHIN + coarser(metrics)


async def _is_over(step: Step, worker: Worker) -> bool:
    """Whether a person has ended the incident meanwhile: then nothing more is done about it."""
    async with worker.transaction() as tx:
        return (await incident_by_id(tx, step.args["incident"])).state == "resolved"


async def _health(step: Step, worker: Worker) -> Health | None:
    since = datetime.fromisoformat(step.args["started"])
    async with worker.transaction() as tx:
        others = await incident_spans(tx, step.args["incident"], since - USUAL, worker.now())
    try:
        return await look(worker.ports.metrics, _target(step), since, worker.now(), others)
    except MetricsError:
        return None


def _json(health: Health) -> dict[str, Any]:
    now, usual = health.now, health.usual
    return {
        "requests": now.requests,
        "failed": now.failed,
        "p95": now.p95,
        "usual_failed": usual.failed,
        "usual_p95": usual.p95,
    }


async def _find_cause(step: Step, worker: Worker) -> Still | Over:
    """What explains it, and what is to be done about that; looked for again while nothing does yet."""
    if await _is_over(step, worker):
        return Over({"state": OVER})
    metric = Metric.LATENCY if step.args["state"] == State.SLOW else Metric.AVAILABILITY
    started = datetime.fromisoformat(step.args["started"])
    now = worker.now()
    target = _target(step)
    begins = max(min(started, now - timedelta(minutes=2)), now - LONGEST)
    question = Question((target.service,), target.stage, (metric,), begins, now)
    try:
        findings = await investigate(worker.ports, question, now)
    except MetricsError as refused:
        raise StepFailed(f"The figures cannot be asked for: {refused}") from refused
    since = (step.cursor or {}).get("since", now.isoformat())
    is_early = now - datetime.fromisoformat(since) < evidence_within(worker.ports.metrics)
    if is_early and all(one.first is None for one in findings.explained):
        return Still(LOOKED_EVERY, "Nothing explains it yet.", {"since": since})
    async with worker.transaction() as tx:
        known = await learned(tx, step.args["incident"])
    try:
        remedy = await remedy_for(worker.ports, findings, started, known)
    except MetricsError as refused:
        raise StepFailed(f"The figures cannot be asked for: {refused}") from refused
    return Over({**_cause(findings), **_remedy(remedy)})


def _cause(findings: Findings) -> dict[str, Any]:
    """The cause as the timeline keeps it; nothing where there is none."""
    explained = next((one for one in findings.explained if one.first is not None), None)
    if explained is None or explained.first is None:
        return {"cause": None, "measured": list(findings.measured), "unmeasured": list(findings.unmeasured)}
    cause = explained.first
    says = {
        "service": cause.service,
        "share": round(cause.share, 3),
        "subject": cause.subject,
        "of": cause.explained,
    }
    return {"cause": {**says, **_suspect(explained)}}


def _suspect(explained: Explained) -> dict[str, Any]:
    suspect = explained.suspect
    if suspect is None or explained.first is None or suspect.change.target.service != explained.first.service:
        return {}
    release = suspect.release
    return {
        "version": suspect.change.version,
        "change": suspect.change.kind.value,
        "seconds_before": round(suspect.before.total_seconds()),
        "commit": release and release.commit,
        "author": release and release.author,
        "story": release and release.story,
    }


def _remedy(remedy: Remedy | Person) -> dict[str, Any]:
    if isinstance(remedy, Person):
        return {"remedy": None, "why": remedy.why}
    return {"remedy": remedy.body(), "title": remedy.summary(), "why": remedy.rationale}


def _do(step: Step) -> Action:
    given = step.args["action"]
    return REMEDIES[given["type"]].of_body(given)


async def _after_look(tx: AsyncSession, step: Step, result: Json) -> Iterable[NewStep]:
    if result["state"] == OVER:
        return ()
    worse = result["state"] in (State.FAILING, State.SLOW)
    kind = "seen" if worse else "not seen"
    await _note(tx, step, kind, {"state": result["state"], **(result["health"] or {})})
    if not worse:
        return ()
    args = {**step.args, "state": result["state"], "try": 1}
    return (NewStep("cause:1", CAUSE_KIND, "Find the cause", args, (step.key,)),)


async def _after_cause(tx: AsyncSession, step: Step, result: Json) -> Iterable[NewStep]:
    if result.get("state") == OVER or (await incident_by_id(tx, step.args["incident"])).state == "resolved":
        return ()
    if result["cause"] is None:
        await _note(tx, step, "no cause", {"measured": result["measured"], "unmeasured": result["unmeasured"]})
    else:
        await _note(tx, step, "cause", result["cause"])
    if result["remedy"] is None:
        await _note(tx, step, "for a person", {"why": result["why"]})
        return ()
    number, what, title = step.args["try"], result["remedy"], result["title"]
    remedy = NewStep(f"remedy:{number}", REMEDY_KIND, title, {**step.args, "action": what}, (step.key,))
    verify = NewStep(f"verify:{number}", VERIFY_KIND, "Look whether it helped", step.args, (remedy.key,))
    done = {"what": title, "why": result["why"], "type": what["type"], "service": what["service"]}
    await _note(tx, step, "remedy", done)
    return (remedy, verify)


async def _after_verify(tx: AsyncSession, step: Step, result: Json) -> Iterable[NewStep]:
    if result["state"] == OVER:
        return ()
    if result["state"] == State.WELL:
        await _note(tx, step, "healthy", result["health"] or {})
        return ()
    number = step.args["try"]
    await _note(tx, step, "no effect", {"state": result["state"], **(result["health"] or {})})
    if number >= MOST_TRIES or result["state"] == State.UNKNOWN:
        await _note(tx, step, "for a person", {"why": "What I did had no effect that I can see."})
        return ()
    args = {**step.args, "try": number + 1}
    return (NewStep(f"cause:{number + 1}", CAUSE_KIND, "Find the cause again", args, (step.key,)),)


async def _note(tx: AsyncSession, step: Step, kind: str, detail: dict[str, Any]) -> None:
    """Into the timeline, and onto the card at once. The caller holds the run; the incidents' lock comes
    after it, and nobody who holds that waits for a run."""
    await lock_incidents(tx)
    incident = await incident_for_update(tx, step.args["incident"])
    now = datetime.now(UTC)
    add_event(tx, incident, kind, detail, now)
    if kind == "healthy" and incident.state == "open":
        incident.state, incident.mitigated = "mitigated", now
    await show(tx, incident, now)


_ACTOR = sre.ROLE.name
LOOK = WaitStep(LOOK_KIND, _ACTOR, _look, finish=_after_look, longest=timedelta(hours=1))
CAUSE = WaitStep(
    CAUSE_KIND,
    _ACTOR,
    _find_cause,
    finish=_after_cause,
    longest=timedelta(hours=1),
    answers_within=timedelta(minutes=5),
)
REMEDY = ActionStep(REMEDY_KIND, _ACTOR, _do)
VERIFY = WaitStep(VERIFY_KIND, _ACTOR, _verify, finish=_after_verify, longest=timedelta(hours=1))
KINDS = (LOOK, CAUSE, REMEDY, VERIFY)
