"""A card as each of its readers gets it: buttons for those whom they work for, its end for everybody."""

from __future__ import annotations

import asyncio
import uuid

from tests.scenarios.browser import EXPECTED_WITHIN, Browser

URGENT = "/add_to_backlog Add query optimization to the backlog as P0 for Team Delta"
BUTTONS = "SELECT verb FROM buttons JOIN outbox ON outbox.id = outbox WHERE thread LIKE :thread"
OPEN = "SELECT id FROM approvals WHERE status = 'open'"
THREAD = "SELECT place->>'thread' FROM approvals"


async def _asked(browser: Browser, who: str, channel: str) -> tuple[str, str]:
    """Somebody asks for what takes another's vote. Returns the approval and its thread."""
    await browser.is_(who)
    status, _ = await browser.post("/console/say", channel=channel, text=URGENT)
    assert status == 200
    async with asyncio.timeout(EXPECTED_WITHIN):
        while not (found := await browser.office.rows(OPEN)):  # noqa: ASYNC110 — the rows are the truth
            await asyncio.sleep(0.1)
    await browser.office.settled()
    ((thread,),) = await browser.office.rows(THREAD)
    return found[0][0], thread


def _offers(page: str) -> bool:
    return "data-token" in page.split('id="pane-messages"')[1]


async def test_who_cannot_decide_is_shown_a_card_without_buttons_and_hears_why_it_was_denied(
    browser: Browser,
) -> None:
    approval, thread = await _asked(browser, "nathan", "dm-nathan")
    own = f"/console/in/dm-nathan?thread={thread}"
    page = await browser.until(own, lambda html: "Waiting for approval" in html)
    assert "Who decides: <strong>the product owner" in page
    assert not _offers(page)
    verbs = {verb for (verb,) in await browser.office.rows(BUTTONS, thread="console:dm-nathan:%")}
    assert not verbs & {"approve", "deny"}
    verbs = {verb for (verb,) in await browser.office.rows(BUTTONS, thread="console:dm-david:%")}
    assert verbs >= {"approve", "deny"}

    await browser.is_("david")
    tile = await browser.page("/dashboard/approvals")
    assert f'data-decides="{approval}"' in tile
    assert "New urgent story" in tile
    assert "tracker." not in tile
    status, _ = await browser.post(
        f"/dashboard/approvals/{approval}", choice="deny", reason="It slows the release down"
    )
    assert status == 200
    await browser.until("/dashboard/approvals", lambda html: "data-decides" not in html)
    await browser.is_("nathan")
    told = "Denied by David Lindqvist: “It slows the release down”. Nothing was done."
    await browser.until(own, lambda html: told in html)


async def test_in_a_channel_the_same_card_has_its_buttons_for_those_whom_they_work_for(
    browser: Browser,
) -> None:
    approval, thread = await _asked(browser, "nathan", "engineering")
    shared = f"/console/in/engineering?thread={thread}"
    for person, offers in (("nathan", False), ("rachel", False), ("david", True)):
        await browser.is_(person)
        page = await browser.until(shared, lambda html: "Waiting for approval" in html)
        assert _offers(page) is offers, person
    await browser.is_("rachel")
    assert "data-decides" not in await browser.page("/dashboard/approvals")
    status, said = await browser.post(f"/dashboard/approvals/{approval}", choice="approve")
    assert status == 409
    assert "your vote does not count" in said["error"]
    assert await browser.office.rows(OPEN)


async def test_a_decision_in_the_dashboard_counts_once_and_is_answered_in_one_s_own_conversation(
    browser: Browser,
) -> None:
    approval, _ = await _asked(browser, "nathan", "dm-nathan")
    await browser.is_("david")
    key = str(uuid.uuid4())
    for _ in range(3):
        status, _said = await browser.post(f"/dashboard/approvals/{approval}", choice="approve", key=key)
        assert status in (200, 409)
    await browser.until("/dashboard/approvals", lambda html: "data-decides" not in html)
    await browser.office.settled()
    clicks = "SELECT count(*) FROM inbox WHERE what->>'kind' = 'clicked'"
    assert await browser.office.rows(clicks) == [(1,)]
    answers = "SELECT count(*) FROM console_messages WHERE channel = 'dm-david' AND text LIKE 'You approved%'"
    assert await browser.office.rows(answers) == [(1,)]
