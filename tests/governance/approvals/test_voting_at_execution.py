"""Between the vote and the effect: bytes, roles and conditions are looked at once more."""

from __future__ import annotations

import pytest

from governance.approvals.decision import AlreadyDecided, Approved, Denied, Recorded, Refused
from governance.approvals.store import NoSuchApproval
from governance.approvals.voting import TamperedApproval
from governance.overrides.rows import end, lay, standing_rows
from governance.people import Role
from governance.performing import release_held
from tests.governance.edge_actions import deploy, scale
from tests.governance.house import House

PRODUCTION = {"environment": "production"}


async def _released(house: House) -> list[str]:
    async with house.database.transaction(house.tenant) as tx:
        await release_held(tx)
    return [job["effect"] for job in await house.jobs("perform")]


@pytest.mark.parametrize(
    "change",
    [
        """UPDATE effects SET body = jsonb_set(body, '{version}', '"666"')""",
        """UPDATE effects SET body = jsonb_set(body, '{cost}', '"1"')""",
        """UPDATE effects SET body = jsonb_set(body, '{rationale}', '"nicer"')""",
        """UPDATE effects SET approval = NULL WHERE position = 1""",
        """UPDATE effects SET position = 1 - position""",
    ],
)
async def test_what_was_changed_before_the_vote_is_not_released(house: House, change: str) -> None:
    submitted = await house.submit_all([deploy(**PRODUCTION, version=v) for v in "12"], by="david")
    await house.sql(change)
    with pytest.raises(TamperedApproval):
        await house.vote(submitted[0].approval, "nathan")
    await house.perform(*(each.effect for each in submitted))
    assert [await house.done_at_the_edge(each.effect) for each in submitted] == [0, 0]
    assert await house.jobs("perform") == []


@pytest.mark.parametrize("with_digest", [False, True])
async def test_what_was_changed_after_the_vote_is_not_performed(house: House, with_digest: bool) -> None:
    submitted = await house.submit(deploy(**PRODUCTION), by="david")
    await house.vote(submitted.approval, "nathan")
    other = deploy(**PRODUCTION, version="666")
    await house.sql("""UPDATE effects SET body = jsonb_set(body, '{version}', '"666"')""")
    if with_digest:
        await house.sql("UPDATE effects SET digest = :digest", digest=other.digest())
    await house.perform(submitted.effect)
    row = await house.effect(submitted.effect)
    assert row.state == "withdrawn"
    assert "not what was ruled on" in (row.held or "")
    assert await house.done_at_the_edge(submitted.effect) == 0
    assert await house.kinds(submitted.effect) == ["intent", "outcome"]


async def test_a_role_taken_away_between_vote_and_effect_withdraws_it(house: House) -> None:
    submitted = await house.submit(deploy(**PRODUCTION), by="david")
    await house.vote(submitted.approval, "nathan")
    await house.sql("DELETE FROM person_roles WHERE person = 'nathan'")
    await house.perform(submitted.effect)
    assert (await house.effect(submitted.effect)).state == "withdrawn"
    assert await house.done_at_the_edge(submitted.effect) == 0
    assert await house.kinds(submitted.effect) == ["intent", "outcome"]
    assert [notice.kind for notice in await house.notices("effect_ended")] == ["effect_ended"]


async def test_who_left_between_vote_and_effect_does_not_count(house: House) -> None:
    submitted = await house.submit(deploy(**PRODUCTION), by="david")
    await house.vote(submitted.approval, "nathan")
    await house.sql("UPDATE people SET active = false WHERE id = 'nathan'")
    await house.perform(submitted.effect)
    assert (await house.effect(submitted.effect)).state == "withdrawn"


async def test_a_freeze_between_vote_and_effect_holds_it_until_it_is_lifted(house: House) -> None:
    submitted = await house.submit(deploy(**PRODUCTION), by="david")
    await house.vote(submitted.approval, "nathan")
    async with house.database.transaction(house.tenant) as tx:
        roles = frozenset({Role.COMPLIANCE_OFFICER})
        lay(tx, "freeze", "deployments", subject="", reason="leak", by="carlos", roles=roles, at=house.now)
    await house.perform(submitted.effect)
    assert (await house.effect(submitted.effect)).state == "held"
    assert await house.done_at_the_edge(submitted.effect) == 0
    async with house.database.transaction(house.tenant) as tx:
        end((await standing_rows(tx, "freeze"))[0], "carlos", house.now)
    assert submitted.effect in await _released(house)
    await house.perform(submitted.effect)
    assert (await house.effect(submitted.effect)).state == "done"
    assert await house.done_at_the_edge(submitted.effect) == 1
    assert await house.kinds(submitted.effect) == ["intent", "outcome"]


async def test_every_click_is_answered(house: House) -> None:
    release = await house.submit(deploy(**PRODUCTION), by="david")
    assert isinstance((await house.vote(release.approval, "david")).answer, Refused)
    assert isinstance((await house.vote(release.approval, "rachel")).answer, Refused)
    assert isinstance((await house.vote(release.approval, "nathan")).answer, Approved)
    assert isinstance((await house.vote(release.approval, "ingrid")).answer, AlreadyDecided)
    scaling = await house.submit(scale("20000"), by="nathan")
    assert isinstance((await house.vote(scaling.approval, "nathan")).answer, Recorded)
    again = (await house.vote(scaling.approval, "nathan")).answer
    assert isinstance(again, Refused)
    assert isinstance((await house.vote(scaling.approval, "amanda", "deny")).answer, Denied)
    assert (await house.effect(scaling.effect)).state == "withdrawn"
    answers = [entry for entry in await house.entries("approval") if entry["type"] == "approval.vote"]
    assert len(answers) == 7, "every click is in the log, counted or not"
    with pytest.raises(NoSuchApproval):
        await house.vote("ap_x' OR '1'='1", "nathan")


async def test_the_requester_of_an_agents_action_is_the_person_behind_it(house: House) -> None:
    submitted = await house.submit(deploy(**PRODUCTION))
    assert isinstance((await house.vote(submitted.approval, "nathan")).answer, Refused)
    assert isinstance((await house.vote(submitted.approval, "ingrid")).answer, Approved)
