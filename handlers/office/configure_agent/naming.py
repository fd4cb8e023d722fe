"""Which agents a message means, by the names that people give to their roles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

from agents.role import Role, agents
from governance.department import AgentRole
from governance.standing import agent_label
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.wording import listed

_SHORT: Mapping[str, tuple[str, ...]] = {
    "backend_engineer": ("backend", "back end", "back-end", "be"),
    "frontend_engineer": ("frontend", "front end", "front-end", "fe"),
    "data_engineer": ("data",),
    "ml_engineer": ("machine learning", "ml"),
    "project_manager": ("pm", "project management"),
    "product_owner": ("po", "product"),
    "qa": ("quality", "test", "tester"),
    "documentation": ("docs",),
    "sre": ("aiops", "ops"),
}
_BARE = frozenset({"backend", "back end", "back-end", "frontend", "front end", "front-end", "qa", "ml"})
"""Short names that mean the agent by themselves; others only where it is called one."""

_ALL = re.compile(r"\b(?:all|every|each|any|our|the|which|what)\b[\w ]{0,12}\bagents\b|\bevery agent\b")


_WHICH = re.compile(
    r"(?:(?:so|ok|okay|hey|hi|please|pls|and) )*"
    r"(?:(?:which|what|how many)(?: of (?:the|our))? (?:ai )?agents"
    r"(?: (?:do (?:we|you) have|are (?:there|here|at work|paused|(?:switched )?(?:on|off))|have we(?: got)?"
    r"|exist))?"
    r"|(?:list|show)(?: me)?(?: all)?(?: of)?(?: the| our| your)? agents"
    r"|who are (?:all )?(?:the|our|your) agents)"
    r"(?: (?:here|now|right now|at the moment|today|please|pls))*"
)


def asks_which(said: str) -> bool:
    """Whether a message (in plain words) asks which agents there are, and nothing else."""
    return _WHICH.fullmatch(said.strip(" .?!")) is not None


@cache
def roles() -> Mapping[str, Role]:
    """The agents' roles that there are, by name."""
    return {name: agent.role for name, agent in agents().items()}


def names_all(said: str) -> bool:
    """Whether a message (in plain words) is about all agents."""
    return _ALL.search(said) is not None


def named(said: str) -> tuple[str, ...]:
    """The roles that a message (in plain words) names, in the order in which it does. Raises CannotAnswer for
    an agent that is not there."""
    found: dict[str, tuple[int, int]] = {}
    for role in dict.fromkeys((*roles(), *(one.value for one in AgentRole))):
        spans = [match.span() for match in _pattern(role).finditer(said)]
        if spans:
            found[role] = max(spans, key=lambda span: span[1] - span[0])
    kept = [role for role, span in found.items() if not _lies_within(span, found.values())]
    if missing := [role for role in kept if role not in roles()]:
        there = listed(f"the {agent_label(role)}" for role in roles())
        raise CannotAnswer(f"There is no {agent_label(missing[0])} agent here. There are {there}.")
    return tuple(sorted(kept, key=lambda role: found[role]))


def without_names(said: str) -> str:
    """A message (in plain words) with nothing where it names an agent."""
    for role in roles():
        said = _pattern(role).sub(" ", said)
    return said


@cache
def _pattern(role: str) -> re.Pattern[str]:
    label = role.replace("_", " ")
    called = r"(?: (?:engineer|agent|bot))"
    alone = [label, *(name for name in _SHORT.get(role, ()) if name in _BARE)]
    others = [name for name in _SHORT.get(role, ()) if name not in _BARE]
    ways = [rf"(?:{'|'.join(map(re.escape, alone))}){called}*"]
    if others:
        ways.append(rf"(?:{'|'.join(map(re.escape, others))}){called}+")
    return re.compile(rf"\b(?:{'|'.join(ways)})\b")


def _lies_within(span: tuple[int, int], others: Iterable[tuple[int, int]]) -> bool:
    return any(start <= span[0] and span[1] <= end and (start, end) != span for start, end in others)
