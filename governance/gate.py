"""The gate: the one way to an effect. It rules on an action, records, and performs, parks or refuses.

What is a change of the department's own rows is performed here, in the ruling's transaction. What
reaches the outside world is left `ready` for `governance/performing.py`, with its intent on record.

Everything happens in the caller's transaction, and nothing here calls a port: ruling, row, entries, approval
and job commit together or not at all. A crash before the commit leaves nothing of a submission.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from governance import fence
from governance.action import Action, Grant, Outcome, OutcomeState, Ruling, Verdict
from governance.approvals.asking import NewApproval, open_approval
from governance.audit.effect_entries import chain_of, intent, outcome
from governance.audit.entries import Absence, ApprovalChain, Entry, EntryKind, NotApplicable
from governance.audit.log import record
from governance.authority.evaluate import rule
from governance.authority.policy import Policy
from governance.authority.request import Request
from governance.authority.vocabulary import Given
from governance.directory import NoSuchPerson, person_by_id
from governance.effects import Origin, actor_of, new_row, outcome_to_json, queue_effect
from governance.establishing import cost_in, establish
from governance.overrides.rows import read_standing
from governance.people import Actor, Role
from governance.policies import active_policy
from governance.registry import ActionSpec, EffectFailed, Registry
from governance.tables import EffectRow
from storage.database import tenant_of


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a submitted action. `outcome` is set when it is already done."""

    effect: str
    ruling: Ruling
    approval: str | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """How an approval is asked for, where one is needed: what people read above it, the events that
    the requester wants to hear of, and the approval that it replaces."""

    title: str
    notifications: tuple[str, ...] = ()
    supersedes: str | None = None


class Gate:
    """Rules on actions for one installation. Holds no state of its own: rows are the truth."""

    def __init__(
        self,
        policy: Policy,
        registry: Registry,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        agents: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        """`agents` are the action types that each agent may come with; one that is not there may with none.
        Without it all may with all."""
        self.agents = agents
        self.policy = policy
        self.registry = registry
        self.clock = clock

    async def submit(
        self, tx: AsyncSession, action: Action, *, actor: Actor, origin: Origin, asking: Asking | None = None
    ) -> Submitted:
        """Rule on one action, record the ruling, and perform, queue, park or refuse it, all in `tx`."""
        (submitted,) = await self.submit_all(tx, (action,), actor=actor, origin=origin, asking=asking)
        return submitted

    async def submit_all(
        self,
        tx: AsyncSession,
        actions: Sequence[Action],
        *,
        actor: Actor,
        origin: Origin,
        asking: Asking | None = None,
    ) -> tuple[Submitted, ...]:
        """Rule on several actions. Those that need approval are asked for as one list of exact actions.

        Each is ruled on by itself, in order, and spending counts as it goes. Raises ValueError when
        actions of different decision types, or of one that is not approved as a list, would share an
        approval: each row's approval is its own.
        """
        made: list[tuple[Action, EffectRow, Ruling]] = []
        for position, action in enumerate(actions):
            facts = await self.facts(tx, action, actor=actor)
            ruling = await self.rule(tx, action, actor=actor, facts=facts)
            if ruling.verdict is Verdict.EXECUTE and self._is_done_here(action, actor):
                # It is performed in `tx` itself, so a halt comes before this or waits until it is done. What
                # is queued or parked is looked at again when it is claimed.
                await fence.hold(tx)
                ruling = await self.rule(tx, action, actor=actor, facts=facts)
            row = new_row(
                action,
                self._spec(action).subject(action),
                actor,
                ruling,
                _STATES[ruling.verdict],
                origin,
                self.clock(),
                cost=cost_in(facts, action),
            )
            row.position = position
            tx.add(row)
            await tx.flush()
            made.append((action, row, ruling))
        parked = [(action, row, ruling) for action, row, ruling in made if row.state == "parked"]
        approval = await self._ask(tx, parked, actor, origin, asking) if parked else None
        return tuple([await self._settle(tx, action, row, ruling, approval) for action, row, ruling in made])

    async def rule(
        self,
        tx: AsyncSession,
        action: Action,
        *,
        actor: Actor,
        approved: bool = False,
        effect: str | None = None,
        facts: Mapping[str, Given] | None = None,
    ) -> Ruling:
        """What the matrix, and what stands now, say of an action; decides nothing and records nothing.

        `effect` names the row that is being ruled on again, so that its cost does not count twice. `facts`
        are those of `Gate.facts` where they have been established in `tx` already.
        """
        spec = self._spec(action)
        moment = self.clock()
        return rule(
            await active_policy(tx, self.policy),
            Request(
                decision_type=action.decision_type,
                action_type=action.type,
                actor=actor,
                requester_roles=await _roles(tx, actor.requester),
                facts=await self.facts(tx, action, actor=actor, effect=effect) if facts is None else facts,
                subject=spec.subject(action),
                standing=await read_standing(tx, moment),
                moment=moment,
                approved=approved,
                in_flight=effect is not None,
                known_types=self.registry.decision_types,
                is_agents=self._is_for(actor, action),
            ),
        )

    def _is_for(self, actor: Actor, action: Action) -> bool:
        """Whether an agent may come with such an action at all."""
        if actor.kind != "agent" or self.agents is None:
            return True
        return action.type in self.agents.get(actor.id, ())

    async def facts(
        self, tx: AsyncSession, action: Action, *, actor: Actor, effect: str | None = None
    ) -> Mapping[str, Given]:
        """What code establishes about an action now: its cost, the day's spending, and its type's own facts."""
        spec = self._spec(action)
        return await establish(tx, spec, action, actor, moment=self.clock(), apart_from=effect)

    async def facts_again(self, tx: AsyncSession, action: Action, row: EffectRow) -> Mapping[str, Given]:
        """The same for an effect that is ruled on again; its row takes note of what it costs by now."""
        facts = await self.facts(tx, action, actor=actor_of(row), effect=row.id)
        row.cost = cost_in(facts, action)
        return facts

    async def queue(self, tx: AsyncSession, action: Action, row: EffectRow, chain: ApprovalChain) -> None:
        """Put the intent on record, and queue the job that performs the action."""
        # The job is seen when `tx` commits, and so is the intent; it waits until that one is numbered.
        await self._intend(tx, action, row, chain)
        row.state = "ready"
        await queue_effect(tx, row)

    async def change(self, tx: AsyncSession, action: Action, row: EffectRow, chain: ApprovalChain) -> Outcome:
        """Perform a change of our own rows in `tx`; a change that refuses leaves nothing behind."""
        spec = self._spec(action)
        if spec.change is None:
            raise TypeError(f"{action.type} reaches the outside world, and is performed by its job")
        grant = self.mint(tx, row, epoch=0)
        row.claimed = grant.minted_at
        # A savepoint: a change that refuses half-way takes back its own rows, and its outcome still commits.
        try:
            async with tx.begin_nested():
                ended = await spec.change(action, grant, tx)
        except EffectFailed as failed:
            ended = Outcome(OutcomeState.FAILED, str(failed))
        await self.finish(tx, action, row, chain, ended)
        return ended

    async def _intend(self, tx: AsyncSession, action: Action, row: EffectRow, chain: ApprovalChain) -> None:
        entry = intent(
            action,
            actor_of(row),
            row.id,
            chain,
            cost=row.cost,
            subject=_subject_id(row),
            turn=row.turn,
            at=self.clock(),
        )
        row.intent = await record(tx, entry)

    def mint(self, tx: AsyncSession, row: EffectRow, *, epoch: int) -> Grant:
        """Leave to perform exactly `row`, once. Its id is the idempotency key downstream.

        A row that was claimed before and never arrived keeps its key.

        Only `change` and a claim call it, both with the row theirs until `tx` ends, so that no two mint for
        one row; `tests/architecture` fails for another caller.
        """
        moment = self.clock()
        row.grant_id = row.grant_id or f"gr_{secrets.token_hex(12)}"
        return Grant(row.grant_id, tenant_of(tx), row.id, row.digest, epoch, moment)

    async def finish(
        self, tx: AsyncSession, action: Action, row: EffectRow, chain: ApprovalChain, ended: Outcome
    ) -> None:
        """Put an outcome on record and in the row."""
        moment = self.clock()
        row.state = ended.state.value
        row.outcome = outcome_to_json(ended)
        row.finished = moment
        entry = outcome(
            action,
            actor_of(row),
            row.id,
            chain,
            ended,
            cost=row.cost,
            subject=_subject_id(row),
            turn=row.turn,
            at=moment,
        )
        await record(tx, entry)

    def _is_done_here(self, action: Action, actor: Actor) -> bool:
        return actor.kind != "person" and self._spec(action).change is not None

    def _spec(self, action: Action) -> ActionSpec:
        return self.registry.spec(action.type)

    async def _ask(
        self,
        tx: AsyncSession,
        parked: Sequence[tuple[Action, EffectRow, Ruling]],
        actor: Actor,
        origin: Origin,
        asking: Asking | None,
    ) -> str:
        first, _, ruling = parked[0]
        if ruling.terms is None:
            raise ValueError(f"{ruling.rule} asks for approval without terms")
        alike = {action.decision_type for action, _, _ in parked} == {first.decision_type}
        if len(parked) > 1 and not (alike and ruling.terms.as_list):
            raise ValueError("these actions cannot be approved as one list: submit them one by one")
        strictest = max(
            (r.terms for _, _, r in parked if r.terms is not None), key=lambda terms: len(terms.slots)
        )
        asked = asking or Asking(title=first.summary())
        return await open_approval(
            tx,
            NewApproval(
                title=asked.title,
                decision_type=first.decision_type,
                actions=tuple(action for action, _, _ in parked),
                cost=sum((row.cost for _, row, _ in parked), Decimal(0)),
                ruling=ruling,
                terms=strictest,
                notifications=asked.notifications,
                actor=actor,
                supersedes=asked.supersedes,
            ),
            origin,
            self.clock(),
        )

    async def _settle(
        self, tx: AsyncSession, action: Action, row: EffectRow, ruling: Ruling, approval: str | None
    ) -> Submitted:
        match ruling.verdict:
            case Verdict.EXECUTE:
                chain = chain_of(ruling)
                if self._spec(action).change is None:
                    await self.queue(tx, action, row, chain)
                    return Submitted(row.id, ruling)
                await self._intend(tx, action, row, chain)
                return Submitted(row.id, ruling, outcome=await self.change(tx, action, row, chain))
            case Verdict.APPROVE_FIRST:
                row.approval = approval
                await tx.flush()
                return Submitted(row.id, ruling, approval=approval)
            case Verdict.PEOPLE_ONLY | Verdict.REFUSE:
                await record(tx, _not_done(action, row, ruling, self.clock()))
                return Submitted(row.id, ruling)


_STATES = {
    Verdict.EXECUTE: "ready",
    Verdict.APPROVE_FIRST: "parked",
    Verdict.PEOPLE_ONLY: "left_to_people",
    Verdict.REFUSE: "refused",
}


def _subject_id(row: EffectRow) -> str | None:
    return row.plan or row.service


async def _roles(tx: AsyncSession, requester: str | None) -> frozenset[Role]:
    if requester is None:
        return frozenset()
    try:
        person = await person_by_id(tx, requester)
    except NoSuchPerson:
        return frozenset()
    return person.roles if person.active else frozenset()


def _not_done(action: Action, row: EffectRow, ruling: Ruling, at: datetime) -> Entry:
    nothing = NotApplicable(not_applicable=Absence.NOTHING_WAS_DONE)
    return Entry(
        kind=EntryKind.REFUSAL if ruling.verdict is Verdict.REFUSE else EntryKind.RULING,
        type=action.type,
        actor=actor_of(row),
        at=at,
        subject=_subject_id(row),
        turn=row.turn,
        effect=row.id,
        details=action.body() | {"why": ruling.why},
        rationale=action.rationale,
        approvals=chain_of(ruling),
        impact=action.impact,
        rollback_plan=nothing,
        artifacts=action.artifacts or NotApplicable(not_applicable=Absence.NO_ARTIFACTS),
    )
