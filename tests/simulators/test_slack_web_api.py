"""The Web API as slack_sdk calls it."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.models.metadata import Metadata
from slack_sdk.web.async_client import AsyncWebClient

from simulators.slack import FakeSlack
from tests.simulators.bolt_app import MODAL


async def refused(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


async def test_tokens_are_checked(slack: FakeSlack) -> None:
    assert await refused(AsyncWebClient(base_url=slack.api_url).auth_test()) == "not_authed"
    wrong = AsyncWebClient(token="xoxb-wrong", base_url=slack.api_url)
    assert await refused(wrong.auth_test()) == "invalid_auth"
    known = await AsyncWebClient(token=slack.bot_token, base_url=slack.api_url).auth_test()
    assert (known["team_id"], known["user_id"]) == (slack.team_id, slack.app.bot_user)
    await slack.admin.uninstalls()
    gone = AsyncWebClient(token=next(iter(slack.state.installations[0].tokens)), base_url=slack.api_url)
    assert await refused(gone.auth_test()) == "account_inactive"


async def test_scopes_are_checked(slack: FakeSlack, web: AsyncWebClient) -> None:
    slack.app.scopes = frozenset({"chat:write", "users:read"})
    assert await refused(web.conversations_list()) == "missing_scope"
    found = await web.users_info(user=slack.user("david").id)
    assert "email" not in found["user"]["profile"]


async def test_a_message_is_posted_edited_and_deleted(slack: FakeSlack, web: AsyncWebClient) -> None:
    product = slack.channel("product").id
    posted = await web.chat_postMessage(
        channel=product,
        text="one",
        metadata=Metadata("countersign", {"key": "k1"}),
        unfurl_links=False,
        unfurl_media=False,
    )
    reply = await web.chat_postMessage(channel=product, text="two", thread_ts=posted["ts"])
    assert reply["message"]["thread_ts"] == posted["ts"]
    await web.chat_update(channel=product, ts=posted["ts"], text="one, edited")
    (message, _) = slack.thread(posted["ts"])
    assert (message.text, message.edits, message.unfurls) == ("one, edited", [("one", [])], False)
    plain = await web.conversations_history(channel=product)
    assert [m["text"] for m in plain["messages"]] == ["one, edited"]
    assert "metadata" not in plain["messages"][0]
    thread = await web.conversations_replies(channel=product, ts=posted["ts"], include_all_metadata=True)
    assert [m["text"] for m in thread["messages"]] == ["one, edited", "two"]
    assert thread["messages"][0]["metadata"]["event_payload"] == {"key": "k1"}
    await web.chat_delete(channel=product, ts=reply["ts"])
    assert len(slack.thread(posted["ts"])) == 1


async def test_where_the_app_cannot_post(slack: FakeSlack, web: AsyncWebClient) -> None:
    assert await refused(web.chat_postMessage(channel="C0NOWHERE", text="x")) == "channel_not_found"
    for name, error in (("product", "not_in_channel"), ("leadership", "channel_not_found")):
        channel = slack.channel(name)
        channel.members.remove(slack.app.bot_user)
        assert await refused(web.chat_postMessage(channel=channel.id, text="x")) == error
    said = await slack.user("david").says("mine", channel="product")
    slack.channel("product").members.append(slack.app.bot_user)
    update = web.chat_update(channel=said.channel, ts=said.ts, text="y")
    assert await refused(update) == "cant_update_message"
    assert (
        await refused(web.chat_postMessage(channel=said.channel, text="x", thread_ts="1.1"))
        == "thread_not_found"
    )


async def test_a_users_id_opens_the_direct_conversation(slack: FakeSlack, web: AsyncWebClient) -> None:
    david = slack.user("david")
    opened = await web.conversations_open(users=[david.id])
    posted = await web.chat_postMessage(channel=david.id, text="hello")
    assert posted["channel"] == opened["channel"]["id"] == david.dm.id
    await slack.admin.changes("david", deleted=True)
    assert await refused(web.conversations_open(users=david.id)) == "user_disabled"


async def test_one_person_alone_sees_an_ephemeral_message(slack: FakeSlack, web: AsyncWebClient) -> None:
    product, david = slack.channel("product").id, slack.user("david")
    await web.chat_postEphemeral(channel=product, user=david.id, text="only you")
    assert [m.text for m in slack.ephemerals(david)] == ["only you"]
    assert slack.ephemerals("priya") == []
    assert (await web.conversations_history(channel=product))["messages"] == []
    guest = slack.admin.adds("gus")
    assert (
        await refused(web.chat_postEphemeral(channel=product, user=guest.id, text="x")) == "user_not_in_channel"
    )


async def test_people_and_channels_are_looked_up(slack: FakeSlack, web: AsyncWebClient) -> None:
    david = slack.user("david")
    found = await web.users_lookupByEmail(email="DAVID@example.com")
    assert found["user"]["id"] == david.id
    assert found["user"]["is_email_confirmed"] is True
    assert await refused(web.users_lookupByEmail(email="nobody@example.com")) == "users_not_found"
    channels = await web.conversations_list(types="public_channel,private_channel", limit=3)
    names = [channel["name"] for channel in channels["channels"]]
    async for page in channels:
        names += [channel["name"] for channel in page["channels"] if channel["name"] not in names]
    assert {"product", "leadership"} <= set(names)
    members = await web.conversations_members(channel=slack.channel("leadership").id)
    assert david.id in members["members"]
    info = await web.conversations_info(channel=slack.channel("leadership").id)
    assert info["channel"]["is_private"] is True


async def test_strangers_and_guests_are_told_apart(slack: FakeSlack, web: AsyncWebClient) -> None:
    slack.add_workspace("T0OTHER", "Elsewhere")
    stranger = slack.admin.adds("sven", team="T0OTHER", is_stranger=True)
    assert await refused(web.users_info(user=stranger.id)) == "user_not_found"
    shared = slack.admin.opens("with-elsewhere", "david", "sven", is_ext_shared=True)
    found = (await web.users_info(user=stranger.id))["user"]
    assert (found["is_stranger"], found["team_id"], "email" in found["profile"]) == (True, "T0OTHER", False)
    assert (await web.conversations_info(channel=shared.id))["channel"]["is_ext_shared"] is True
    guest = slack.admin.adds("gia", is_restricted=True)
    assert (await web.users_info(user=guest.id))["user"]["is_restricted"] is True


async def test_a_trigger_dies_and_works_once(slack: FakeSlack, web: AsyncWebClient) -> None:
    david = slack.user("david")
    trigger = slack.state.trigger(david.id, slack.team_id)
    await web.views_open(trigger_id=trigger.id, view=MODAL)
    assert await refused(web.views_open(trigger_id=trigger.id, view=MODAL)) == "exchanged_trigger_id"
    late = slack.state.trigger(david.id, slack.team_id)
    late.at -= 3.5
    assert await refused(web.views_open(trigger_id=late.id, view=MODAL)) == "expired_trigger_id"
    assert await refused(web.views_open(trigger_id="1.2", view=MODAL)) == "invalid_trigger_id"


async def test_a_view_is_updated_unless_it_changed_meanwhile(slack: FakeSlack, web: AsyncWebClient) -> None:
    david = slack.user("david")
    trigger = slack.state.trigger(david.id, slack.team_id)
    opened = (await web.views_open(trigger_id=trigger.id, view=MODAL))["view"]
    changed = {**MODAL, "title": {"type": "plain_text", "text": "Changed"}}
    await web.views_update(view_id=opened["id"], hash=opened["hash"], view=changed)
    assert david.view is not None
    assert david.view.title == "Changed"
    update = web.views_update(view_id=opened["id"], hash=opened["hash"], view=MODAL)
    assert await refused(update) == "hash_conflict"
    await david.closes(david.view)
    assert await refused(web.views_update(view_id=opened["id"], view=MODAL)) == "not_found"


async def test_the_home_tab_is_published(slack: FakeSlack, web: AsyncWebClient) -> None:
    david = slack.user("david")
    words = {"type": "section", "text": {"type": "mrkdwn", "text": "Nothing waits for you."}}
    published = await web.views_publish(user_id=david.id, view={"type": "home", "blocks": [words]})
    assert david.home is not None
    assert "Nothing waits" in david.home.all_text
    again = web.views_publish(user_id=david.id, hash="old", view={"type": "home", "blocks": [words]})
    assert await refused(again) == "hash_conflict"
    assert published["view"]["hash"] == david.home.hash


async def test_a_file_appears_in_its_thread_a_little_later(slack: FakeSlack, web: AsyncWebClient) -> None:
    product = slack.channel("product").id
    parent = await web.chat_postMessage(channel=product, text="report")
    slack.share_delay = 0.1
    uploaded = await web.files_upload_v2(
        content=b"\x89PNG", filename="chart.png", channel=product, thread_ts=parent["ts"]
    )
    file = uploaded["file"]["id"]
    assert (await web.files_info(file=file))["file"]["shares"] == {}
    picture = {"type": "image", "slack_file": {"id": file}, "alt_text": "a chart"}
    assert await refused(web.chat_postMessage(channel=product, text="c", blocks=[picture])) == "invalid_blocks"
    await slack.wait_until(lambda: slack.state.files[file].shares)
    shared = (await web.files_info(file=file))["file"]
    assert shared["shares"]["public"][product][0]["thread_ts"] == parent["ts"]
    await web.chat_postMessage(channel=product, text="c", blocks=[picture])
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {slack.bot_token}"}
        async with session.get(shared["url_private_download"], headers=headers) as answer:
            assert await answer.read() == b"\x89PNG"
        async with session.get(shared["url_private_download"]) as answer:
            assert answer.content_type == "text/html"


async def test_a_file_with_alt_txt_is_never_shared(slack: FakeSlack, web: AsyncWebClient) -> None:
    slack.share_delay = 0.0
    channel = slack.channel("product").id
    await web.files_upload_v2(content=b"x", filename="a.png", alt_txt="alt", channel=channel)
    await slack.settle()
    assert slack.messages("product") == []


async def test_streams_grow_and_end(slack: FakeSlack, web: AsyncWebClient) -> None:
    david = slack.user("david")
    said = await david.says("tell me", channel="product")
    stream = await web.chat_stream(
        channel=said.channel,
        thread_ts=said.ts,
        recipient_team_id=slack.team_id,
        recipient_user_id=david.id,
        buffer_size=1,
    )
    await stream.append(markdown_text="one ")
    await stream.append(markdown_text="two")
    growing = slack.thread(said)[-1]
    assert (growing.text, growing.streaming) == ("one two", True)
    await stream.stop()
    assert growing.streaming is False
    append = web.chat_appendStream(channel=said.channel, ts=growing.ts, markdown_text="x")
    assert await refused(append) == "message_not_in_streaming_state"


async def test_reactions_status_and_the_rest(slack: FakeSlack, web: AsyncWebClient) -> None:
    david = slack.user("david")
    said = await david.says("hello", dm=True)
    where = {"channel": said.channel, "timestamp": said.ts}
    await web.reactions_add(**where, name="eyes")
    assert said.reactions == {"eyes": [slack.app.bot_user]}
    assert await refused(web.reactions_add(**where, name="eyes")) == "already_reacted"
    await web.reactions_remove(**where, name="eyes")
    assert said.reactions == {}
    await web.assistant_threads_setStatus(channel_id=said.channel, thread_ts=said.ts, status="is thinking…")
    assert slack.state.thread_status[said.channel, said.ts] == "is thinking…"
    session = {"channel_id": said.channel, "thread_ts": said.ts, "status": "processing"}
    await web.api_call("agents.sessions.setStatus", json=session)
    assert slack.state.sessions[said.channel, said.ts] == "processing"
    assert await refused(web.api_call("no.such.method")) == "unknown_method"


async def test_waiting_fails_with_what_there_is(slack: FakeSlack, web: AsyncWebClient) -> None:
    await web.chat_postMessage(channel=slack.channel("product").id, text="something else")
    with pytest.raises(AssertionError, match="something else"):
        await slack.wait_for(lambda m: "wanted" in m.text, within=0.02)
    waiting = asyncio.create_task(slack.wait_for(lambda m: "wanted" in m.text))
    await web.chat_postMessage(channel=slack.channel("product").id, text="wanted")
    assert (await waiting).text == "wanted"
