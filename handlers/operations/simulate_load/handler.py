"""`simulate_load`: a service in staging under load by rate, watched and judged; stopped at any time."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.capacity.reservation_step import reserve_if_passed
from agents.operations.load_testing import load_test_run
from agents.operations.measured_traffic import MeasuredDay, measured_day
from agents.work import runs
from agents.work.kinds import NewStep
from agents.work.scheduler import POOLS
from agents.work.tables import RunRow
from governance.action import Verdict
from governance.people import Role
from governance.permissions import acts
from governance.record import intervened
from handlers.conversation.cards import Button, Buttons, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known, place_json
from handlers.conversation.subjects import service_meant
from handlers.conversation.submitting import asked_reply, not_done, submit
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import counted, listed
from handlers.operations.simulate_load.card import load_test_reply
from handlers.operations.simulate_load.parse import (
    LoadSaid,
    Wish,
    demand_sendable,
    read_load,
    read_wish,
    reserves,
)
from handlers.operations.targets import Runs, demand_running, service_of
from handlers.operations.wanted_capacity import demand_wanted
from integrations.deployments import NoSuchRelease, NothingRuns, Stage, Status, Target
from integrations.load.actions import RunLoadTest, ScenarioAsked, Weighted, asked_in_words
from integrations.metrics import MetricsError
from storage.look import Away

_BEGINS_WITHIN = timedelta(minutes=5)
_ROOT = (Weighted(path="/", weight=1),)


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Begin what is said, stop what goes on, or show what the last one came to."""
    wish = read_wish(asked.text)
    if wish is Wish.STOP:
        return await _stop_by_words(turn, desk, await service_meant(desk, asked.words("what")))
    if wish is Wish.SHOW:
        return await _last(desk, await service_meant(desk, asked.words("what")))
    then: tuple[NewStep, ...] = ()
    if reserves(asked.text):
        plan = _planned(desk)
        wanted = await demand_wanted(desk, plan)
        service = await service_meant(desk, asked.words("what")) or wanted.service
        if service != wanted.service:
            raise CannotAnswer(
                f"The plan here is for {wanted.service}: a load test of {service} says nothing about it."
            )
        then = (reserve_if_passed(await wanted.action(turn, desk, plan)),)
    else:
        service = await service_of(desk, asked)
    # A service's name may stand in a path as well, where it is no word of its own.
    words = re.sub(rf"(?<![\w/-]){re.escape(service)}(?![\w/-])", " ", asked.text)
    return await _begin(turn, desk, service, read_load(words), then)


def _planned(desk: Desk) -> str:
    """The thread's capacity plan that is short of something. Raises CannotAnswer."""
    stored = desk.memory.topic.get("capacity")
    if not stored:
        raise CannotAnswer(
            "I do not know what to reserve: no capacity plan in this thread is short of anything. Ask for one"
            " first, such as “capacity plan for orders for Black Friday”. Nothing was begun."
        )
    return stored


async def _begin(turn: Turn, desk: Desk, service: str, said: LoadSaid, then: tuple[NewStep, ...] = ()) -> Reply:
    """Submit the load that was said of a service, and begin its run. Raises CannotAnswer."""
    target = Target(service, Stage.STAGING)
    runs_there = await demand_running(desk, target)
    status = runs_there.status
    going = await load_test_run.under_way(desk.tx)
    if same := next((run for run in going if _is_of(run, service)), None):
        raise CannotAnswer(f"“{same.title}” is under way. Stop it first, or wait for its end.")
    if len(going) >= POOLS[load_test_run.POOL]:
        titles = listed([f"“{run.title}”" for run in going], "and")
        raise CannotAnswer(f"{titles} are under way, as many as go on at once. Stop one, or wait for its end.")
    day = await _measured(desk, service, needed=said.times is not None)
    if said.rate is None and said.times is None:
        return _how_much(service, day)
    asked = await _asked(desk, runs_there, said.path)
    action = _action(turn, desk, said, runs_there, day, await _difference(desk, status), asked)
    run = runs.new_id()
    submitted = await submit(turn, desk, action, run=run)
    if submitted.ruling.verdict not in (Verdict.EXECUTE, Verdict.APPROVE_FIRST):
        raise CannotAnswer(not_done(submitted.ruling))
    row = await load_test_run.begin(
        desk.tx,
        run,
        action,
        submitted.effect,
        desk.now,
        replicas=runs_there.running.ready,
        requester=known(turn).id,
        place=place_json(turn.place),
        turn=turn.id,
        then=then,
    )
    if submitted.approval is not None:
        return await asked_reply(desk, action, submitted)
    return await load_test_reply(desk, row)


async def _measured(desk: Desk, service: str, *, needed: bool) -> MeasuredDay | None:
    """What production served in the last day; None where that is not known. Raises CannotAnswer where it is
    `needed`."""
    why = f"Nobody measured what {service} served in production in the last day"
    try:
        day = await measured_day(desk.ports.metrics, service, desk.now)
    except (MetricsError, Away) as unknown:
        day, why = None, f"What {service} serves in production is not known: {str(unknown).rstrip('.')}"
    day = day if day is not None and day.peak > 0 else None
    if day is None and needed:
        raise CannotAnswer(
            f"{why}, so there is nothing to multiply. Say a rate: “load test {service} at 50 requests a second"
            " for 2 minutes”."
        )
    return day


def _how_much(service: str, day: MeasuredDay | None) -> Reply:
    if day is None:
        raise CannotAnswer(
            f"How many requests a second? Say “load test {service} at 50 requests a second for 2 minutes”, for"
            " example."
        )
    text = (
        f"How much load on {service}? It served {day.peak:,.4g} requests a second in the highest five minutes"
        " of the last day."
    )
    buttons = tuple(
        Button(f"{times}x", "ask", f"simulate_load simulate {times}x load on {service}") for times in (2, 5, 10)
    )
    return Reply(text=text, cards=(Card("How much load?", (Text((text,)), Buttons(buttons))),))


async def _difference(desk: Desk, staging: Status) -> str:
    """What of staging is otherwise than in production: what it shows holds for staging."""
    here, service = staging.stable, staging.target.service
    there = (await desk.ports.deployments.status(Target(service, Stage.PRODUCTION))).stable
    if here is None:
        raise NothingRuns(f"nothing of {service} runs in staging")
    runs_here = f"Staging runs {here.version} with {counted(here.replicas, 'replica')}"
    if there is None:
        return f"{runs_here}."
    return f"{runs_here}, production {there.version} with {counted(there.replicas, 'replica')}."


async def _asked(desk: Desk, there: Runs, named: str | None) -> tuple[Weighted, ...] | ScenarioAsked:
    """The one path that was named, or the company's scenario, or the mix that the release says it serves; `/`
    where none of it is said. Raises CannotAnswer for a path that it does not serve."""
    service, version = there.target.service, there.running.version
    if named is None and (own := await desk.ports.load.scenario(service)) is not None:
        return ScenarioAsked(file=own.file, digest=own.digest)
    try:
        serves = (await desk.ports.deployments.release(service, version)).serves
    except NoSuchRelease:
        serves = ()  # what runs is not there as a release any more: it says nothing of what it serves
    if named is None:
        return tuple(Weighted(path=path, weight=weight) for path, weight in serves) or _ROOT
    if serves and named.partition("?")[0] not in {path.partition("?")[0] for path, _ in serves}:
        can = listed([path for path, _ in serves], "and")
        raise CannotAnswer(
            f"{service} {version} does not serve {named} to load tests: {can}. Nothing was begun."
        )
    return (Weighted(path=named, weight=1),)


def _action(
    turn: Turn,
    desk: Desk,
    said: LoadSaid,
    there: Runs,
    day: MeasuredDay | None,
    difference: str,
    asked: tuple[Weighted, ...] | ScenarioAsked,
) -> RunLoadTest:
    service, status = there.target.service, there.status
    if status.address is None:
        raise CannotAnswer(
            f"The platform gives no address of {service} in staging, so nothing can be sent there."
        )
    top = demand_sendable(said.rate if said.rate is not None else (said.times or 0) * (day.peak if day else 0))
    wanted = (
        f"{said.times:g}x load, of the highest five minutes of the last day,"
        if said.times
        else f"{top:,.4g} requests a second"
    )
    levels = said.levels(top)
    rates = listed([f"{level.rate:,.4g}" for level in levels], "and")
    return RunLoadTest(
        service=service,
        environment=Stage.STAGING,
        version=there.running.version,
        address=status.address,
        **_as_fields(asked),
        levels=levels,
        base_rate=None if day is None else day.peak,
        most_failed=said.most_failed,
        slowest_ms=said.slowest_ms,
        over_by=desk.now + timedelta(seconds=said.seconds) + _BEGINS_WITHIN,
        rationale=f"{known(turn).name} asked for {wanted} on {service}.",
        impact=(
            f"{_at_rates(asked, rates)} a second, {said.seconds:,.0f} s in all, to {service} in staging and"
            f" nowhere else. {difference}"
        ),
        rollback_plan="Stop it: nothing is sent within a second.",
    )


def _as_fields(asked: tuple[Weighted, ...] | ScenarioAsked) -> dict[str, Any]:
    if isinstance(asked, ScenarioAsked):
        return {"scenario": asked}
    return {"path": asked[0].path} if len(asked) == 1 else {"mix": asked}


def _at_rates(asked: tuple[Weighted, ...] | ScenarioAsked, rates: str) -> str:
    if isinstance(asked, ScenarioAsked):
        return f"{asked.file}, by users who wait for answers, at {rates} steps"
    return f"GET {asked_in_words(asked)} at {rates} requests"


def _is_of(run: RunRow, service: str | None) -> bool:
    return service is None or run.subject == f"service:{service}"


async def _stop_by_words(turn: Turn, desk: Desk, service: str | None) -> Reply:
    going = await load_test_run.under_way(desk.tx)
    run = next((run for run in going if _is_of(run, service)), None)
    if run is None:
        raise CannotAnswer(f"No load test{f' of {service}' if service else ''} is under way. Nothing was done.")
    desk.demand_order(f"Stop the {run.title[0].lower()}{run.title[1:]}")
    return await _stop(turn, desk, run.id)


async def _press_stop(turn: Turn, desk: Desk) -> Reply:
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    return await _stop(turn, desk, turn.what.subject)


async def _began(tx: AsyncSession, person: str, run: str) -> bool:
    """Whoever asked for a load test may stop it, whatever roles they have by now."""
    own = select(RunRow.id).where(RunRow.id == run, RunRow.requester == person)
    return (await tx.execute(own)).scalar() is not None


async def _stop(turn: Turn, desk: Desk, id: str) -> Reply:
    """End the run: the generator ends with its watch, within a second, and the run's card then says so."""
    person = known(turn)
    run = await runs.run_for_update(desk.tx, id)
    if run.state not in ("running", "paused"):
        raise CannotAnswer(f"“{run.title}” is over. Nothing was done.")
    why = f"{person.name} stopped it."
    await runs.cancel(desk.tx, id, why, desk.now, by=turn.actor)
    await intervened(desk.tx, "cancelled", person.id, id, why, desk.now)
    return Reply(text=f"“{run.title}” is being stopped. Its card says when nothing more is sent.")


async def _last(desk: Desk, service: str | None) -> Reply:
    row = await load_test_run.last_load_test(desk.tx, service)
    if row is None:
        of = f" of {service}" if service else ""
        raise CannotAnswer(f"There was no load test{of} yet. Say “simulate 10x load on {service or 'orders'}”.")
    run = (await desk.tx.execute(select(RunRow).where(RunRow.id == row.run))).scalar_one()
    return await load_test_reply(desk, run)


HANDLER = Handler(
    name="simulate_load",
    purpose="A load test against staging",
    example="simulate 10x load on staging",
    group=Group.STOP,
    permission=acts(Role.SRE_LEAD),
    answer=answer,
    presses={"stop_load_test": _press_stop},
    own={"stop_load_test": _began},
    risk=Risk.ACTS,
)
