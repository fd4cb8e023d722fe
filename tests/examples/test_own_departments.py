"""Departments unlike the sample: each opens, answers, plans or says what is missing, approves and halts."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.bootstrap import open_installation
from bot.conversation import Conversation
from bot.department import Installation
from bot.finding import Finding
from bot.in_force import examine_department
from handlers.delivery.preconditions import ADD_HERE, NO_PRODUCTS, NO_TEAMS
from integrations.tracker import Priority, Story, StoryStatus
from integrations.tracker.vendors.local.history import History, take_over
from storage.embedded import EmbeddedServer
from tests.examples.own_departments import DOCUMENT, HOSPITAL, TWO_PEOPLE, forty_people
from tests.workplace import Deaf, settings_of


@dataclass(frozen=True)
class Own:
    """A department of one's own at work, and what the doctor says of it."""

    installation: Installation
    chat: Conversation
    findings: tuple[Finding, ...]

    async def say(self, who: str, words: str) -> str:
        return (await self.chat.say(who, words, None, None)).as_text()

    def told(self, state: str) -> list[str]:
        return [finding.says for finding in self.findings if finding.state == state]


Open = Callable[[str], Awaitable[Own]]


@pytest.fixture
async def opening(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Open]:
    async with AsyncExitStack() as stack:

        async def opened(text: str) -> Own:
            folder = tmp_path / "department"
            shutil.rmtree(folder, ignore_errors=True)
            (folder / "documents").mkdir(parents=True)
            (folder / "department.yaml").write_text(text, encoding="utf-8")
            (folder / "documents" / "PRD-Lamp.md").write_text(DOCUMENT, encoding="utf-8")
            installation = await open_installation(settings_of(server, tmp_path, department=folder))
            installation.__dict__["recogniser"] = Deaf()
            findings = tuple([each async for each in examine_department(installation)])
            return Own(installation, await stack.enter_async_context(Conversation(installation)), findings)

        yield opened


async def _answers(own: Own, who: str, name: str) -> None:
    assert "Build" in await own.say(who, "/help")
    assert f"You are {name}" in await own.say(who, "/whoami")
    assert "No plan is under way" in await own.say(who, "/status")


async def _halts_and_resumes(own: Own, halter: str, other: str) -> None:
    halted = await own.chat.say(halter, "/halt_agents Halt all agents because we try it out", None, None)
    assert halted.done
    assert "halted" in (await own.say(other, "/status")).lower()
    await own.say(halter, "/resume_agents Resume")  # never one's own
    assert "halted" in (await own.say(other, "/status")).lower()
    await own.say(other, "/resume_agents Resume because it works")
    assert "halted" not in (await own.say(other, "/status")).lower()


async def _plans_and_approves(own: Own, asker: str, approver: str, product: str) -> None:
    asked = await own.chat.say(asker, "/build_feature Build it from PRD-Lamp", None, None)
    assert "Switch the lamp on" in asked.as_text()
    (approval,) = asked.approvals
    assert product in str(asked.cards)
    decided = await own.chat.decide(approver, approval["id"], "approve", {})
    assert decided.done
    assert "Set up: Switch the lamp on. Made EPIC-1 with 2 stories." in decided.as_text()


async def test_two_people_work_and_hear_what_is_missing(opening: Open) -> None:
    own = await opening(TWO_PEOPLE)
    ann, ben = "ann-testperson", "ben-testperson"
    assert own.told("wrong") == []
    assert own.told("well") == ["Two Lamps, 2 people, 0 teams"]
    advice = own.told("advice")
    assert any(says.startswith("none, so nothing can be planned") for says in advice)
    assert any("Nobody could approve what Ben Testperson asks for of code changes" in says for says in advice)
    assert not any("role changes" in says or "go on after" in says for says in advice)
    await _answers(own, ann, "Ann Testperson")
    assert await own.say(ann, "/build_feature Build it from PRD-Lamp") == NO_TEAMS + ADD_HERE
    assert await own.say(ann, "/build_feature Build something") == NO_TEAMS + ADD_HERE
    assert await own.say(ann, "/add_to_backlog Add a spare bulb to the backlog") == NO_TEAMS + ADD_HERE
    (given,) = (await own.chat.say(ben, "/access make Ann Testperson an architect", None, None)).approvals
    for voter in (ann, ben):
        assert (await own.chat.decide(voter, given["id"], "approve", {})).done
    assert "architect" in await own.say(ann, "/whoami")
    await _halts_and_resumes(own, ben, ann)


async def test_two_people_with_a_team_plan(opening: Open) -> None:
    own = await opening(TWO_PEOPLE + "teams:\n  - name: The Team\n")
    await _plans_and_approves(own, "ann-testperson", "ben-testperson", "Two Lamps")
    assert "for the-team" in await own.say("ben-testperson", "/add_to_backlog Add a spare bulb to the backlog")


async def test_a_plan_has_dates_once_there_are_done_stories_to_estimate_from(opening: Open) -> None:
    own = await opening(TWO_PEOPLE + "teams:\n  - name: The Team\n")
    at = datetime.now(UTC) - timedelta(days=3)
    done = [
        Story(
            id=f"CARD-{number}",
            title=f"Lamp {number} is switched on",
            description="",
            acceptance=(),
            team="the-team",
            product="two-lamps",
            status=StoryStatus.DONE,
            priority=Priority.P2,
            epic=None,
            discipline="backend",
            estimate_hours=4.0,
            actual_hours=4.0 + number % 3,
            customers=(),
            labels=(),
            depends_on=(),
            blocked_reason=None,
            assignee=None,
            sprint=None,
            created=at,
            started=at,
            finished=at + timedelta(hours=number),
        )
        for number in range(1, 25)
    ]
    async with own.installation.database.transaction(own.installation.settings.tenant) as tx:
        await take_over(tx, "done before", History([], [], done, [], []))
    asked = await own.chat.say("ann-testperson", "/build_feature Build it from PRD-Lamp", None, None)
    today = datetime.now(UTC).date()
    first = today + timedelta(days=7 - today.weekday())
    assert "1 sprint (Sprint 1)" in asked.as_text()
    assert f"({first.day} {first:%b} {first.year} to " in asked.as_text()
    assert "no sprint has room" not in str(asked.cards)


async def test_without_a_product_owner_products_are_asked_for(opening: Open) -> None:
    nobody = TWO_PEOPLE.replace("product owner, ", "")
    own = await opening(nobody + "teams:\n  - name: The Team\n")
    assert any(says.startswith("none, so no plan can be proposed") for says in own.told("advice"))
    assert await own.say("ben-testperson", "/build_feature Build it from PRD-Lamp") == NO_PRODUCTS + ADD_HERE


async def test_forty_people_in_three_countries(opening: Open) -> None:
    own = await opening(forty_people())
    assert own.told("wrong") == []
    assert own.told("well") == ["Forty Lamps, 40 people, 3 teams"]
    assert [says for says in own.told("advice") if "Nobody" in says] == []
    owner, director, other = "testperson-02", "testperson-00", "testperson-01"
    await _answers(own, owner, "Testperson 02")
    assert "America/Los_Angeles" in await own.say(owner, "/digest settings")
    assert "Asia/Kolkata" in await own.say("testperson-04", "/digest settings")
    await _plans_and_approves(own, owner, director, "Forty Lamps")
    await _halts_and_resumes(own, director, other)


async def test_a_hospitals_it(opening: Open) -> None:
    own = await opening(HOSPITAL)
    assert own.told("wrong") == []
    assert own.told("well") == ["St. Test's Hospital IT, 7 people, 2 teams"]
    assert [says for says in own.told("advice") if "Nobody" in says] == []
    head, owner = "dr-cleo-testhead", "eva-testcare"
    await _answers(own, owner, "Eva Testcare")
    asked = await own.chat.say(owner, "/build_feature Build it from PRD-Lamp", None, None)
    assert "Patient Portal" in asked.as_text()
    assert "Ward Network" in asked.as_text()
    portal = HOSPITAL.replace("name: Patient Portal", "name: Lamp")
    own = await opening(portal)
    await _plans_and_approves(own, owner, head, "Lamp")
    await _halts_and_resumes(own, head, "fay-testdata")
