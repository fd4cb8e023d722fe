"""Files in a personal chat: offered by a card, put into a person's OneDrive if they accept, and only there."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from bot import outbox
from bot.desks import StoredFiles
from bot.teams.file_offers import GONE
from bot.teams.files import CONSENT, INFO
from governance.places import Audience, Place
from governance.visibility import EVERYTHING
from handlers.conversation.cards import Card, File, Reply
from simulators.teams import Conversation, Message, Someone
from tests.office import TeamsOffice

PROOF = b"c2sp.org/tlog-proof@v1\n"


async def _shown(
    office: TeamsOffice, chat: Conversation, *, content: bytes = PROOF, thread: str = "main"
) -> str:
    """A reply with a file goes to a chat, and then an edit of it. Returns the file's name."""
    name = f"entry-{uuid.uuid4().hex[:6]}.txt"
    place = Place("teams", chat.id, thread, Audience.DIRECT)
    async with office.installation.database.transaction(office.tenant) as tx:
        file = await StoredFiles().put(tx, name, "text/plain", content, EVERYTHING)
        for title in ("Proof", "The same proof"):
            cards = (Card(title, (File(file, name, "It stands in the log"),)),)
            await outbox.put(tx, place, Reply(text="Here.", cards=cards, key=file), turn=None)
    return name


def _cards(chat: Conversation, name: str, kind: str) -> list[Message]:
    """The cards of a kind about a file that stand in a chat."""
    return [
        each
        for each in chat.messages
        if each.file and not each.is_deleted and (each.file["name"], each.file["contentType"]) == (name, kind)
    ]


async def _until(office: TeamsOffice, name: str, *states: str) -> None:
    """Wait until a file's offer stands so, and its card with it."""
    async with asyncio.timeout(60):
        while True:
            row = "SELECT state FROM teams_file_offers WHERE name = :name AND state = ANY(:states)"
            jobs = "SELECT id FROM procrastinate_jobs WHERE task_name = 'advance_file_offer'"
            if await office.rows(row, name=name, states=list(states)) and not await office.rows(jobs):
                return
            await asyncio.sleep(0.02)


async def _asked(office: TeamsOffice, someone: Someone, content: bytes = PROOF) -> tuple[str, Message]:
    """Somebody known is asked about a file. Returns its name and the card."""
    await office.answered(await someone.says("/whoami"))
    name = await _shown(office, someone.chat, content=content)
    await _until(office, name, "offered")
    (card,) = _cards(someone.chat, name, CONSENT)
    return name, card


async def _told(office: TeamsOffice, someone: Someone, words: str, after: Message) -> Message:
    chat = someone.chat.id
    return await office.teams.wait_for(
        lambda each: each.conversation == chat and words in each.all_text, after=after
    )


async def test_an_accepted_file_is_put_into_onedrive_and_shown_and_the_question_goes(
    office: TeamsOffice,
) -> None:
    carlos = office.person("carlos")
    await office.answered(await carlos.says("/whoami"))
    async with asyncio.timeout(60):  # whoever numbers this log has others' to number too
        while not await office.rows("SELECT number FROM audit_leaves WHERE number = 1"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await office.answered(await carlos.says("/audit show entry 1"))
    card = await office.teams.wait_for(lambda each: bool(each.file) and each.conversation == carlos.chat.id)
    assert card.file
    name = card.file["name"]
    assert card.file["content"]["acceptContext"].keys() == {"offer"}, "an opaque id and nothing else"
    delivery = await carlos.accepts(card)
    assert (delivery.status, delivery.body) == (200, "")
    await _until(office, name, "kept")
    kept = office.teams.onedrive.kept("carlos")[name]
    ((stored,),) = await office.rows("SELECT content FROM files WHERE name = :name", name=name)
    assert kept == bytes(stored)
    (shown,) = _cards(carlos.chat, name, INFO)
    assert shown.file
    assert shown.file["contentUrl"].startswith(f"{office.teams.url}/onedrive/carlos/")
    assert not _cards(carlos.chat, name, CONSENT)
    ((subject, upload),) = await office.rows(
        "SELECT e.subject, o.upload FROM audit_entries e JOIN teams_file_offers o ON o.file = e.subject"
        " WHERE e.type = 'file.taken' AND o.name = :name",
        name=name,
    )
    assert subject.startswith("fi_")
    assert upload is None, "the address is a key to write there: it is not kept"


async def test_a_declined_file_stays_and_the_question_goes(office: TeamsOffice) -> None:
    david = office.person("david")
    name, card = await _asked(office, david)
    assert (await david.declines(card)).status == 200
    await _told(office, david, f"“{name}” is not saved", card)
    await _until(office, name, "declined")
    assert not _cards(david.chat, name, CONSENT)
    assert name not in office.teams.onedrive.kept("david")


async def test_an_answer_that_comes_again_does_nothing_and_is_told(office: TeamsOffice) -> None:
    david = office.person("david")
    name, card = await _asked(office, david)
    accept = david.consent(card, "accept")
    uploads = office.teams.faults.count("upload")
    for delivery in await asyncio.gather(*(office.teams.deliver(accept) for _ in range(3))):
        assert delivery.status == 200
    await _until(office, name, "kept")
    assert len(_cards(david.chat, name, INFO)) == 1
    replayed = accept | {"id": f"f:{uuid.uuid4()}"}
    for _ in range(2):
        assert (await office.teams.deliver(replayed)).status == 200
    await _told(office, david, f"“{name}” is in your OneDrive already", card)
    await office.settled()
    assert sum("already" in each.all_text and name in each.all_text for each in david.chat.messages) == 1
    await david.declines(card)
    await _told(office, david, "already", david.chat.messages[-1])
    assert office.teams.faults.count("upload") == uploads + 1
    assert len(_cards(david.chat, name, INFO)) == 1


async def test_nobody_else_can_take_a_file(office: TeamsOffice) -> None:
    david, rachel = office.person("david"), office.person("rachel")
    name, card = await _asked(office, david)
    await office.answered(await rachel.says("/whoami"))
    theirs = rachel.consent(card, "accept")
    for conversation, told in ((david.chat, david), (rachel.chat, rachel)):
        last = told.chat.messages[-1]
        forged = theirs | {
            "id": f"f:{uuid.uuid4()}",
            "conversation": {"id": conversation.id, "conversationType": "personal"},
        }
        assert (await office.teams.deliver(forged)).status == 200
        await _told(office, told, "not offered you that file", last)
    invented = theirs | {"id": f"f:{uuid.uuid4()}"}
    invented["value"] = theirs["value"] | {"context": {"offer": "fo_0000000000000000"}}
    last = david.chat.messages[-1]
    await office.teams.deliver(invented)
    await _told(office, david, "not offered you that file", last)
    assert name not in office.teams.onedrive.kept("rachel")
    assert _cards(david.chat, name, CONSENT), "david may still answer"


async def test_an_expired_offer_is_told_as_such_and_goes(office: TeamsOffice) -> None:
    david = office.person("david")
    name, card = await _asked(office, david)
    await office.rows(
        "UPDATE teams_file_offers SET made = now() - interval '8 days' WHERE name = :name RETURNING 1",
        name=name,
    )
    await david.accepts(card)
    await _told(office, david, GONE.format(name=name), card)
    await _until(office, name, "expired")
    assert not _cards(david.chat, name, CONSENT)
    assert name not in office.teams.onedrive.kept("david")


async def test_bytes_go_to_onedrive_alone_whatever_a_client_names(office: TeamsOffice) -> None:
    david = office.person("david")
    name, card = await _asked(office, david)
    for named in ({"uploadUrl": "https://evil.example/upload"}, {"contentUrl": "https://evil.example/phish"}):
        last = david.chat.messages[-1]
        await office.teams.deliver(david.consent(card, "accept", **named))
        await _told(office, david, "I put files into OneDrive alone", last)
    await _until(office, name, "offered")
    assert name not in office.teams.onedrive.kept("david")
    await david.accepts(card)
    await _until(office, name, "kept")
    assert name in office.teams.onedrive.kept("david")


async def test_whoever_may_not_open_a_file_in_the_dashboard_does_not_get_it_here(office: TeamsOffice) -> None:
    nathan = office.person("nathan")
    name, card = await _asked(office, nathan)
    await office.rows("UPDATE people SET active = false WHERE id = 'nathan' RETURNING 1")
    try:
        await nathan.accepts(card)
        await _told(office, nathan, f"“{name}” is not for you to open", card)
    finally:
        await office.rows("UPDATE people SET active = true WHERE id = 'nathan' RETURNING 1")
    name, card = await _asked(office, nathan)
    await office.rows(
        'UPDATE files SET scope = \'{"everything": true, "accounts": []}\' WHERE name = :name RETURNING 1',
        name=name,
    )
    await office.rows("DELETE FROM person_roles WHERE person = 'nathan' RETURNING 1")
    await nathan.accepts(card)
    await _told(office, nathan, f"“{name}” is not for you to open", card)
    await _until(office, name, "failed")
    assert office.teams.onedrive.kept("nathan") == {}


@pytest.mark.parametrize("status", [503, 429, 0])
async def test_onedrive_is_tried_again_while_it_does_not_answer(office: TeamsOffice, status: int) -> None:
    david = office.person("david")
    name, card = await _asked(office, david)
    office.teams.faults.add("upload", status)
    await david.accepts(card)
    await _until(office, name, "kept")
    assert office.teams.onedrive.kept("david")[name] == PROOF


async def test_a_file_that_onedrive_does_not_take_is_told(office: TeamsOffice) -> None:
    david = office.person("david")
    name, card = await _asked(office, david)
    office.teams.faults.add("upload", 409)
    await david.accepts(card)
    await _told(office, david, f"OneDrive did not take “{name}”", card)
    await _until(office, name, "failed")
    assert await _on_record(office, name) == ["file.taken", "file.not_taken"]
    assert not _cards(david.chat, name, CONSENT)


async def test_a_file_that_onedrive_took_without_saying_so_is_not_called_refused(office: TeamsOffice) -> None:
    """The answer is lost, and the address, once used, is gone."""
    david = office.person("david")
    name, card = await _asked(office, david)
    office.teams.faults.add("upload", 0)
    office.teams.faults.add("upload", 404)
    await david.accepts(card)
    await _told(office, david, f"did not say whether it has “{name}”", card)
    await _until(office, name, "failed")
    assert await _on_record(office, name) == ["file.taken"]


async def _on_record(office: TeamsOffice, name: str) -> list[str]:
    """What the log says of a file that was offered, in order."""
    rows = await office.rows(
        "SELECT e.type FROM audit_entries e JOIN teams_file_offers o ON o.file = e.subject"
        " WHERE e.type LIKE 'file.%' AND o.name = :name ORDER BY e.at",
        name=name,
    )
    return [type for (type,) in rows]


async def test_what_teams_puts_off_is_asked_later(office: TeamsOffice) -> None:
    priya = office.person("priya")
    await office.answered(await priya.says("/whoami"))
    office.teams.faults.add("send", 429, after=1, retry_after="0.2")
    name = await _shown(office, priya.chat)
    await _until(office, name, "offered")
    assert len(_cards(priya.chat, name, CONSENT)) == 1, "also after an edit of the reply"


async def test_where_others_read_along_there_is_a_link_alone(office: TeamsOffice) -> None:
    channel = office.teams.world.add_channel("proofs", ["david"], team="proofs")
    group = office.teams.world.add_group("proofs-too", ["david"])
    for place in (channel, group):
        said = await office.person("david").says("@bot /whoami", to=place)
        await office.answered(said)
        name = await _shown(office, place, thread=said.id)
        await office.settled()
        assert await office.rows("SELECT 1 FROM teams_file_offers WHERE name = :name", name=name) == []
        assert any(name in each.all_text for each in place.messages)


async def test_an_empty_file_is_not_asked_about(office: TeamsOffice) -> None:
    david = office.person("david")
    await office.answered(await david.says("/whoami"))
    name = await _shown(office, david.chat, content=b"")
    await _until(office, name, "failed")
    assert _cards(david.chat, name, CONSENT) == []
