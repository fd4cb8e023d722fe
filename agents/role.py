"""What an agent is: a name, a prompt, what it may look at, what it may propose, and its budget.

A role is a module with two things: `ROLE`, and beside it `by_rule`, an async function, its way of
working without a model. The modules of this package are found by scanning it; a company ships its own
through the entry point group `countersign.agents`, each entry naming such a module.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

from pydantic import BaseModel

GROUP = "countersign.agents"


@dataclass(frozen=True, slots=True)
class ModelBudget:
    """What one piece of work may use of a model; checked before each call. `cost` is USD."""

    calls: int
    tokens: int
    cost: Decimal

    def divided(self, parts: int) -> ModelBudget:
        """The share of each of so many parts, of at least one call."""
        return ModelBudget(max(self.calls // parts, 1), self.tokens // parts, self.cost / parts)


@dataclass(frozen=True, slots=True)
class Role:
    """An agent's role.

    `tools` are names of read-only lookups, `proposes` types of Actions that it may have the gate rule on (never
    perform itself): the gate refuses it all others. `output` is the schema that its work with a model ends in.
    """

    name: str
    title: str
    prompt: str
    tools: tuple[str, ...]
    proposes: tuple[str, ...]
    output: type[BaseModel]
    budget: ModelBudget


ByRule = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Agent:
    """A role together with its way of working without a model."""

    role: Role
    by_rule: ByRule


class BrokenRole(Exception):
    """A module that is named as a role is none, two share a name, or nothing gives a role anything to do."""


def demand_reached(roles: Mapping[str, Agent], working: Collection[str]) -> None:
    """Raises BrokenRole unless `working` (the names of those that some work is given to) are all the roles that
    there are, and no others."""
    if idle := sorted(set(roles) - set(working)):
        raise BrokenRole(
            f"Nothing is ever done by {', '.join(idle)}: no kind of step has it as its actor. Give it a"
            " step, or take its file away."
        )
    if unknown := sorted(set(working) - set(roles)):
        raise BrokenRole(f"Steps are done by {', '.join(unknown)}, and there is no such role in `agents/`.")


def agents() -> Mapping[str, Agent]:
    """All roles by name: those of this package, then those of installed packages. Raises BrokenRole."""
    package = import_module("agents")
    here = [import_module(f"agents.{m.name}") for m in pkgutil.iter_modules(package.__path__) if not m.ispkg]
    found: dict[str, Agent] = {}
    for module in here:
        if hasattr(module, "ROLE"):
            _take(found, module)
    for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name):
        _take(found, _loaded(entry))
    return found


def _loaded(entry: EntryPoint) -> ModuleType:
    loaded = entry.load()
    if not isinstance(loaded, ModuleType):
        raise BrokenRole(f"Entry point {entry.name} of {GROUP} must name a module.")
    return loaded


def _take(found: dict[str, Agent], module: ModuleType) -> None:
    role, by_rule = getattr(module, "ROLE", None), getattr(module, "by_rule", None)
    if not isinstance(role, Role) or not callable(by_rule):
        raise BrokenRole(f"{module.__name__} needs a ROLE and an async function by_rule.")
    if role.name in found:
        raise BrokenRole(f"{module.__name__}: there is a role {role.name} already.")
    found[role.name] = Agent(role, by_rule)
