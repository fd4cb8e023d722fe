"""The doctor says where a policy accepted in chat outranks the file: rows, since when, by whose approval."""

from __future__ import annotations

from bot.database import DatabaseUrls
from bot.department import Installation
from bot.finding import Finding
from bot.in_force import examine_policy
from bot.settings import Settings
from governance.actions.policy import propose_policy
from governance.policy_text import row_text, with_row
from storage.embedded import EmbeddedServer
from tests.governance.house import House


async def _examined(server: EmbeddedServer, tenant: str) -> list[Finding]:
    settings = Settings(_env_file=None, tenant=tenant)
    installation = Installation(settings, DatabaseUrls(server.app_url, None))
    try:
        return [finding async for finding in examine_policy(installation)]
    finally:
        await installation.close()


async def _accept(house: House, old: str, new: str) -> str:
    policy = house.gate.policy
    changed = row_text(policy.text, policy, "role_change").replace(old, new)
    async with house.database.transaction(house.tenant) as tx:
        action = await propose_policy(
            tx, policy, with_row(policy.text, policy, "role_change", changed), "stricter"
        )
    asked = await house.submit(action, "amanda")
    for person in ("amanda", "carlos"):
        await house.vote(asked.approval, person)
    await house.perform(asked.effect)
    return asked.approval or ""


async def test_while_the_file_rules_it_says_so(server: EmbeddedServer, house: House) -> None:
    (finding,) = await _examined(server, house.tenant)
    assert (finding.state, "nothing else was accepted" in finding.says) == ("well", True)


async def test_what_was_accepted_in_chat_is_named_row_by_row(server: EmbeddedServer, house: House) -> None:
    approval = await _accept(house, "requester may vote: yes", "requester may vote: no")
    lead, row = await _examined(server, house.tenant)
    assert lead.state == row.state == "advice"
    assert "since 2026-11-23 15:00 UTC, approved by Amanda Reyes-Holt and Carlos Benavente" in lead.says
    assert approval in lead.says
    assert "outranks governance/authority.yaml" in lead.says
    assert row.says == "Role changes: whether the requester may vote was yes, becomes no"


async def test_one_that_says_the_same_as_the_file_is_well(server: EmbeddedServer, house: House) -> None:
    await house.sql(
        "INSERT INTO policies (id, version, text, accepted) VALUES ('po_1', :version, :text, now())",
        version=house.gate.policy.version,
        text=house.gate.policy.text,
    )
    (finding,) = await _examined(server, house.tenant)
    assert finding.state == "well"
    assert "the approval is not on record" in finding.says


async def test_one_that_cannot_be_read_is_wrong(server: EmbeddedServer, house: House) -> None:
    await house.sql(
        "INSERT INTO policies (id, version, text, accepted) VALUES ('po_2', 'v', 'nonsense', now())"
    )
    (finding,) = await _examined(server, house.tenant)
    assert finding.state == "wrong"
    assert "nothing may be done" in finding.says
