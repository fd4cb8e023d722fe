"""UC-PROD-001 in words and clicks: a PRD becomes a plan, is changed, approved, carried out and on record."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from agents.plans.tables import PlanRow
from bot.bootstrap import open_installation
from bot.conversation import Conversation
from bot.department import Installation
from bot.settings import Settings
from governance.visibility import EVERYTHING
from handlers.language.mood import Mood
from handlers.language.recognition import Recognition
from integrations.tracker import Story, StoryQuery, StoryStatus
from storage.embedded import EmbeddedServer

BUILD = "/build_feature Build the customer dashboard feature from PRD-2025-Q1-Dashboard"


class Deaf:
    """No sentence model: what is asked for is said exactly; decisions are read all the same."""

    def start(self) -> None:
        """Nothing to load."""

    def begin(self, text: str) -> None:
        """Nothing to work out ahead."""

    async def recognise(self, text: str) -> Recognition:
        return Recognition(None, 0.0, (), Mood.OTHER, 0.0)


Opened = Callable[[], Any]


@pytest.fixture
def opened(server: EmbeddedServer, tmp_path: Path) -> Opened:
    """Opens the sample department in a process of its own, as it were: again and again the same one."""
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        tenant=f"uc{uuid.uuid4().hex[:10]}",
        database_url=server.app_url,
        database_owner_url=server.owner_url,
        var_folder=tmp_path,
        openai_api_key=None,
        log_level="error",
    )

    async def open_it() -> Installation:
        installation = await open_installation(settings)
        installation.__dict__["recogniser"] = Deaf()
        return installation

    return open_it


async def _stories(installation: Installation) -> list[Story]:
    async with installation.database.transaction(installation.settings.tenant) as tx:
        epic = (await tx.execute(select(PlanRow.epic))).scalar_one()
    tracker = installation.ports(installation.settings.tenant).tracker
    return list((await tracker.stories(EVERYTHING, StoryQuery(epic=epic))).items) if epic else []


async def _one(installation: Installation, query: str) -> Any:
    async with installation.database.transaction(installation.settings.tenant) as tx:
        return (await tx.execute(text(query))).scalar_one()


async def _run(installation: Installation, statement: str) -> None:
    async with installation.database.transaction(installation.settings.tenant) as tx:
        await tx.execute(text(statement))


async def test_from_a_prd_to_stories_in_sprints_and_a_record_of_it(opened: Opened) -> None:
    installation = await opened()
    async with Conversation(installation) as chat:
        refused = await chat.say("rachel", BUILD, None, None)
        assert "product owner or engineering director" in refused.as_text()
        assert refused.approvals == ()

        planned = await chat.say("david", BUILD, None, None)
        (proposal,) = planned.approvals
        assert proposal["state"] == "open"
        values = {fact["name"]: fact["value"] for fact in planned.facts}
        assert values["stories"] == 17
        assert f"{values['sprints']} sprints (Sprint " in planned.as_text()
        assert any(block["kind"] == "chart" for card in planned.cards for block in card["blocks"])

        changed = await chat.decide("david", proposal["id"], "modify", {"drop": ["S13", "S17"]})
        (newer,) = changed.approvals
        assert "15 stories" in changed.as_text()
        late = await chat.decide("david", proposal["id"], "approve", {})
        assert "superseded" in late.as_text()

        await chat.say("david", "Approve with notification on blockers", None, planned.thread)
        stories = await _stories(installation)
        assert len(stories) == 15
        assert {"Large screen mode", "Prove the quality requirements"}.isdisjoint(s.title for s in stories)
        scheduled = [story for story in stories if story.status is StoryStatus.SCHEDULED]
        assert len(scheduled) >= 10
        assert all(story.sprint for story in scheduled)
        await _holds_the_record(installation, newer["id"])

        await _asked_who_holds_the_stories(installation)
        await _run(installation, "UPDATE threads SET topic = topic - 'approval'")  # as if voted elsewhere
        asked = await chat.say("david", "/audit who approved that?", None, planned.thread)
        assert "David Lindqvist" in asked.as_text(), "what he decided, not what was asked for since"
        again = await chat.say("david", BUILD, None, None)
        assert "under way already: EPIC-" in again.as_text()

        where = await chat.say("amanda", "/status customer dashboard", None, None)
        assert "0 of 15 stories done" in where.as_text()


async def _asked_who_holds_the_stories(installation: Installation) -> None:
    for _ in range(200):
        if await _one(installation, "SELECT count(*) FROM approvals WHERE title LIKE 'Who holds%'"):
            return
        await asyncio.sleep(0.1)
    raise AssertionError("nobody was asked who holds the stories")


async def _holds_the_record(installation: Installation, approval: str) -> None:
    """Every effect of the plan has its intent and its outcome in the log, and the vote is there."""
    effects = await _one(installation, "SELECT count(*) FROM effects WHERE plan IS NOT NULL AND state = 'done'")
    assert effects >= 1 + 1 + 15
    for kind in ("intent", "outcome"):
        found = await _one(
            installation,
            f"SELECT count(DISTINCT entry.effect) FROM audit_entries AS entry JOIN effects"
            f" ON effects.id = entry.effect WHERE effects.plan IS NOT NULL AND effects.state = 'done'"
            f" AND entry.kind = '{kind}'",
        )
        assert found == effects, kind
    votes = await _one(
        installation,
        f"SELECT count(*) FROM audit_entries WHERE subject = '{approval}' AND type = 'approval.vote'",
    )
    assert votes == 1
    notified = await _one(installation, "SELECT notifications::text FROM plans")
    assert notified == '["blockers"]'


async def test_a_process_that_dies_in_the_middle_leaves_nothing_undone_and_nothing_twice(
    opened: Opened,
) -> None:
    installation = await opened()
    async with Conversation(installation) as chat:
        planned = await chat.say("david", BUILD, None, None)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await chat.decide("david", planned.approvals[0]["id"], "approve", {})
    installation = await opened()
    assert await _one(installation, "SELECT state FROM plans") in ("proposed", "executing")
    async with Conversation(installation) as chat:
        await chat.say("david", "/whoami", None, planned.thread)
        for _ in range(200):
            if await _one(installation, "SELECT state FROM plans") == "created":
                break
            await asyncio.sleep(0.1)
        stories = await _stories(installation)
        assert sorted(story.title for story in stories) == sorted({story.title for story in stories})
        assert len(stories) == 17
        epics = await _one(
            installation, "SELECT count(*) FROM tracker_epics WHERE title = 'Customer Dashboard'"
        )
        assert epics == 1
