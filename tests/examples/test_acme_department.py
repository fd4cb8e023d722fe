"""The sample department: complete enough for every rule, and consistent with its services and customers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from governance.authority.policy import load
from governance.department import AgentRole, Department
from governance.department_file import read_department
from governance.department_staffing import VoteRequirement, problems
from governance.people import Role
from governance.places import Audience

ACME = Path(__file__).parents[2] / "examples" / "acme"

DIRECTOR, COMPLIANCE, SRE = Role.ENGINEERING_DIRECTOR, Role.COMPLIANCE_OFFICER, Role.SRE_LEAD
OWNER, SUCCESS = Role.PRODUCT_OWNER, Role.CUSTOMER_SUCCESS

ROWS = [
    VoteRequirement("production deployments", (frozenset({SRE, DIRECTOR, OWNER}),), requester_may_vote=False),
    VoteRequirement("breaking changes", (frozenset({DIRECTOR}),), requester_may_vote=False),
    VoteRequirement("security patches", (frozenset({COMPLIANCE, DIRECTOR}),), requester_may_vote=False),
    VoteRequirement(
        "scaling", (frozenset({SRE, DIRECTOR}), frozenset({SRE, DIRECTOR})), requester_may_vote=False
    ),
    VoteRequirement("customers", (frozenset({SUCCESS, OWNER}),), requester_may_vote=False),
    VoteRequirement("submission", (frozenset({COMPLIANCE}),), requester_may_vote=False),
    VoteRequirement("roles", (frozenset({DIRECTOR}), frozenset({COMPLIANCE})), requester_may_vote=False),
]


@cache
def _department() -> Department:
    return read_department(ACME / "department.yaml")


@cache
def _entities() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for path in sorted(ACME.glob("services/*/catalog-info.yaml")):
        found += [(path.parent.name, entity) for entity in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
    return found


def _named(kind: str) -> set[str]:
    return {entity["metadata"]["name"] for _, entity in _entities() if entity["kind"] == kind}


def _components() -> list[dict[str, Any]]:
    return [entity for _, entity in _entities() if entity["kind"] == "Component"]


@cache
def _accounts() -> dict[str, dict[str, Any]]:
    customers = yaml.safe_load((ACME / "customers.yaml").read_text(encoding="utf-8"))
    return {account["id"]: account for account in customers["accounts"]}


def test_every_approval_can_be_given_by_somebody_whoever_asks() -> None:
    assert problems(_department(), ROWS) == ()


def test_the_matrix_as_shipped_can_be_filled_too() -> None:
    requirements = load().requirements_for_people()
    assert len(requirements) > 10
    assert problems(_department(), requirements) == ()


def test_the_five_personas_are_there_and_each_has_a_deputy() -> None:
    roles = {
        "david": OWNER,
        "amanda": DIRECTOR,
        "carlos": COMPLIANCE,
        "rachel": SUCCESS,
        "nathan": SRE,
    }
    for person, role in roles.items():
        entry = _department().person(person)
        assert entry.roles == {role}
        assert entry.deputy is not None
        assert role in _department().person(entry.deputy).roles


def test_it_is_marked_as_a_sample_and_reaches_nobody_real() -> None:
    department = _department()
    assert department.sample
    assert {person.email.split("@")[1] for person in department.people} == {"example.com"}
    assert all(person.identities == () for person in department.people)
    assert {account["contact"]["email"].split("@")[1] for account in _accounts().values()} == {"example.com"}


def test_it_has_the_size_that_the_personas_speak_of() -> None:
    department = _department()
    developers = [person for person in department.people if not person.roles.isdisjoint({Role.ENGINEER})]
    assert len(developers) >= 50
    assert len(department.teams) == 8
    assert 5 <= len(department.products) <= 8
    assert {agents.role for team in department.teams for agents in team.agents} == set(AgentRole)
    assert all(any(person.team == team.id for person in department.people) for team in department.teams)
    assert {channel.audience for channel in department.channels} == {
        Audience.PUBLIC,
        Audience.DEPARTMENT,
        Audience.RESTRICTED,
    }


def test_files_that_the_department_names_are_there() -> None:
    folders = _department().folders
    for name in (folders.documents, folders.services, folders.history, folders.customers):
        assert (ACME / name).exists()


def test_services_belong_to_teams_and_lie_in_folders_of_their_name() -> None:
    teams = {team.id for team in _department().teams}
    assert len(_components()) >= 12
    for folder, entity in _entities():
        assert entity["spec"]["owner"] in teams
        if entity["kind"] == "Component":
            assert entity["metadata"]["name"] == folder
            assert entity["metadata"]["annotations"]["countersign.dev/sample"] == "true"
            assert entity["metadata"]["annotations"]["countersign.dev/tier"] in "123"
            assert entity["spec"]["lifecycle"] in {"production", "experimental"}


def test_services_refer_to_what_exists() -> None:
    known = {kind: _named(kind) for kind in ("Component", "Resource", "API", "System", "Domain")}
    for _, entity in _entities():
        spec = entity["spec"]
        for reference in spec.get("dependsOn", ()):
            kind, name = reference.split(":")
            assert name in known[kind.capitalize()], reference
            assert name != entity["metadata"]["name"]
        assert {*spec.get("providesApis", ()), *spec.get("consumesApis", ())} <= known["API"]
        assert spec.get("system") in known["System"] | {None}
        assert spec.get("domain") in known["Domain"] | {None}
    names = [(entity["kind"], entity["metadata"]["name"]) for _, entity in _entities()]
    assert len(names) == len(set(names))
    provided = [api for component in _components() for api in component["spec"].get("providesApis", ())]
    assert sorted(provided) == sorted(known["API"])


def test_five_services_read_the_session_tokens_and_twelve_keep_their_own_pool() -> None:
    readers = [c for c in _components() if "component:auth-service" in c["spec"].get("dependsOn", ())]
    pools = [
        c for c in _components() if c["metadata"]["annotations"]["countersign.dev/connection-pool"] == "own"
    ]
    assert len(readers) == 5
    assert len(pools) == 12


def test_text_of_the_payments_api_is_there_for_its_documentation() -> None:
    api = next(e for _, e in _entities() if e["metadata"]["name"] == "payments-api-v2")
    path = ACME / "services" / "payment-service-v2" / api["spec"]["definition"]["$text"]
    described = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert len(described["components"]["schemas"]["DeclineReason"]["enum"]) == 12


def test_customers_have_the_owners_of_the_department_file() -> None:
    owners = {account: entry["owner"] for account, entry in _accounts().items()}
    assert owners == dict(_department().account_owners)
    assert 10 <= len(owners) <= 14
    assert len(set(owners.values())) == 2


def test_customers_have_plausible_figures() -> None:
    for account in _accounts().values():
        assert Decimal(account["arr"]) > 0
        assert account["tier"] in {"enterprise", "growth", "starter"}
        assert 0 <= account["health"] <= 100
        assert account["since"] < date(2026, 11, 20) < account["renewal"]
        for request in account["requests"]:
            assert account["since"] < request["asked"] <= date(2026, 11, 20)
        assert {promise["state"] for promise in account["commitments"]} <= {"open", "kept", "missed"}
    requests = [request["id"] for account in _accounts().values() for request in account["requests"]]
    assert len(requests) == len(set(requests))


def test_acme_corp_and_three_other_enterprises_ask_for_single_sign_on() -> None:
    acme = _accounts()["acme-corp"]
    assert (Decimal(acme["arr"]), acme["health"], acme["tier"]) == (500_000, 72, "enterprise")
    assert date(2027, 4, 1) <= acme["renewal"] <= date(2027, 6, 30)
    asking = {
        name: Decimal(account["arr"])
        for name, account in _accounts().items()
        if any("SAML" in request["what"] for request in account["requests"])
    }
    assert asking.pop("acme-corp") == 500_000
    assert len(asking) == 3
    assert sum(asking.values()) == 1_200_000


@pytest.mark.parametrize("name", ["PRD-2025-Q1-Dashboard", "PRD-2026-Q1-SSO", "PRD-2026-Q1-Checkout"])
def test_documents_are_text_with_requirements(name: str) -> None:
    text = (ACME / "documents" / f"{name}.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) > 50
    assert "Payment Service v2" in text or name.endswith("SSO")
