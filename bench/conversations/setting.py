"""Bringing about what stands before somebody speaks: freezes, halts, windows, delegations, plans, stories,
proposals and agents' decisions, each through the gate as the person who may."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from sqlalchemy import select

from agents.actions import CancelPlan, PausePlan, PlanAction, ResumePlan
from agents.plans.rows import new_plan
from agents.plans.tables import PlanRow
from bench.conversations.department import TENANT
from bench.conversations.stand_ins import StandIn, stand_in
from bench.conversations.talk import Talk
from governance.action import Action, OutcomeState
from governance.actions.delegation import delegate, delegations_of, end_delegation
from governance.actions.freezing import lay_freeze, lift_freeze
from governance.actions.halting import halt_agents, resume_agents
from governance.actions.windows import close_window, coming_windows, open_window
from governance.approvals.voting import take_back, vote
from governance.directory import person_by_id
from governance.gate import Asking
from governance.overrides.rows import standing_rows
from governance.people import Actor
from governance.standing import FreezeKind, WindowMode
from governance.tables import PersonRow
from governance.visibility import EVERYTHING
from handlers.conversation.origin import place_json
from integrations.customers import AccountQuery
from integrations.pages import Part
from integrations.tracker import Priority, StoryDraft, StoryStatus
from integrations.tracker.actions import SetPriority, SetStatus, StatusStep, new_story
from integrations.tracker.vendors.local.tables import StoryRow
from storage.jobs import defer

_WHY = "It stood so before."


class CannotStand(Exception):
    """Something cannot be brought about in this department. The text says what."""


async def _do(talk: Talk, action: Action, by: str | Actor) -> str:
    """Submit what is done at once or by a job; returns what it made."""
    done = await talk.submit(action, by)
    if done.outcome is not None and done.outcome.state is OutcomeState.DONE:
        return done.outcome.reference or ""
    if done.outcome is not None or done.approval is not None or done.ruling.verdict.value != "execute":
        raise CannotStand(f"{action.summary()}: {done.outcome or done.ruling.why}")
    await talk.work()
    return done.effect


async def halt(talk: Talk, by: str) -> None:
    """All agents are halted by somebody who may."""
    await _do(talk, halt_agents(_WHY), by)


async def resume(talk: Talk, by: str) -> None:
    """The agents go on."""
    await _do(talk, resume_agents(_WHY), by)


async def freeze(talk: Talk, by: str, kind: FreezeKind, scope: str, until: datetime | None) -> None:
    """A freeze stands."""
    await _do(talk, lay_freeze(kind, scope, _WHY, until), by)


async def lift_freezes(talk: Talk, scope: str | None = None) -> None:
    """Freezes end: of one service, or all, each by whoever laid it."""
    async with talk.held.database.transaction(TENANT) as tx:
        rows = [row for row in await standing_rows(tx, "freeze") if scope is None or row.subject == scope]
    for row in rows:
        await _do(talk, lift_freeze(row.id, row.subject or row.scope, _WHY), row.made_by)


async def delegates(talk: Talk, giver: str, taker: str, starts: datetime, ends: datetime) -> None:
    """Somebody decides for somebody else, in the place of what was delegated before."""
    await end_delegations(talk, giver)
    await _do(talk, delegate(giver, taker, starts, ends, _WHY), giver)


async def end_delegations(talk: Talk, giver: str) -> None:
    """Somebody decides for themselves again."""
    async with talk.held.database.transaction(TENANT) as tx:
        standing = await delegations_of(tx, giver, talk.now)
    for row in standing:
        await _do(talk, end_delegation(row, _WHY), giver)


async def window(talk: Talk, by: str, mode: WindowMode, starts: datetime, ends: datetime) -> None:
    """A window is booked, in the place of others of its mode."""
    await close_windows(talk, by, mode)
    await _do(talk, open_window(mode, starts, ends, _WHY), by)


async def close_windows(talk: Talk, by: str, mode: WindowMode) -> None:
    """No window of a mode is open or to come."""
    async with talk.held.database.transaction(TENANT) as tx:
        rows = [row for row in await coming_windows(tx, talk.now) if row.mode == mode.value]
    for row in rows:
        await _do(talk, close_window(row.id, mode, _WHY), by)


async def document_of(talk: Talk, topic: str) -> str | None:
    """The requirements document whose name has one of the words of `topic`."""
    words = {word.rstrip("s") for word in re.findall(r"[a-z0-9]+", topic.casefold())}
    for name in (await talk.held.ports.documents.names(Part())).items:
        parts = name.removesuffix(".md").casefold().split("-")[3:]
        if any(part.rstrip("s") in words for part in parts if not part.startswith("v")):
            return name
    return None


async def plan_proposed(talk: Talk, topic: str, by: str) -> str:
    """A plan from the document on `topic` waits for its approval, whose id is returned."""
    document = await document_of(talk, topic)
    if document is None:
        raise CannotStand(f"a plan of {topic}: there is no document on it")
    plan = new_plan(document, by, place_json(talk.place), talk.place.key, None)
    async with talk.held.database.transaction(TENANT) as tx:
        tx.add(plan)
        await tx.flush()
        await defer(tx, "draft_plan", {"plan": plan.id}, lock=f"plan:{plan.id}", slow=True)
    await talk.work()
    async with talk.held.database.transaction(TENANT) as tx:
        row = (await tx.execute(select(PlanRow).where(PlanRow.id == plan.id))).scalar_one()
    if row.approval is None:
        raise CannotStand(f"a plan of {topic}: {row.why}")
    return row.approval


async def plan_under_way(talk: Talk, topic: str) -> str:
    """A plan from the document on `topic` is being carried out; returns its id."""
    approval = await plan_proposed(talk, topic, "david")
    await decide(talk, approval, "amanda", "approve")
    await talk.work()
    async with talk.held.database.transaction(TENANT) as tx:
        return (await tx.execute(select(PlanRow.id).where(PlanRow.approval == approval))).scalar_one()


async def plan_becomes(talk: Talk, plan: str, verb: Literal["pause", "resume", "cancel"]) -> None:
    """A plan is paused, goes on or is cancelled."""
    kinds: Mapping[str, type[PlanAction]] = {"pause": PausePlan, "resume": ResumePlan, "cancel": CancelPlan}
    async with talk.held.database.transaction(TENANT) as tx:
        title = (await tx.execute(select(PlanRow.title).where(PlanRow.id == plan))).scalar_one()
    action = kinds[verb](
        plan=plan, title=title, rationale=_WHY, impact="It stands so.", rollback_plan="Ask again."
    )
    await _do(talk, action, "amanda")


async def decide(talk: Talk, approval: str, by: str, choice: Literal["approve", "deny"]) -> None:
    """Somebody votes."""
    async with talk.held.database.transaction(TENANT) as tx:
        person = await person_by_id(tx, by)
        await vote(tx, talk.held.gate, approval, person=person, identity=f"console:{by}", choice=choice)
    await talk.work()


async def withdraw(talk: Talk, approval: str, by: str) -> None:
    """Whoever asked takes a proposal back."""
    async with talk.held.database.transaction(TENANT) as tx:
        person = await person_by_id(tx, by)
        await take_back(tx, talk.held.gate, approval, person=person, turn=None)


async def propose(talk: Talk, action: Action, by: str, title: str, *, agent: str | None = None) -> str:
    """A proposal waits for votes; returns its approval."""
    actor = Actor("agent", agent, on_behalf_of=by) if agent else Actor("person", by, identity=f"console:{by}")
    done = await talk.submit(action, actor, Asking(title))
    if done.approval is None:
        raise CannotStand(f"{title}: {done.ruling.why}")
    return done.approval


async def story(talk: Talk, title: str, team: str, priority: str) -> None:
    """A story was made just now."""
    draft = StoryDraft(title, title, (), team, _product_of(talk, team), Priority(priority), "frontend")
    action = new_story(draft, rationale=_WHY, impact="One more story.", rollback_plan="Cancel it.")
    await _do(talk, action, "david")


def _product_of(talk: Talk, team: str) -> str:
    products = talk.held.installation.department_file.products
    return next(product.id for product in products if team in product.teams)


async def reprioritise(talk: Talk, priority: str) -> None:
    """The story that was made last has another priority."""
    async with talk.held.database.transaction(TENANT) as tx:
        newest = select(StoryRow.id, StoryRow.priority).order_by(StoryRow.number.desc()).limit(1)
        made = (await tx.execute(newest)).one()
    if made.priority != priority:
        change = SetPriority(
            story=made.id,
            priority=Priority(priority),
            was=Priority(made.priority),
            rationale=_WHY,
            impact="It comes sooner or later.",
            rollback_plan="Set it back.",
        )
        await _do(talk, change, "david")


async def newcomer(talk: Talk, name: str) -> str:
    """Somebody is in the department whom its file does not have; returns their id."""
    row = PersonRow(id=name.casefold(), name=name, time_zone="America/New_York", accounts=[])
    async with talk.held.database.transaction(TENANT) as tx:
        tx.add(row)
    return row.id


async def watches(talk: Talk, who: str, text: str) -> None:
    """Somebody is told of whatever becomes of the customers in `text`."""
    for account in (await talk.held.ports.customers.accounts(EVERYTHING, AccountQuery())).items:
        if account.name.casefold() in text.casefold():
            await talk.press(who, "ask", f"subscribe tell me whenever anything changes for {account.name}")


async def agent_rejected(talk: Talk, agent: str, card: str, reason: str) -> None:
    """An agent rejected a story: it is blocked, for this reason."""
    was = (await talk.held.ports.tracker.story(EVERYTHING, card)).status
    step = StatusStep(card, StoryStatus.BLOCKED, was, reason)
    action = SetStatus(stories=(step,), rationale=reason, impact=f"{card} waits.", rollback_plan="Unblock it.")
    effect = await propose(talk, action, "david", f"Reject {card}", agent=agent)
    await decide(talk, effect, "david", "approve")


async def agent_scaled(talk: Talk, agent: str, service: str) -> None:
    """An agent scaled a service down."""
    action: StandIn = stand_in("resource_scaling", f"Scale {service} down", _WHY, service=service)
    await _do(talk, action, Actor("agent", agent, on_behalf_of="nathan"))
