"""How each agent is set: whether it is paused, its model, its budget, its tools, and how far it acts by itself.

An agent that nobody set has `AgentSettings()`: whatever its role has, and the matrix alone rules it. Settings
narrow what an agent may do and never widen it: autonomy and pause take from what the matrix rules
(`authority/precedence.py`), and tools can only be taken away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from governance.moments import end_words
from governance.standing import Autonomy
from governance.tables import AgentSettingsRow
from storage.database import locked

MOST_CALLS, MOST_TOKENS, MOST_COST = 10_000, 1_000_000_000, Decimal(1_000_000)
"""Of one story, and of money for a month as well: what is more is a slip of the pen."""

_Cost = Annotated[Decimal, Field(gt=0, le=MOST_COST, max_digits=9, decimal_places=2)]
_UNSET = "as its role has it"


class AgentSettings(BaseModel):
    """One agent's settings; what is None is as its role has it.

    `paused_until` is when a pause ends by itself, `paused_why` what people read of it. `story_…` is what the
    agent may use of a model for one story or plan, `month_cost` what it may use in a calendar month (USD) of
    the department's zone. `without` are tools of its role that were taken away, in the order of their names.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    autonomy: Autonomy = Autonomy.ACT
    paused: bool = False
    paused_until: AwareDatetime | None = None
    paused_why: str = Field(default="", max_length=500)
    model: str | None = Field(default=None, min_length=1, max_length=100)
    story_calls: int | None = Field(default=None, ge=1, le=MOST_CALLS)
    story_tokens: int | None = Field(default=None, ge=1, le=MOST_TOKENS)
    story_cost: _Cost | None = None
    month_cost: _Cost | None = None
    without: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.paused and (self.paused_until is not None or self.paused_why):
            raise ValueError("what is not paused has no end of a pause, and no reason for one")
        if self.without != tuple(sorted(set(self.without))):
            raise ValueError("tools are named once, in order")
        return self

    def at(self, moment: datetime) -> AgentSettings:
        """The same at a moment: a pause whose end has come is over."""
        if not self.paused or self.paused_until is None or moment < self.paused_until:
            return self
        return self.model_copy(update={"paused": False, "paused_until": None, "paused_why": ""})

    def shown(self, zone: str = "UTC") -> Mapping[str, str]:
        """Every setting by its name, in words; times in a zone of the tz database."""
        return {
            "State": self._state(zone),
            "Autonomy": self.autonomy.value,
            "Model": self.model or _UNSET,
            "Calls a story": _UNSET if self.story_calls is None else f"{self.story_calls:,}",
            "Tokens a story": _UNSET if self.story_tokens is None else f"{self.story_tokens:,}",
            "Money a story": _UNSET if self.story_cost is None else f"${self.story_cost:,.2f}",
            "Money a month": "no limit" if self.month_cost is None else f"${self.month_cost:,.2f}",
            "Tools": f"all but {', '.join(self.without)}" if self.without else "all of its role",
        }

    def _state(self, zone: str) -> str:
        if not self.paused:
            return "working"
        ends = f" until {end_words(self.paused_until, zone)}" if self.paused_until else ""
        return f"paused{ends}" + (f" ({self.paused_why})" if self.paused_why else "")


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that becomes different."""

    name: str
    before: str
    after: str


def changes(was: AgentSettings, becomes: AgentSettings, zone: str = "UTC") -> tuple[Change, ...]:
    """What is different, setting by setting."""
    before, after = was.shown(zone), becomes.shown(zone)
    return tuple(Change(name, before[name], after[name]) for name in before if before[name] != after[name])


@dataclass(frozen=True, slots=True)
class Configured:
    """An agent's settings, and who changed them last; `at` is None where nobody ever did."""

    settings: AgentSettings
    by: str | None = None
    at: datetime | None = None


async def all_configured(tx: AsyncSession, moment: datetime) -> Mapping[str, Configured]:
    """Those agents that somebody set, by their roles' names."""
    rows = (await tx.execute(select(AgentSettingsRow))).scalars()
    return {row.agent: Configured(stored(row, moment), row.changed_by, row.changed) for row in rows}


async def configured(tx: AsyncSession, agent: str, moment: datetime) -> Configured:
    """How one agent is set."""
    row = (await tx.execute(select(AgentSettingsRow).where(AgentSettingsRow.agent == agent))).scalar()
    if row is None:
        return Configured(AgentSettings())
    return Configured(stored(row, moment), row.changed_by, row.changed)


async def settings_for_update(tx: AsyncSession, agent: str, moment: datetime, by: str) -> AgentSettingsRow:
    """An agent's row, locked until `tx` ends; made where there is none, so that two who change it at once wait
    for each other. `moment` and `by` stand in one that is made."""
    made = insert(AgentSettingsRow).values(
        agent=agent, body=AgentSettings().model_dump(mode="json"), changed=moment, changed_by=by
    )
    await tx.execute(made.on_conflict_do_nothing())
    query = select(AgentSettingsRow).where(AgentSettingsRow.agent == agent)
    return (await tx.execute(locked(query).execution_options(populate_existing=True))).scalar_one()


def put(row: AgentSettingsRow, settings: AgentSettings, reason: str, by: str, at: datetime) -> None:
    """Set an agent. Who paused it, and who narrowed its autonomy, stays known while that stands."""
    was = stored(row, at)
    if settings.paused and not was.paused:
        row.paused_by, row.paused_since = by, at
    elif not settings.paused:
        row.paused_by = row.paused_since = None
    if settings.autonomy is Autonomy.ACT:
        row.narrowed_by = row.narrowed_why = None
    elif settings.autonomy is not was.autonomy:
        row.narrowed_by, row.narrowed_why = by, reason
    row.body, row.changed, row.changed_by = settings.model_dump(mode="json"), at, by


def stored(row: AgentSettingsRow, moment: datetime) -> AgentSettings:
    """What a row says at a moment."""
    return AgentSettings.model_validate(row.body).at(moment)
