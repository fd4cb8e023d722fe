"""The dashboard shows each person what is theirs to see, and the record shows that they looked."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from governance.approvals.decision import Status
from governance.audit.entries import Part
from governance.audit.erasure import erase
from governance.people import Actor
from governance.tables import FenceRow, WindowRow
from storage.embedded import EmbeddedServer
from tests.bot.console.conftest import Served
from tests.bot.console.sample_rows import (
    NOW,
    add_approval,
    add_entries,
    add_halt,
    add_overrides,
    add_plan,
)
from tests.bot.recorded import Recorded, recorded

Ask = dict[str, Any]
PRODUCT = {"platform": "console", "channel": "product", "thread": "cm_1", "audience": "department"}
PRIVATE = {"platform": "console", "channel": "dm-david", "thread": "cm_2", "audience": "direct"}


async def _recorded(served: Served, entry_type: str) -> list[Recorded]:
    async with served.database.transaction(served.tenant) as tx:
        return await recorded(tx, entry_type)


async def _number_everything(served: Served) -> None:
    while await served.sequencer.round():
        pass


async def test_approvals_say_what_waits_for_whom_until_when(served: Served) -> None:
    async with served.database.transaction(served.tenant) as tx:
        ask: Ask = {"requester": "amanda", "roles": ("product_owner", "sre_lead")}
        add_approval(tx, "ap_1", "Deploy orders", asked=("david", "nathan"), place=PRODUCT, **ask)
        add_approval(tx, "ap_2", "Scale checkout", asked=("nathan",), place=PRIVATE, **ask)
        add_approval(tx, "ap_3", "Old one", asked=("nathan",), status=Status.DENIED, **ask)
    await served.is_("david")
    page = await served.page("/dashboard/approvals")
    mine, others, decided = re.split(r"<h2>Waiting for others|<h2>Decided lately", page)
    assert "Deploy orders" in mine
    assert "product owner or SRE lead" in mine
    assert "Nathan Adebayor" in mine
    assert 'href="/console/in/product?thread=cm_1"' in mine
    assert "Scale checkout" in others
    assert "/console/in/dm-david" in others
    assert "Old one" in decided
    assert "Denied" in decided
    await served.is_("nathan")
    assert "/console/in/dm-david" not in await served.page("/dashboard/approvals")


async def test_the_dashboard_begins_with_what_waits(served: Served) -> None:
    await served.is_("david")
    assert "Waiting for you" in await served.page("/dashboard")


async def test_customer_success_sees_only_approvals_of_their_own(served: Served) -> None:
    async with served.database.transaction(served.tenant) as tx:
        add_approval(
            tx, "ap_1", "Secret of others", requester="david", asked=("david",), roles=("product_owner",)
        )
        add_approval(tx, "ap_2", "Hers", requester="rachel", asked=("david",), roles=("product_owner",))
        add_approval(
            tx, "ap_3", "Decided secret", requester="david", asked=("david",), roles=("product_owner",),
            status=Status.DENIED,
        )  # fmt: skip
    await served.is_("rachel")
    page = await served.page("/dashboard/approvals")
    assert "Secret of others" not in page
    assert "Decided secret" not in page
    assert "Hers" in page
    assert "1 more waits" in page


async def test_a_plan_is_shown_with_its_sprints_teams_and_dependencies(served: Served) -> None:
    async with served.database.transaction(served.tenant) as tx:
        await add_plan(tx)
    await served.is_("amanda")
    assert 'href="/dashboard/plans/pl_1"' in await served.page("/dashboard/plans")
    page = await served.page("/dashboard/plans/pl_1")
    assert page.count('class="box') - page.count('class="box-key"') == 8
    assert page.count('class="box box-created"') == 2
    assert page.count('class="arrow"') == 8
    for words in ("Sprint 1<", "30 Nov – 11 Dec", "Team Delta", "61 of 146 agent-hours used (42 %)", "ST-902"):
        assert words in page
    assert "85 of 100 by 22 Jan 2027" in page


async def test_customer_success_sees_how_many_plans_there_are_and_no_more(served: Served) -> None:
    async with served.database.transaction(served.tenant) as tx:
        await add_plan(tx)
    await served.is_("rachel")
    page = await served.page("/dashboard/plans")
    assert "Customer dashboard" not in page
    assert "1 more plan is not about your accounts" in page
    answer = await served.client.get("/dashboard/plans/pl_1", headers={"Accept": "text/html"})
    assert answer.status == 404
    assert "Customer dashboard" not in await answer.text()


async def test_overrides_say_who_since_when_until_when_and_whether_reviewed(served: Served) -> None:
    async with served.database.transaction(served.tenant) as tx:
        add_overrides(tx)
    await served.is_("carlos")
    page = await served.page("/dashboard/overrides")
    assert "Agents may work" in page
    review, rest = page.split("Standing now")
    assert "orders@4.2.1" in review
    assert "Review overdue" in review
    assert "Pen test until Friday" in rest
    assert "Carlos Benavente" in rest
    windows = rest.split("<h2>Windows")[1]
    assert windows.index("Open now") < windows.index("To come")
    async with served.database.transaction(served.tenant) as tx:
        add_halt(tx)
        tx.add(FenceRow(epoch=1, halted=True))
    page = await served.page("/dashboard/overrides")
    assert "Every agent is halted" in page
    assert "Stories were created twice" in page


async def test_reasons_may_name_others_so_customer_success_does_not_read_them(served: Served) -> None:
    async with served.database.transaction(served.tenant) as tx:
        add_overrides(tx)
    await served.is_("rachel")
    page = await served.page("/dashboard/overrides")
    assert "Freeze: deployments" in page
    for secret in ("Pen test until Friday", "Checkout fails", "orders@4.2.1", "Show the board"):
        assert secret not in page


async def test_the_log_is_closed_to_those_without_the_permission_and_says_who_may(served: Served) -> None:
    await served.is_("rachel")
    assert 'href="/dashboard/audit"' not in await served.page("/")
    for path in ("/dashboard/audit", "/dashboard/audit/0"):
        answer = await served.client.get(path, headers={"Accept": "text/html"})
        assert answer.status == 403
        assert "compliance officer" in await answer.text()
    assert (await served.post("/dashboard/audit/verify")).status == 403
    refusals = await _recorded(served, "dashboard.audit")
    assert [(entry.kind, entry.actor) for entry in refusals] == [("refusal", "rachel")] * 3


async def test_an_auditor_reads_the_log_while_an_audit_window_is_open(served: Served) -> None:
    await served.is_("agnes")
    assert (await served.client.get("/dashboard/audit")).status == 403
    async with served.database.transaction(served.tenant) as tx:
        window = {"starts": NOW - timedelta(hours=1), "ends": NOW + timedelta(hours=5)}
        tx.add(WindowRow(id="wi_1", mode="audit", opened_by="carlos", reason="SOC 2", **window))
    assert (await served.client.get("/dashboard/audit")).status == 200


async def test_an_entry_shows_its_eight_parts_and_a_proof_that_was_checked(served: Served) -> None:
    async with served.database.transaction(served.tenant) as tx:
        entries = await add_entries(tx, 5)
    await served.is_("nathan")
    assert "waits for its number" in await served.page(f"/dashboard/audit/{entries[5]}")
    await _number_everything(served)
    page = await served.page("/dashboard/audit/5")
    names = re.findall(r"<dt>([A-Z][^<]+)</dt>", page)
    assert names[:8] == [
        "Actor", "Action and details", "Timestamp", "Rationale", "Approval chain", "Impact assessment",
        "Rollback plan", "Related artifacts",
    ]  # fmt: skip
    assert "The PRD asks for it." in page
    assert "David Lindqvist" in page
    assert "stories.auto" in page
    assert "This entry stands in the signed log" in page
    assert "c2sp.org/tlog-proof@v1" in page
    looked = await _recorded(served, "dashboard.audit.entry")
    assert [(entry.actor, entry.subject) for entry in looked] == [("nathan", entries[5])] * 2


async def test_a_turn_s_missing_parts_say_why_they_do_not_apply(served: Served) -> None:
    async with served.database.transaction(served.tenant) as tx:
        await add_entries(tx, 1)
    await _number_everything(served)
    await served.is_("david")
    page = await served.page("/dashboard/audit/0")
    assert page.count("Does not apply: nothing changes") == 5
    assert "console:david" in page


async def test_an_entry_that_was_changed_is_shown_as_such(served: Served, server: EmbeddedServer) -> None:
    async with served.database.transaction(served.tenant) as tx:
        entries = await add_entries(tx, 3)
    await _number_everything(served)
    with psycopg.connect(server.owner_url) as owner:
        owner.execute("ALTER TABLE audit_entries DISABLE TRIGGER only_grows")
        owner.execute(
            "UPDATE audit_entries SET data = replace(data, '12.50', '99.50') WHERE tenant = %s AND id = %s",
            (served.tenant, entries[3]),
        )
        owner.execute("ALTER TABLE audit_entries ENABLE ALWAYS TRIGGER only_grows")
    await served.is_("carlos")
    page = await served.page("/dashboard/audit/3")
    assert "The log does not hold" in page
    answer = await served.post("/dashboard/audit/verify")
    last = json.loads((await answer.text()).splitlines()[-1])
    assert "The log holds" not in last["html"]
    assert "finding" in last["html"]


async def test_verifying_tells_how_far_it_is_and_what_it_found(served: Served) -> None:
    async with served.database.transaction(served.tenant) as tx:
        await add_entries(tx, 20)
    await _number_everything(served)
    await served.is_("carlos")
    answer = await served.post("/dashboard/audit/verify")
    lines = [json.loads(line) for line in (await answer.text()).splitlines()]
    assert lines[-2] == {"done": 22, "of": 22}
    assert "The log holds" in lines[-1]["html"]
    assert "22 entries" in lines[-1]["html"]
    assert [entry.actor for entry in await _recorded(served, "dashboard.audit.verify")] == ["carlos"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("talk=shown", 8), ("kind=intent", 1), ("type=create_story", 2), ("talk=shown&actor=david", 6),
        ("talk=shown&since=2026-11-23&until=2026-11-23", 0), ("kind=turn&type=turn", 6), ("", 2),
        ("since=2020-01-01", 2), ("actor=david", 0), ("actor=nobody", 0),
    ],
)  # fmt: skip
async def test_filters_find_entries(served: Served, query: str, count: int) -> None:
    async with served.database.transaction(served.tenant) as tx:
        await add_entries(tx, 6)
    await served.is_("david")
    page = await served.page(f"/dashboard/audit?{query}")
    if "2026-11-23" in query:
        count = 8 if f"{NOW:%Y-%m-%d}" == "2026-11-23" and NOW.hour >= 5 else count
    assert len(re.findall(r'<td class="right"><a href="/dashboard/audit/', page)) == count


async def test_messages_are_left_out_and_everything_is_counted(served: Served) -> None:
    async with served.database.transaction(served.tenant) as tx:
        await add_entries(tx, 60)
    await served.is_("david")
    page = await served.page("/dashboard/audit")
    assert "2 entries fit, newest first." in page
    assert '60 messages and readings are left out: <a href="/dashboard/audit?talk=shown">' in page
    assert "Message" not in re.findall(r'<td title="[^"]*">([^<]*)</td>', page)
    page = await served.page("/dashboard/audit?talk=shown")
    assert "62 entries fit, newest first." in page
    assert "left out:" not in page


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("openings = '{'", "what is stored beside the log cannot be read"),
        (
            "openings = replace(openings, 'PRD', 'CEO')",
            "what is stored beside the log is not what was committed to",
        ),
        ("openings = '{}'", "nothing opens it any more, and no entry of the log says that it was erased"),
    ],
)
async def test_an_opening_that_was_changed_is_shown_as_such(served: Served, change: str, why: str) -> None:
    async with served.database.transaction(served.tenant) as tx:
        entries = await add_entries(tx, 1)
        changed = text(f"UPDATE audit_openings SET {change} WHERE entry = :entry")
        assert (await tx.execute(changed, {"entry": entries[1]})).rowcount == 1
    await _number_everything(served)
    await served.is_("david")
    page = await served.page("/dashboard/audit/1")
    assert f"The log does not hold here: {why}." in page
    assert "Erased" not in page
    answer = await served.post("/dashboard/audit/verify")
    assert "The log holds" not in json.loads((await answer.text()).splitlines()[-1])["html"]


async def test_what_was_erased_is_shown_as_erased(served: Served) -> None:
    async with served.database.transaction(served.tenant) as tx:
        entries = await add_entries(tx, 1)
        await erase(tx, entries[1], [Part.RATIONALE], Actor("person", "operator"), "They asked for it.")
    await _number_everything(served)
    await served.is_("david")
    page = await served.page("/dashboard/audit/1")
    assert page.count("Erased. The commitment stays") == 1
    assert "does not hold" not in page


async def test_an_entry_that_is_none_any_more_is_an_answer(served: Served, server: EmbeddedServer) -> None:
    async with served.database.transaction(served.tenant) as tx:
        entries = await add_entries(tx, 1)
    await _number_everything(served)
    with psycopg.connect(server.owner_url) as owner:
        owner.execute("ALTER TABLE audit_entries DISABLE TRIGGER only_grows")
        owner.execute("UPDATE audit_entries SET data = '{' WHERE id = %s", (entries[1],))
        owner.execute("ALTER TABLE audit_entries ENABLE ALWAYS TRIGGER only_grows")
    await served.is_("carlos")
    for path in ("/dashboard/audit", "/dashboard/audit/1"):
        assert "Entry 1 of the log was changed and cannot be read: verify the log." in await served.page(path)


@pytest.mark.parametrize("query", ["kind=nonsense", "since=monday", "until=2026-13-40"])
async def test_filters_that_cannot_be_read_are_told(served: Served, query: str) -> None:
    await served.is_("david")
    page = await served.page(f"/dashboard/audit?{query}")
    assert 'role="alert"' in page


async def test_older_entries_are_a_page_away(served: Served) -> None:
    async with served.database.transaction(served.tenant) as tx:
        await add_entries(tx, 60)
    await served.is_("david")
    page = await served.page("/dashboard/audit?actor=david&talk=shown")
    older = re.findall(r'href="(/dashboard/audit\?[^"]*before=[^"]+)"', page)[0].replace("&amp;", "&")
    assert "actor=david&talk=shown" in older
    rows = re.findall(r'<td class="right"><a', await served.page(older))
    assert len(rows) == 20


@pytest.mark.parametrize("path", ["/dashboard/audit/999", "/dashboard/audit/x", "/dashboard/plans/pl_none"])
async def test_what_is_not_there_is_not_found(served: Served, path: str) -> None:
    await served.is_("david")
    assert (await served.client.get(path, headers={"Accept": "text/html"})).status == 404
