"""An agent has the gate rule only on what its role proposes."""

from __future__ import annotations

from governance.action import Verdict
from governance.people import Actor
from tests.governance.edge_actions import scale
from tests.governance.house import House


async def test_what_its_role_does_not_have_is_refused(house: House) -> None:
    house.gate.agents = {"sre": {"edge.something_else"}}
    ruling = (await house.submit(scale("1"))).ruling
    assert (ruling.verdict, ruling.rule) == (Verdict.REFUSE, "not_its_role")
    assert ruling.why == "This is not for the sre agent to propose: its role does not have it."
    house.gate.agents = {"sre": {scale("1").type}}
    assert (await house.submit(scale("1"))).ruling.verdict is Verdict.EXECUTE


async def test_an_agent_that_is_no_role_comes_with_nothing(house: House) -> None:
    house.gate.agents = {"sre": {scale("1").type}}
    poet = Actor("agent", "poet", on_behalf_of="nathan")
    assert (await house.submit(scale("1"), by=poet)).ruling.rule == "not_its_role"


async def test_people_and_the_clock_are_bound_by_the_matrix_alone(house: House) -> None:
    house.gate.agents = {}
    for actor in ("nathan", Actor("system", "clock")):
        assert (await house.submit(scale("1"), by=actor)).ruling.rule != "not_its_role"


async def test_what_waited_when_its_role_lost_it_is_not_done(house: House) -> None:
    house.gate.agents = {"sre": {scale("1").type}}
    ready = await house.submit(scale("1"))
    before = await house.edge.done()
    house.gate.agents = {"sre": set()}
    await house.perform(ready.effect)
    assert await house.edge.done() == before
