"""Every sentence that a home screen suggests works for whoever sees it, by the real router and recogniser."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from bot.bootstrap import open_installation
from bot.console.pages import suggestions_for
from bot.department import Installation
from bot.settings import Settings
from bot.teams.answers import welcome
from governance.directory import people, person_by_identity
from governance.people import Person
from governance.places import Audience, Place
from handlers.catalogue import find_handlers
from handlers.conversation.cards import Bullets, Button, Buttons, Reply
from handlers.conversation.memory import Memory
from handlers.conversation.outcome import Answer
from handlers.conversation.router import Router
from handlers.conversation.turn import Clicked, Said, Turn
from handlers.notices.home import NOTICE
from storage.embedded import EmbeddedServer

MEANT = {
    "Build the customer dashboard feature from PRD-2025-Q1-Dashboard": "build_feature",
    "What waits for my approval?": "approvals",
    "Add query optimization to the backlog as P1": "add_to_backlog",
    "Who may approve a plan?": "authority",
    "What is going on right now?": "status",
    "Who can approve production deployments?": "authority",
    "Priya decides for me until Friday": "delegate",
    "Stop all agents now": "halt_agents",
    "Show me the last audit entries": "audit",
    "Verify the audit log": "audit",
    "Freeze all deployments": "freeze",
    "Show me the authority matrix": "authority",
    "What's the status of the SSO integration?": "status",
    "What can you do for me?": "help",
    "Can we prioritize the performance improvements?": "prioritise",
    "Send me a daily summary at 9": "digest",
    "Freeze deployments of the orders service": "freeze",
    "Open an incident window for two hours": "window",
    "Who am I here?": "whoami",
}
"""The handler that each suggestion of the console is to reach."""


class _TakenBack(Exception):
    """Nothing of what was tried is kept."""


@dataclass(frozen=True)
class Tried:
    """What became of one suggestion, tried as one person."""

    person: str
    suggestion: str
    answer: Answer

    @property
    def misfires(self) -> str:
        """Why it did not work; empty if it did."""
        said = " ".join(reply.text for reply in self.answer.replies)
        if self.answer.intent is None or self.answer.intent not in find_handlers():
            return f"{self.person}: “{self.suggestion}” was not understood, or is not there yet: {said}"
        if self.answer.refused is not None:
            return f"{self.person}: “{self.suggestion}” was refused: {said}"
        return ""


@pytest.fixture(scope="module")
async def department(
    server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Installation]:
    """The sample department as it is when it has just been opened."""
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        tenant=f"su{uuid.uuid4().hex[:10]}",
        database_url=server.app_url,
        database_owner_url=server.owner_url,
        var_folder=tmp_path_factory.mktemp("suggestions"),
        openai_api_key=None,
        log_level="error",
    )
    opened = await open_installation(settings)
    yield opened
    await opened.close()


async def _try(department: Installation, person: Person, what: str | Button) -> Tried:
    """Say or press it as this person, in a conversation of their own, and take back what came of it."""
    recogniser = department.recogniser
    router = Router(find_handlers(), recogniser, recogniser)
    place = Place("console", f"dm-{person.id}", "cm_1", Audience.DIRECT)
    meant = Said(what) if isinstance(what, str) else Clicked(what.verb, what.subject, "m1", {})
    tried: list[Tried] = []
    try:
        async with department.database.transaction(department.settings.tenant) as tx:
            identity = f"console:{person.id}"
            knows = await person_by_identity(tx, identity)
            turn = Turn(department.settings.tenant, "tu_1", identity, knows, place, datetime.now(UTC), meant)
            answer = await router.answer(turn, await department.desks.desk(tx, Memory(place.key)))
            said = what if isinstance(what, str) else what.label
            tried.append(Tried(person.name, said, answer))
            raise _TakenBack
    except _TakenBack:
        return tried[0]


async def _everybody(department: Installation) -> list[Person]:
    async with department.database.transaction(department.settings.tenant) as tx:
        return [person for person in await people(tx) if person.active and person.roles]


async def test_what_the_console_suggests_works_for_whoever_sees_it(department: Installation) -> None:
    seen = {(sorted(p.roles)[0], s): p for p in await _everybody(department) for s in suggestions_for(p)}
    tried = [await _try(department, person, sentence) for (_, sentence), person in seen.items()]
    assert [one.misfires for one in tried if one.misfires] == []
    assert {one.suggestion: one.answer.intent for one in tried} == {
        one.suggestion: MEANT[one.suggestion] for one in tried
    }


def _buttons(reply: Reply) -> Iterator[Button]:
    for card in reply.cards:
        for block in card.blocks:
            if isinstance(block, Buttons):
                yield from (button for button in block.buttons if button.form is None)


async def test_what_can_be_pressed_on_slack_s_home_works_for_whoever_sees_it(department: Installation) -> None:
    misfires: list[str] = []
    by_roles = {person.roles: person for person in await _everybody(department)}
    for person in by_roles.values():
        async with department.database.transaction(department.settings.tenant) as tx:
            desk = await department.desks.desk(tx, Memory(f"home:{person.id}"))
            home = await NOTICE.render(desk, {"identity": f"console:{person.id}", "key": "home"}, None)
        assert home is not None
        tried = [await _try(department, person, button) for button in _buttons(home)]
        assert tried
        misfires += [one.misfires for one in tried if one.misfires]
    assert misfires == []


def _prompts() -> list[str]:
    manifest = yaml.safe_load(Path("app-manifest.yml").read_text())
    return [one["message"] for one in manifest["features"]["agent_view"]["suggested_prompts"]]


def _examples() -> list[str]:
    lists = [block for card in welcome().cards for block in card.blocks if isinstance(block, Bullets)]
    return ["".join(map(str, item)).strip("“”") for one in lists for item in one.items]


async def test_what_slack_and_teams_suggest_to_everybody_works_for_everybody(department: Installation) -> None:
    suggested = _prompts(), _examples()
    assert all(suggested)
    by_role = {sorted(person.roles)[0]: person for person in await _everybody(department)}
    tried = [
        await _try(department, person, sentence)
        for person in by_role.values()
        for sentences in suggested
        for sentence in sentences
    ]
    assert [one.misfires for one in tried if one.misfires] == []
