"""What a customer needs, from the order to the mail: the case, the start that the product owner decides on,
and the mail that stays locked until then."""

from __future__ import annotations

from pathlib import Path

from storage.embedded import EmbeddedServer
from tests.office import offices
from tests.scenarios.meetings import outbox

NEED = "/feature_request Enterprise customer Acme Corp needs SAML SSO integration by Q2 for renewal"


async def test_from_the_need_to_the_mail(server: EmbeddedServer, tmp_path: Path) -> None:
    async with offices(server, tmp_path) as open_office:
        office = await open_office()
        slack = office.slack
        rachel, david = slack.user("rachel"), slack.user("david")
        asked = await rachel.says(NEED, dm=True)
        card = await slack.wait_for(lambda m: m.thread_ts == asked.ts and "Acme Corp needs SAML" in m.all_text)
        assert "$500,000" in card.all_text
        assert {"Approve", "Approve and notify", "Modify", "Defer"} <= set(card.buttons)
        await rachel.presses("Approve and notify", on=card)
        mail = await slack.wait_for(lambda m: "Drafted for Acme Corp" in m.all_text)
        assert "Locked" in mail.all_text
        assert "Send" not in mail.buttons
        start = await slack.wait_for(
            lambda m: "Start “SAML SSO integration” for Acme Corp" in m.all_text and "Approve" in m.buttons
        )
        await david.presses("Approve", on=start)
        ready = await slack.wait_for(lambda m: "Mail to Acme Corp" in m.all_text and "Send" in m.buttons)
        assert outbox(office.installation.settings.var_folder, office.tenant) == []
        await rachel.presses("Send", on=ready)
        await slack.wait_for(lambda m: "Sent to Acme Corp" in m.all_text)
        await office.settled()
        (sent,) = outbox(office.installation.settings.var_folder, office.tenant)
        assert sent["To"].addresses[0].addr_spec == "irene.falkenrath@example.com"
        body = sent.get_body(("plain",))
        assert body is not None
        [(state,)] = await office.rows("SELECT state FROM customer_promises")
        assert state == "open"


async def test_what_is_not_started_is_not_told(server: EmbeddedServer, tmp_path: Path) -> None:
    async with offices(server, tmp_path) as open_office:
        office = await open_office()
        slack = office.slack
        rachel, david = slack.user("rachel"), slack.user("david")
        asked = await rachel.says(NEED, dm=True)
        card = await slack.wait_for(lambda m: m.thread_ts == asked.ts and "Acme Corp needs SAML" in m.all_text)
        await rachel.presses("Approve and notify", on=card)
        start = await slack.wait_for(
            lambda m: "Start “SAML SSO integration” for Acme Corp" in m.all_text and "Deny" in m.buttons
        )
        await david.presses("Deny", on=start)
        await david.submits(await slack.wait_for_view(david), {"reason": "Not before the summer"})
        await slack.wait_for(lambda m: "Not started: SAML SSO integration for Acme Corp" in m.all_text)
        await office.settled()
        assert outbox(office.installation.settings.var_folder, office.tenant) == []
        assert await office.rows("SELECT state FROM customer_mails") == [("locked",)]
        assert await office.rows("SELECT state FROM customer_promises") == []
