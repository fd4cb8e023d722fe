"""Work under way streams into a direct conversation, step by step, and ends as the card of what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from limits import RateLimitItemPerMinute

from bot import outbox
from bot.slack import adapter, posting
from governance.places import Audience, Place
from handlers.conversation.cards import Button, Buttons, Card, Progress, Reply, Text
from simulators.slack import Message
from simulators.slack.faults import Faults
from tests.office import Office, OpenOffice

KEY = "a-piece-of-work"
READING, ESTIMATING = "Reading PRD-7", "Product owner: estimates the stories"


def _working(*steps: str) -> Reply:
    *done, doing = steps
    shown = (*(("done", step) for step in done), ("doing", doing), ("waiting", "The proposal"))
    return Reply("Planning PRD-7.", (Card("Planning PRD-7", (Progress(shown),)),), key=KEY)  # type: ignore[arg-type]


DONE = Reply(
    "Planned.",
    (Card("Planned", (Text(("It takes 12 hours.",)), Buttons((Button("Approve", "approve", "ap_1"),)))),),
    key=KEY,
)


@pytest.fixture(autouse=True)
def _may_begin_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is tested here is said within a minute or two, by one person."""
    often = (RateLimitItemPerMinute(1_000),)
    monkeypatch.setattr(posting, "STARTS", often)
    monkeypatch.setattr(adapter, "POSTS", often)


@pytest.fixture(autouse=True)
def _afterwards_all_is_well(office: Office) -> Iterator[None]:
    yield
    office.slack.faults.clear()


class Thread:
    """A thread in which replies under one key take each other's place."""

    def __init__(self, office: Office, asked: Message, *, direct: bool = True) -> None:
        self.office, self.asked = office, asked
        self._before = len(office.slack.calls)
        audience = Audience.DIRECT if direct else Audience.PUBLIC
        self.place = Place("slack", f"T0ACME/{asked.channel}", asked.ts, audience)

    async def shows(self, *replies: Reply) -> None:
        for reply in replies:
            async with self.office.installation.database.transaction(self.office.tenant) as tx:
                await outbox.put(tx, self.place, reply, turn=None)
            await self.office.settled()

    @property
    def message(self) -> Message:
        """The one that there is beside the first answer."""
        (message,) = [each for each in self.office.slack.thread(self.asked) if each.bot_id][1:]
        return message

    def called(self, *methods: str) -> list[str]:
        return [each.method for each in self.office.slack.calls[self._before :] if each.method in methods]


@pytest.fixture
async def thread(office: Office) -> Thread:
    asked = await office.slack.user("david").says("/whoami", dm=True)
    await office.settled()
    return Thread(office, asked)


async def test_steps_stream_and_end_as_the_card(thread: Thread) -> None:
    await thread.shows(_working(READING))
    assert thread.message.streaming
    assert thread.message.text.startswith("Working on it."), "what notifications and screen readers say"
    assert thread.message.tasks == {READING: "in_progress"}
    await thread.shows(_working(READING, ESTIMATING))
    assert thread.message.streaming
    assert thread.message.tasks == {READING: "complete", ESTIMATING: "in_progress"}
    await thread.shows(DONE)
    assert not thread.message.streaming
    assert (thread.message.text, thread.message.buttons) == ("Planned.", ["Approve"])
    calls = ("chat.startStream", "chat.appendStream", "chat.stopStream", "chat.update")
    assert thread.called(*calls) == list(calls)


async def test_a_stream_that_slack_ended_goes_on_as_edits(thread: Thread) -> None:
    await thread.shows(_working(READING))
    thread.message.streaming = False
    await thread.shows(_working(READING, ESTIMATING))
    assert ESTIMATING in thread.message.all_text
    await thread.shows(DONE)
    assert thread.message.buttons == ["Approve"]
    assert thread.called("chat.stopStream") == []


async def test_a_stream_that_ended_before_the_work_did_becomes_the_card(thread: Thread) -> None:
    await thread.shows(_working(READING))
    thread.message.streaming = False
    await thread.shows(DONE)
    assert thread.message.buttons == ["Approve"]


def _refuse_start(faults: Faults, how: str) -> None:
    match how:
        case "404":
            faults.server_error("chat.startStream", status=404, times=9)
        case "429":
            faults.rate_limit("chat.startStream", times=9, retry_after=60)
        case _:
            faults.refuse("chat.startStream", how, times=9)


@pytest.mark.parametrize("how", ["404", "429", "unknown_method", "missing_scope"])
async def test_where_slack_does_not_stream_it_is_a_message_at_once(thread: Thread, how: str) -> None:
    _refuse_start(thread.office.slack.faults, how)
    await thread.shows(_working(READING))
    calls = thread.called("chat.startStream", "conversations.replies", "chat.postMessage")
    assert calls == ["chat.startStream", "chat.postMessage"], "in the same attempt"
    await thread.shows(_working(READING, ESTIMATING))
    assert ESTIMATING in thread.message.all_text
    await thread.shows(DONE)
    assert thread.message.buttons == ["Approve"]


@pytest.mark.parametrize("fault", ["server_error", "reset"])
async def test_a_start_that_fails_is_not_tried_again(thread: Thread, fault: str) -> None:
    getattr(thread.office.slack.faults, fault)("chat.startStream", times=9)
    await thread.shows(_working(READING))
    assert READING in thread.message.all_text
    assert not thread.message.streaming
    assert thread.called("chat.startStream") == ["chat.startStream"]


async def test_where_streams_are_not_carried_on_any_more_the_card_still_comes(thread: Thread) -> None:
    await thread.shows(_working(READING))
    for method in ("chat.appendStream", "chat.stopStream"):
        thread.office.slack.faults.server_error(method, status=404)
    await thread.shows(_working(READING, ESTIMATING))
    assert thread.called("chat.appendStream") == ["chat.appendStream"], "a step that is not shown holds up none"
    await thread.shows(DONE)
    assert (thread.message.buttons, thread.message.streaming) == (["Approve"], False)


async def test_a_start_whose_answer_was_lost_is_found_and_goes_on(thread: Thread) -> None:
    lost = thread.office.slack.faults.lose_answer("chat.startStream")
    await thread.shows(_working(READING))
    assert lost.happened == 1
    assert thread.message.streaming
    await thread.shows(DONE)
    assert thread.message.buttons == ["Approve"]
    assert thread.called("chat.startStream") == ["chat.startStream"]


async def test_a_start_that_failed_takes_no_other_stream_of_the_thread_for_its_own(thread: Thread) -> None:
    await thread.shows(_working(READING))
    thread.office.slack.faults.server_error("chat.startStream")
    await thread.shows(replace(_working("Reading PRD-8"), key="another-piece"))
    first, second = [each for each in thread.office.slack.thread(thread.asked) if each.bot_id][1:]
    assert (list(first.tasks), first.streaming) == ([READING], True)
    assert "Reading PRD-8" in second.all_text


async def test_a_stream_that_slack_will_not_end_at_once_is_ended_later(thread: Thread) -> None:
    thread.office.slack.faults.refuse("chat.stopStream", "invalid_metadata_schema")
    await thread.shows(_working(READING), DONE)
    assert (thread.message.buttons, thread.message.streaming) == (["Approve"], False)
    calls = thread.called("chat.stopStream", "chat.update")
    assert calls[:3] == ["chat.stopStream", "chat.update", "chat.stopStream"], (
        "Slack edits nothing that streams"
    )


async def test_no_words_of_others_make_links_or_mentions_in_a_stream(thread: Thread) -> None:
    evil = "[Approve](https://evil.example) <!channel> <@UDAVID>"
    progress = Progress((("doing", evil),))
    await thread.shows(Reply(evil, (Card(evil, (progress,)),), key=KEY))
    shown = str(thread.message.sent["all_chunks"])
    assert "Approve] (" in shown
    assert "<" not in shown
    assert "](" not in shown


@pytest.mark.parametrize("method", ["chat.appendStream", "chat.stopStream"])
@pytest.mark.parametrize("fault", ["reset", "server_error", "lose_answer", "rate_limit"])
async def test_what_fails_on_the_way_is_made_up_for(thread: Thread, method: str, fault: str) -> None:
    getattr(thread.office.slack.faults, fault)(method)
    await thread.shows(_working(READING), _working(READING, ESTIMATING), DONE)
    assert thread.message.tasks == {READING: "complete", ESTIMATING: "in_progress"}
    assert (thread.message.text, thread.message.streaming) == ("Planned.", False)


async def test_in_a_channel_everybody_sees_the_steps_so_nothing_streams(office: Office) -> None:
    asked = await office.slack.user("david").says("@bot /whoami", channel="engineering")
    await office.settled()
    thread = Thread(office, asked, direct=False)
    await thread.shows(_working(READING), _working(READING, ESTIMATING))
    assert ESTIMATING in thread.message.all_text
    assert thread.called("chat.startStream") == []


async def test_a_plan_that_is_asked_for_in_a_direct_message_streams(open_office: OpenOffice) -> None:
    office = await open_office()
    david = office.slack.user("david")
    asked = await david.says("/build_feature build PRD-2025-Q1-Dashboard", dm=True)
    shown = await office.slack.wait_for(lambda m: m.thread_ts == asked.ts and "Approve" in m.buttons, within=60)
    assert shown.plan_title == "Planning PRD-2025-Q1-Dashboard"
    assert "Reading PRD-2025-Q1-Dashboard" in shown.tasks
    assert not shown.streaming
