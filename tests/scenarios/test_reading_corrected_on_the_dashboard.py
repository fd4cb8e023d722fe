"""A plan's document beside what it was read as, corrected by clicks, and the plan that follows."""

from __future__ import annotations

import re
import uuid

from tests.scenarios.browser import Browser

BUILD = "/build_feature build from PRD-2026-Q3-Search"
PLAN = "SELECT id, version, state FROM plans"
CORRECTED = "SELECT sense FROM reading_corrections"
TURNS = "SELECT count(*) FROM inbox WHERE what->>'kind' = 'clicked'"


async def _planned(browser: Browser) -> tuple[str, int]:
    await browser.is_("david")
    status, _ = await browser.post("/console/say", channel="dm-david", text=BUILD)
    assert status == 200
    await browser.until("/dashboard/plans", lambda html: "Waits for approval" in html)
    ((plan, version, _),) = await browser.office.rows(PLAN)
    return plan, version


def _asked_for(page: str) -> int:
    found = re.search(r"Asked for: (\d+)", page)
    assert found is not None
    return int(found[1])


async def test_what_is_chosen_on_the_page_is_read_so_and_the_proposal_is_a_new_one(browser: Browser) -> None:
    plan, version = await _planned(browser)
    where = f"/dashboard/plans/{plan}/reading"
    assert where in await browser.page(f"/dashboard/plans/{plan}")
    page = await browser.page(where)
    assert "# PRD" in page, "the source stands beside what was read"
    shown = re.search(r'Asked for</span> <strong>.*?<select data-statement="(\d+)"', page, re.DOTALL)
    assert shown is not None
    wanted = shown[1]
    key = str(uuid.uuid4())
    for _ in range(2):
        status, _said = await browser.post(where, version=version, corrections={wanted: "later"}, key=key)
        assert status == 200
    before = _asked_for(page)
    after = await browser.until(where, lambda html: "data-again" not in html and _asked_for(html) == before - 1)
    assert "David Lindqvist said so" in after
    assert await browser.office.rows(CORRECTED) == [("later",)]
    assert [version for _, version, _ in await browser.office.rows(PLAN)] == [2]
    status, said = await browser.post(where, version=version, corrections={wanted: "in"})
    assert status == 409
    assert "no longer as you see it" in said["error"]


async def test_nobody_else_corrects_and_rubbish_is_refused(browser: Browser) -> None:
    plan, version = await _planned(browser)
    where = f"/dashboard/plans/{plan}/reading"
    before = await browser.office.rows(TURNS)
    for corrections in ({"99999": "later"}, {"1": "whatever"}, {"-1": "later"}, {}):
        status, _ = await browser.post(where, version=version, corrections=corrections)
        assert status in (400, 409), corrections
    await browser.is_("nathan")
    page = await browser.page(where)
    assert "data-statement" not in page
    assert "# PRD" in page
    status, _ = await browser.post(where, version=version, corrections={"1": "later"})
    assert status == 409
    await browser.is_("rachel")
    assert "# PRD" not in await browser.page(where)
    status, _ = await browser.post(where, version=version, corrections={"1": "later"})
    assert status in (404, 409)
    assert await browser.office.rows(TURNS) == before
    assert await browser.office.rows(CORRECTED) == []
