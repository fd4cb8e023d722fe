"""Asking and deciding from the command line: what is not there, what counts, and what is on record of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.bootstrap import open_installation
from bot.command_line import Stop
from bot.conversation import Conversation
from storage.embedded import EmbeddedServer
from tests.workplace import Deaf, settings_of

GIVE = "/access make Nathan an architect because we lack one"
GIVE_ANOTHER = "/access make Priya an architect because we lack one"


@pytest.fixture
async def chat(server: EmbeddedServer, tmp_path: Path) -> Conversation:
    installation = await open_installation(settings_of(server, tmp_path))
    installation.__dict__["recogniser"] = Deaf()
    return Conversation(installation)


async def _refusal(asking: object) -> str:
    with pytest.raises(Stop) as stop:
        await asking  # type: ignore[misc]
    assert stop.value.code == 1
    return str(stop.value)


async def test_what_is_not_there_is_named_and_nobody_waits(chat: Conversation) -> None:
    async with chat:
        hers = await chat.say("amanda", "/whoami", None, None)
        assert await _refusal(chat.say("david", "hello", None, "nosuch")) == "There is no thread nosuch."
        theirs = f"There is no thread {hers.thread}."
        assert await _refusal(chat.say("david", "hello", None, hers.thread)) == theirs
        assert await _refusal(chat.say("david", "hello", "product", hers.thread)) == theirs
        assert await _refusal(chat.say("david", "hello", "#nosuch", None)) == "There is no channel nosuch."
        assert await _refusal(chat.say("david", " ", None, None)) == "There is nothing in this message to read."
        nothing = "There is no approval ap_nosuch."
        assert await _refusal(chat.decide("david", "ap_nosuch", "approve", {})) == nothing


async def test_an_answer_says_whether_it_was_done_and_where_it_is_on_record(chat: Conversation) -> None:
    async with chat:
        done = await chat.say("david", "/whoami", None, None)
        assert (done.done, len(done.audit)) == (True, 1)
        refused = await chat.say("rachel", "/build_feature Build it from PRD-2025-Q1-Dashboard", None, None)
        assert (refused.done, len(refused.audit)) == (False, 1)


async def test_a_vote_is_done_where_it_counts(chat: Conversation) -> None:
    async with chat:
        (given,) = (await chat.say("amanda", GIVE, None, None)).approvals
        assert not (await chat.decide("rachel", given["id"], "approve", {})).done
        assert (await chat.decide("amanda", given["id"], "approve", {})).done  # one of two
        assert not (await chat.decide("amanda", given["id"], "approve", {})).done
        assert (await chat.decide("carlos", given["id"], "approve", {})).done
        again = await chat.decide("carlos", given["id"], "approve", {})
        assert not again.done
        (denied,) = (await chat.say("amanda", GIVE_ANOTHER, None, None)).approvals
        assert (await chat.decide("carlos", denied["id"], "deny", {})).done
        assert not (await chat.decide("carlos", denied["id"], "deny", {})).done
        assert await _refusal(chat.decide("carlos", denied["id"], "modify", {})) == (
            f"No card offers to modify {denied['id']}, which is denied."
        )


async def test_under_one_key_it_is_said_and_decided_once(chat: Conversation) -> None:
    async with chat:
        first = await chat.say("amanda", GIVE, None, None, key="k1")
        again = await chat.say("amanda", GIVE, None, None, key="k1")
        assert (again.turn, again.texts, len(again.approvals)) == (first.turn, first.texts, 1)
        assert await _refusal(chat.say("david", GIVE, None, None, key="k1")) == "This was said before."
        (given,) = first.approvals
        for _ in range(2):  # the second finds the click of the first, and that it counted
            assert (await chat.decide("amanda", given["id"], "approve", {}, key="k2")).done
        assert not (await chat.decide("amanda", given["id"], "approve", {}, key="k3")).done
        for _ in range(2):
            assert (await chat.decide("carlos", given["id"], "approve", {}, key="k4")).done
        assert await _refusal(chat.decide("carlos", given["id"], "approve", {}, key="k2")) == (
            "This was said before."
        )
        (denied,) = (await chat.say("amanda", GIVE_ANOTHER, None, None)).approvals
        for _ in range(2):
            assert (await chat.decide("carlos", denied["id"], "deny", {}, key="k5")).done
