"""A new request is one folder: found, understood, permitted, helped with and answered, without another edit."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import handlers.office
from handlers import catalogue, worlds
from handlers.language.recogniser import Recogniser
from handlers.language.utterances import UtterancesIncomplete, read_utterances
from tests.handlers.conftest import Talk

HANDLER = '''
"""`parking`: where one can park."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import acts
from handlers.conversation.cards import Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, Group, Handler
from handlers.conversation.turn import Turn


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    text = "Deck 3 has room until Monday."
    return Reply(text=text, cards=(Card("Parking", (Text((text,)),)),))


HANDLER = Handler(
    name="parking",
    purpose="Where to park",
    example="where can I park tonight?",
    group=Group.SEE,
    permission=acts(Role.SRE_LEAD),
    answer=answer,
)
'''
UTTERANCES = """where can I park tonight?
where do I park
what is our parking plan?
show me the parking plan
is there room in the garage this week
which deck is free for parking
parking places please
where shall visitors park
parking for the weekend
is there a parking space left for me
"""


def _forget() -> None:
    for kept in (
        worlds.request_worlds,
        worlds.request_folders,
        worlds.request_names,
        worlds.declared,
        catalogue.catalogue,
    ):
        kept.cache_clear()


@pytest.fixture
def parking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "parking"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "handler.py").write_text(HANDLER)
    (folder / "utterances.txt").write_text(UTTERANCES)
    monkeypatch.setattr(handlers.office, "__path__", [*handlers.office.__path__, str(tmp_path)])
    _forget()
    yield folder
    for name in [name for name in sys.modules if name.startswith("handlers.office.parking")]:
        del sys.modules[name]
    monkeypatch.undo()
    _forget()


async def test_it_is_answered_to_whom_it_permits_and_refused_to_others(parking: Path, talk: Talk) -> None:
    answer = await talk.say("nathan", "/eng parking")
    assert (answer.intent, answer.replies[0].text) == ("parking", "Deck 3 has room until Monday.")
    refused = await talk.say("rachel", "/eng parking")
    assert "SRE lead" in refused.replies[0].text


async def test_help_knows_it(parking: Path, talk: Talk) -> None:
    said = await talk.say("nathan", "/eng help more")
    assert "Where to park" in said.replies[0].text


def test_its_utterances_teach_the_recogniser_what_it_means(parking: Path, tmp_path: Path) -> None:
    recogniser = Recogniser.load(tmp_path / "learnt")
    found = recogniser.recognise_all(["where can visitors park this weekend?", "stop all agents now"])
    assert [one.name for one in found] == ["parking", "halt_agents"]


def test_without_utterances_it_is_named(parking: Path) -> None:
    (parking / "utterances.txt").unlink()
    with pytest.raises(UtterancesIncomplete, match="parking"):
        read_utterances()


def test_a_folder_that_calls_itself_something_else_is_named(parking: Path) -> None:
    (parking / "handler.py").write_text(HANDLER.replace('name="parking"', 'name="duty"'))
    with pytest.raises(catalogue.RequestMisdeclared, match=r"calls itself duty; its folder is called parking"):
        catalogue.catalogue()
