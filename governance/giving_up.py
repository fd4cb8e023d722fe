"""What becomes of an effect or an approval whose job was given up: it ends, and whose it is is told, once.

An effect whose action can still be read ends as any other does. Of one that cannot, the row and the record say
how it ended. An approval that can be read stays open (what its conditions look at may come back); one that
cannot is withdrawn, so that it keeps no list of open ones from being read.
"""

from __future__ import annotations

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Outcome, OutcomeState
from governance.approvals.decision import Status
from governance.approvals.store import approval_row, state_of
from governance.audit.effect_entries import chain_of
from governance.audit.entries import EffectEntry, EntryKind, Measure
from governance.audit.log import record
from governance.effects import actor_of, effect_for_update, outcome_to_json, ruling_of, wake_owner
from governance.gate import Gate
from governance.performing import effect_chain, tell_of_end
from governance.tables import EffectRow
from governance.withdrawal import withdraw
from storage.notices import tell_given_up
from storage.savepoints import whole

_log = structlog.get_logger()

_GIVEN_UP = "Something went wrong on my side, and trying again did not help."
_NOTHING_DONE = "Nothing was done; ask for it again."
_MAY_BE_DONE = "It may have been done all the same; look there before you ask for it again."
_LOG = "Whoever runs Countersign finds the fault in the log."


async def end_effect(tx: AsyncSession, gate: Gate, effect: str) -> None:
    """End an effect that fails at every try, so that no sweep begins it anew.

    | row says  | nobody called the port   | it may have been called |
    |-----------|--------------------------|-------------------------|
    | `ready`   | failed: nothing was done |                         |
    | `claimed` |                          | unknown: a person looks |
    """
    row = await effect_for_update(tx, effect)
    if row.state not in ("ready", "claimed"):
        return
    begun = row.state == "claimed"
    state = OutcomeState.UNKNOWN if begun else OutcomeState.FAILED
    ended = Outcome(state, f"{_GIVEN_UP} {_MAY_BE_DONE if begun else _NOTHING_DONE}")
    try:
        async with whole(tx):
            action = gate.registry.decode(row.body)
            await gate.finish(tx, action, row, await effect_chain(tx, row), ended)
            await tell_of_end(tx, row)
    except (LookupError, ValueError, TypeError):
        await _end_unreadable(tx, gate, effect, ended)


async def _end_unreadable(tx: AsyncSession, gate: Gate, effect: str, ended: Outcome) -> None:
    row = await effect_for_update(tx, effect)
    await tx.refresh(row)
    now = gate.clock()
    row.state, row.outcome, row.finished = ended.state.value, outcome_to_json(ended), now
    await tx.flush()
    await wake_owner(tx, row)
    people = (row.requester,) if row.requester else ()
    await tell_given_up(tx, f"effect:{row.id}", ended.detail, _LOG, place=row.place, people=people)
    try:
        async with whole(tx):
            await record(tx, await _unreadable_outcome(tx, gate, row, ended))
    except ValueError:  # without its votes there is no entry that says by whose leave it was to be done
        _log.exception("outcome_not_recorded", effect=effect)


async def _unreadable_outcome(tx: AsyncSession, gate: Gate, row: EffectRow, ended: Outcome) -> EffectEntry:
    """The outcome of an intent, when what was intended cannot be read any more: the intent's entry has it."""
    try:
        chain = await effect_chain(tx, row)
    except (LookupError, ValueError, TypeError):
        chain = chain_of(ruling_of(row))
    return EffectEntry(
        kind=EntryKind.OUTCOME,
        type=row.action_type,
        actor=actor_of(row),
        at=gate.clock(),
        effect=row.id,
        turn=row.turn,
        details={"state": ended.state, "detail": ended.detail, "reference": None},
        measures={Measure.COST: row.cost, Measure.OUTCOME: ended.state.value},
        rationale="What was to be done cannot be read from its row any more; the intent's entry says it.",
        approvals=chain,
        impact="The effect ended without being carried out any further.",
        rollback_plan="There is nothing to take back that is known of.",
        artifacts=(f"action:sha256:{row.digest}",),
    )


async def end_approval(tx: AsyncSession, gate: Gate, approval: str) -> None:
    """Say that an approval cannot be looked after just now; end one whose row cannot be read."""
    row = await approval_row(tx, approval, lock=True)
    if row.status != Status.OPEN.value:
        return
    people = (row.requester,) if row.requester else ()
    title, place, subject = row.title, row.place, f"approval:{row.id}"
    try:
        state_of(row)
    except ValueError:
        row.status, row.decided = Status.WITHDRAWN.value, gate.clock()
        await withdraw(tx, approval, "The proposal could not be read any more.")
        what = f"The proposal “{title}” cannot be read any more, so it is withdrawn and nothing of it is done."
        then = f"Ask for it again. {_LOG}"
        await tell_given_up(tx, subject, what, then, place=place, people=people)
        return
    what = f"The conditions and reminders of “{title}” cannot be looked at just now. {_GIVEN_UP}"
    then = f"It stays open, and votes count as ever. {_LOG}"
    await tell_given_up(tx, subject, what, then, people=people)
