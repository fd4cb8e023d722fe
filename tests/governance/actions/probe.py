"""An effect that agents may have performed, for what stands above it to act upon."""

from __future__ import annotations

from typing import Any, ClassVar

from governance.action import Action, Grant, Outcome, OutcomeState, Subject
from governance.registry import ActionSpec, free


class Probe(Action):
    type: ClassVar[str] = "probe.deploy"
    decision_type: ClassVar[str] = "story_creation"

    what: str

    def summary(self) -> str:
        return f"Do {self.what}"


def probe(what: str) -> Probe:
    return Probe(rationale="because", impact="some", rollback_plan="undo it", what=what)


async def _effect(action: Probe, grant: Grant, port: Any) -> Outcome:
    return Outcome(OutcomeState.DONE, action.what)


async def _ask(grant_id: str, port: Any) -> Outcome | None:
    return None


PROBE = ActionSpec(
    Probe,
    lambda action: Subject("stories", service="orders", decides=action.what),
    effect=_effect,
    port="probe",
    ask=_ask,
    costs=free,
)
