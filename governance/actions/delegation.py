"""Delegation: somebody decides for somebody else, recorded and bounded."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar, Self

from pydantic import AwareDatetime, model_validator
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, Grant, Outcome, OutcomeState, Subject
from governance.actions.submitter import submitter
from governance.directory import NoSuchPerson, lock_people, names_of_all, person_by_id
from governance.moments import end_words
from governance.permissions import VOTERS
from governance.registry import ActionSpec, EffectFailed, free
from governance.tables import DelegationRow
from storage.database import locked

LONGEST = timedelta(days=30)


class CannotDelegate(Exception):
    """These votes cannot be handed over so. The text says why and what to do."""


class Delegate(Action):
    """`to_person` decides for `from_person`, who asks for it, in [`starts`, `ends`)."""

    type: ClassVar[str] = "governance.delegate"
    decision_type: ClassVar[str] = "delegation"

    from_person: str
    to_person: str
    starts: AwareDatetime
    ends: AwareDatetime

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if not self.starts < self.ends <= self.starts + LONGEST:
            raise ValueError("a delegation ends after it starts, and within 30 days")
        return self

    def summary(self) -> str:
        return self.described({one: one for one in (self.from_person, self.to_person)})

    def described(self, names: Mapping[str, str]) -> str:
        return self.said(names, "UTC")

    def said(self, names: Mapping[str, str], zone: str) -> str:
        """What it does, with its end in a time zone."""
        until = end_words(self.ends, zone)
        return f"{names[self.to_person]} decides for {names[self.from_person]} until {until}"


class EndDelegation(Action):
    """A delegation ends before its time."""

    type: ClassVar[str] = "governance.end_delegation"
    decision_type: ClassVar[str] = "delegation"

    delegation: str
    from_person: str
    to_person: str

    def summary(self) -> str:
        return self.described({one: one for one in (self.from_person, self.to_person)})

    def described(self, names: Mapping[str, str]) -> str:
        return f"{names[self.to_person]} no longer decides for {names[self.from_person]}"


def delegate(from_person: str, to_person: str, starts: datetime, ends: datetime, reason: str) -> Delegate:
    """The action, as it stands in the record. Raises ValueError for an interval that cannot be."""
    return Delegate(
        rationale=reason,
        impact="They may vote in the place of whoever asks; the two fill one vote between them.",
        rollback_plan="End the delegation; votes cast under it stop counting where they are not yet executed.",
        from_person=from_person,
        to_person=to_person,
        starts=starts,
        ends=ends,
    )


def end_delegation(row: DelegationRow, reason: str) -> EndDelegation:
    """The action, as it stands in the record."""
    return _end_of(row.id, row.from_person, row.to_person, reason)


def _end_of(delegation: str, from_person: str, to_person: str, reason: str) -> EndDelegation:
    return EndDelegation(
        rationale=reason,
        impact="The deputy votes for themselves alone from now on.",
        rollback_plan="Delegate again.",
        delegation=delegation,
        from_person=from_person,
        to_person=to_person,
    )


def _end_again(action: Delegate, outcome: Outcome) -> Action | None:
    if outcome.reference is None:
        return None
    return _end_of(outcome.reference, action.from_person, action.to_person, "Takes back a delegation")


async def delegations_of(tx: AsyncSession, person: str, moment: datetime) -> list[DelegationRow]:
    """Delegations by this person that stand at `moment` or are to come."""
    query = select(DelegationRow).where(
        DelegationRow.from_person == person, DelegationRow.ended.is_(None), DelegationRow.ends > moment
    )
    return list((await tx.execute(query.order_by(DelegationRow.starts))).scalars())


async def check_delegation(tx: AsyncSession, action: Delegate, moment: datetime) -> None:
    """Raises CannotDelegate: for oneself, to strangers, for what is over, in chains, twice over."""
    if action.ends <= moment:
        raise CannotDelegate("That end has passed already; name one to come.")
    if action.to_person == action.from_person:
        raise CannotDelegate("Nobody can decide for themselves as somebody else; name another person.")
    try:
        receiver = await person_by_id(tx, action.to_person)
    except NoSuchPerson:
        raise CannotDelegate(f"I know nobody called {action.to_person}.") from None
    if not receiver.holds(*VOTERS):
        raise CannotDelegate(f"{receiver.name} has no vote of their own here; name somebody who has.")
    zone = (await person_by_id(tx, action.from_person)).time_zone
    for row in await _overlapping(tx, action):
        if row.from_person == action.from_person:
            raise CannotDelegate(
                f"{await _name(tx, row.to_person)} decides for you already until {end_words(row.ends, zone)};"
                " take your votes back first."
            )
        if row.to_person == action.from_person:
            raise CannotDelegate(
                f"You decide for {await _name(tx, row.from_person)} in that time, and votes are not handed on;"
                " ask them to name somebody else first."
            )
        raise CannotDelegate(
            f"{receiver.name} hands over their own votes in that time; name somebody who is there."
        )


async def _name(tx: AsyncSession, person: str) -> str:
    return (await person_by_id(tx, person)).name


async def _overlapping(tx: AsyncSession, action: Delegate) -> list[DelegationRow]:
    query = select(DelegationRow).where(
        or_(
            DelegationRow.from_person.in_((action.from_person, action.to_person)),
            DelegationRow.to_person == action.from_person,
        ),
        DelegationRow.ended.is_(None),
        DelegationRow.starts < action.ends,
        DelegationRow.ends > action.starts,
    )
    return list((await tx.execute(query.order_by(DelegationRow.starts))).scalars())


async def _delegate(action: Delegate, grant: Grant, tx: AsyncSession) -> Outcome:
    who = await submitter(tx, grant)
    if who.person.id != action.from_person:
        raise EffectFailed("People hand over their own votes only.")
    await lock_people(tx)
    try:
        await check_delegation(tx, action, who.at)
    except CannotDelegate as cannot:
        raise EffectFailed(str(cannot)) from cannot
    delegation = f"de_{secrets.token_hex(5)}"
    tx.add(
        DelegationRow(
            id=delegation,
            from_person=action.from_person,
            to_person=action.to_person,
            starts=action.starts,
            ends=action.ends,
        )
    )
    said = action.said(await names_of_all(tx), who.person.time_zone)
    return Outcome(OutcomeState.DONE, f"{said}.", delegation)


async def _end(action: EndDelegation, grant: Grant, tx: AsyncSession) -> Outcome:
    who = await submitter(tx, grant)
    query = locked(select(DelegationRow).where(DelegationRow.id == action.delegation))
    row = (await tx.execute(query)).scalar()
    if row is None or row.ended is not None or row.ends <= who.at:
        raise EffectFailed("That delegation has ended already.")
    if who.person.id not in (row.from_person, row.to_person):
        raise EffectFailed("Only the two people whom a delegation is between can end it.")
    row.ended = who.at
    return Outcome(OutcomeState.DONE, action.described(await names_of_all(tx)) + ".", row.id)


def _subject(_action: Action) -> Subject:
    return Subject("access")


SPECS = (
    ActionSpec(Delegate, _subject, change=_delegate, undo=_end_again, costs=free),
    ActionSpec(EndDelegation, _subject, change=_end, costs=free),
)
