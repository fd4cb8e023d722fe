"""Setting an agent: pause, model, budget, tools, autonomy."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, Grant, Outcome, OutcomeState, Subject
from governance.actions.submitter import submitter
from governance.agent_settings import AgentSettings, changes, put, settings_for_update, stored
from governance.performing import release_held
from governance.record import intervened
from governance.registry import ActionSpec, EffectFailed, free
from governance.standing import agent_label
from storage.jobs import defer


class ConfigureAgent(Action):
    """An agent is set otherwise. `agent` is its role's name; `was` is what people saw, so that a change that
    somebody else made meanwhile is not lost."""

    type: ClassVar[str] = "governance.configure_agent"
    decision_type: ClassVar[str] = "agent_configuration"

    agent: str = Field(min_length=1, max_length=100)
    was: AgentSettings
    becomes: AgentSettings

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.was == self.becomes:
            raise ValueError("nothing would be different")
        return self

    def summary(self) -> str:
        each = (
            f"{one.name.lower()} {one.after} (was: {one.before})" for one in changes(self.was, self.becomes)
        )
        return f"Set the {agent_label(self.agent)} agent: {'; '.join(each)}"


def configure_agent(agent: str, was: AgentSettings, becomes: AgentSettings, reason: str) -> ConfigureAgent:
    """The action, as it stands in the record. Raises ValueError where nothing would be different."""
    return ConfigureAgent(
        rationale=reason,
        impact="It holds from the agent's next step on; what it has done stays.",
        rollback_plan="Set it back: the settings from before stand in this entry.",
        agent=agent,
        was=was,
        becomes=becomes,
    )


async def _configure(action: ConfigureAgent, grant: Grant, tx: AsyncSession) -> Outcome:
    who = await submitter(tx, grant)
    row = await settings_for_update(tx, action.agent, who.at, who.person.id)
    if stored(row, who.at) != action.was.at(who.at):
        raise EffectFailed("Its settings were changed meanwhile: look at them again.")
    ends = action.becomes.paused_until
    if ends is not None and ends <= who.at:
        raise EffectFailed("That end of the pause has passed already.")
    put(row, action.becomes, action.rationale, who.person.id, who.at)
    await intervened(tx, "modified", who.person.id, f"agent:{action.agent}", action.rationale[:500], who.at)
    await tx.flush()
    await release_held(tx)
    if ends is not None:
        await defer(tx, "release_held", {}, at=ends)
    return Outcome(OutcomeState.DONE, f"{action.summary()}.", action.agent)


def _back(action: ConfigureAgent, _outcome: Outcome) -> Action:
    return configure_agent(action.agent, action.becomes, action.was, f"Taking back: {action.summary()}")


def _subject(_action: Action) -> Subject:
    return Subject("agents")


SPECS = (ActionSpec(ConfigureAgent, _subject, change=_configure, undo=_back, costs=free),)
