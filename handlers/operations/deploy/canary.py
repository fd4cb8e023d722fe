"""A canary from chat: asked for once, shown on one card, promoted or aborted by whoever may deploy."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from agents.operations.canary import canary_run
from agents.operations.canary.tables import CanaryRow
from agents.work import runs
from agents.work.tables import RunRow, StepRow
from governance.action import Verdict as RulingVerdict
from governance.release_rules import ReleaseRules
from governance.tables import EffectRow
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer, Presses
from handlers.conversation.origin import known, place_json
from handlers.conversation.submitting import ask_for_approval, asked_reply, not_done, submit
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import counted, listed
from handlers.operations.deploy import put_off
from handlers.operations.release_calendar import coming_note
from handlers.operations.targets import release_text
from integrations.deployments import Release, Running, Stage, Target
from integrations.deployments.actions import AbortCanary, BeginCanary, PromoteCanary


async def begin(
    turn: Turn, desk: Desk, release: Release, target: Target, running: Running, at: datetime | None = None
) -> Reply:
    """Ask for the canary as its row of the matrix says, or do so `at` that time, and begin its run. Raises
    CannotAnswer."""
    note = coming_note(desk, release.service) if at is None and target.stage is Stage.PRODUCTION else ""
    action = _action(turn, desk.department.releases, release, target, running, note)
    run = runs.new_id()
    if at is not None:
        return await put_off.schedule(turn, desk, action, at)
    submitted = await submit(turn, desk, action, run=run)
    if submitted.ruling.verdict not in (RulingVerdict.EXECUTE, RulingVerdict.APPROVE_FIRST):
        raise CannotAnswer(not_done(submitted.ruling))
    await canary_run.begin(
        desk.tx,
        run,
        action,
        submitted.effect,
        requester=known(turn).id,
        place=place_json(turn.place),
        turn=turn.id,
    )
    return await asked_reply(desk, action, submitted)


def _action(
    turn: Turn, rules: ReleaseRules, release: Release, target: Target, running: Running, note: str
) -> BeginCanary:
    what = f"{release.service} {release.version}"
    comes = release_text(release) or "nothing is known of where it comes from"
    asks = ", once that is approved as well," if rules.promotion == "ask" else ""
    shares = " %, ".join(map(str, rules.shares[:-1]))
    return BeginCanary(
        service=release.service,
        environment=target.stage,
        version=release.version,
        content=release.digest,
        before=running.version,
        before_content=running.digest,
        shares=rules.shares,
        lease=rules.lease_seconds,
        least_requests=rules.least_requests,
        least_seconds=rules.least_seconds,
        deadline=rules.deadline_seconds,
        promotion=rules.promotion,
        advisory=release.advisory,
        rationale=f"{known(turn).name} asked to deploy {what} to {target.stage}.",
        impact=(
            f"{what} ({comes}) gets {shares} % and then{asks} all of the traffic; each share lasts at least"
            f" {rules.least_seconds} s and {rules.least_requests} requests. It goes back by itself where it is"
            f" worse than {running.version}, where {rules.deadline_seconds} s tell nothing, and where nobody"
            f" watches for {rules.lease_seconds} s.{note}"
        ),
        rollback_plan=f"All traffic goes back to {running.version}, which goes on running meanwhile.",
        artifacts=(f"release:{release.service}:{release.version}:sha256:{release.digest}",),
    )


async def by_words(turn: Turn, desk: Desk, service: str | None, verb: str) -> Reply:
    """Promote or abort (`verb`) the canary of a service, or the only one that is under way. Raises
    CannotAnswer."""
    begun = select(StepRow.run).where(StepRow.key == canary_run.BEGIN, StepRow.state == "done")
    query = select(RunRow).where(
        RunRow.kind == canary_run.RUN.name, RunRow.state == "running", RunRow.id.in_(begun)
    )
    found = (await desk.tx.execute(query.order_by(RunRow.created))).scalars().all()
    meant = [run for run in found if service is None or run.subject == f"service:{service}"]
    if not meant:
        raise CannotAnswer(f"No canary{f' of {service}' if service else ''} is under way. Nothing was done.")
    if len(meant) > 1:
        raise CannotAnswer(f"Which one? {listed([run.title for run in meant], 'and')} are under way.")
    under_way = await _under_way(desk, meant[0].id)
    return await (_promote if verb == "promote" else _abort)(turn, desk, *under_way)


async def _pressed(turn: Turn, desk: Desk) -> tuple[CanaryRow, RunRow, str]:
    """The canary that a button is about, and what the platform calls it. Raises CannotAnswer."""
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    return await _under_way(desk, turn.what.subject)


async def _under_way(desk: Desk, run_id: str) -> tuple[CanaryRow, RunRow, str]:
    run = await runs.run_for_update(desk.tx, run_id)
    query = (
        select(EffectRow.grant_id)
        .join(StepRow, (StepRow.tenant == EffectRow.tenant) & (StepRow.effect == EffectRow.id))
        .where(StepRow.run == run_id, StepRow.key == canary_run.BEGIN)
    )
    canary = (await desk.tx.execute(query)).scalar()
    if run.state != "running" or canary is None:
        of = run.title.removesuffix(" as a canary")
        raise CannotAnswer(f"The canary of {of} is over. Nothing was done.")
    return await canary_run.canary_of(desk.tx, run.id), run, canary


async def _promote(turn: Turn, desk: Desk, row: CanaryRow, run: RunRow, canary: str) -> Reply:
    """Before the judge has let it pass this is a decision of its own, which its row of the matrix asks
    about."""
    action = canary_run.approved(row)
    passed = f"{counted(row.passed, 'share')} of {len(action.shares) - 1}"
    promotion = PromoteCanary.of(
        action,
        canary,
        rationale=f"{known(turn).name} wants {run.title} promoted; the judge let {passed} pass.",
        impact=f"{action.version} takes the place of {action.before} with all traffic, without what the judge"
        " has not seen yet.",
    )
    return await ask_for_approval(turn, desk, promotion)


async def _abort(turn: Turn, desk: Desk, row: CanaryRow, _run: RunRow, canary: str) -> Reply:
    action, person = canary_run.approved(row), known(turn)
    abort = AbortCanary(
        service=action.service,
        environment=action.environment,
        canary=canary,
        version=action.version,
        why=f"{person.name} aborted it",
        rationale=f"{person.name} aborted the canary.",
        impact=f"All traffic goes back to {action.before}.",
        rollback_plan="Begin the canary again.",
        artifacts=action.artifacts,
    )
    return await ask_for_approval(turn, desk, abort)


async def _press_promote(turn: Turn, desk: Desk) -> Reply:
    return await _promote(turn, desk, *await _pressed(turn, desk))


async def _press_abort(turn: Turn, desk: Desk) -> Reply:
    return await _abort(turn, desk, *await _pressed(turn, desk))


PRESSES: Mapping[str, Presses] = {"promote_canary": _press_promote, "abort_canary": _press_abort}
