"""The model loop at the wire: fence, budgets, one tool at a time, proposals, and servers that fail."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from aiohttp import web
from pydantic import BaseModel, ConfigDict

from agents.loop import Worked, work
from agents.model import BudgetSpent, ModelAccess, ModelFailed
from agents.role import ModelBudget, Role
from governance.fence import Halted
from simulators.model import FakeModel, Script, call, failing, in_turn, never, serving


class Verdict(BaseModel):
    model_config = ConfigDict(extra="forbid")
    word: str


async def weather(town: str) -> str:
    """The weather of a town."""
    return f"rain in {town}"


async def secrets(town: str) -> str:
    """A lookup that the role does not list."""
    return f"the secret of {town}"


def role(**changes: object) -> Role:
    values: dict[str, object] = {
        "name": "tester",
        "title": "Tester",
        "prompt": "You are a tester.",
        "tools": ("weather",),
        "proposes": ("tracker.create_story",),
        "output": Verdict,
        "budget": ModelBudget(10, 100_000, Decimal(1)),
    }
    return Role(**(values | changes))  # type: ignore[arg-type]


async def open_fence() -> None:
    return None


def access(fake: FakeModel, **changes: object) -> ModelAccess:
    values: dict[str, object] = {
        "model": "test-model",
        "api_key": "sk-very-secret",
        "base_url": fake.base_url,
        "timeout_seconds": 5.0,
        "pause_seconds": 0.01,
    }
    return ModelAccess(**(values | changes))  # type: ignore[arg-type]


async def run(
    fake: FakeModel, *, of: Role | None = None, fence=open_fence, check=None, proposing=True, **changes
) -> Worked[Verdict]:
    def nothing_wrong(_: Verdict) -> Sequence[str]:
        return ()

    return await work(
        of or role(),
        "What now?",
        Verdict,
        (weather, secrets),
        access(fake, **changes),
        fence,
        check or nothing_wrong,
        proposing=proposing,
    )


async def test_a_good_run_looks_up_one_thing_at_a_time_and_ends_in_the_schema():
    async with serving(in_turn(call("weather", town="Oslo"), call("Verdict", word="wet"))) as fake:
        worked = await run(fake)
    assert worked.output == Verdict(word="wet")
    assert (worked.usage.calls, worked.usage.input_tokens, worked.usage.output_tokens) == (2, 200, 100)
    first, second = fake.requests
    assert first["parallel_tool_calls"] is False
    assert {tool["function"]["name"] for tool in first["tools"]} == {"weather", "propose", "Verdict"}
    assert first["messages"][0] == {"role": "system", "content": "You are a tester."}
    assert second["messages"][-1]["content"] == "rain in Oslo"
    assert fake.headers[0]["Authorization"] == "Bearer sk-very-secret"


async def test_the_key_does_not_show_when_printed():
    async with serving(in_turn(call("Verdict", word="dry"))) as fake:
        assert "sk-very-secret" not in repr(access(fake))


async def test_an_unknown_tool_is_answered_and_nothing_is_called():
    async with serving(in_turn(call("secrets", town="Oslo"), call("Verdict", word="dry"))) as fake:
        worked = await run(fake)
    assert worked.output.word == "dry"
    said = fake.requests[1]["messages"][-1]
    assert said["role"] == "tool"
    assert "secrets is not a valid tool" in said["content"]
    assert "the secret of" not in str(fake.requests)


async def test_an_answer_in_the_wrong_form_is_asked_for_again():
    async with serving(in_turn(call("Verdict", wrong="x"), call("Verdict", word="dry"))) as fake:
        assert (await run(fake)).output.word == "dry"
    assert len(fake.requests) == 2


async def test_what_the_check_finds_wrong_is_said_and_mended():
    async with serving(in_turn(call("Verdict", word="12"), call("Verdict", word="twelve"))) as fake:
        worked = await run(fake, check=lambda v: ["No digits."] if v.word.isdigit() else [])
    assert worked.output.word == "twelve"
    assert "No digits." in fake.requests[1]["messages"][-1]["content"]


async def test_an_answer_that_stays_wrong_fails_after_three_rounds():
    async with serving(in_turn(call("Verdict", word="12"))) as fake:
        with pytest.raises(ModelFailed, match=r"could not be used: No digits\."):
            await run(fake, check=lambda _: ["No digits."])
    assert len(fake.requests) == 3


async def test_a_proposal_is_noted_and_nothing_is_done():
    proposal = call("propose", type="tracker.create_story", arguments={"title": "x"}, rationale="asked for")
    async with serving(in_turn(proposal, call("Verdict", word="dry"))) as fake:
        worked = await run(fake)
    assert [(p.type, p.arguments) for p in worked.proposals] == [("tracker.create_story", {"title": "x"})]
    assert worked.refused == ()


async def test_a_proposal_that_the_role_may_not_make_comes_to_nothing():
    proposal = call(
        "propose", type="deployments.deploy", arguments={"version": "evil"}, rationale="the PRD said so"
    )
    async with serving(in_turn(proposal, call("Verdict", word="dry"))) as fake:
        worked = await run(fake)
    assert worked.proposals == ()
    assert worked.refused == ("deployments.deploy",)
    assert "may not propose deployments.deploy" in fake.requests[1]["messages"][-1]["content"]


async def test_a_role_that_proposes_nothing_has_no_such_tool():
    async with serving(
        in_turn(call("propose", type="x", arguments={}, rationale="y"), call("Verdict", word="a"))
    ) as fake:
        worked = await run(fake, of=role(proposes=()))
    assert (worked.proposals, worked.refused) == ((), ())
    assert "propose is not a valid tool" in fake.requests[1]["messages"][-1]["content"]


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_failing_server_is_tried_again(status: int):
    async with serving(in_turn(failing(status), failing(status), call("Verdict", word="dry"))) as fake:
        worked = await run(fake)
    assert (worked.output.word, worked.usage.calls) == ("dry", 3)


async def test_a_server_that_keeps_failing_is_given_up_with_the_reason():
    async with serving(lambda *_: failing(429)) as fake:
        with pytest.raises(ModelFailed, match="status 429, 3 times"):
            await run(fake)
    assert len(fake.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 404])
async def test_a_refusing_server_is_not_asked_again(status: int):
    async with serving(lambda *_: failing(status)) as fake:
        with pytest.raises(ModelFailed, match=f"status {status}"):
            await run(fake)
    assert len(fake.requests) == 1


async def test_a_server_that_does_not_answer_is_given_up():
    async with serving(never) as fake:
        with pytest.raises(ModelFailed, match="did not answer in time, 3 times"):
            await run(fake, timeout_seconds=0.1)


async def test_no_server_at_all():
    async with serving(in_turn(call("Verdict", word="dry"))) as fake:
        gone = fake
    with pytest.raises(ModelFailed, match="could not be reached, 3 times"):
        await run(gone)


@pytest.mark.parametrize(
    "script",
    [
        lambda *_: web.Response(text="<html>", content_type="text/html"),
        lambda *_: web.json_response({"choices": []}),
        lambda *_: web.json_response({"hello": "there"}),
        lambda *_: web.Response(body=b"\xff{", content_type="application/json"),
        in_turn({"content": "just words"}),
    ],
)
async def test_an_unusable_answer_is_a_failure_with_a_reason(script: Script):
    async with serving(script) as fake:
        with pytest.raises(ModelFailed):
            await run(fake)


async def test_the_budget_of_calls_is_checked_before_each_call():
    async with serving(in_turn(call("weather", town="Oslo"))) as fake:
        with pytest.raises(BudgetSpent, match="4 model calls"):
            await run(fake, of=role(budget=ModelBudget(4, 100_000, Decimal(1))))
    assert len(fake.requests) == 4


async def test_the_budget_of_tokens_is_checked_before_each_call():
    async with serving(in_turn(call("weather", town="Oslo"))) as fake:
        with pytest.raises(BudgetSpent, match="300 tokens"):
            await run(fake, of=role(budget=ModelBudget(10, 300, Decimal(1))))
    assert len(fake.requests) == 2


async def test_the_budget_of_money_is_checked_before_each_call():
    async with serving(in_turn(call("weather", town="Oslo"))) as fake:
        with pytest.raises(BudgetSpent, match=r"0\.001 USD"):
            await run(
                fake,
                of=role(budget=ModelBudget(10, 100_000, Decimal("0.001"))),
                input_price=Decimal(4),
                output_price=Decimal(4),
            )
    assert len(fake.requests) == 2


async def test_a_halt_before_the_first_call_stops_everything():
    async def halted() -> None:
        raise Halted

    async with serving(in_turn(call("Verdict", word="dry"))) as fake:
        with pytest.raises(Halted):
            await run(fake, fence=halted)
    assert fake.requests == []


async def test_a_halt_between_model_and_tool_stops_the_tool():
    called: list[str] = []

    async def weather(town: str) -> str:
        """The weather of a town."""
        called.append(town)
        return "rain"

    async with serving(in_turn(call("weather", town="Oslo"), call("Verdict", word="dry"))) as fake:

        async def fence() -> None:
            if fake.requests:
                raise Halted

        with pytest.raises(Halted):
            await work(role(), "Go", Verdict, (weather,), access(fake), fence, lambda _: ())
    assert (len(fake.requests), called) == (1, [])


async def test_a_halt_during_retries_stops_them():
    async with serving(lambda *_: failing(500)) as fake:

        async def fence() -> None:
            if len(fake.requests) == 2:
                raise Halted

        with pytest.raises(Halted):
            await run(fake, fence=fence)
    assert len(fake.requests) == 2


async def test_whoever_waits_is_told_of_each_tool_as_it_is_used():
    told: list[tuple[str, str]] = []

    async def narrate(of: Role, tool: str) -> None:
        told.append((of.title, tool))

    async with serving(in_turn(call("weather", town="Oslo"), call("Verdict", word="wet"))) as fake:
        await run(fake, narrate=narrate)
    assert told == [(role().title, "weather")]
