"""The model behind a fence and a budget: where it is, what it may use, and one call to it.

Before each call the fence is asked (it raises Halted) and the budget is looked at. A call that failed at the
server or on the line is tried again. What goes wrong ends in ModelFailed or BudgetSpent, with a reason for
people.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from agents.role import ModelBudget, Role

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

Fence = Callable[[], Awaitable[None]]
"""Returns while work may go on; raises governance.fence.Halted when it may not."""

Narrate = Callable[[Role, str], Awaitable[None]]
"""Told which role uses which tool (by its name) just now; the answer's own form is a tool as well."""

ATTEMPTS = 3
"""Tries at one model call that ends in an error of the server or a timeout."""
LONGEST_ANSWER = 8_000
"""Tokens of one answer at most."""

_UNREADABLE = (LookupError, TypeError, ValueError, AttributeError)
"""What langchain raises when a server's answer has not the shape of a completion."""

Answer = TypeVar("Answer")


class Terms(Protocol):
    """On which terms each agent works: how it is set (`agents.terms`)."""

    async def engage(self, role: Role, access: ModelAccess) -> tuple[Role, ModelAccess]:
        """The role with the tools that it has now, and its model. Raises ModelFailed for a model that is not
        there any more."""

    async def budget_left(self, role: Role) -> ModelBudget:
        """Before each call: the budget that it has now. Raises BudgetSpent where nothing of it is left."""

    async def count(self, used: Used) -> None:
        """Write down what a call used: it was spent, whatever becomes of the work. Where it cannot, the work
        does not go on."""


@dataclass(frozen=True, slots=True)
class OtherModel:
    """A model of the same server that an agent may be given; prices as in ModelAccess."""

    name: str
    input_price: Decimal
    output_price: Decimal


@dataclass(frozen=True, slots=True)
class Used:
    """What one call to a model used, by which role. `cost` is USD, None where the model's prices are not
    known."""

    role: str
    model: str
    input_tokens: int
    output_tokens: int
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class ModelAccess:
    """Where the model is. Prices are USD per million tokens; unknown prices are 0 and count for nothing against
    a budget. `others` are models that an agent may be given in its place."""

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
    others: tuple[OtherModel, ...] = ()
    terms: Terms | None = field(default=None, repr=False, compare=False)
    """How agents are set, and where what they use is written down; without it each works as its role says."""

    @property
    def names(self) -> tuple[str, ...]:
        """The models that an agent may be given, its usual one first."""
        return (self.model, *(other.name for other in self.others))

    def named(self, model: str) -> ModelAccess:
        """The same with one of its models. Raises ModelFailed."""
        if model == self.model:
            return self
        for other in self.others:
            if other.name == model:
                return replace(
                    self, model=model, input_price=other.input_price, output_price=other.output_price
                )
        raise ModelFailed(f"{model} is not among the models that are configured here any more")

    def used(self, role: str, input_tokens: int, output_tokens: int) -> Used:
        """So many tokens of this model, used by a role."""
        is_priced = self.input_price > 0 or self.output_price > 0
        cost = self.price(input_tokens, output_tokens) if is_priced else None
        return Used(role, self.model, input_tokens, output_tokens, cost)

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
class Calls:
    """A role's calls to its model, in one piece of work: `usage` is what they used so far."""

    role: Role
    access: ModelAccess
    fence: Fence
    usage: Usage = field(default_factory=Usage)

    @classmethod
    async def of(cls, role: Role, access: ModelAccess, fence: Fence) -> Calls:
        """The calls of a role on the terms that it works on now. Raises ModelFailed."""
        if access.terms is not None:
            role, access = await access.terms.engage(role, access)
        return cls(role, access, fence)

    async def budget(self) -> ModelBudget:
        """The budget that holds now. Raises BudgetSpent."""
        terms = self.access.terms
        return self.role.budget if terms is None else await terms.budget_left(self.role)

    def chat(self) -> ChatOpenAI:
        """The model, as langchain speaks to it."""
        from langchain_openai import ChatOpenAI
        from pydantic import SecretStr

        return ChatOpenAI(
            model=self.access.model,
            api_key=SecretStr(self.access.api_key),
            base_url=self.access.base_url,
            timeout=self.access.timeout_seconds,
            max_retries=0,
            temperature=0,
            stream_usage=True,
            max_completion_tokens=LONGEST_ANSWER,
        )

    async def call(
        self, ask: Callable[[], Awaitable[Answer]], messages: Callable[[Answer], Sequence[Any]]
    ) -> Answer:
        """One model call, tried again where the server or the line failed; `messages` of its answer say what it
        used. Raises ModelFailed, Halted."""
        import openai

        passing = (openai.APIConnectionError, openai.RateLimitError, openai.InternalServerError)
        for attempt in range(1, ATTEMPTS + 1):
            await self.fence()
            self.usage.check(await self.budget(), self.access)
            self.usage.calls += 1
            try:
                async with asyncio.timeout(self.access.timeout_seconds):  # for the whole call, not for a read
                    answer = await ask()
            except TimeoutError as error:
                if attempt == ATTEMPTS:
                    raise ModelFailed(f"it did not answer in time, {ATTEMPTS} times") from error
            except passing as error:
                if attempt == ATTEMPTS:
                    raise ModelFailed(f"{_reason(error)}, {ATTEMPTS} times") from error
                await asyncio.sleep(self.access.pause_seconds * 2 ** (attempt - 1))
            except (openai.APIError, *_UNREADABLE) as error:
                raise ModelFailed(_reason(error)) from error
            else:
                await self._count(messages(answer))
                return answer
        raise AssertionError("the last attempt returns or raises")

    async def _count(self, messages: Sequence[Any]) -> None:
        used = [getattr(message, "usage_metadata", None) or {} for message in messages]
        read = sum(one.get("input_tokens", 0) for one in used)
        written = sum(one.get("output_tokens", 0) for one in used)
        self.usage.input_tokens += read
        self.usage.output_tokens += written
        if self.access.meter is not None:
            self.access.meter.cost += self.access.price(read, written)
        if self.access.terms is not None:
            await self.access.terms.count(self.access.used(self.role.name, read, written))


def _reason(error: Exception) -> str:
    import openai

    if isinstance(error, openai.APITimeoutError):
        return "the model did not answer in time"
    if isinstance(error, openai.APIConnectionError):
        return "the model could not be reached"
    if isinstance(error, openai.APIStatusError):
        return f"the model's server answered with status {error.status_code}"
    return "the model's server answered with something unreadable"
