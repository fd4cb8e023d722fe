"""What each person sees, says and presses in the console."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from bot.console.adapter import ConsoleAdapter
from bot.outbox import post_thread, put
from bot.tables import ConsoleMessageRow, FileRow, InboxRow
from governance.places import Audience, Place
from handlers.conversation.cards import Reply
from tests.bot.console.conftest import Served
from tests.bot.console.sample_cards import plan_reply
from tests.bot.console.sample_rows import add_approval


async def _count(served: Served, table: Any) -> int:
    async with served.database.transaction(served.tenant) as tx:
        return int((await tx.execute(select(func.count()).select_from(table))).scalar_one())


async def _post(served: Served, place: Place, reply: Reply) -> None:
    async with served.database.transaction(served.tenant) as tx:
        await put(tx, place, reply, turn=None)
    await post_thread(served.database, served.tenant, place.key, {"console": ConsoleAdapter()})


async def _open_approval(served: Served, *roles: str) -> None:
    """What the buttons of the sample plan are about."""
    async with served.database.transaction(served.tenant) as tx:
        add_approval(tx, "ap_1", "Carry out the plan", requester="amanda", asked=("david",), roles=roles)


async def test_the_first_page_offers_the_five_personas_and_marks_the_sample(served: Served) -> None:
    html = await served.page("/")
    chosen = re.findall(r'<button name="person" value="([^"]+)"', html)
    assert chosen[:5] == ["david", "amanda", "carlos", "rachel", "nathan"]
    assert len(chosen) > 5
    assert "nothing here is real" in html


async def test_a_forged_cookie_is_nobody(served: Served) -> None:
    cookies = {"countersign_persona": "amanda"}
    answer = await served.client.get("/", headers={"Accept": "text/html"}, cookies=cookies)
    assert "Who is speaking?" in await answer.text()


async def test_nobody_can_be_somebody_who_is_not_there(served: Served) -> None:
    answer = await served.post("/console/persona", data={"person": "mallory"}, allow_redirects=False)
    assert answer.status == 400
    assert "countersign_persona" not in answer.cookies


async def test_an_empty_channel_suggests_what_the_person_may_want(served: Served) -> None:
    await served.is_("david")
    assert "Build the customer dashboard feature from PRD-2025-Q1-Dashboard" in await served.page("/")
    await served.is_("nathan")
    page = await served.page("/")
    assert "Open an incident window for two hours" in page
    assert "Nathan?" in page


async def test_saying_something_stores_one_message_and_one_turn_however_often_it_is_sent(
    served: Served,
) -> None:
    await served.is_("david")
    key = str(uuid.uuid4())
    first = await served.say("Hello <b>", channel="product", key=key)
    again = await served.say("Hello <b>", channel="product", key=key)
    assert first["status"] == again["status"] == 200
    assert first["thread"] == again["thread"]
    assert await _count(served, InboxRow) == 1
    assert await _count(served, ConsoleMessageRow) == 1
    async with served.database.transaction(served.tenant) as tx:
        turn = (await tx.execute(select(InboxRow))).scalar_one()
    assert turn.identity == "console:david"
    assert turn.place == {
        "platform": "console", "channel": "product", "thread": first["thread"], "audience": "department",
    }  # fmt: skip
    assert "Hello &lt;b&gt;" in await served.page("/console/in/product")


async def test_an_answer_stands_in_its_thread_and_is_listed_in_the_channel(served: Served) -> None:
    await served.is_("david")
    said = await served.say("Build the dashboard", channel="dm-david")
    pane = await served.page(f"/console/in/dm-david/{said['thread']}")
    assert re.search(r'id="pane-working">', pane)  # visible while the turn is stored
    await served.department.answer_next()
    page = await served.page(f"/console/in/dm-david?thread={said['thread']}")
    assert "1 reply" in page
    assert page.count("Plan: customer dashboard") >= 2
    assert re.search(r'id="pane-working" hidden', page)


async def test_a_reply_joins_its_thread_and_no_other(served: Served) -> None:
    await served.is_("david")
    said = await served.say("First", channel="product")
    reply = await served.say("Second", channel="product", thread=said["thread"])
    assert reply["thread"] == said["thread"]
    elsewhere = await served.say("Third", channel="releases", thread=said["thread"])
    assert elsewhere["status"] == 404
    assert await _count(served, ConsoleMessageRow) == 2


@pytest.mark.parametrize("text", ["", "   ", "\u202e\u200b", "\x00\x07"])
async def test_nothing_is_not_said(served: Served, text: str) -> None:
    await served.is_("david")
    said = await served.say(text, channel="product")
    assert said["status"] == 400
    assert await _count(served, InboxRow) == 0


async def test_direction_tricks_and_controls_are_gone_from_what_is_shown(served: Served) -> None:
    await served.is_("david")
    await served.say("pay \u202eevil\u0007 now", channel="product")
    page = await served.page("/console/in/product")
    assert "\u202e" not in page
    assert "pay evil now" in page


async def test_direct_messages_are_one_s_own(served: Served) -> None:
    await served.is_("david")
    said = await served.say("Between us", channel="dm-david")
    await served.department.answer_next()
    await served.is_("amanda")
    paths = ("/console/in/dm-david", f"/console/in/dm-david/{said['thread']}")
    for path in paths:
        answer = await served.client.get(path, headers={"Accept": "text/html"})
        assert answer.status == 404
        assert "Between us" not in await answer.text()
    assert (await served.say("Me too", channel="dm-david"))["status"] == 404
    assert "dm-david" not in await served.page("/")


async def test_a_thread_of_another_channel_is_not_shown_through_an_open_one(served: Served) -> None:
    await served.is_("david")
    said = await served.say("Between us", channel="dm-david")
    await served.is_("amanda")
    assert "Between us" not in await served.page(f"/console/in/product?thread={said['thread']}")


async def test_restricted_channels_open_for_their_members(served: Served) -> None:
    await served.is_("carlos")
    assert 'data-place="compliance"' in await served.page("/")
    assert (await served.say("Evidence", channel="compliance"))["status"] == 200
    await served.is_("rachel")
    assert 'data-place="compliance"' not in await served.page("/")
    answer = await served.client.get("/console/in/compliance", headers={"Accept": "text/html"})
    assert answer.status == 404


async def test_a_button_opens_its_form_and_brings_its_answers(served: Served) -> None:
    await served.is_("david")
    said = await served.say("Build it", channel="product")
    await served.department.answer_next()
    pane = await served.page(f"/console/in/product/{said['thread']}")
    tokens = re.findall(r'data-token="([^"]+)"( data-form)?', pane)
    assert [bool(form) for _, form in tokens] == [False, True, False]
    form = await served.page(f"/console/forms/{tokens[1][0]}")
    assert "Stories to drop" in form
    values = {"drop": ["S6"], "team": "delta", "start": "2026-12-07", "budget": "120", "why": "Less"}
    body = {"key": str(uuid.uuid4()), "token": tokens[1][0], "values": values}
    for _ in range(2):
        assert (await served.post("/console/click", json=body)).status == 200
    await served.department.answer_next()
    assert served.department.pressed == [("modify", values)]
    assert await _count(served, InboxRow) == 2


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"team": "delta", "budget": ""}, "“Budget in agent-hours” is needed."),
        ({"team": "moon", "budget": "1"}, "“Team that leads” offers no such choice."),
        ({"team": "delta", "budget": "1", "drop": "S1"}, "“Stories to drop” was answered in another form"),
        ({"team": "delta", "budget": "1", "drop": ["S99"]}, "“Stories to drop” offers no such choice."),
        ({"team": "delta", "budget": "1", "approve": "yes"}, "does not ask for “approve”"),
    ],
)
async def test_answers_that_do_not_fit_the_form_are_told_why(
    served: Served, values: dict[str, Any], says: str
) -> None:
    await served.is_("david")
    await _open_approval(served, "product_owner")
    await _post(served, Place("console", "product", "cm_1", Audience.DEPARTMENT), plan_reply())
    pane = await served.page("/console/in/product/cm_1")
    token = re.findall(r'data-token="([^"]+)" data-form', pane)[0]
    body = {"key": str(uuid.uuid4()), "token": token, "values": values}
    answer = await served.post("/console/click", json=body)
    assert answer.status == 422
    assert says in (await answer.json())["error"]
    assert await _count(served, InboxRow) == 0


async def test_buttons_of_places_one_does_not_read_are_gone(served: Served) -> None:
    await served.is_("carlos")
    await _open_approval(served, "compliance_officer")
    await _post(served, Place("console", "compliance", "cm_1", Audience.RESTRICTED), plan_reply())
    token = re.findall(r'data-token="([^"]+)"', await served.page("/console/in/compliance/cm_1"))[0]
    await served.is_("rachel")
    body = {"key": str(uuid.uuid4()), "token": token, "values": {}}
    assert (await served.post("/console/click", json=body)).status == 404
    assert (await served.client.get(f"/console/forms/{token}")).status == 404
    assert (await served.post("/console/click", json=body | {"token": "b_made_up"})).status == 404
    assert await _count(served, InboxRow) == 0


async def _keep(served: Served, file: str, media_type: str, scope: dict[str, Any]) -> None:
    row = {"id": file, "name": "a/ü.png", "media_type": media_type, "content": b"\x89PNG", "scope": scope}
    async with served.database.transaction(served.tenant) as tx:
        await tx.execute(insert(FileRow).values(row))


async def test_files_open_for_those_whose_scope_covers_them(served: Served) -> None:
    await _keep(served, "fi_all", "image/png", {"everything": True, "accounts": []})
    await _keep(served, "fi_acme", "image/png", {"everything": False, "accounts": ["acme-corp"]})
    await _keep(served, "fi_other", "image/png", {"everything": False, "accounts": ["halden-logistics"]})
    seen = {}
    for person in ("rachel", "david"):
        await served.is_(person)
        files = ("fi_all", "fi_acme", "fi_other", "fi_none")
        seen[person] = [(await served.client.get(f"/files/{file}")).status for file in files]
    assert seen == {"rachel": [404, 200, 404, 404], "david": [200, 200, 200, 404]}


async def test_what_is_no_picture_is_downloaded_and_never_a_page(served: Served) -> None:
    await _keep(served, "fi_1", "text/html", {"everything": False, "accounts": []})
    await served.is_("david")
    answer = await served.client.get("/files/fi_1")
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''a%2F%C3%BC.png"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


async def test_what_is_further_back_is_a_page_away(served: Served) -> None:
    await served.is_("david")
    for number in range(53):
        await served.say(f"Message number {number}.", channel="product")
    page = await served.page("/console/in/product")
    assert "Message number 52." in page
    assert "Message number 2." not in page
    earlier = re.findall(r'href="(/console/in/product\?before=\d+)"', page)[0]
    older = await served.page(earlier)
    assert "Message number 2." in older
    assert "Message number 52." not in older
