"""What customers need, in a direct message: the case, the decision, the mail, and what comes back later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from agents.customers.promise_watch import Seen, come_back, see, take_over
from agents.customers.rows import mail_by_id
from agents.customers.tables import CustomerMailRow, CustomerRequestRow, PromiseRow
from agents.customers.work_ahead import OwnWork
from governance.directory import person_by_identity
from governance.places import Audience, Place
from governance.tables import ApprovalRow, EffectRow
from governance.visibility import EVERYTHING
from handlers.conversation.cards import Reply
from handlers.conversation.memory import keep, recall
from handlers.conversation.turn import Clicked, Said, Turn
from integrations.customers import Commitment, CommitmentState, Contact, Request
from integrations.customers.vendors.local.customers import LocalCustomers
from integrations.customers.vendors.local.customers_file import CustomersFile
from integrations.customers.vendors.local.loading import write_customers
from integrations.customers.vendors.local.tables import AccountRow
from integrations.mail.actions import SendToCustomer
from integrations.tracker.vendors.local.history import History
from integrations.tracker.vendors.local.history import take_over as take_over_history
from tests.handlers.conftest import Talk, buttons
from tests.handlers.product.conftest import CUSTOMERS, DONE, EPICS, MARKER, SPRINTS, STORIES, story

IRENE = Contact("Irene Falk", "Head of IT", "irene@acme.example")
NEED = "/feature_request Acme Corp needs self-service refunds by Q2 for renewal"
_OF_HISTORY = tuple(
    story(
        100 + number,
        f"Earlier work {number}",
        **DONE | {"finished": datetime(2026, 11, 20, 15, tzinfo=UTC) - timedelta(days=number)},
    )
    for number in range(60)
)


class Direct:
    """People who talk to the department in direct messages."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self._turns = 0

    async def say(self, who: str, text: str) -> Reply:
        return await self._take(who, Said(text))

    async def press(self, who: str, reply: Reply, verb: str, values: Mapping[str, Any] | None = None) -> Reply:
        button = buttons(reply)[verb]
        return await self._take(who, Clicked(button.verb, button.subject, "m1", dict(values or {})))

    async def _take(self, who: str, what: Said | Clicked) -> Reply:
        self._turns += 1
        place = Place("console", f"@{who}", "t1", Audience.DIRECT)
        async with self.talk.database.transaction(self.talk.tenant) as tx:
            person = await person_by_identity(tx, f"console:{who}")
            turn = Turn(
                self.talk.tenant, f"tu_d{self._turns}", f"console:{who}", person, place, self.talk.now, what
            )
            memory = await recall(tx, place.key)
            answer = await self.talk.router.answer(turn, await self.talk._desk(tx, memory))
            await keep(tx, memory)
        return answer.replies[-1]

    async def rows(self, kind: Any) -> list[Any]:
        async with self.talk.database.transaction(self.talk.tenant) as tx:
            return list((await tx.execute(select(kind))).scalars())

    async def change(self, statement: Any) -> None:
        async with self.talk.database.transaction(self.talk.tenant) as tx:
            await tx.execute(statement)


@pytest.fixture
async def direct(talk: Talk) -> Direct:
    """Acme has a contact, Halden asked for refunds as well, and the team has a pace."""
    accounts = tuple(replace(one, contact=IRENE) for one in CUSTOMERS.accounts)
    asked = Request(
        "REQ-2", "halden-logistics", f"Self-service refunds {MARKER}", date(2026, 9, 1), None, ("EPIC-1",)
    )
    async with talk.database.transaction(talk.tenant) as tx:
        await take_over_history(tx, "work", History(EPICS, SPRINTS, (*STORIES, *_OF_HISTORY), (), ()))
        await write_customers(tx, CustomersFile(accounts, (*CUSTOMERS.requests, asked), ()))
    return Direct(talk)


async def test_the_case_says_who_waits_what_it_takes_and_when(direct: Direct) -> None:
    reply = await direct.say("rachel", NEED)
    shown = repr(reply)
    assert reply.restricted == "it shows a customer's revenue"
    assert "Acme Corp needs Self-service refunds" in reply.text
    assert "30 Jun 2027" in reply.text
    assert "$500,000.00" in shown
    assert "1 other customer asked too" in shown
    assert MARKER not in shown
    facts = {fact.id: fact for fact in reply.facts}
    assert facts["revenue"].value == 500_000
    assert facts["acme-corp.share"].source.detail.startswith("assumption")
    assert "÷ cost" in facts["returns"].source.detail
    assert set(buttons(reply)) >= {
        "customer_approve",
        "customer_approve_notify",
        "customer_modify",
        "customer_defer",
    }


async def test_who_sees_everything_sees_who_else_asked(direct: Direct) -> None:
    reply = await direct.say("david", NEED)
    assert "Halden Logistics" in repr(reply)
    facts = {fact.id: fact.value for fact in reply.facts}
    assert facts["revenue"] == 950_000
    assert "others" not in facts


async def test_a_question_changes_nothing(direct: Direct) -> None:
    await direct.say("rachel", "/feature_request does Acme Corp need refunds by Q2?")
    assert await direct.rows(CustomerRequestRow) == []


async def test_others_of_the_department_may_not(direct: Direct) -> None:
    reply = await direct.say("nathan", NEED)
    assert await direct.rows(CustomerRequestRow) == []
    assert "customer success" in reply.text


async def test_a_customer_of_somebody_else_is_not_found(direct: Direct) -> None:
    reply = await direct.say("rachel", NEED.replace("Acme Corp", "Halden Logistics"))
    assert await direct.rows(CustomerRequestRow) == []
    assert MARKER not in repr(reply)


async def test_of_two_that_are_called_so_it_is_asked_which(direct: Direct) -> None:
    async with direct.talk.database.transaction(direct.talk.tenant) as tx:
        other = replace(CUSTOMERS.accounts[0], id="acme-labs", name="Acme Labs", aliases=("Acme",))
        await write_customers(tx, CustomersFile((other,), (), ()))
    reply = await direct.say("david", NEED.replace("Acme Corp", "Acme"))
    assert "Which one do you mean" in reply.text
    assert await direct.rows(CustomerRequestRow) == []


async def test_in_a_channel_the_business_case_is_not_spread(direct: Direct) -> None:
    (reply,) = (await direct.talk.say("rachel", NEED)).replies
    button = buttons(reply)["customer_approve"]
    (refused,) = (await direct.talk.press("rachel", button.verb, button.subject)).replies
    assert "Ask me in a direct message" in refused.text
    (row,) = await direct.rows(CustomerRequestRow)
    assert row.state == "proposed"


async def test_approve_records_and_drafts_what_is_decided_and_no_more(direct: Direct) -> None:
    card = await direct.say("rachel", NEED)
    await direct.press("rachel", card, "customer_approve_notify")
    (row,) = await direct.rows(CustomerRequestRow)
    (mail,) = await direct.rows(CustomerMailRow)
    assert (row.state, row.epic) == ("approved", "EPIC-1")
    assert (mail.state, mail.due, mail.to_address) == ("locked", None, "irene@acme.example")
    assert "on record" in " ".join(mail.paragraphs)
    assert "expect it by" not in " ".join(mail.paragraphs)
    effects = [effect.action_type for effect in await direct.rows(EffectRow)]
    assert effects == ["customer.record_request"]
    again = await direct.press("rachel", card, "customer_approve")
    assert "On record" in again.text
    assert len(await direct.rows(EffectRow)) == 1


async def test_approve_and_notify_by_word(direct: Direct) -> None:
    await direct.say("rachel", NEED)
    await direct.say("rachel", "/feature_request Approve and notify Acme Corp of timeline")
    (mail,) = await direct.rows(CustomerMailRow)
    assert mail.state == "locked"


async def test_a_locked_mail_is_not_sent(direct: Direct) -> None:
    card = await direct.say("rachel", NEED)
    await direct.press("rachel", card, "customer_approve_notify")
    (mail,) = await direct.rows(CustomerMailRow)
    reply = await direct._take("rachel", Clicked("customer_mail_send", f"{mail.id} {mail.version}", "m1", {}))
    assert "stays locked" in reply.text
    assert [one.action_type for one in await direct.rows(EffectRow)] == ["customer.record_request"]


async def test_modify_works_it_out_again(direct: Direct) -> None:
    card = await direct.say("rachel", NEED)
    values = {"what": "Refunds in bulk", "needed_by": "2027-03-31", "hours": "120"}
    reply = await direct.press("rachel", card, "customer_modify", values)
    (row,) = await direct.rows(CustomerRequestRow)
    assert (row.what, row.needed_by, row.hours) == ("Refunds in bulk", date(2027, 3, 31), 120)
    facts = {fact.id: fact.value for fact in reply.facts}
    assert facts["effort"] == 120
    wrong = await direct.press("rachel", card, "customer_modify", values | {"hours": "many"})
    assert "Agent-hours are a number" in wrong.text


async def test_deferred_it_comes_back_on_its_day(direct: Direct) -> None:
    card = await direct.say("rachel", NEED)
    late = await direct.press("rachel", card, "customer_defer", {"until": "2026-11-01"})
    assert "a day to come" in late.text
    reply = await direct.press("rachel", card, "customer_defer", {"until": "2027-01-15"})
    assert "15 Jan 2027" in reply.text
    for day, there in ((date(2027, 1, 14), 0), (date(2027, 1, 15), 1), (date(2027, 1, 16), 1)):
        async with direct.talk.database.transaction(direct.talk.tenant) as tx:
            await come_back(tx, day)
        told = await direct.talk.notices("customer_request_due")
        assert len(told) == there
    ((shown, people),) = told
    assert people == ["rachel"]
    assert shown is not None
    assert "You put this off until today" in repr(shown)


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
    from handlers.notices import find_notices

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
