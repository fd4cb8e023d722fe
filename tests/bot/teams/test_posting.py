"""Posting in Teams: what each failure means, what is not doubled, edits for everyone, threads and rates."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import pytest

from bot.platforms.adapter import PostFailed
from bot.platforms.channels import new_thread
from bot.teams import adapter as teams_adapter
from bot.teams import posting
from bot.teams.render import TeamsMessage
from governance.places import Audience, Place
from handlers.conversation.cards import Card, Reply, Text
from integrations.budgets import Budgets
from simulators.teams import Conversation, Message
from tests.office import TeamsOffice

HELLO = Reply(text="Hello.", cards=(Card("Hello", (Text(("Nice to meet you.",)),)),))


async def _chat(office: TeamsOffice) -> Conversation:
    """A chat of its own, in which the bot is."""
    name = f"p{uuid.uuid4().hex[:8]}"
    office.teams.world.add_person(name)
    await office.person(name).says("/status")
    return office.person(name).chat


def _place(chat: Conversation, thread: str = "main") -> Place:
    return Place("teams", chat.id, thread, Audience.DIRECT)


async def _post(
    office: TeamsOffice,
    place: Place,
    reply: Reply = HELLO,
    *,
    edits: str | None = None,
    key: str = "",
    again: bool = False,
) -> str:
    posts = office.installation.adapters["teams"].post
    async with office.installation.database.statements(office.tenant) as tx:
        return await posts(tx, place, reply, edits=edits, key=key or uuid.uuid4().hex, again=again)


def _posted(chat: Conversation) -> list[Message]:
    return [each for each in chat.messages if each.author == "bot" and not each.is_deleted]


async def test_a_card_goes_out_with_words_for_notifications(empty_office: TeamsOffice) -> None:
    chat = await _chat(empty_office)
    message = await _post(empty_office, _place(chat))
    (posted,) = _posted(chat)
    assert posted.id == message
    assert posted.card
    assert posted.card["version"] == "1.5"
    assert "Hello." in posted.summary
    assert "Nice to meet you." in posted.all_text


@pytest.mark.parametrize(("status", "retry_after", "waits", "is_certain"), [
    (429, "17", 17.0, True),
    (429, None, 5.0, True),
    (412, None, 2.0, True),
    (502, None, 5.0, False),
    (503, "3", 3.0, False),
    (504, None, 5.0, False),
    (0, None, 5.0, False),
    (401, None, 60.0, True),
    (400, None, None, True),
    (403, None, None, True),
    (404, None, None, True),
    (413, None, None, True),
    (500, None, None, True),
])  # fmt: skip
async def test_each_failure_says_whether_and_when_to_try_again(
    empty_office: TeamsOffice, status: int, retry_after: str | None, waits: float | None, is_certain: bool
) -> None:
    chat = await _chat(empty_office)
    for call, edits in (("send", None), ("update", await _post(empty_office, _place(chat)))):
        empty_office.teams.faults.add(call, status, retry_after=retry_after)  # type: ignore[arg-type]
        asked = empty_office.teams.faults.count(call)  # type: ignore[arg-type]
        with pytest.raises(PostFailed) as failed:
            await _post(empty_office, _place(chat), edits=edits)
        assert (failed.value.retry_after, failed.value.is_certain) == (waits, is_certain)
        assert empty_office.teams.faults.count(call) == asked + 1, "nobody tries again but the outbox"  # type: ignore[arg-type]


PAGES = ("<html>Sign in</html>", "[]", "[" * 5_000, "null", '"id"')


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("status", [200, 400, 429, 503])
async def test_a_page_in_place_of_an_answer_is_no_fault_of_ours(
    empty_office: TeamsOffice, status: int, page: str
) -> None:
    chat = await _chat(empty_office)
    for call, edits in (("send", None), ("update", await _post(empty_office, _place(chat)))):
        empty_office.teams.faults.add(call, status, says=page)  # type: ignore[arg-type]
        with pytest.raises(PostFailed) as failed:
            await _post(empty_office, _place(chat), edits=edits)
        assert (failed.value.retry_after is None) == (status == 400)


@pytest.mark.parametrize(("retry_after", "waits"), [
    ("inf", 5.0), ("nan", 5.0), ("1e999", 5.0), ("99999999", 3600.0), ("-4", 0.0),
    ("Wed, 21 Oct 2026 07:28:00 GMT", 5.0),
])  # fmt: skip
async def test_nobody_makes_us_wait_for_ever(empty_office: TeamsOffice, retry_after: str, waits: float) -> None:
    chat = await _chat(empty_office)
    empty_office.teams.faults.add("send", 429, retry_after=retry_after)
    with pytest.raises(PostFailed) as failed:
        await _post(empty_office, _place(chat))
    assert failed.value.retry_after == waits


async def test_a_message_that_was_taken_without_an_id_is_not_sent_again(empty_office: TeamsOffice) -> None:
    chat = await _chat(empty_office)
    empty_office.teams.faults.add("send", 200, says="{}", taken=True)
    with pytest.raises(PostFailed) as failed:
        await _post(empty_office, _place(chat))
    assert failed.value.retry_after is None
    assert len(_posted(chat)) == 1


async def test_a_chat_that_is_not_there_is_given_up(empty_office: TeamsOffice) -> None:
    with pytest.raises(PostFailed) as failed:
        await _post(empty_office, Place("teams", "a:1-nobody", "main", Audience.DIRECT))
    assert failed.value.retry_after is None


async def test_a_refused_connection_is_a_message_not_sent(empty_office: TeamsOffice) -> None:
    chat = await _chat(empty_office)
    await empty_office.rows(
        "UPDATE teams_conversations SET service_url = 'http://127.0.0.1:1/' WHERE conversation = :c"
        " RETURNING 1",
        c=chat.id,
    )
    with pytest.raises(PostFailed) as failed:
        await _post(empty_office, _place(chat))
    assert (failed.value.retry_after, failed.value.is_certain) == (5.0, True)


async def test_a_message_taken_without_an_answer_may_stand_twice_and_is_never_missing(
    own_office: TeamsOffice,
) -> None:
    own_office.teams.faults.add("send", 502, taken=True)
    said = await own_office.person("david").says("/whoami")
    await own_office.answered(said)
    await own_office.settled()
    assert len(_posted(own_office.person("david").chat)) in (1, 2)


async def test_too_many_requests_are_waited_out_and_nothing_is_lost_or_doubled(own_office: TeamsOffice) -> None:
    own_office.teams.faults.add("send", 429, times=3, retry_after="0.2")
    david = own_office.person("david")
    for _ in range(3):
        await david.says("/whoami")
    await own_office.settled()
    assert len(_posted(david.chat)) == 3


async def test_threads_of_channels_and_threads_of_ours(empty_office: TeamsOffice) -> None:
    channel = empty_office.teams.world.add_channel("posts", ["david"], team=f"t{uuid.uuid4().hex[:6]}")
    said = await empty_office.person("david").says("@bot /status", to=channel)
    await _post(empty_office, _place(channel, said.id))
    ours = _place(channel, new_thread())
    first = await _post(empty_office, ours)
    await _post(empty_office, ours)
    assert [each.root for each in _posted(channel)] == [said.id, None, first]
    replied = await empty_office.person("david").says("@bot /blockers", to=channel, under=channel.messages[-2])
    ((thread,),) = await empty_office.rows(
        "SELECT place->>'thread' FROM inbox WHERE key LIKE '%/' || :id", id=replied.id
    )
    assert thread == ours.thread, "an answer to what we began is in the thread as we named it"


async def test_an_edit_is_for_everyone_and_posts_nothing_new(empty_office: TeamsOffice) -> None:
    chat = await _chat(empty_office)
    message = await _post(empty_office, _place(chat))
    edited = await _post(empty_office, _place(chat), Reply(text="Changed."), edits=message)
    (posted,) = _posted(chat)
    assert (edited, posted.edits, posted.text, posted.card) == (message, 1, "Changed.", None)


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replies take a message for each line of their text."""

    def render(reply: Reply, *, public_url: str | None, kept: str) -> Sequence[TeamsMessage]:
        return [TeamsMessage(line, None, line) for line in reply.text.split("\n")]

    monkeypatch.setattr(teams_adapter, "render", render)
    monkeypatch.setattr(posting, "RATES", ())


@pytest.mark.usefixtures("in_parts")
async def test_a_reply_of_several_messages_goes_on_where_it_stopped(empty_office: TeamsOffice) -> None:
    chat = await _chat(empty_office)
    reply, key = Reply(text="one\ntwo\nthree"), uuid.uuid4().hex
    empty_office.teams.faults.add("send", 429, after=1, times=2)
    for _ in range(2):
        with pytest.raises(PostFailed):
            await _post(empty_office, _place(chat), reply, key=key)
    ids = await _post(empty_office, _place(chat), reply, key=key)
    assert [each.text for each in _posted(chat)] == ["one", "two", "three"]
    assert ids == "+".join(each.id for each in _posted(chat))


@pytest.mark.usefixtures("in_parts")
async def test_edits_take_as_many_messages_as_they_need(empty_office: TeamsOffice) -> None:
    chat = await _chat(empty_office)
    two = await _post(empty_office, _place(chat), Reply(text="one\ntwo"))
    three = await _post(empty_office, _place(chat), Reply(text="1\n2\n3"), edits=two)
    assert [each.text for each in _posted(chat)] == ["1", "2", "3"]
    assert three.startswith(f"{two}+")
    one = await _post(empty_office, _place(chat), Reply(text="all"), edits=three)
    assert [each.text for each in _posted(chat)] == ["all"]
    assert one == two.partition("+")[0]
    key = uuid.uuid4().hex
    empty_office.teams.faults.add("send", 429, after=1)
    with pytest.raises(PostFailed):
        await _post(empty_office, _place(chat), Reply(text="a\nb\nc"), edits=one, key=key)
    await _post(empty_office, _place(chat), Reply(text="a\nb\nc"), edits=one, key=key)
    assert [each.text for each in _posted(chat)] == ["a", "b", "c"], "b was not posted twice"


async def test_a_conversation_gets_no_more_than_teams_takes(
    empty_office: TeamsOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts = empty_office.installation.adapters["teams"]._posting  # type: ignore[attr-defined]
    monkeypatch.setattr(posts, "_budgets", Budgets(None))
    chat, other = await _chat(empty_office), await _chat(empty_office)
    for _ in range(7):
        await _post(empty_office, _place(chat))
    with pytest.raises(PostFailed) as failed:
        await _post(empty_office, _place(chat))
    assert 0 < (failed.value.retry_after or 0) <= 2
    assert failed.value.is_certain
    assert len(_posted(chat)) == 7
    await _post(empty_office, _place(other))
