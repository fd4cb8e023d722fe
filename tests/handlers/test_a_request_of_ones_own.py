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
"""`rota`: who is on call."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import acts
from handlers.conversation.cards import Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, Group, Handler
from handlers.conversation.turn import Turn


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    text = "Nathan is on call until Monday."
    return Reply(text=text, cards=(Card("On call", (Text((text,)),)),))


HANDLER = Handler(
    name="rota",
    purpose="Who is on call",
    example="who is on call tonight?",
    group=Group.SEE,
    permission=acts(Role.SRE_LEAD),
    answer=answer,
)
'''
UTTERANCES = """who is on call tonight?
who's on call
what is our on-call rota?
show me the on-call rota
who carries the pager this week
whose turn is it to be on call
on-call schedule please
who do I page after hours
rota for the weekend
when am I on call next
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
def rota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "rota"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "handler.py").write_text(HANDLER)
    (folder / "utterances.txt").write_text(UTTERANCES)
    monkeypatch.setattr(handlers.office, "__path__", [*handlers.office.__path__, str(tmp_path)])
    _forget()
    yield folder
    for name in [name for name in sys.modules if name.startswith("handlers.office.rota")]:
        del sys.modules[name]
    monkeypatch.undo()
    _forget()


async def test_it_is_answered_to_whom_it_permits_and_refused_to_others(rota: Path, talk: Talk) -> None:
    answer = await talk.say("nathan", "/eng rota")
    assert (answer.intent, answer.replies[0].text) == ("rota", "Nathan is on call until Monday.")
    refused = await talk.say("rachel", "/eng rota")
    assert "SRE lead" in refused.replies[0].text


async def test_help_knows_it(rota: Path, talk: Talk) -> None:
    said = await talk.say("nathan", "/eng help more")
    assert "Who is on call" in said.replies[0].text


def test_its_utterances_teach_the_recogniser_what_it_means(rota: Path, tmp_path: Path) -> None:
    recogniser = Recogniser.load(tmp_path / "learnt")
    found = recogniser.recognise_all(["who's on call this weekend?", "stop all agents now"])
    assert [one.name for one in found] == ["rota", "halt_agents"]


def test_without_utterances_it_is_named(rota: Path) -> None:
    (rota / "utterances.txt").unlink()
    with pytest.raises(UtterancesIncomplete, match="rota"):
        read_utterances()


def test_a_folder_that_calls_itself_something_else_is_named(rota: Path) -> None:
    (rota / "handler.py").write_text(HANDLER.replace('name="rota"', 'name="duty"'))
    with pytest.raises(catalogue.RequestMisdeclared, match=r"calls itself duty; its folder is called rota"):
        catalogue.catalogue()
