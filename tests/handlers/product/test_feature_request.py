"""What customers need, in a direct message: the case, the decision, and what comes back later."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from agents.customers.promise_watch import come_back
from agents.customers.tables import CustomerMailRow, CustomerRequestRow
from governance.tables import EffectRow
from handlers.catalogue import find_handlers
from handlers.conversation.router import Router
from handlers.conversation.turn import Clicked
from handlers.customers.feature_request.parse import read_need
from handlers.language.recogniser import Recogniser
from integrations.customers.vendors.local.customers_file import CustomersFile
from integrations.customers.vendors.local.loading import write_customers
from tests.handlers.conftest import Talk, buttons
from tests.handlers.product.conftest import CUSTOMERS, MARKER
from tests.handlers.product.direct import NEED, Direct, with_customers


@pytest.fixture
async def direct(talk: Talk) -> Direct:
    return await with_customers(talk)


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


async def test_what_is_only_like_a_feature_is_asked_about_and_taken_on_a_word(direct: Direct) -> None:
    words = "/feature_request Acme Corp needs plumbings by Q2"
    asked = await direct.say("david", words)
    assert "Is it a part of Payment plumbing" in repr(asked)
    assert "nothing of it yet" in repr(asked)
    (row,) = await direct.rows(CustomerRequestRow)
    assert row.epic is None
    same = buttons(asked)["customer_same_as"]
    assert same.subject == f"{row.id} EPIC-2"
    for who, refused in (("rachel", "no open feature that you may see"), ("nathan", "Your roles")):
        clicked = Clicked(same.verb, same.subject, "m1", {})
        assert refused in (await direct._take(who, clicked)).text
    shown = await direct.press("david", asked, "customer_same_as")
    assert "nothing of it yet" not in repr(shown)
    assert "customer_same_as" not in buttons(shown)
    (row,) = await direct.rows(CustomerRequestRow)
    assert row.epic == "EPIC-2"
    assert "Is it a part of" not in repr(await direct.say("rachel", words)), "she does not see that feature"


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


async def test_in_plain_words_from_the_need_to_the_mail(direct: Direct, recogniser: Recogniser) -> None:
    direct.talk.router = Router(find_handlers(), recogniser, recogniser)
    card = await direct.say(
        "rachel", "Enterprise customer Acme Corp needs self-service refunds by Q2 for renewal"
    )
    assert "Acme Corp needs Self-service refunds" in card.text
    await direct.say("rachel", "Approve and notify Acme Corp of timeline")
    (row,) = await direct.rows(CustomerRequestRow)
    (mail,) = await direct.rows(CustomerMailRow)
    assert (row.state, mail.state) == ("approved", "locked")


async def test_deferred_in_plain_words(direct: Direct, recogniser: Recogniser) -> None:
    direct.talk.router = Router(find_handlers(), recogniser, recogniser)
    await direct.say("rachel", NEED.partition(" ")[2])
    await direct.say("rachel", "Defer it until 15 January")
    (row,) = await direct.rows(CustomerRequestRow)
    assert (row.state, row.until) == ("deferred", date(2027, 1, 15))


@pytest.mark.parametrize(
    ("text", "what", "needed", "renewal"),
    [
        ("Acme Corp needs SAML SSO integration by Q2 for renewal", "SAML SSO integration", (2027, 6, 30), True),
        ("Acme wants bulk exports before the renewal", "Bulk exports", (2027, 5, 14), True),
        ("log a request for Acme Corp: audit trail, needed by 14 March", "Audit trail", (2027, 3, 14), False),
        ("Acme is asking for exports by the end of June", "Exports", (2027, 6, 30), False),
        ("record a feature request from Acme: dark mode in Q1 2027", "Dark mode", (2027, 3, 31), False),
        ("SAML for Acme before June", "SAML", (2027, 5, 31), False),
        ("Acme asked us to build a webhook retry", "Webhook retry", None, False),
        ("Acme Corp", "", None, False),
    ],
)
def test_what_is_needed_and_by_when_is_read(
    text: str, what: str, needed: tuple[int, int, int] | None, renewal: object
) -> None:
    now = datetime(2026, 11, 30, 15, tzinfo=UTC)
    said = read_need(text, ("Acme Corp", "Acme"), now, "America/New_York", None, date(2027, 5, 14))
    assert (said.what, said.needed_by, said.for_renewal) == (what, date(*needed) if needed else None, renewal)
