"""What customers are told: mails sent as they were shown, promises that are watched, the account's card."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select, update

from agents.customers.promise_watch import PromiseWatch, Seen, see, take_over
from agents.customers.rows import mail_by_id
from agents.customers.tables import CustomerMailRow, PromiseRow
from agents.customers.work_ahead import OwnWork
from governance.directory import person_by_identity
from governance.tables import ApprovalRow, EffectRow
from governance.visibility import EVERYTHING
from handlers.conversation.cards import Reply
from handlers.notices import find_notices
from integrations.customers import Commitment, CommitmentState
from integrations.customers.vendors.local.customers import LocalCustomers
from integrations.customers.vendors.local.customers_file import CustomersFile
from integrations.customers.vendors.local.loading import write_customers
from integrations.customers.vendors.local.tables import AccountRow
from integrations.mail.actions import SendToCustomer
from tests.handlers.conftest import Talk, buttons
from tests.handlers.product.conftest import MARKER, STORIES
from tests.handlers.product.direct import NEED, Direct, with_customers


@pytest.fixture
async def direct(talk: Talk) -> Direct:
    return await with_customers(talk)


async def drafted(direct: Direct, text: str = "notify Acme Corp: the refunds are mended") -> Reply:
    return await direct.say("rachel", f"/notify_customer {text}")


async def test_send_asks_the_gate_for_exactly_what_was_shown(direct: Direct) -> None:
    card = await drafted(direct)
    assert await direct.rows(EffectRow) == []
    await direct.press("rachel", card, "customer_mail_send")
    (effect,) = await direct.rows(EffectRow)
    (approval,) = await direct.rows(ApprovalRow)
    action = SendToCustomer.of_body(effect.body)
    assert (effect.state, approval.status) == ("ready", "approved")
    assert action.to_address == "irene@acme.example"
    assert "The refunds are mended." in action.paragraphs
    assert action.answers_to == "rachel@example.com"
    await direct.press("rachel", card, "customer_mail_send")
    assert len(await direct.rows(EffectRow)) == 1


async def test_what_was_edited_since_is_not_sent_as_it_was(direct: Direct) -> None:
    card = await drafted(direct)
    edited = await direct.press(
        "rachel", card, "customer_mail_edit", {"subject": "Refunds", "text": "Hello\n\nThey work."}
    )
    stale = await direct.press("rachel", card, "customer_mail_send")
    assert "reads otherwise by now" in stale.text
    assert await direct.rows(EffectRow) == []
    await direct.press("rachel", edited, "customer_mail_send")
    (effect,) = await direct.rows(EffectRow)
    assert SendToCustomer.of_body(effect.body).paragraphs == ("Hello", "They work.")


async def test_another_customers_name_is_found_before_it_is_asked_for(direct: Direct) -> None:
    card = await drafted(direct, "notify Acme Corp: we do it for halden-logistics first")
    reply = await direct.press("rachel", card, "customer_mail_send")
    assert "another customer's" in reply.text
    assert await direct.rows(EffectRow) == []


async def test_a_changed_address_is_shown_before_it_is_used(direct: Direct) -> None:
    card = await drafted(direct)
    new = {"name": "Noor", "title": "Head", "email": "noor@acme.example"}
    await direct.change(update(AccountRow).where(AccountRow.id == "acme-corp").values(contact=new))
    reply = await direct.press("rachel", card, "customer_mail_send")
    assert "The address has changed" in reply.text
    assert "noor@acme.example" in repr(reply)
    assert await direct.rows(EffectRow) == []
    await direct.press("rachel", reply, "customer_mail_send")
    (effect,) = await direct.rows(EffectRow)
    assert effect.body["to_address"] == "noor@acme.example"
    assert effect.body["paragraphs"][0] == "Dear Noor,"


async def test_who_may_not_see_the_customer_hears_nothing_of_its_mail(direct: Direct) -> None:
    card = await drafted(direct)
    await direct.press("rachel", card, "customer_mail_send")
    (approval,) = await direct.rows(ApprovalRow)
    async with direct.talk.desk() as desk:
        for who, sees in (("elena", False), ("rachel", True)):
            person = await person_by_identity(desk.tx, f"console:{who}")
            ids = {"approval": approval.id, "key": approval.id}
            shown = await find_notices()["approval_closed"].render(desk, ids, person)
            assert (shown is not None) is sees


async def promise(direct: Direct, due: date) -> None:
    row = PromiseRow(
        id="cp_1",
        account="acme-corp",
        request=None,
        mail="cm_0",
        what="Refunds",
        made=date(2026, 11, 1),
        by="rachel",
        due=due,
        state="open",
        items=["EPIC-1"],
        progress=date(2026, 11, 20),
    )
    async with direct.talk.database.transaction(direct.talk.tenant) as tx:
        tx.add(row)


async def seen(direct: Direct, expected: date, today: date, *, done: bool = False) -> None:
    account = await LocalCustomers(direct.talk.database, direct.talk.tenant).account(EVERYTHING, "acme-corp")
    work = OwnWork((), 3) if done else OwnWork((STORIES[1],), 1)
    async with direct.talk.database.transaction(direct.talk.tenant) as tx:
        row = (await tx.execute(select(PromiseRow).with_for_update())).scalar_one()
        await see(tx, row, Seen(work, expected), account, today)


async def test_a_day_that_slips_is_told_once_with_a_mail(direct: Direct) -> None:
    await promise(direct, date(2027, 3, 1))
    await seen(direct, date(2027, 2, 20), date(2026, 11, 21))
    assert await direct.rows(CustomerMailRow) == []
    for _ in range(2):
        await seen(direct, date(2027, 3, 19), date(2026, 11, 21))
    ((reply, people),) = await direct.talk.notices("customer_promise")
    (mail,) = await direct.rows(CustomerMailRow)
    assert people == ["rachel"]
    assert reply is not None
    assert "was promised 1 Mar 2027; that does not hold" in reply.text
    assert "customer_mail_send" in buttons(reply)
    assert (mail.state, mail.due) == ("draft", date(2027, 3, 19))
    assert "by 1 Mar 2027. That day does not hold" in " ".join(mail.paragraphs)
    await seen(direct, date(2027, 3, 26), date(2026, 11, 22))
    assert len(await direct.talk.notices("customer_promise")) == 2
    (mail,) = await direct.rows(CustomerMailRow)
    assert mail.due == date(2027, 3, 26)
    assert await direct.rows(EffectRow) == []


async def test_each_week_there_is_a_mail_to_approve(direct: Direct) -> None:
    await promise(direct, date(2027, 3, 1))
    await seen(direct, date(2027, 2, 20), date(2026, 11, 26))
    assert await direct.rows(CustomerMailRow) == []
    await seen(direct, date(2027, 2, 20), date(2026, 11, 27))
    (mail,) = await direct.rows(CustomerMailRow)
    assert (mail.kind, mail.state) == ("progress", "draft")
    assert "1 of 2 pieces of work" in " ".join(mail.paragraphs)
    assert await direct.rows(EffectRow) == []


async def test_what_is_done_in_time_is_kept(direct: Direct) -> None:
    await promise(direct, date(2027, 3, 1))
    await seen(direct, date(2027, 2, 20), date(2027, 2, 21), done=True)
    (row,) = await direct.rows(PromiseRow)
    assert row.state == "kept"


async def test_commitments_of_the_customer_system_are_watched_too(direct: Direct) -> None:
    made = Commitment(
        "acme-corp/1", "acme-corp", "Refunds", date(2026, 9, 1), "rachel", date(2026, 12, 1),
        CommitmentState.OPEN, ("EPIC-1",),
    )  # fmt: skip
    for _ in range(2):
        async with direct.talk.database.transaction(direct.talk.tenant) as tx:
            await take_over(tx, [made], date(2026, 11, 23))
    (row,) = await direct.rows(PromiseRow)
    assert (row.due, row.state, row.mail) == (date(2026, 12, 1), "open", None)
    async with direct.talk.database.transaction(direct.talk.tenant) as tx:
        await take_over(tx, [replace(made, state=CommitmentState.KEPT)], date(2026, 11, 23))
    (row,) = await direct.rows(PromiseRow)
    assert row.state == "kept"


async def test_the_accounts_card_lists_what_there_is(direct: Direct) -> None:
    card = await direct.say("rachel", NEED)
    await direct.press("rachel", card, "customer_approve_notify")
    await promise(direct, date(2027, 3, 1))
    await seen(direct, date(2027, 2, 20), date(2026, 11, 21))
    reply = await direct.say("rachel", "/customer tell me about Acme Corp")
    shown = repr(reply)
    for part in (
        "enterprise, $500,000.00 a year",
        "72 of 100 (at risk)",
        "Self-service refunds",
        "on record, not started",
        "REQ-1",
        "by 1 Mar 2027, holds: expected by 20 Feb 2027",
        "locked until its work is started",
    ):
        assert part in shown, part
    assert MARKER not in shown
    mail = await direct.press("rachel", reply, "customer_mail_show")
    assert "Locked" in repr(mail)


async def test_without_a_name_ones_own_accounts_are_listed(direct: Direct) -> None:
    reply = await direct.say("rachel", "/customer my accounts")
    assert "Acme Corp" in repr(reply)
    assert MARKER not in repr(reply)
    assert "1 other customer is colleagues'" in repr(reply)


async def test_a_mail_keeps_its_edit_and_can_be_dropped(direct: Direct) -> None:
    card = await drafted(direct)
    await direct.press("rachel", card, "customer_mail_drop")
    (row,) = await direct.rows(CustomerMailRow)
    async with direct.talk.database.transaction(direct.talk.tenant) as tx:
        assert (await mail_by_id(tx, row.id)).state == "dropped"
    reply = await direct.press("rachel", card, "customer_mail_send")
    assert "Cancelled" in reply.text
    assert await direct.rows(EffectRow) == []


async def watched(direct: Direct, commitment: Commitment) -> None:
    """The hour's look, at a customer system with one commitment more."""
    async with direct.talk.database.transaction(direct.talk.tenant) as tx:
        await write_customers(tx, CustomersFile((), (), (commitment,)))
    async with direct.talk.desk() as desk:
        ports = desk.ports
    await PromiseWatch(direct.talk.database, lambda _: ports, direct.talk.gate).watch(direct.talk.tenant)


@pytest.mark.parametrize(("due", "told"), [(date(2026, 11, 25), True), (date(2027, 11, 1), False)])
async def test_each_hour_the_schedule_is_held_against_what_was_promised(
    due: date, told: bool, direct: Direct
) -> None:
    """One refund story is open, behind what its team has taken on: not done within two days."""
    made = date(2026, 9, 1)
    open_now = CommitmentState.OPEN
    await watched(direct, Commitment("c1", "acme-corp", "Refunds", made, "rachel", due, open_now, ("CARD-2",)))
    (row,) = await direct.rows(PromiseRow)
    assert row.expected is not None
    assert (row.expected > due) is told
    notices = await direct.talk.notices("customer_promise")
    assert [people for _, people in notices] == ([["rachel"]] if told else [])
    assert [mail.state for mail in await direct.rows(CustomerMailRow)] == (["draft"] if told else [])
    assert await direct.rows(EffectRow) == []
