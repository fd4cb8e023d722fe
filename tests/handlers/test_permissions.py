"""Who may ask for what, against the catalogue's column "who acts" as it was typed for this test."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from governance.authority.policy import load
from governance.people import Person, Role
from governance.permissions import (
    VOTERS,
    Allowed,
    Refused,
    may_read_digest,
    reads_everything,
)
from governance.places import Audience, Place
from governance.standing import WindowMode
from handlers.catalogue import catalogue, find_handlers, may_request
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.turn import Clicked, Turn

# Roles: o product owner, d director, c compliance, r customer success, s SRE lead, e engineer, a architect,
# x executive, u auditor. A capital letter acts, a small one may only read, the others are refused.
TYPED = """
help                ODCRSEAXU
whoami              ODCRSEAXU
status              ODCRSEAXU
approvals           ODCRSEAXU
delegate            ODCRS
access              DC
build_feature       OD
plan                ODc
roadmap             ODc
blockers            ODCRSEAXU
velocity            ODSEc
risks               ODc
prioritise          OR
feature_request     RO
customer            ROdc
notify_customer     RO
add_to_backlog      ODCSEAX
allocate_agents     DOc
configure_agent     Dc
standards           Dc
architecture_review DAc
optimisation_report Dc
test_coverage       DSOc
pull_requests       ODCSEAXU
routine_change      DOESAc
schedule_meeting    ODCRSEAXU
compliance_report   Cd
pii_changes         Cd
missing_reviews     CD
require_review      C
vulnerabilities     CSD
audit               CODS
authority           ODCRSEAXU
service             ODCSEAXU
deploy              SD
emergency_deploy    S
rollback            SD
scale               S
breaker             SD
capacity_plan       SDc
simulate_load       S
costs               DOSc
explain_incident    SDOc
incident            Sdc
halt_agents         DX
resume_agents       DXCS
freeze              CS
unfreeze            CS
overrule_agent      D
window              DCS
metrics             ODCSEAXU
digest              ODCRSEAXU
subscribe           ODCRSEAXU
feedback            ODCRSEAXU
"""
WHO = dict(zip(TYPED.split()[::2], TYPED.split()[1::2], strict=True))
LETTERS = dict(
    zip(
        "odcrseaxu",
        (
            Role.PRODUCT_OWNER,
            Role.ENGINEERING_DIRECTOR,
            Role.COMPLIANCE_OFFICER,
            Role.CUSTOMER_SUCCESS,
            Role.SRE_LEAD,
            Role.ENGINEER,
            Role.ARCHITECT,
            Role.EXECUTIVE,
            Role.AUDITOR,
        ),
        strict=True,
    )
)


def person(*roles, active=True):
    return Person("t", "p", "P", frozenset(roles), active=active)


def test_the_catalogue_has_these_names():
    assert set(catalogue()) == set(WHO)


@pytest.mark.parametrize("name", WHO)
def test_each_role_may_ask_as_the_catalogue_says(name):
    for letter, role in LETTERS.items():
        answer = may_request(person(role), name)
        if letter.upper() in WHO[name]:
            assert answer == Allowed(acts=True), role
        elif letter in WHO[name]:
            assert answer == Allowed(acts=False), role
        else:
            assert isinstance(answer, Refused), role
            acting = {LETTERS[other.lower()].label for other in WHO[name] if other.isupper()}
            assert set(answer.who_may) == acting


@pytest.mark.parametrize("nobody", [None, person(), person(Role.ENGINEERING_DIRECTOR, active=False)])
def test_unknown_people_may_ask_for_help_and_who_they_are(nobody):
    assert {name for name in catalogue() if isinstance(may_request(nobody, name), Allowed)} == {
        "help",
        "whoami",
    }


def test_an_auditor_reads_everything_while_an_audit_window_is_open():
    auditor = person(Role.AUDITOR)
    everything = {name for name, one in catalogue().items() if one.permission.reads}
    before = {
        name for name in catalogue() if isinstance(may_request(auditor, name, {WindowMode.DEMO}), Allowed)
    }
    during = {
        name for name in catalogue() if isinstance(may_request(auditor, name, {WindowMode.AUDIT}), Allowed)
    }
    assert "audit" not in before
    assert during == before | everything
    assert may_request(auditor, "audit", {WindowMode.AUDIT}) == Allowed(acts=False)
    assert reads_everything(auditor, {WindowMode.AUDIT})
    assert not reads_everything(auditor)
    assert not reads_everything(person(Role.ENGINEER), {WindowMode.AUDIT})


def test_two_roles_may_ask_for_what_either_may():
    assert may_request(person(Role.CUSTOMER_SUCCESS, Role.ENGINEER), "add_to_backlog") == Allowed()
    assert may_request(person(Role.CUSTOMER_SUCCESS, Role.ENGINEER), "notify_customer") == Allowed()


def test_personal_digests_are_read_by_their_owner_the_compliance_officer_and_auditors_in_an_audit():
    assert may_read_digest(person(Role.ENGINEER), "p")
    assert may_read_digest(person(Role.COMPLIANCE_OFFICER), "other")
    assert may_read_digest(person(Role.AUDITOR), "other", {WindowMode.AUDIT})
    assert not may_read_digest(person(Role.AUDITOR), "other")
    assert not may_read_digest(person(Role.ENGINEERING_DIRECTOR), "other")


def test_everybody_with_a_vote_may_delegate_it():
    votes = {
        role for row in load().rows.values() for cast in row.votes for slot in cast.slots for role in slot.roles
    }
    in_person = set(load().rows["delegation"].in_person)
    assert votes == VOTERS == in_person


def test_a_name_outside_the_catalogue_is_an_error():
    with pytest.raises(KeyError):
        may_request(person(Role.ENGINEER), "coffee")


ONLY_LOOK = {"show_entry", "show_effect", "customer_show", "customer_mail_show"}
"""Buttons that show something, and change nothing."""

BY_PART = {"update_incident"}
"""Whoever has a part in it may, whatever else they may do: so it is looked at first."""

AUDIT = frozenset({WindowMode.AUDIT})
PRESSES = [
    (name, verb, role)
    for name, handler in find_handlers().items()
    for verb in handler.presses
    for role in Role
    if verb not in ONLY_LOOK | BY_PART and may_request(person(role), name, AUDIT) == Allowed(acts=False)
]


@pytest.mark.parametrize(("name", "verb", "role"), PRESSES)
async def test_a_press_refuses_somebody_who_may_only_read(name, verb, role):
    """Before anything else: this desk has nothing but the open windows."""
    desk = SimpleNamespace(modes=AUDIT)
    place, now = Place("slack", "C", "1", Audience.DEPARTMENT), datetime(2026, 11, 1, tzinfo=UTC)
    turn = Turn("t", "tu_1", "id", person(role), place, now, Clicked(verb, "orders 1 720 2026-11-01", "m"))
    with pytest.raises(CannotAnswer, match="change nothing here"):
        await find_handlers()[name].presses[verb](turn, desk)


def test_some_handlers_are_walked():
    assert {name for name, *_ in PRESSES} >= {"capacity_plan", "incident", "plan", "window"}
