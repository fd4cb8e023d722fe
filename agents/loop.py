"""An agent's work with a model: langchain's `create_agent` behind a fence and a budget.

Before every model call and every tool call the fence is asked (it raises Halted) and the budget is
looked at. Tools only look things up; `propose` hands an Action's type and arguments back to the caller,
if the role may propose that type, and performs nothing. There is no other tool, no checkpointer, no
interrupt, and one tool call at a time. What goes wrong with the model ends in ModelFailed or
BudgetSpent, with a reason for people.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel

from agents.model import BudgetSpent, Calls, Fence, ModelAccess, ModelFailed, Usage
from agents.role import Role

if TYPE_CHECKING:
    from langchain.agents.middleware import AgentMiddleware
    from langchain_core.messages import BaseMessage
    from langchain_core.tools import BaseTool

Lookup = Callable[..., Awaitable[str]]
"""A read-only tool: an async function with a docstring and annotated arguments, answering in text."""

Check = Callable[[Any], Sequence[str]]
"""What is wrong with an output, in sentences for the model; empty if nothing is."""

ROUNDS = 3
"""Times that an output may be handed in; each time but the last, what is wrong is said."""

Output = TypeVar("Output", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Proposal:
    """An Action that a model proposed: data, for the caller to build and submit, or to leave."""

    type: str
    arguments: dict[str, Any]
    rationale: str


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
    session = _Session(await Calls.of(role, access, fence), proposing=proposing)
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

    def __init__(self, calls: Calls, *, proposing: bool) -> None:
        self._calls = calls
        self._role = calls.role
        self._proposing = proposing and bool(calls.role.proposes)
        self.proposals: list[Proposal] = []
        self.refused: list[str] = []

    @property
    def usage(self) -> Usage:
        """What was used so far."""
        return self._calls.usage

    def agent(self, output: type[Output], lookups: Sequence[Lookup]) -> Any:
        """The compiled agent, with the role's own lookups and no others."""
        from langchain.agents import create_agent
        from langchain.agents.structured_output import ToolStrategy
        from langchain_core.tools import StructuredTool

        allowed = [one for one in lookups if one.__name__ in self._role.tools]
        tools: list[BaseTool] = [StructuredTool.from_function(coroutine=one) for one in allowed]
        if self._proposing:
            tools.append(StructuredTool.from_function(coroutine=self.propose))
        return create_agent(
            self._calls.chat(),
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
        """Run the agent to its end. Raises ModelFailed (BudgetSpent among them), Halted."""
        from langgraph.errors import GraphRecursionError

        steps = 2 * (await self._calls.budget()).calls + 5
        try:
            state: dict[str, Any] = await agent.ainvoke({"messages": messages}, {"recursion_limit": steps})
        except GraphRecursionError as error:
            raise BudgetSpent(f"it did not come to an end within {steps} steps") from error
        return state

    async def call(self, handler: Callable[[Any], Awaitable[Any]], request: Any) -> Any:
        """One model call. Raises ModelFailed, Halted."""
        request = request.override(model_settings={**request.model_settings, "parallel_tool_calls": False})
        return await self._calls.call(lambda: handler(request), lambda answer: answer.result)

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
                await session._calls.fence()
                if session._calls.access.narrate is not None:
                    await session._calls.access.narrate(session._role, str(request.tool_call["name"]))
                return await handler(request)

        return Watch()
