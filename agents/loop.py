"""An agent's work with a model: langchain's `create_agent` behind a fence and a budget.

Before every model call and every tool call the fence is asked (it raises Halted) and the budget is
looked at. Tools only look things up; `propose` hands an Action's type and arguments back to the caller,
if the role may propose that type, and performs nothing. There is no other tool, no checkpointer, no
interrupt, and one tool call at a time. What goes wrong with the model ends in ModelFailed or
BudgetSpent, with a reason for people.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel

from agents.role import ModelBudget, Role

if TYPE_CHECKING:
    from langchain.agents.middleware import AgentMiddleware
    from langchain_core.messages import BaseMessage
    from langchain_core.tools import BaseTool

Fence = Callable[[], Awaitable[None]]
"""Returns while work may go on; raises governance.fence.Halted when it may not."""

Lookup = Callable[..., Awaitable[str]]
"""A read-only tool: an async function with a docstring and annotated arguments, answering in text."""

Narrate = Callable[[Role, str], Awaitable[None]]
"""Told which role uses which tool (by its name) just now; the answer's own form is a tool as well."""

Check = Callable[[Any], Sequence[str]]
"""What is wrong with an output, in sentences for the model; empty if nothing is."""

ATTEMPTS = 3
"""Tries at one model call that ends in an error of the server or a timeout."""
ROUNDS = 3
"""Times that an output may be handed in; each time but the last, what is wrong is said."""
LONGEST_ANSWER = 8_000
"""Tokens of one answer at most."""

_UNREADABLE = (LookupError, TypeError, ValueError, AttributeError)
"""What langchain raises when a server's answer has not the shape of a completion."""

Output = TypeVar("Output", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class ModelAccess:
    """Where the model is. Prices are USD per million tokens; unknown prices are 0 and cost nothing."""

    model: str
    api_key: str = field(repr=False)
    base_url: str | None = None
    timeout_seconds: float = 60.0
    input_price: Decimal = Decimal(0)
    output_price: Decimal = Decimal(0)
    pause_seconds: float = 1.0
    """Before the second try; doubled before each further one."""
    meter: Meter | None = field(default=None, repr=False, compare=False)
    """Where what is used is added up, over several pieces of work."""
    narrate: Narrate | None = field(default=None, repr=False, compare=False)
    """Told of each tool that is used, while the work goes on."""

    def price(self, input_tokens: int, output_tokens: int) -> Decimal:
        """USD for so many tokens."""
        spent = input_tokens * self.input_price + output_tokens * self.output_price
        return spent / Decimal(1_000_000)


@dataclass(slots=True)
class Meter:
    """What models cost so far, in USD."""

    cost: Decimal = Decimal(0)


class ModelFailed(Exception):
    """The model did not answer usefully; the message is the reason, for people."""


class BudgetSpent(ModelFailed):
    """The role's model budget is used up."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """An Action that a model proposed: data, for the caller to build and submit, or to leave."""

    type: str
    arguments: dict[str, Any]
    rationale: str


@dataclass(slots=True)
class Usage:
    """What was used so far."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def cost(self, access: ModelAccess) -> Decimal:
        """USD, from the model's prices."""
        return access.price(self.input_tokens, self.output_tokens)

    def check(self, budget: ModelBudget, access: ModelAccess) -> None:
        """Raises BudgetSpent when any of the three limits is reached."""
        if self.calls >= budget.calls:
            raise BudgetSpent(f"its budget of {budget.calls} model calls is spent")
        if self.input_tokens + self.output_tokens >= budget.tokens:
            raise BudgetSpent(f"its budget of {budget.tokens:,} tokens is spent")
        if self.cost(access) >= budget.cost:
            raise BudgetSpent(f"its budget of {budget.cost} USD is spent")


@dataclass(frozen=True, slots=True)
class Worked(Generic[Output]):
    """What came of it. `refused` are types of Actions that were proposed and may not be."""

    output: Output
    usage: Usage
    proposals: tuple[Proposal, ...]
    refused: tuple[str, ...]


async def work(
    role: Role,
    task: str,
    output: type[Output],
    lookups: Sequence[Lookup],
    access: ModelAccess,
    fence: Fence,
    check: Check,
    *,
    proposing: bool = False,
) -> Worked[Output]:
    """Let the role's model work on the task until an output passes `check`, at most ROUNDS times.

    Only a piece of work that is `proposing` gives it the tool to propose with.

    Raises ModelFailed (BudgetSpent among them), and Halted from the fence.
    """
    session = _Session(role, access, fence, proposing=proposing)
    agent = session.agent(output, lookups)
    messages: list[BaseMessage | dict[str, str]] = [{"role": "user", "content": task}]
    wrong: Sequence[str] = ()
    for _ in range(ROUNDS):
        state = await session.invoke(agent, messages)
        answer = state.get("structured_response")
        if not isinstance(answer, output):
            raise ModelFailed("the model ended without an answer in the agreed form")
        wrong = check(answer)
        if not wrong:
            return Worked(answer, session.usage, tuple(session.proposals), tuple(session.refused))
        said = "This cannot be used. Mend it and hand in the whole answer again:\n- " + "\n- ".join(wrong)
        messages = [*state["messages"], {"role": "user", "content": said}]
    raise ModelFailed(f"the model's answer could not be used: {wrong[0]}")


class _Session:
    """One piece of work: what was used, what was proposed."""

    def __init__(self, role: Role, access: ModelAccess, fence: Fence, *, proposing: bool) -> None:
        self._role = role
        self._proposing = proposing and bool(role.proposes)
        self._access = access
        self._fence = fence
        self.usage = Usage()
        self.proposals: list[Proposal] = []
        self.refused: list[str] = []

    def agent(self, output: type[Output], lookups: Sequence[Lookup]) -> Any:
        """The compiled agent, with the role's own lookups and no others."""
        from langchain.agents import create_agent
        from langchain.agents.structured_output import ToolStrategy
        from langchain_core.tools import StructuredTool
        from langchain_openai import ChatOpenAI
        from pydantic import SecretStr

        model = ChatOpenAI(
            model=self._access.model,
            api_key=SecretStr(self._access.api_key),
            base_url=self._access.base_url,
            timeout=self._access.timeout_seconds,
            max_retries=0,
            temperature=0,
            stream_usage=True,
            max_completion_tokens=LONGEST_ANSWER,
        )
        allowed = [one for one in lookups if one.__name__ in self._role.tools]
        tools: list[BaseTool] = [StructuredTool.from_function(coroutine=one) for one in allowed]
        if self._proposing:
            tools.append(StructuredTool.from_function(coroutine=self.propose))
        return create_agent(
            model,
            tools,
            system_prompt=self._role.prompt,
            middleware=[self._watch()],
            response_format=ToolStrategy(output),
        )

    async def propose(self, type: str, arguments: dict[str, Any], rationale: str) -> str:
        """Propose an action. Nothing is done: people decide on it afterwards."""
        if type not in self._role.proposes:
            self.refused.append(type)
            return f"{self._role.name} may not propose {type}. It may propose {', '.join(self._role.proposes)}."
        self.proposals.append(Proposal(type, arguments, rationale))
        return "Noted. Nothing has been done."

    async def invoke(self, agent: Any, messages: Sequence[Any]) -> dict[str, Any]:
        """Run the agent to its end. Raises ModelFailed, Halted."""
        from langgraph.errors import GraphRecursionError

        steps = 2 * self._role.budget.calls + 5
        try:
            state: dict[str, Any] = await agent.ainvoke({"messages": messages}, {"recursion_limit": steps})
        except GraphRecursionError as error:
            raise BudgetSpent(f"it did not come to an end within {steps} steps") from error
        return state

    async def call(self, handler: Callable[[Any], Awaitable[Any]], request: Any) -> Any:
        """One model call, tried again where the server or the line failed."""
        import openai

        passing = (openai.APIConnectionError, openai.RateLimitError, openai.InternalServerError)
        request = request.override(model_settings={**request.model_settings, "parallel_tool_calls": False})
        for attempt in range(1, ATTEMPTS + 1):
            await self._fence()
            self.usage.check(self._role.budget, self._access)
            self.usage.calls += 1
            try:
                async with asyncio.timeout(self._access.timeout_seconds):  # for the whole call, not for a read
                    answer = await handler(request)
            except TimeoutError as error:
                if attempt == ATTEMPTS:
                    raise ModelFailed(f"it did not answer in time, {ATTEMPTS} times") from error
            except passing as error:
                if attempt == ATTEMPTS:
                    raise ModelFailed(f"{_reason(error)}, {ATTEMPTS} times") from error
                await asyncio.sleep(self._access.pause_seconds * 2 ** (attempt - 1))
            except (openai.APIError, *_UNREADABLE) as error:
                raise ModelFailed(_reason(error)) from error
            else:
                self._count(answer.result)
                return answer
        raise AssertionError("the last attempt returns or raises")

    def _count(self, messages: Sequence[Any]) -> None:
        for message in messages:
            used = getattr(message, "usage_metadata", None) or {}
            read, written = used.get("input_tokens", 0), used.get("output_tokens", 0)
            self.usage.input_tokens += read
            self.usage.output_tokens += written
            if self._access.meter is not None:
                self._access.meter.cost += self._access.price(read, written)

    def _watch(self) -> AgentMiddleware[Any, Any]:
        from langchain.agents.middleware import AgentMiddleware

        session = self

        class Watch(AgentMiddleware[Any, Any]):
            """Fence and budget before every call."""

            async def awrap_model_call(self, request: Any, handler: Any) -> Any:
                """See _Session.call."""
                return await session.call(handler, request)

            async def awrap_tool_call(self, request: Any, handler: Any) -> Any:
                """The fence, then whoever waits is told, then the tool."""
                await session._fence()
                if session._access.narrate is not None:
                    await session._access.narrate(session._role, str(request.tool_call["name"]))
                return await handler(request)

        return Watch()


def _reason(error: Exception) -> str:
    import openai

    if isinstance(error, openai.APITimeoutError):
        return "the model did not answer in time"
    if isinstance(error, openai.APIConnectionError):
        return "the model could not be reached"
    if isinstance(error, openai.APIStatusError):
        return f"the model's server answered with status {error.status_code}"
    return "the model's server answered with something unreadable"
