"""The registry: what the gate knows of each action type, handed to it by `bot/department.py`.

Actions live in the rooms above; the gate stores, decodes and performs them by type without importing
those rooms.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, Grant, Outcome, Subject
from governance.authority.vocabulary import SPENDS, Given
from governance.people import Actor


class UnknownActionType(LookupError):
    """A stored action names a type that nothing here can perform."""


class Effect(Protocol):
    """Performs an action on a port of the outside world. The grant's id is the idempotency key."""

    async def __call__(self, action: Any, grant: Grant, port: Any, /) -> Outcome:
        """Do exactly what the action says; raise `EffectFailed` if the port refused it."""


class Change(Protocol):
    """Performs an action on the department's own rows, inside the ruling's transaction."""

    async def __call__(self, action: Any, grant: Grant, tx: AsyncSession, /) -> Outcome:
        """Apply the change; it commits or rolls back together with its audit entries."""


class EffectFailed(Exception):
    """The outside world refused an effect, and nothing happened there. The text is for people."""


class OutcomeUncertain(Exception):
    """The outside world was asked, and whether it did it is not known: a timeout, a lost connection."""


Establish = Callable[[Any, Actor, AsyncSession], Awaitable[Mapping[str, Given]]]
"""Works out the facts that the matrix's conditions look at (`environment`, `breaking`, …) from the
action, who asks for it and the world, never from what the proposer says of it. Raises LookupError when
it cannot: all facts of the type then count as not established, and the stricter column holds."""

Costs = Callable[[Any, Actor, AsyncSession], Awaitable[Decimal]]
"""Works out what an action costs, in the department's currency, from prices and quantities that code looks
up. What the action says itself can only raise it. Raises LookupError when it cannot be told: the cost then
counts as not established, and the stricter column and votes hold."""


async def free(_action: Action, _actor: Actor, _tx: AsyncSession) -> Decimal:
    """For actions that cost nothing, whatever is in them."""
    return Decimal(0)


Ask = Callable[[str, Any], Awaitable[Outcome | None]]
"""After a crash: what the port knows of the effect with this grant id; None when it never arrived.
An Outcome `unknown` when the port cannot tell."""

Undo = Callable[[Any, Outcome], Action | None]
"""The action that takes this one back, or None where it cannot be taken back."""


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action type: how it is decoded, performed, asked about and undone.

    Exactly one of `effect` (with its `port` and `ask`) and `change` is set: an effect reaches the
    outside world and is performed by a job under intent and outcome; a change is the department's own
    rows and is performed in the ruling's transaction, where no crash can come between.

    Every type says by its `costs` how its cost is established; `free` says that there is none.
    """

    action: type[Action]
    subject: Callable[[Any], Subject]
    effect: Effect | None = None
    port: str | None = None
    ask: Ask | None = None
    change: Change | None = None
    establish: Establish | None = None
    establishes: tuple[str, ...] = ()
    undo: Undo | None = None
    costs: Costs = field(kw_only=True)

    def __post_init__(self) -> None:
        if (self.effect is None) == (self.change is None):
            raise ValueError(f"{self.action.type}: an action has either an effect or a change")
        if (self.establish is None) != (not self.establishes):
            raise ValueError(f"{self.action.type}: name the facts that are established")
        if not {"cost", *SPENDS}.isdisjoint(self.establishes):
            raise ValueError(f"{self.action.type}: money is established by `costs` alone")
        if self.effect is not None and (self.port is None or self.ask is None):
            raise ValueError(f"{self.action.type}: an effect names its port, and how to ask what happened")


class Registry:
    """Action types by name."""

    def __init__(self, specs: Iterable[ActionSpec]) -> None:
        self._specs: dict[str, ActionSpec] = {}
        for spec in specs:
            if spec.action.type in self._specs:
                raise ValueError(f"two actions are called {spec.action.type}")
            self._specs[spec.action.type] = spec

    def __iter__(self) -> Iterator[ActionSpec]:
        return iter(self._specs.values())

    @property
    def decision_types(self) -> Mapping[str, str]:
        """Each action type's row of the authority matrix."""
        return {name: spec.action.decision_type for name, spec in self._specs.items()}

    def spec(self, action_type: str) -> ActionSpec:
        """The spec of a type. Raises UnknownActionType."""
        try:
            return self._specs[action_type]
        except KeyError:
            raise UnknownActionType(action_type) from None

    def decode(self, body: Mapping[str, Any]) -> Action:
        """A stored body (`Action.body()`) as the action it was. Raises UnknownActionType."""
        return self.spec(body["type"]).action.of_body(body)
