"""What is established of a meeting before anybody is invited, and what is said of one that was cancelled."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import ValidationError

from governance.action import OutcomeState
from governance.department_file import read_department
from governance.department_rows import open_department
from governance.people import Actor
from integrations.calendar.actions import BookMeeting, CancelMeeting, ChangeMeeting, Invited, MeetingAction
from integrations.calendar.performing import specs
from integrations.calendar.vendors.graph import GraphCalendar
from integrations.calendar.vendors.local.calendar import LocalCalendar
from integrations.customers import Customers
from integrations.graph import Graph
from integrations.mail.actions import SendInvitation
from integrations.mail.performing import specs as mail_specs
from simulators.microsoft import serving
from storage.database import Database
from tests.integrations.calendar.calendar_contract import AT, draft, grant
from tests.integrations.calendar.test_calendar_graph import settings

ACME = Path(__file__).resolve().parents[3] / "examples" / "acme"
SPECS = {spec.action: spec for spec in (*specs(), *mail_specs(lambda _tenant: cast(Customers, None)))}
AMANDA = Invited(person="amanda", name="Amanda Reyes-Holt", address="amanda@example.com")
SARAH = Invited(person="sarah", name="Sarah Lindholt", address="Sarah@example.com")
OUTSIDE = "somebody@example.org"
ALSO: dict[type[MeetingAction], dict[str, Any]] = {
    BookMeeting: {},
    ChangeMeeting: {"was_starts": AT, "was_ends": AT + timedelta(hours=1)},
    CancelMeeting: {"reason": "Not needed."},
    SendInvitation: {"method": "REQUEST"},
}


def of(kind: type[MeetingAction], organiser: Invited, *people: Invited) -> MeetingAction:
    """A meeting of an hour, as such an action."""
    return kind.model_validate(
        {
            "meeting": "mt_0123456789ab",
            "title": "Review",
            "starts": AT,
            "ends": AT + timedelta(hours=1),
            "zone": "America/New_York",
            "organiser": organiser,
            "people": people,
            "rationale": "Amanda asked for it.",
            "impact": "It suits everybody.",
            "rollback_plan": "Cancel it.",
            **ALSO[kind],
        }
    )


def elsewhere(one: Invited) -> Invited:
    return one.model_copy(update={"address": OUTSIDE})


@pytest.fixture
async def department(database: Database, tenant: str) -> Database:
    async with database.transaction(tenant) as tx:
        await open_department(tx, read_department(ACME / "department.yaml"))
    return database


@pytest.mark.parametrize("kind", ALSO)
async def test_only_people_of_the_department_at_their_own_address_are_colleagues(
    kind: type[MeetingAction], department: Database, tenant: str
) -> None:
    nobody = Invited(person="nobody", name="Nobody", address="nobody@example.com")
    establish = SPECS[kind].establish
    assert establish is not None
    amanda = Actor("person", "amanda")
    async with department.transaction(tenant) as tx:
        for organiser, people, are in (
            (AMANDA, (AMANDA, SARAH), True),
            (AMANDA, (AMANDA, elsewhere(SARAH)), False),
            (AMANDA, (elsewhere(AMANDA), SARAH), False),
            (elsewhere(AMANDA), (AMANDA, SARAH), False),
            (AMANDA, (AMANDA, nobody), False),
        ):
            facts = await establish(of(kind, organiser, *people), amanda, tx)
            assert facts["among_colleagues"] is are, (organiser, people)


async def test_nobody_books_in_anothers_name(department: Database, tenant: str) -> None:
    establish = SPECS[BookMeeting].establish
    assert establish is not None
    booking = of(BookMeeting, AMANDA, AMANDA, SARAH)
    async with department.transaction(tenant) as tx:
        for actor, may in (
            (Actor("agent", "project_manager", on_behalf_of="amanda"), True),
            (Actor("agent", "project_manager", on_behalf_of="sarah"), False),
            (Actor("person", "sarah"), False),
            (Actor("system", "clock"), False),
        ):
            assert (await establish(booking, actor, tx))["among_colleagues"] is may, actor


def test_nobody_is_in_a_meeting_twice_whatever_the_address() -> None:
    with pytest.raises(ValidationError, match="nobody is in a meeting twice"):
        of(BookMeeting, AMANDA, AMANDA, SARAH, elsewhere(SARAH))


async def test_what_became_of_a_cancel_is_said_where_the_calendar_keeps_it(
    database: Database, tenant: str
) -> None:
    ask, calendar, one, leave = SPECS[CancelMeeting].ask, LocalCalendar(database, tenant), draft(), grant()
    assert ask is not None
    await calendar.create_event(grant(), one)
    assert await ask(leave.id, calendar) is None
    await calendar.cancel_event(leave, one.id, 1, "no")
    done = await ask(leave.id, calendar)
    assert done is not None
    assert done.state is OutcomeState.DONE


async def test_what_became_of_a_cancel_is_unknown_where_the_calendar_forgets_it() -> None:
    """After a crash, one that was cancelled and one that never was look the same."""
    ask, book = SPECS[CancelMeeting].ask, SPECS[BookMeeting].ask
    assert ask is not None
    assert book is not None
    async with serving() as microsoft:
        calendar = GraphCalendar(Graph(settings(microsoft)), online=False)
        one, other, leave = draft(), draft(3), grant()
        for each in (one, other):
            await calendar.create_event(grant(), each)
        await calendar.cancel_event(leave, one.id, 1, "no")
        for grant_id in (leave.id, grant().id):
            said = await ask(grant_id, calendar)
            assert said is not None
            assert said.state is OutcomeState.UNKNOWN
            assert "look there whether this one was" in said.detail
        assert await book(grant().id, calendar) is None
        await calendar.close()
