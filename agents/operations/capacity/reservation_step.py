"""The kind of step that reserves capacity once a load test has passed, and otherwise says why not."""

from __future__ import annotations

from agents import sre
from agents.operations.capacity.reservation_actions import ReserveCapacity
from agents.operations.load_testing.load_test_run import WATCH_KIND
from agents.operations.load_testing.load_verdict import LoadVerdict
from agents.work.kinds import ActionStep, NewStep, Nothing, Step

_NAME = "reserve_capacity"


def reserve_if_passed(action: ReserveCapacity) -> NewStep:
    """The step that follows a load test's watch. Whether it passed is then read from its rows, by the gate."""
    title = f"{action.summary()}, if it passes"
    return NewStep(_NAME, _NAME, title, action.body(), (WATCH_KIND,))


def _action(step: Step) -> ReserveCapacity | Nothing:
    came = step.results[WATCH_KIND]
    if came["verdict"] != LoadVerdict.PASSED:
        return Nothing(f"nothing was reserved, for the load test is {came['verdict']}. {came['why']}")
    return ReserveCapacity.of_body({**step.args, "load_test": step.run})


KIND = ActionStep(
    _NAME, sre.ROLE.name, _action, asks=lambda step: str(step.title.removesuffix(", if it passes"))
)
