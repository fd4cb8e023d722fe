"""A new request is one folder: found, understood, permitted, helped with and answered, without another edit."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

import handlers.office
from handlers import catalogue, worlds
from handlers.language.encoder import Encoder
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

DUTY = """what is the status of the shift?
where are we with the on-call shift?
how is the night shift going
is my shift done yet
what is running on the rota right now
who am I on call with
what may I do while I am on call
which shift am I in
what are my duties this week
how far is the rota for December
status of on-call
show me where the rota stands
when will the on-call plan be done
what is open on the rota
who is working on payments tonight
what is everybody on duty working on
what is team Alpha doing on call
am I on call
give me a status of the people on duty
what is left of my shift
"""
"""In the words in which people ask where things are, and who they are."""
DUTY_LATER = (
    "how far are we with the on-call rota?",
    "is the night shift done yet",
    "who am I on duty with tomorrow",
    "when is the rota for January done",
    "what is the status of on-call at team Beta",
    "which shift am I on next week",
    "what's running on the rota tonight",
    "who is working on search tonight",
    "am I on duty this weekend",
    "where does the on-call plan stand",
)
NEIGHBOURS = ("status", "whoami", "incident", "service", "schedule_meeting", "velocity")
HELD_OUT = Path(__file__).parent / "language" / "utterances"


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


@pytest.mark.timeout(240)  # it learns from every utterance that there is
def test_it_is_understood_and_takes_no_utterance_from_its_neighbours(parking: Path, tmp_path: Path) -> None:
    said = [text for name in NEIGHBOURS for text in (HELD_OUT / f"{name}.txt").read_text("utf-8").splitlines()]
    (parking / "utterances.txt").write_text(DUTY)
    learnt = Recogniser.load(tmp_path / "learnt")
    recogniser = replace(learnt, encoder=cast(Encoder, SimpleNamespace(encode=cache(learnt.encoder.encode))))
    with_it = [found.name for found in recogniser.recognise_all(said)]
    assert with_it == [found.name for found in replace(recogniser, added=None).recognise_all(said)]
    assert [found.name for found in recogniser.recognise_all(["stop all agents now"])] == ["halt_agents"]
    own = [found.name for found in recogniser.recognise_all(DUTY_LATER)]
    assert own.count("parking") >= 0.8 * len(own)


def test_without_utterances_it_is_named(parking: Path) -> None:
    (parking / "utterances.txt").unlink()
    with pytest.raises(UtterancesIncomplete, match="parking"):
        read_utterances()


def test_a_folder_that_calls_itself_something_else_is_named(parking: Path) -> None:
    (parking / "handler.py").write_text(HANDLER.replace('name="parking"', 'name="duty"'))
    with pytest.raises(catalogue.RequestMisdeclared, match=r"calls itself duty; its folder is called parking"):
        catalogue.catalogue()
