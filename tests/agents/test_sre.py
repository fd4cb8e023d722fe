"""What a model adds to an explanation: words about what was computed, and never a figure of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from agents.operations.burden import Metric
from agents.operations.findings import Findings, Question
from agents.operations.investigation import investigate
from agents.sre import MOST_SUGGESTED, Suggested, suggest
from governance.fence import Halted
from integrations.deployments import Stage
from simulators.model import FakeModel, Script, call, failing, in_turn, serving
from tests.agents.operations.recorded_stage import BEGAN, NOW, RecordedStage
from tests.agents.test_loop import access, open_fence

GUESS = "The pool of payments may be too small: look at who waits for a connection."


@pytest.fixture
async def findings() -> Findings:
    stage = RecordedStage(slower={"payments": 6.0})
    stage.deployed("payments", "1.43.1", BEGAN - timedelta(seconds=40))
    question = Question((), Stage.PRODUCTION, (Metric.LATENCY,), NOW.replace(hour=2), NOW.replace(hour=4))
    return await investigate(stage.ports, question, NOW)


def says(narrative: str, *hypotheses: object) -> Script:
    return in_turn(call("Suggestions", narrative=narrative, hypotheses=list(hypotheses)))


async def asked(script: Script, findings: Findings) -> tuple[Suggested | None, FakeModel]:
    async with serving(script) as fake:
        return await suggest(findings, access(fake), open_fence), fake


async def test_it_is_told_what_was_computed_and_given_nothing_to_act_with(findings: Findings) -> None:
    added, fake = await asked(says("Payments was slow after its release came.", GUESS), findings)
    assert added == Suggested("Payments was slow after its release came.", (GUESS,))
    (request,) = fake.requests
    assert [one["function"]["name"] for one in request["tools"]] == ["Suggestions"]
    told = request["messages"][-1]["content"]
    assert "payments was computed to be a cause of checkout's" in told
    assert "1.43.1" in told


async def test_its_figures_are_those_that_were_computed(findings: Findings) -> None:
    share = next(one.value for one in findings.facts if one.id == "latency_1_share")
    async with serving(says("", GUESS)) as fake:
        await suggest(findings, access(fake), open_fence)
        told = fake.requests[0]["messages"][-1]["content"]
    cited = told.partition("Explained by payments: {")[2].partition(":")[0]
    added, _ = await asked(says("", f"A query of payments, by {{{cited}}}."), findings)
    assert added is not None
    assert added.hypotheses == (f"A query of payments, by {share} %.",)


@pytest.mark.parametrize(
    "unreadable",
    ["It took 812 ms.", "That explains 99 % of it.", "By {d999}.", "", "  ", "x" * 401],
)
async def test_what_cannot_be_read_is_left_out(findings: Findings, unreadable: str) -> None:
    added, _ = await asked(says(unreadable * 3, unreadable, GUESS), findings)
    assert added == Suggested("", (GUESS,))
    nothing, _ = await asked(says(unreadable * 3, unreadable), findings)
    assert nothing is None


async def test_it_says_a_few_things_at_most(findings: Findings) -> None:
    added, _ = await asked(says("", *[GUESS] * 50), findings)
    assert added == Suggested("", (GUESS,) * MOST_SUGGESTED)


@pytest.mark.parametrize(
    "script",
    [
        in_turn(failing(500)),
        in_turn(failing(401)),
        in_turn({"content": "payments did it"}),
        in_turn(call("Suggestions", hypotheses="payments")),
        in_turn(call("roll_back", service="payments")),
    ],
)
async def test_a_model_that_fails_adds_nothing(findings: Findings, script: Script) -> None:
    assert (await asked(script, findings))[0] is None


async def test_halted_it_is_not_asked(findings: Findings) -> None:
    async def halted() -> None:
        raise Halted("agents")

    async with serving(says("", GUESS)) as fake:
        assert await suggest(findings, access(fake), halted) is None
        requests: Sequence[object] = fake.requests
    assert requests == []
