"""The app is taken out of the workspace while a plan is under way there, and later put in again."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from simulators.slack import FakeSlack
from tests.bot.slack.installing import installs
from tests.office import Office, OpenOffice

BUILD = "/build_feature Build the customer dashboard feature from PRD-2025-Q1-Dashboard"
_QUEUED = text("""
    SELECT count(*) FROM procrastinate_jobs WHERE args->>'tenant' = :tenant AND status IN ('todo', 'doing')
      AND task_name IN ('post', 'turn', 'post_notice')
""")
_STORIES = "SELECT count(*) FROM tracker_stories WHERE epic = (SELECT epic FROM plans)"


async def _until(office: Office, query: str, *expected: object) -> None:
    async with asyncio.timeout(40):
        while await office.rows(query) != [expected]:  # noqa: ASYNC110 — the rows are the truth
            await asyncio.sleep(0.05)


async def _nothing_is_tried_for_ever(office: Office) -> None:
    async with asyncio.timeout(60):
        while True:
            async with office.installation.database.untenanted() as tx:
                if (await tx.execute(_QUEUED, {"tenant": office.tenant})).scalar_one() == 0:
                    return
            await asyncio.sleep(0.05)


def _is_clean(failure: str) -> bool:
    return any(words in failure for words in ("not installed in T0ACME", "account_inactive", "invalid_auth"))


@pytest.mark.parametrize("is_taken_out", [True, False])
async def test_a_plan_goes_on_though_its_workspace_is_gone(open_office: OpenOffice, is_taken_out: bool) -> None:
    async with await FakeSlack.start(installed=False) as slack:
        office = await open_office(slack, slack_workspaces="T0ACME")
        assert await installs(office) == 200
        david = slack.user("david")
        asked = await david.says(BUILD, dm=True)
        card = await slack.wait_for(lambda m: m.thread_ts == asked.ts and "Approve" in m.buttons, within=40)
        await david.presses("Approve", on=card)
        await _until(office, "SELECT count(*) >= 3 FROM tracker_receipts WHERE grant_id LIKE 'gr_%'", True)
        await (slack.admin.uninstalls() if is_taken_out else slack.admin.revokes_tokens())
        posted = len(slack.called("chat.postMessage"))

        await _until(office, "SELECT state FROM plans", "created")
        await office.settled()
        assert await office.rows(_STORIES) == [(17,)]
        failures = {why for (why,) in await office.rows("SELECT failure FROM outbox WHERE state = 'failed'")}
        assert failures
        assert all(_is_clean(why) for why in failures)
        await _nothing_is_tried_for_ever(office)
        assert len(slack.called("chat.postMessage")) - posted <= 2, "only what was on its way"

        before = await office.rows("SELECT count(*) FROM inbox")
        pressed = await david.presses(card.buttons[0], on=card)
        assert await office.rows("SELECT count(*) FROM inbox") == before
        assert pressed.attempts[0].status is not None

        assert await installs(office) == 200
        again = await david.says("/whoami", dm=True)
        answer = await slack.wait_for(lambda m: m.thread_ts == again.ts)
        assert "David" in answer.all_text
        await david.presses("Status" if "Status" in card.buttons else card.buttons[0], on=card)
        await office.settled()
