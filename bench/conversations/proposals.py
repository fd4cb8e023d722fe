"""Proposals that wait for votes: read from a dialogue's `given`, and opened in its thread."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.conversations import running, setting
from bench.conversations.kinds import services_in
from bench.conversations.setting import CannotStand
from bench.conversations.stand_ins import stand_in
from bench.conversations.talk import Talk
from governance.action import Action
from governance.actions.access import give_role, take_role
from governance.people import Role
from integrations.pages import Part

_WHY = "It is to be decided on."


@dataclass(frozen=True)
class Listed:
    """Proposals as a sentence lists them; `requester` where it says whose they are."""

    items: tuple[str, ...]
    requester: str | None


@dataclass(frozen=True)
class Proposal:
    """One of them, with the approval that it waits for (None where nothing stands for it), and its number where
    it stands in a list."""

    text: str
    approval: str | None
    requester: str
    number: int = 0


_OPEN = re.compile(
    r"^(?:(?P<whose>\w+)'s (?:own )?)?(?:An? |The |\w+ )?(?:separate )?"
    r"(?:open approvals?|approvals?|proposals?|requests?|open for \w+|things)\b[^:]*?"
    r"(?:\b(?:open|waits?|waiting)\b[^:]*)?:\s*(?P<list>.+)$",
    re.IGNORECASE,
)
_WAITS = re.compile(
    r"^(?:An? |The )(?P<list>.+?) (?:waits for|is waiting for) (?:an? )?(?:votes?|approval|decision)\b"
)
_OFFERED = re.compile(
    r"\b(?:plan waits|report offers|card offered|offers)\b:?\s*(?P<list>1 .+)$", re.IGNORECASE
)
_SHOWN = re.compile(
    r"^The last card:? (?:is |shows )?(?P<list>[^:]*\bplan, [\d,]+ agent-hours.*)$", re.IGNORECASE
)
_NUMBERED = re.compile(r"(?:^|[,;]\s+)\d+\s+(?=[^\d\s])")


def proposals_in(sentence: str) -> Listed | None:
    """The proposals that a sentence says are open; None if it says so of none."""
    for pattern in (_OPEN, _WAITS, _OFFERED, _SHOWN):
        found = pattern.search(sentence)
        if found is not None:
            whose = found.groupdict().get("whose")
            return Listed(items_of(found["list"], several=_says_several(sentence)), whose)
    return None


def _says_several(sentence: str) -> bool:
    return bool(re.search(r"\b(?:proposals|requests|approvals|open for)\b", sentence, re.IGNORECASE))


def items_of(listed: str, *, several: bool) -> tuple[str, ...]:
    """The items of a list: numbered ones, or what commas part where several are spoken of."""
    if listed.startswith("1 "):
        return tuple(part.strip(" ,;") for part in _NUMBERED.split(listed) if part.strip(" ,;"))
    if several and ";" in listed:
        return tuple(part.strip() for part in listed.split(";") if part.strip())
    if several:
        parts = re.split(r",\s*(?:and\s+)?(?![^()]*\))", listed)
        return tuple(part.strip() for part in parts if part.strip())
    return (listed.partition(";")[0].strip(),)


async def open_proposals(
    talk: Talk, listed: Listed, speaker: str, people_in: Callable[[str], Sequence[str]]
) -> list[Proposal]:
    """Open each in the thread, asked for by who is named, or by somebody else than the speaker."""
    made = []
    for number, item in enumerate(listed.items, 1):
        whose = people_in(listed.requester) if listed.requester else ()
        requester = whose[0] if whose else _requester(item, speaker)
        try:
            approval = await _open(talk, item, requester, people_in(item))
        except CannotStand:
            approval = None
        made.append(Proposal(item, approval, requester, number if len(listed.items) > 1 else 0))
    return made


def _requester(item: str, speaker: str) -> str:
    if re.search(r"\b(?:role|becomes|access)\b", item):
        return "amanda" if speaker != "amanda" else "carlos"
    if re.search(r"\b(?:message|mail|letter|draft)\b", item):
        return "rachel" if speaker != "rachel" else "elena"
    if re.search(r"\b(?:plan|replan)\b", item):
        return "david" if speaker != "david" else "priya"
    return "nathan" if speaker != "nathan" else "ingrid"


async def _open(talk: Talk, item: str, requester: str, people: Sequence[str]) -> str:
    is_plan = re.search(r"\bplan\b", item) and not re.search(r"\breplan\b", item)
    if is_plan and await setting.document_of(talk, item) is not None:
        return await setting.plan_proposed(talk, item, requester)
    if (asked := await _of_a_release(talk, item, requester)) is not None:
        return asked
    action, agent = await action_for(talk, item, people)
    return await setting.propose(talk, action, requester, item, agent=agent)


async def _of_a_release(talk: Talk, item: str, requester: str) -> str | None:
    """A deployment or a rollback, asked for by who may: the one named, else the SRE lead."""
    services = services_in(item, talk.held.platform.known)
    version = running.VERSION.search(item)
    if not services or re.search(r"\b(?:message|mail|plan|replan)\b", item.casefold()):
        return None
    by = requester if requester in ("nathan", "amanda", "ingrid", "leila") else "nathan"
    if re.search(r"\broll(?:back|ing back|s? back)\b", item.casefold()):
        return await running.goes_back(talk, services[0], by)
    if version is None:
        return None
    return await running.deploys(talk, services[0], version[0], running.stage_in(item), by)


async def action_for(talk: Talk, item: str, people: Sequence[str]) -> tuple[Action, str | None]:
    """What an item asks for, and the agent that asks where it is no person. Raises CannotStand."""
    said = item.casefold()
    role = next((role for role in Role if role.label.casefold() in said), None) or next(
        (role for role in Role if re.search(rf"\b{role.label.split()[0].casefold()}\b", said)), None
    )
    if re.search(r"\b(?:becomes|role|loses)\b", said):
        if role is None:
            raise CannotStand(f"{item}: which role?")
        people = people or (await setting.newcomer(talk, item.split()[0]),)
        make = take_role if "loses" in said or "no longer" in said else give_role
        return make(people[0], role, _WHY), None
    services = [one.id for one in (await talk.held.ports.services.services(Part())).items]
    service = next((one for one in sorted(services, key=len, reverse=True) if one in said), None)
    if re.search(r"\b(?:message|mail|letter|draft)\b", said):
        return stand_in("customer_communications", item, _WHY), None
    if re.search(r"\b(?:replan|plan)\b", said):
        return stand_in("plan_change", item, _WHY), "project_manager"
    if re.search(r"\b(?:pods?|replicas?|USD|capacity)\b", item):
        return stand_in("reservation", item, _WHY, service=service), None
    if re.search(r"\b(?:cve|patch\w*)\b", said):
        return stand_in("security_patches", item, _WHY, service=service, severity="high"), None
    return stand_in("architecture_changes", item, _WHY, service=service), None
