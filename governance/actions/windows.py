"""Windows: scheduled modes with an end, opened and closed by people."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar, Self

from pydantic import AwareDatetime, model_validator
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, Grant, Outcome, OutcomeState, Subject
from governance.actions.submitter import asking, submitter
from governance.authority.vocabulary import Given
from governance.moments import end_words, moment_words
from governance.overrides.authority import may_open
from governance.overrides.held import held_back
from governance.people import Actor
from governance.performing import release_held
from governance.permissions import Allowed
from governance.registry import ActionSpec, EffectFailed, free
from governance.standing import WindowMode
from governance.tables import WindowRow
from storage.database import locked
from storage.jobs import defer

LONGEST = timedelta(days=92)
"""A quarter: a longer window would be a policy of its own."""


class NoSuchWindow(LookupError):
    """No window with this id is open or to come."""


class OpenWindow(Action):
    """A mode over the half-open interval [`starts`, `ends`)."""

    type: ClassVar[str] = "governance.open_window"
    decision_type: ClassVar[str] = "window"

    mode: WindowMode
    starts: AwareDatetime
    ends: AwareDatetime

    @model_validator(mode="after")
    def _has_an_end(self) -> Self:
        if not self.starts < self.ends <= self.starts + LONGEST:
            raise ValueError("a window ends after it starts, and within 92 days")
        return self

    def summary(self) -> str:
        return f"Open a window: {self.mode}, {moment_words(self.starts)} to {end_words(self.ends)}"


class CloseWindow(Action):
    """A window ends now, or does not come about."""

    type: ClassVar[str] = "governance.close_window"
    decision_type: ClassVar[str] = "window"

    window: str
    mode: WindowMode

    def summary(self) -> str:
        return f"End the {self.mode} window"


_IMPACT = {
    WindowMode.PLANNING: "Agents only read while it is open.",
    WindowMode.AUDIT: "Auditors may read everything while it is open.",
    WindowMode.INCIDENT: "The SRE lead alone deploys, rolls back and scales while it is open; others wait.",
    WindowMode.DEMO: "Nothing starts by itself and the policy stays as it is while it is open.",
}


def open_window(mode: WindowMode, starts: datetime, ends: datetime, reason: str) -> OpenWindow:
    """The action, as it stands in the record. Raises ValueError for an interval that cannot be."""
    return OpenWindow(
        rationale=reason,
        impact=_IMPACT[mode],
        rollback_plan="End the window early; what it held back is then ruled on again.",
        mode=mode,
        starts=starts,
        ends=ends,
    )


def close_window(window: str, mode: WindowMode, reason: str) -> CloseWindow:
    """The action, as it stands in the record."""
    return CloseWindow(
        rationale=reason,
        impact="The ordinary rules hold again; what the window held back is ruled on again.",
        rollback_plan="Open another window.",
        window=window,
        mode=mode,
    )


async def coming_windows(tx: AsyncSession, moment: datetime) -> list[WindowRow]:
    """Windows that are open at `moment` or to come, by their start."""
    query = select(WindowRow).where(WindowRow.ends > moment).order_by(WindowRow.starts)
    return list((await tx.execute(query)).scalars())


async def _open(action: OpenWindow, grant: Grant, tx: AsyncSession) -> Outcome:
    who = await submitter(tx, grant)
    if action.ends <= who.at:
        raise EffectFailed("That window would be over already.")
    window = f"wi_{secrets.token_hex(5)}"
    tx.add(
        WindowRow(
            id=window,
            mode=action.mode.value,
            starts=action.starts,
            ends=action.ends,
            opened_by=who.person.id,
            reason=action.rationale,
        )
    )
    await defer(tx, "release_held", {}, at=action.ends)
    return Outcome(OutcomeState.DONE, action.summary() + ".", window)


async def _close(action: CloseWindow, grant: Grant, tx: AsyncSession) -> Outcome:
    who = await submitter(tx, grant)
    try:
        row = await _window(tx, action.window, lock=True)
    except NoSuchWindow:
        raise EffectFailed("That window was ended already.") from None
    if row.ends <= who.at:
        raise EffectFailed("That window is over already.")
    if row.starts < who.at:
        row.ends = who.at
    else:
        await tx.delete(row)
    await tx.flush()
    released = await release_held(tx)
    detail = f"The {row.mode} window has ended. {held_back(released)}"
    return Outcome(OutcomeState.DONE, detail, row.id)


async def _window(tx: AsyncSession, window: str, *, lock: bool = False) -> WindowRow:
    query = select(WindowRow).where(WindowRow.id == window)
    row = (await tx.execute(locked(query) if lock else query)).scalar()
    if row is None:
        raise NoSuchWindow(window)
    return row


async def _may_open(action: OpenWindow, actor: Actor, tx: AsyncSession) -> Mapping[str, Given]:
    person = await asking(tx, actor)
    return {"permitted": isinstance(may_open(person.roles, action.mode), Allowed)}


async def _may_close(action: CloseWindow, actor: Actor, tx: AsyncSession) -> Mapping[str, Given]:
    person = await asking(tx, actor)
    row = await _window(tx, action.window)
    return {"permitted": isinstance(may_open(person.roles, WindowMode(row.mode)), Allowed)}


def _close_again(action: OpenWindow, outcome: Outcome) -> Action | None:
    if outcome.reference is None:
        return None
    return close_window(outcome.reference, action.mode, "Takes back a window")


def _subject(_action: Action) -> Subject:
    return Subject("windows")


SPECS = (
    ActionSpec(
        OpenWindow,
        _subject,
        change=_open,
        establish=_may_open,
        establishes=("permitted",),
        undo=_close_again,
        costs=free,
    ),
    ActionSpec(
        CloseWindow, _subject, change=_close, establish=_may_close, establishes=("permitted",), costs=free
    ),
)
