"""Roles, identities, delegation, windows and the policy, changed through the gate by those who may."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text, update

from governance.action import Action, OutcomeState, Verdict
from governance.actions.access import give_role, identity_holder, link_identity, take_role
from governance.actions.delegation import delegate, delegations_of, end_delegation
from governance.actions.policy import CannotChangePolicy, propose_policy
from governance.actions.windows import close_window, open_window
from governance.approvals.voting import vote
from governance.audit.effect_entries import chain_of
from governance.audit.entries import ApprovalChain
from governance.authority.policy import Policy, load, parse
from governance.directory import deputies, person_by_id
from governance.effects import effect_for_update, effects_of, ruling_of
from governance.gate import Gate, Submitted
from governance.overrides.rows import read_standing
from governance.people import Actor, Role
from governance.policies import active_policy, active_text
from governance.policy_text import row_text, with_row
from governance.policy_trial import try_policy
from governance.standing import WindowMode
from governance.tables import EffectRow
from storage.database import Database
from tests.governance.actions.conftest import Submit, Watch
from tests.governance.actions.probe import probe

Approve = Callable[..., Awaitable[list[OutcomeState]]]


@pytest.fixture
def approve(database: Database, department: str, gate: Gate) -> Approve:
    """Votes by these people on what was submitted, then what its job does with a change."""

    async def approve(submitted: Submitted, *people: str) -> list[OutcomeState]:
        approval = submitted.approval or ""
        for who in people:
            async with database.transaction(department) as tx:
                person = await person_by_id(tx, who)
                await vote(tx, gate, approval, person=person, identity=None, choice="approve")
        ended = []
        async with database.transaction(department) as tx:
            for row in await effects_of(tx, approval):
                if row.state != "ready":
                    continue
                action = gate.registry.decode(row.body)
                ended.append((await gate.change(tx, action, row, _chain(row))).state)
        return ended

    return approve


def _chain(row: EffectRow) -> ApprovalChain:
    return chain_of(ruling_of(row)).model_copy(update={"verdict": Verdict.EXECUTE})


@pytest.mark.parametrize(
    ("voters", "given"),
    [
        (("amanda", "carlos"), True),
        (("carlos", "leila"), True),
        (("amanda",), False),
        (("amanda", "leila"), False),
        (("amanda", "nathan"), False),
        (("carlos", "yusuf"), False),
    ],
)
async def test_a_role_takes_a_director_and_a_compliance_officer(
    database: Database, department: str, submit: Submit, approve: Approve, voters: tuple[str, ...], given: bool
) -> None:
    asked = await submit(give_role("nathan", Role.ARCHITECT, "designs the gateway"), "amanda")
    assert asked.ruling.verdict is Verdict.APPROVE_FIRST
    await approve(asked, *voters)
    async with database.transaction(department) as tx:
        assert ((await person_by_id(tx, "nathan")).holds(Role.ARCHITECT)) is given


async def test_nobody_promotes_themselves(
    database: Database, department: str, submit: Submit, approve: Approve
) -> None:
    asked = await submit(give_role("amanda", Role.COMPLIANCE_OFFICER, "I would like that"), "amanda")
    assert await approve(asked, "amanda") == []
    async with database.transaction(department) as tx:
        assert not (await person_by_id(tx, "amanda")).holds(Role.COMPLIANCE_OFFICER)


async def test_the_last_officer_keeps_the_role(
    database: Database, department: str, submit: Submit, approve: Approve
) -> None:
    async with database.transaction(department) as tx:
        await tx.execute(text("UPDATE people SET active = false WHERE id = 'yusuf'"))
    asked = await submit(take_role("carlos", Role.COMPLIANCE_OFFICER, "moves on"), "amanda")
    assert await approve(asked, "amanda", "carlos") == [OutcomeState.FAILED]
    async with database.transaction(department) as tx:
        assert (await person_by_id(tx, "carlos")).holds(Role.COMPLIANCE_OFFICER)


async def test_an_identity_is_linked_to_one_person(
    database: Database, department: str, submit: Submit, approve: Approve
) -> None:
    asked = await submit(link_identity("slack:E1/T1/U1", "nathan", "joins slack"), "carlos")
    assert await approve(asked, "amanda", "carlos") == [OutcomeState.DONE]
    again = await submit(link_identity("slack:E1/T1/U1", "david", "mine"), "carlos")
    assert await approve(again, "amanda", "carlos") == [OutcomeState.FAILED]
    async with database.transaction(department) as tx:
        assert await identity_holder(tx, "slack:E1/T1/U1") == "nathan"


@pytest.mark.parametrize("identity", ["os:root", "slack:", "mail:a@example.com", "slack:a b"])
def test_only_a_platforms_identity_can_be_linked(identity: str) -> None:
    with pytest.raises(ValueError):
        link_identity(identity, "nathan", "because")


async def test_votes_are_handed_over_for_a_time_and_taken_back(
    database: Database, department: str, submit: Submit, watch: Watch
) -> None:
    friday = watch.now + timedelta(days=4)
    done = await submit(delegate("david", "amanda", watch.now, friday, "away"), "david")
    assert done.outcome is not None
    assert done.outcome.state is OutcomeState.DONE
    async with database.transaction(department) as tx:
        assert (await deputies(tx, watch.now))["amanda"] == {"david"}
        assert not await deputies(tx, friday)
        (row,) = await delegations_of(tx, "david", watch.now)
    stranger = await submit(end_delegation(row, "no"), "nathan")
    assert stranger.outcome is not None
    assert stranger.outcome.state is OutcomeState.FAILED
    watch.now += timedelta(hours=1)
    await submit(end_delegation(row, "back"), "david")
    async with database.transaction(department) as tx:
        assert not await deputies(tx, watch.now)


@pytest.mark.parametrize(
    ("before", "giver", "receiver", "by"),
    [
        (None, "david", "david", "david"),
        (None, "david", "amanda", "nathan"),
        (None, "david", "nobody", "david"),
        (None, "david", "helena", "david"),
        (("david", "amanda"), "carlos", "david", "carlos"),
        (("david", "amanda"), "amanda", "carlos", "amanda"),
        (("priya", "nathan"), "priya", "amanda", "priya"),
    ],
    ids=["oneself", "another's votes", "a stranger", "without a vote", "in a chain", "handed on", "twice"],
)
async def test_votes_are_not_handed_over_so(
    submit: Submit, watch: Watch, before: tuple[str, str] | None, giver: str, receiver: str, by: str
) -> None:
    week = watch.now + timedelta(days=7)
    if before is not None:
        await submit(delegate(*before, watch.now, week, "away"), before[0])
    refused = await submit(delegate(giver, receiver, watch.now, week, "away"), by)
    assert refused.outcome is None or refused.outcome.state is OutcomeState.FAILED


def test_a_delegation_has_an_end_within_thirty_days(watch: Watch) -> None:
    with pytest.raises(ValueError, match="30 days"):
        delegate("david", "amanda", watch.now, watch.now + timedelta(days=30, seconds=1), "away")


WINDOWS = {
    WindowMode.PLANNING: {"amanda"},
    WindowMode.AUDIT: {"amanda", "carlos"},
    WindowMode.INCIDENT: {"amanda", "nathan"},
    WindowMode.DEMO: {"amanda"},
}


@pytest.mark.parametrize("mode", list(WindowMode))
async def test_who_may_open_which_window(submit: Submit, watch: Watch, mode: WindowMode) -> None:
    action = open_window(mode, watch.now, watch.now + timedelta(hours=2), "it is time")
    opened = {
        person
        for person in ("david", "amanda", "carlos", "rachel", "nathan", "helena")
        if (await submit(action, person)).ruling.verdict is Verdict.EXECUTE
    }
    assert opened == WINDOWS[mode]


async def test_a_window_ends_early_or_does_not_come_about(
    database: Database, department: str, submit: Submit, watch: Watch
) -> None:
    held = await submit(probe("a story"), "david")
    async with database.transaction(department) as tx:
        await tx.execute(update(EffectRow).where(EffectRow.id == held.effect).values(state="held"))
    hour = timedelta(hours=1)
    now = await submit(open_window(WindowMode.PLANNING, watch.now, watch.now + hour, "q"), "amanda")
    later = await submit(open_window(WindowMode.DEMO, watch.now + hour, watch.now + 2 * hour, "d"), "amanda")
    watch.now += timedelta(minutes=5)
    for opened, mode in ((now, WindowMode.PLANNING), (later, WindowMode.DEMO)):
        assert opened.outcome is not None
        await submit(close_window(opened.outcome.reference or "", mode, "done"), "amanda")
    async with database.transaction(department) as tx:
        assert not (await read_standing(tx, watch.now)).windows
        assert (await effect_for_update(tx, held.effect)).state == "ready"


@pytest.mark.parametrize("length", [timedelta(0), timedelta(hours=-1), timedelta(days=93)])
def test_a_window_has_an_end_after_its_start(watch: Watch, length: timedelta) -> None:
    with pytest.raises(ValueError, match="window"):
        open_window(WindowMode.DEMO, watch.now, watch.now + length, "demo")


def _directors_execute_plans(written: str) -> str:
    policy = load()
    row = row_text(written, policy, "plan_execution")
    row = row.replace("product owner or engineering director", "engineering director")
    return with_row(written, policy, "plan_execution", row.replace("then: [engineering director]", ""))


async def test_an_accepted_policy_rules_from_then_on(
    database: Database, department: str, submit: Submit, approve: Approve, gate: Gate
) -> None:
    async with database.transaction(department) as tx:
        action = await propose_policy(
            tx, gate.policy, _directors_execute_plans(await active_text(tx, load())), "plans cost money"
        )
    assert any("Plan execution" in change for change in action.changes)
    asked = await submit(action, "amanda")
    assert await approve(asked, "amanda", "carlos") == [OutcomeState.DONE]
    async with database.transaction(department) as tx:
        ruling = await active_policy(tx, gate.policy)
        assert isinstance(ruling, Policy)
        assert ruling.version == action.version != gate.policy.version
    stale = await submit(action, "amanda")
    assert await approve(stale, "amanda", "carlos") == [OutcomeState.FAILED]


async def test_of_two_proposals_for_the_same_policy_the_second_has_to_be_made_anew(
    database: Database, department: str, submit: Submit, approve: Approve, gate: Gate
) -> None:
    async with database.transaction(department) as tx:
        written = await active_text(tx, load())
        first = await propose_policy(tx, gate.policy, _directors_execute_plans(written), "plans cost money")
        row = row_text(written, load(), "role_change").replace(
            "requester may vote: yes", "requester may vote: no"
        )
        second = await propose_policy(
            tx, gate.policy, with_row(written, load(), "role_change", row), "stricter"
        )
    both = [await submit(action, "amanda") for action in (first, second)]
    assert await approve(both[0], "amanda", "carlos") == [OutcomeState.DONE]
    assert await approve(both[1], "amanda", "carlos") == [OutcomeState.FAILED]


@pytest.mark.parametrize(
    ("name", "old", "new", "why"),
    [
        ("resource_scaling", "cost < 1000", "cost < 2000", "was changed"),
        ("plan_execution", "decision: Plan", "decision Plan", "line"),
        ("plan_execution", "note", "nonsense", "plan_execution|nonsense|nothing would change"),
    ],
)
async def test_what_may_not_rule_is_said_at_once(
    database: Database, department: str, gate: Gate, name: str, old: str, new: str, why: str
) -> None:
    async with database.transaction(department) as tx:
        written = await active_text(tx, load())
        changed = with_row(written, load(), name, row_text(written, load(), name).replace(old, new))
        with pytest.raises(CannotChangePolicy, match=why):
            await propose_policy(tx, gate.policy, changed, "because")


async def test_every_row_can_be_cut_out_and_put_back(database: Database, department: str) -> None:
    async with database.transaction(department) as tx:
        written = await active_text(tx, load())
    policy = load()
    for name in policy.rows:
        assert with_row(written, policy, name, row_text(written, policy, name)) == written


async def test_a_policy_is_tried_on_what_was_done(
    database: Database, department: str, submit: Submit, gate: Gate, watch: Watch
) -> None:
    await submit(give_role("nathan", Role.ARCHITECT, "designs"), "amanda")
    await submit(probe("a story"), "david")
    since: datetime = watch.now - timedelta(days=90)
    async with database.transaction(department) as tx:
        written = await active_text(tx, load())
        row = row_text(written, load(), "role_change").replace(
            "requester may vote: yes", "requester may vote: no"
        )
        action = await propose_policy(
            tx, gate.policy, with_row(written, load(), "role_change", row), "stricter"
        )
        trial = await try_policy(tx, gate, parse(action.text), since)
    assert trial.looked_at == 2
    (otherwise,) = trial.otherwise
    assert "Nathan Adebayor" in otherwise.summary
    assert otherwise.before.terms is not None
    assert otherwise.after.terms is not None
    assert (otherwise.before.terms.requester_may_vote, otherwise.after.terms.requester_may_vote) == (
        True,
        False,
    )


async def test_no_agent_gives_roles_even_for_a_director(submit: Submit) -> None:
    agent = Actor("agent", "po", on_behalf_of="amanda")
    action: Action = give_role("nathan", Role.ARCHITECT, "designs")
    assert (await submit(action, agent)).ruling.verdict is Verdict.APPROVE_FIRST


async def test_a_change_starts_from_the_file_that_the_installation_names(
    database: Database, department: str, gate: Gate
) -> None:
    """A department with a matrix of its own changes that one, and does not fall back on the shipped one."""
    own = parse(_directors_execute_plans(gate.policy.text))
    async with database.transaction(department) as tx:
        assert await active_text(tx, own) == own.text
        row = row_text(own.text, own, "role_change")
        changed = row.replace("requester may vote: yes", "requester may vote: no")
        action = await propose_policy(tx, own, with_row(own.text, own, "role_change", changed), "stricter")
    assert [change.partition(":")[0] for change in action.changes] == ["Role changes"]
