"""`test_coverage`: how much of each service its tests run, whether that rises, and what is least covered."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass

from agents.engineering.coverage import Covered, covered, history, measured_repositories
from agents.engineering.suite_run import begin_suite
from governance.people import Role
from governance.permissions import reads
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler
from handlers.conversation.origin import known, place_json
from handlers.conversation.subjects import demand_to_act, service_meant
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import listed
from handlers.delivery.test_coverage.card import one_reply, suite_reply
from handlers.delivery.test_coverage.figures import Limit, called
from handlers.delivery.test_coverage.overview import all_reply
from handlers.language.kinds import Thing
from handlers.language.matching import Ambiguous, Resolved, find
from integrations.code_host.contents import Repository
from integrations.code_host.refusals import CodeHostError
from integrations.pages import Part

MOST_REPOSITORIES = 50

_LIMIT = re.compile(
    r"\b(?:(?P<below>below|under|less than|fewer than|lower than|at most)|above|over|more than|at least|of)\s+"
    r"(?P<limit>\d{1,3})\s*(?:%|per ?cent\b)"
)
_TEAM = re.compile(r"\bteam[\s-]+(\w+)|\b(\w+)[\s-]+team\b")
_SUBJECT = re.compile(r"(?P<repository>[\w./-]{1,200})(?:#(?P<number>\d{1,9}))?")


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Of the service that is named, of a team's, or of all, the least covered first. Raises CannotAnswer."""
    limit = _limit(asked.text)
    try:
        repositories = await _repositories(desk)
        named = await _named(desk, asked, repositories)
        if named is not None:
            return await one_reply(turn, desk, named, limit)
        meant = await _of_team(desk, asked.text, repositories)
        known = await measured_repositories(desk.tx)
        measured = [one for one in meant if one.id in known]
        commits = await asyncio.gather(*(history(desk.ports.code_host, one) for one in measured))
    except CodeHostError as refused:
        raise CannotAnswer(str(refused)) from refused
    found = [await covered(desk.tx, one, log) for one, log in zip(measured, commits, strict=True)]
    found += [Covered(one.id, one.default_branch, None, ()) for one in meant if one.id not in known]
    return await all_reply(turn, desk, found, limit)


async def _repositories(desk: Desk) -> tuple[Repository, ...]:
    page = await desk.ports.code_host.repositories(Part(limit=MOST_REPOSITORIES))
    found = tuple(one for one in page.items if not one.is_archived)
    if not found:
        raise CannotAnswer("I see no repository, so I know no coverage. Connect a code host first.")
    return found


async def _named(desk: Desk, asked: Asked, repositories: Sequence[Repository]) -> Repository | None:
    """The repository that is named, or that of the service that is. Raises CannotAnswer, Unclear."""
    things = [Thing(one.id, called(one.id).replace("-", " "), (one.id,)) for one in repositories]
    by_id = {one.id: one for one in repositories}
    match find(asked.words("what"), things):
        case Resolved(thing):
            return by_id[thing.id]
        case Ambiguous(candidates):
            several = listed((thing.id for thing in candidates), "or")
            raise CannotAnswer(f"Which repository do you mean: {several}?")
    service = await service_meant(desk, asked.words("what"))
    if service is None:
        return None
    its = [one for one in repositories if called(one.id) == service]
    if len(its) != 1:
        raise CannotAnswer(f"I see no repository of {service}, so nothing measures its coverage.")
    return its[0]


async def _of_team(desk: Desk, text: str, repositories: Sequence[Repository]) -> Sequence[Repository]:
    """Those of the services that the team owns which is said; all where none is. Raises CannotAnswer."""
    said = {word for found in _TEAM.findall(text.lower()) for word in found if word}
    team = next((one for one in desk.department.teams if said & {one.id, one.name.lower()}), None)
    if team is None:
        return repositories
    services = await asyncio.gather(*(desk.ports.services.find(called(one.id), 1) for one in repositories))
    owned = [
        one
        for one, found in zip(repositories, services, strict=True)
        if found and found[0].id == called(one.id) and found[0].team == team.id
    ]
    if not owned:
        raise CannotAnswer(f"I see no repository of a service of team {team.name}.")
    return owned


def _limit(text: str) -> Limit | None:
    found = _LIMIT.search(text.lower())
    return None if found is None else Limit(int(found["limit"]), is_most=found["below"] is not None)


@dataclass(frozen=True, slots=True)
class _Pressed:
    repository: str
    number: int | None


def _pressed(turn: Turn) -> _Pressed:
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    found = _SUBJECT.fullmatch(turn.what.subject)
    if found is None:
        raise CannotAnswer("That button says no repository. Ask for the coverage again.")
    return _Pressed(found["repository"], int(found["number"]) if found["number"] else None)


async def _run_tests(turn: Turn, desk: Desk) -> Reply:
    demand_to_act(known(turn), HANDLER.name, desk)
    pressed = _pressed(turn)
    run = await begin_suite(
        desk.tx,
        pressed.repository,
        pressed.number,
        requester=known(turn).id,
        place=place_json(turn.place),
        turn=turn.id,
    )
    return await suite_reply(desk, run)


HANDLER = Handler(
    name="test_coverage",
    purpose="Test coverage for each service, and how it moves",
    example="What's our test coverage across microservices?",
    group=Group.SEE,
    permission=reads(Role.ENGINEERING_DIRECTOR, Role.SRE_LEAD, Role.PRODUCT_OWNER),
    answer=answer,
    presses={"run_tests": _run_tests},
)
