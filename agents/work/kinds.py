"""Kinds of steps: what a step is, how it is tried, and how it ends.

A kind stands in a file called `…_step.py` beside the thinking that it belongs to, as its `KIND`. There are
three: an action through the gate, an agent's own work outside any transaction, and a wait for something that
is looked at now and then. Its `actor` is the role whose work it is.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from importlib import import_module
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

import agents
from agents.model import ModelAccess
from agents.work.tables import RunRow
from governance.action import Action
from integrations.ports import Ports

Json = Mapping[str, Any]

OPEN_PULL_REQUESTS = 5
"""Of agents, at once in one repository, where no setting says otherwise: people read them."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step as its kind is given it. `plan` is the plan that its run is done for; `results` are those of the
    steps that it depends on, by their keys; `token` is the same at every attempt, for whoever outside tells
    repeats apart by one."""

    tenant: str
    run: str
    key: str
    title: str
    args: Json
    requester: str | None
    subject: str | None
    plan: str | None
    attempt: int
    cursor: Json | None
    results: Mapping[str, Json]

    @property
    def token(self) -> str:
        """Names this step to the outside world."""
        return f"{self.run}:{self.key}"


@dataclass(frozen=True, slots=True)
class NewStep:
    """A step that is to be added to a run. `locks` are names of what it alone may touch meanwhile; `effect` is
    the gate's id where its action was submitted already, by whoever begins the run."""

    key: str
    kind: str
    title: str
    args: Json = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    locks: tuple[str, ...] = ()
    effect: str | None = None


class StepFailed(Exception):
    """A step cannot be done, and trying again does not help. The text is for people."""


class Later(Exception):
    """A step can be done, and not before `at`: somebody outside takes no more of us until then. The text is for
    people; the try does not count."""

    def __init__(self, says: str, at: datetime) -> None:
        super().__init__(says)
        self.at = at


class Worker(Protocol):
    """What a step works with outside any transaction: the outside world to look at, the time, and the rows.

    `keep` and `tell` raise what ends the work: a halt, a pause.
    """

    @property
    def ports(self) -> Ports:
        """The department's outside world. It does nothing without a Grant, and a step has none: effects are
        steps of their own."""

    @property
    def model(self) -> ModelAccess | None:
        """The department's model; None where there is none, and work is done by rule."""

    @property
    def open_pull_requests(self) -> int:
        """How many pull requests of agents may be open at once in one repository."""

    def now(self) -> datetime:
        """The time."""

    def transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A transaction of its own, to read rows, write what was seen, and tell people (notices). Nobody
        outside is called within it."""

    async def keep(self, cursor: Json) -> None:
        """Keep what was started outside, so that a later attempt finds it."""

    async def tell(self, detail: str) -> None:
        """Show people how far it is."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """A step has nothing to do, and is left; what depends on it goes on as its kind says."""

    why: str


@dataclass(frozen=True, slots=True)
class ActionStep:
    """An effect on the world. `action` is pure; the gate rules on what it makes, and a job performs it. Where
    people are asked first, `asks` gives the title of what they are asked.

    `suggested` is the step that takes its place where its agent only suggests, so that it is left to people.

    Where it failed or was left, what depends on it is left, unless not `stops`.
    """

    name: str
    actor: str
    action: Callable[[Step], Action | Nothing]
    asks: Callable[[Step], str] | None = None
    suggested: Callable[[Step], NewStep] | None = None
    stops: bool = True
    pool: str = "effects"


@dataclass(frozen=True, slots=True)
class WorkStep:
    """An agent's own work, outside any transaction.

    `work` returns the step's result. It is ended after `longest`, tried `attempts` times with `backoff`
    doubling in between, and cancelled within a second by a halt, a freeze of the run's subject, a pause and
    a cancel; `cancel` then ends what it has started outside. `finish` is done with its end: steps that
    follow from it. Where it failed for good, what depends on it is left, unless not `stops`.
    """

    name: str
    actor: str
    work: Callable[[Step, Worker], Awaitable[Json]]
    cancel: Callable[[Step, Worker], Awaitable[None]] | None = None
    finish: Callable[[AsyncSession, Step, Json], Awaitable[Iterable[NewStep]]] | None = None
    longest: timedelta = timedelta(minutes=30)
    attempts: int = 3
    backoff: timedelta = timedelta(seconds=2)
    stops: bool = True
    pool: str = "work"


@dataclass(frozen=True, slots=True)
class Still:
    """What is waited for is not there yet; look again after a while. `cursor` takes the place of what was kept,
    unless it is None."""

    again: timedelta
    detail: str | None = None
    cursor: Json | None = None


@dataclass(frozen=True, slots=True)
class Over:
    """What was waited for is there."""

    result: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WaitStep:
    """A wait for something outside: `start` it where it is not there (`find` looks for what an earlier attempt
    started and did not live to keep), then `poll` it, for at most `longest`.

    All of them run outside any transaction. What starts nothing has no `start`. Somebody who does not answer
    (storage.look.Away) is asked again, and so is whatever has not come to its end after `answers_within`. What
    is waited for may also be told from outside (`runs.answer`); `finish` is done with what was found: steps
    that follow from it.
    """

    name: str
    actor: str
    poll: Callable[[Step, Worker], Awaitable[Still | Over]]
    start: Callable[[Step, Worker], Awaitable[Json]] | None = None
    find: Callable[[Step, Worker], Awaitable[Json | None]] | None = None
    cancel: Callable[[Step, Worker], Awaitable[None]] | None = None
    finish: Callable[[AsyncSession, Step, Json], Awaitable[Iterable[NewStep]]] | None = None
    longest: timedelta = timedelta(days=7)
    answers_within: timedelta = timedelta(minutes=1)
    stops: bool = True
    pool: str = "waits"


StepKind = ActionStep | WorkStep | WaitStep


class NoSuchKind(LookupError):
    """A stored step is of a kind that nothing here can do."""


@dataclass(frozen=True, slots=True)
class RunKind:
    """A kind of run that belongs to something else: `changed` is done whenever its rows have changed, instead
    of the card that a run has by itself. The run is locked then, so what it belongs to is not locked there:
    `changed` queues a job or writes a notice. `stands_in` says which agents do in such a run what is others' by
    the kinds of its steps, by those others. `answers` says who answers for a run beside its requester, and may
    pause and cancel it."""

    name: str
    changed: Callable[[AsyncSession, RunRow], Awaitable[None]]
    stands_in: Callable[[AsyncSession, RunRow], Awaitable[Mapping[str, str]]] | None = None
    answers: Callable[[AsyncSession, RunRow], Awaitable[str | None]] | None = None


@cache
def find_kinds() -> Mapping[str, StepKind]:
    """Every kind of step in this room, by name: the `KIND` or `KINDS` of the modules called `…_step`. Raises
    ValueError where two have one name."""
    found: dict[str, StepKind] = {}
    for module in _modules("_step"):
        for kind in getattr(module, "KINDS", None) or (module.KIND,):
            if kind.name in found:
                raise ValueError(f"two kinds of steps are called {kind.name}")
            found[kind.name] = kind
    return found


@cache
def find_run_kinds() -> Mapping[str, RunKind]:
    """The kinds of runs that say what becomes of them, by name: the `RUN` of the modules called `…_run`."""
    return {module.RUN.name: module.RUN for module in _modules("_run")}


def _modules(ending: str) -> list[Any]:
    found = pkgutil.walk_packages(agents.__path__, "agents.")
    return [import_module(module.name) for module in found if module.name.endswith(ending)]
