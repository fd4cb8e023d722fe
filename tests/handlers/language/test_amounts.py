"""Amounts and labels."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.people import Role
from handlers.language import amounts, labels
from handlers.language.amounts import Money, Replicas
from handlers.language.durations import read_duration
from integrations.tracker import Priority


@pytest.mark.parametrize(
    ("text", "money"),
    [
        ("$1,200", Money(Decimal(1200), "USD")),
        ("a limit of $12.4k a month", Money(Decimal(12400), "USD")),
        ("12k", Money(Decimal(12000), None)),
        ("500 dollars", Money(Decimal(500), "USD")),
        ("EUR 3.5 million", Money(Decimal(3500000), "EUR")),
        ("£20", Money(Decimal(20), "GBP")),
        ("10k users", None),
        ("4 pods", None),
        ("", None),
    ],
)
def test_money(text: str, money: Money | None) -> None:
    assert amounts.read_money(text) == money


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("2 hours", 2),
        ("90 min", 1.5),
        ("half an hour", 0.5),
        ("an hour and a half", 1.5),
        ("1h30", 1.5),
        ("2.5 hours", 2.5),
        ("three days", 72),
        ("a week", 168),
        ("soon", None),
    ],
)
def test_durations(text: str, hours: float | None) -> None:
    assert read_duration(text) == (None if hours is None else timedelta(hours=hours))


@pytest.mark.parametrize(
    ("text", "how", "value"),
    [
        ("give orders four more pods", "by", "4"),
        ("scale payments to 8 replicas", "to", "8"),
        ("increase inventory from 4 to 6 replicas", "to", "6"),
        ("reduce billing to two pods", "to", "2"),
        ("10 pods for auth", "to", "10"),
        ("pods for billing: 7", "to", "7"),
        ("scale up orders by 5", "by", "5"),
        ("take three pods away from search", "by", "-3"),
        ("add another replica", "by", "1"),
        ("double the replicas", "times", "2"),
        ("halve search", "times", "0.5"),
        ("Scale the payment service to handle Black Friday", None, None),
    ],
)
def test_replicas(text: str, how: str | None, value: str | None) -> None:
    found = amounts.read_replicas(text)
    assert (found and (found.how, found.value)) == (how and (how, Decimal(value or 0)))
    assert found is None or isinstance(found, Replicas)


def test_load_factors() -> None:
    assert amounts.read_load_factor("Simulate with 10x load first") == 10
    assert amounts.read_load_factor("five times the traffic") == 5
    assert amounts.read_load_factor("twice the peak") == 2
    assert amounts.read_load_factor("the usual") is None


@pytest.mark.parametrize(
    ("text", "priority"),
    [
        ("Add query optimization to the backlog as P0", Priority.P0),
        ("priority 2", Priority.P2),
        ("this is urgent", Priority.P0),
        ("not urgent", None),
        ("high priority", Priority.P1),
        ("low priority", Priority.P3),
        ("p7", None),
    ],
)
def test_priorities(text: str, priority: Priority | None) -> None:
    assert labels.read_priority(text) is priority


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        ("Deploy the hotfix to production", "production"),
        ("promote from staging to prod", "production"),
        ("on stage", "staging"),
        ("in the test environment", "test"),
        ("pre-prod", "staging"),
        ("run the tests", None),
    ],
)
def test_environments(text: str, environment: str | None) -> None:
    assert labels.read_environment(text) == environment


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("deploy orders 2.4.1 to staging", "2.4.1"),
        ("payments v1.9", "1.9"),
        ("version 3", "3"),
        ("1.9-rc1", "1.9-rc1"),
        ("for 2.5 hours", None),
        ("$3.20", None),
        ("2026-11-23", None),
        ("under 1.5%", None),
    ],
)
def test_versions(text: str, version: str | None) -> None:
    assert labels.read_version(text) == version


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("make Sarah an architect", Role.ARCHITECT),
        ("give Tom the SRE role", Role.SRE_LEAD),
        ("a new compliance officer", Role.COMPLIANCE_OFFICER),
        ("as product owner", Role.PRODUCT_OWNER),
        ("add her as an engineer", Role.ENGINEER),
        ("engineering director", Role.ENGINEERING_DIRECTOR),
        ("a friend", None),
    ],
)
def test_roles(text: str, role: Role | None) -> None:
    assert labels.read_role(text) is role


@given(st.text(max_size=200))
def test_no_text_breaks_a_reader(text: str) -> None:
    for read in (
        amounts.read_money,
        read_duration,
        amounts.read_replicas,
        amounts.read_load_factor,
        labels.read_priority,
        labels.read_environment,
        labels.read_version,
        labels.read_role,
    ):
        assert read(text) == read(text)
