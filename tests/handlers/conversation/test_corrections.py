"""What was just done is corrected in words: old and new are shown, and the correction can be undone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from governance.actions.freezing import lay_freeze
from governance.standing import FreezeKind
from governance.tables import ApprovalRow, DelegationRow, WindowRow
from handlers.catalogue import find_handlers
from handlers.conversation.router import Router
from handlers.language.correction import Change, read_correction
from handlers.language.recogniser import Recogniser
from tests.handlers.conftest import Talk, buttons


@pytest.fixture
def heard(talk: Talk, recogniser: Recogniser) -> Talk:
    talk.router = Router(find_handlers(), recogniser, recogniser)
    return talk


async def _freezes(talk: Talk) -> list[tuple[str, datetime | None]]:
    async with talk.desk() as desk:
        return [(one.scope, one.until) for one in desk.standing.freezes]


async def _delegations(talk: Talk) -> list[tuple[str, datetime, datetime]]:
    async with talk.desk() as desk:
        rows = (await desk.tx.execute(select(DelegationRow).where(DelegationRow.ended.is_(None)))).scalars()
        return [(row.to_person, row.starts, row.ends) for row in rows]


async def test_another_end_takes_the_place_of_the_first(heard: Talk) -> None:
    await heard.say("carlos", "freeze orders until wednesday")
    (reply,) = (await heard.say("carlos", "actually make that thursday")).replies
    ((scope, until),) = await _freezes(heard)
    assert (scope, until) == ("orders", datetime(2026, 11, 27, 5, 0, tzinfo=UTC))
    assert "It was:" in reply.text
    (undone,) = (await heard.press("carlos", "undo_act", buttons(reply)["undo_act"].subject)).replies
    assert await _freezes(heard) == [("orders", datetime(2026, 11, 26, 5, 0, tzinfo=UTC))]
    assert "orders" in undone.text


@pytest.mark.parametrize(
    ("words", "stands"),
    [
        ("undo", [("orders", datetime(2026, 11, 26, 5, 0, tzinfo=UTC))]),
        ("no, leave it as it was", [("orders", datetime(2026, 11, 26, 5, 0, tzinfo=UTC))]),
        ("scrap that", []),
    ],
)
async def test_undo_after_a_correction_brings_back_what_stood_before(
    heard: Talk, words: str, stands: list[tuple[str, datetime]]
) -> None:
    await heard.say("carlos", "freeze orders until wednesday")
    await heard.say("carlos", "actually make that thursday")
    await heard.say("carlos", words)
    assert await _freezes(heard) == stands


async def test_a_bare_value_after_it_was_done_says_it_otherwise(heard: Talk) -> None:
    await heard.say("carlos", "freeze orders until wednesday")
    (reply,) = (await heard.say("carlos", "then friday noon")).replies
    assert "It was:" in reply.text
    assert await _freezes(heard) == [("orders", datetime(2026, 11, 27, 17, 0, tzinfo=UTC))]
    await heard.say("carlos", "hm better tues at 9 in the morning")
    assert await _freezes(heard) == [("orders", datetime(2026, 11, 24, 14, 0, tzinfo=UTC))]


@pytest.mark.parametrize(
    ("words", "until"),
    [
        ("ends tuesday 12", datetime(2026, 11, 24, 17, 0, tzinfo=UTC)),
        ("ends thursday 18h", datetime(2026, 11, 26, 23, 0, tzinfo=UTC)),
        ("it ends friday noon", datetime(2026, 11, 27, 17, 0, tzinfo=UTC)),
        ("tomorrow 9", datetime(2026, 11, 24, 14, 0, tzinfo=UTC)),
        ("ends 30.11. 12:00", datetime(2026, 11, 30, 17, 0, tzinfo=UTC)),
        ("ends dec 1st 12", datetime(2026, 12, 1, 17, 0, tzinfo=UTC)),
        ("friday 4", datetime(2026, 12, 5, 5, 0, tzinfo=UTC)),
        ("friday noon at the latest", datetime(2026, 11, 27, 17, 0, tzinfo=UTC)),
    ],
)
async def test_a_bare_time_is_read_whole(heard: Talk, words: str, until: datetime) -> None:
    await heard.say("carlos", "freeze orders until wednesday")
    await heard.say("carlos", words)
    assert await _freezes(heard) == [("orders", until)]


@pytest.mark.parametrize("words", ["friday noon works for me", "is it friday?", "monday is a holiday", "ok"])
async def test_what_says_more_than_a_value_changes_nothing(heard: Talk, words: str) -> None:
    await heard.say("carlos", "freeze orders until wednesday")
    before = await _freezes(heard)
    await heard.say("carlos", words)
    assert await _freezes(heard) == before


async def test_a_bare_value_is_about_what_was_done_a_moment_ago_and_nothing_since(heard: Talk) -> None:
    await heard.say("carlos", "freeze orders until wednesday", thread="t1")
    before = await _freezes(heard)
    await heard.say("carlos", "then friday noon", thread="t2")
    heard.now += timedelta(minutes=20)
    await heard.say("carlos", "then friday noon", thread="t1")
    assert await _freezes(heard) == before


async def test_something_else_is_meant_or_something_as_well(heard: Talk) -> None:
    await heard.say("carlos", "freeze orders")
    await heard.say("carlos", "no wait, the ledger service")
    assert [scope for scope, _ in await _freezes(heard)] == ["ledger"]
    await heard.say("carlos", "and checkout too")
    assert sorted(scope for scope, _ in await _freezes(heard)) == ["checkout", "ledger"]


async def test_it_is_taken_back_in_words_and_can_be_asked_for_again(heard: Talk) -> None:
    await heard.say("carlos", "freeze orders")
    (reply,) = (await heard.say("carlos", "scrap that")).replies
    assert await _freezes(heard) == []
    again = buttons(reply)["ask"]
    assert again.subject == "freeze freeze orders"
    await heard.press("carlos", again.verb, again.subject)
    assert [scope for scope, _ in await _freezes(heard)] == ["orders"]


async def test_what_is_half_said_takes_nothing_back(heard: Talk) -> None:
    await heard.say("carlos", "freeze orders")
    (reply,) = (await heard.say("carlos", "oops wrong channel, that was for the other team")).replies
    assert [scope for scope, _ in await _freezes(heard)] == ["orders"]
    await heard.press("carlos", "take_act_back", buttons(reply)["take_act_back"].subject)
    assert await _freezes(heard) == []


async def test_days_of_a_delegation_are_corrected(heard: Talk) -> None:
    await heard.say("david", "Priya decides for me until Wednesday")
    await heard.say("david", "until thursday, not wednesday")
    ((to, _, ends),) = await _delegations(heard)
    assert (to, ends) == ("priya", datetime(2026, 11, 27, 5, 0, tzinfo=UTC))


async def test_a_window_keeps_its_hours_on_another_day(heard: Talk) -> None:
    await heard.say("amanda", "demo mode on Wednesday from 2 to 3 pm")
    await heard.say("amanda", "thursday i meant")
    async with heard.desk() as desk:
        (row,) = (await desk.tx.execute(select(WindowRow))).scalars().all()
    assert row.starts == datetime(2026, 11, 26, 19, 0, tzinfo=UTC)
    assert row.ends - row.starts == timedelta(hours=1)


async def test_what_others_decide_on_is_taken_back_by_a_button_only(heard: Talk) -> None:
    await heard.say("carlos", "make Nathan an architect")
    (reply,) = (await heard.say("carlos", "no wait, undo that")).replies
    assert "Others were asked to decide" in reply.text
    await heard.press("carlos", "take_act_back", buttons(reply)["take_act_back"].subject)
    async with heard.desk() as desk:
        statuses = (await desk.tx.execute(select(ApprovalRow.status))).scalars().all()
    assert statuses == ["withdrawn"]


async def test_another_role_is_proposed_in_place_of_the_first(heard: Talk) -> None:
    await heard.say("carlos", "make Nathan an architect")
    await heard.say("carlos", "i meant an engineer")
    async with heard.desk() as desk:
        rows = (await desk.tx.execute(select(ApprovalRow).order_by(ApprovalRow.opened))).scalars().all()
    assert sorted(row.status for row in rows) == ["open", "withdrawn"]


async def test_a_summary_is_moved(heard: Talk) -> None:
    await heard.say("david", "send me a daily summary at 8")
    (reply,) = (await heard.say("david", "make it 10")).replies
    assert "10:00" in reply.text
    (undone,) = (await heard.say("david", "leave it as it was")).replies
    assert undone.text.startswith("Undone.")


async def test_what_a_button_did_is_corrected_too(heard: Talk) -> None:
    heard.now = datetime.now(UTC)
    until = heard.now + timedelta(days=1)
    await heard.submit(lay_freeze(FreezeKind.SERVICE, "orders", "Looks odd", until), "carlos")
    await heard.say("carlos", "no wait, ledger")
    assert [scope for scope, _ in await _freezes(heard)] == ["ledger"]


async def test_nobody_corrects_what_somebody_else_did(heard: Talk) -> None:
    await heard.say("carlos", "freeze orders")
    await heard.say("nathan", "no wait, the ledger service")
    assert [scope for scope, _ in await _freezes(heard)] == ["orders"]


async def test_a_correction_that_cannot_be_done_leaves_all_as_it_was(heard: Talk) -> None:
    await heard.say("david", "Priya decides for me until Wednesday")
    before = await _delegations(heard)
    await heard.say("david", "actually until next june")
    assert await _delegations(heard) == before


async def test_after_ten_minutes_and_in_another_thread_it_is_no_correction(heard: Talk) -> None:
    await heard.say("carlos", "freeze orders until wednesday")
    heard.now += timedelta(minutes=11)
    before = await _freezes(heard)
    await heard.say("carlos", "actually make that thursday", thread="t2")
    assert await _freezes(heard) == before


@pytest.mark.parametrize(
    ("text", "change", "left"),
    [
        ("actually just friday", Change.REPLACE, "just friday"),
        ("until the 10th, not the 9th", Change.REPLACE, "until the 10th"),
        ("sorry 8 not 18", Change.REPLACE, "8"),
        ("and the export one", Change.ADD, "and the export one"),
        ("and checkout too", Change.ADD, "and checkout too"),
        ("undo", Change.TAKE_BACK, ""),
        ("leave it as it was", Change.TAKE_BACK, ""),
        ("ach nein doch nur bis donnerstag", Change.REPLACE, "nur bis donnerstag"),
    ],
)
def test_corrections_are_told_by_their_form(text: str, change: Change, left: str) -> None:
    found = read_correction(text)
    assert found is not None
    assert (found.change, found.text) == (change, left)


@pytest.mark.parametrize("text", ["freeze orders", "and why is it late", "who approved that?", ""])
def test_what_is_no_correction(text: str) -> None:
    assert read_correction(text) is None
