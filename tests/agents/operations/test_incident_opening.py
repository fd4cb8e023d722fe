"""What an alert does to the incidents that there are: every rule, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents.operations.incident_opening import (
    FLAPS_WITHIN,
    LINKED_WITHIN,
    Decision,
    Member,
    Open,
    Outcome,
    Reason,
    Scene,
    Target,
    decide,
    worse,
)
from integrations.alerts import Alert, AlertStatus

NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

CHECKOUT = Target("checkout", frozenset({"cart", "orders", "payments"}))
PAYMENTS = Target("payments", frozenset({"ledger"}))


def alert(name: str = "Errors", status: str = "firing", stage: str = "production", **other: Any) -> Alert:
    values: dict[str, Any] = {
        "source": "am",
        "key": name,
        "fingerprint": name,
        "name": name,
        "service": "any",
        "stage": stage,
        "status": AlertStatus(status),
        "told": NOW,
        "started": NOW,
        "ended": NOW if status == "resolved" else None,
        "severity": "",
        "labels": {},
        "annotations": {},
        "link": "",
    }
    return Alert(**values | other)


def member(*, firing: bool = True, told: datetime = NOW - MINUTE) -> Member:
    return Member(firing, told, None if firing else told)


def incident(service: str = "payments", number: int = 1, *joined: str, mine: Member | None = None) -> Open:
    return Open(f"INC-{number}", number, service, "production", frozenset({service, *joined}), member=mine)


def test_the_first_opens_one() -> None:
    assert decide(alert(), Scene(PAYMENTS), NOW) == Decision(Outcome.OPENED)


def test_another_alert_of_the_same_service_joins() -> None:
    scene = Scene(PAYMENTS, (incident(),))
    assert decide(alert("Slow"), scene, NOW) == Decision(Outcome.JOINED, Reason.SAME_SERVICE, "INC-1")


def test_in_another_environment_it_is_another_one() -> None:
    scene = Scene(PAYMENTS, (incident(),))
    assert decide(alert("Slow", stage="staging"), scene, NOW).outcome is Outcome.OPENED


def test_a_caller_joins_and_so_does_what_calls_that() -> None:
    scene = Scene(CHECKOUT, (incident(),))
    assert decide(alert("Slow"), scene, NOW) == Decision(Outcome.JOINED, Reason.CALLER, "INC-1")
    gateway = Target("gateway", frozenset({"checkout"}))
    assert decide(alert("5xx"), replace(scene, target=gateway), NOW).outcome is Outcome.OPENED
    joined = incident("payments", 1, "checkout")
    assert decide(alert("5xx"), Scene(gateway, (joined,)), NOW).incident == "INC-1"


def test_of_several_it_joins_its_own_and_else_the_oldest() -> None:
    several = (incident("orders", 3), incident("payments", 2), incident("checkout", 4))
    assert decide(alert(), Scene(CHECKOUT, several), NOW).incident == "INC-4"
    assert decide(alert(), Scene(CHECKOUT, several[:2]), NOW).incident == "INC-2"


def test_a_callee_opens_its_own_and_is_linked() -> None:
    calling = replace(incident("checkout", 5), calls=CHECKOUT.needs)
    assert decide(alert(), Scene(PAYMENTS, (calling,)), NOW) == Decision(Outcome.OPENED, linked="INC-5")
    unrelated = replace(incident("search", 5), calls=frozenset({"cart"}))
    assert decide(alert(), Scene(PAYMENTS, (unrelated,)), NOW).linked is None


def test_what_fires_already_is_nothing_new() -> None:
    scene = Scene(PAYMENTS, (incident(mine=member()),))
    assert decide(alert(), scene, NOW) == Decision(Outcome.NOTHING_NEW, Reason.STILL_SO, "INC-1")


def test_flapping_is_nothing_new_and_firing_later_is() -> None:
    for ago, outcome in ((FLAPS_WITHIN, Outcome.NOTHING_NEW), (FLAPS_WITHIN + MINUTE, Outcome.JOINED)):
        over = incident(mine=member(firing=False, told=NOW - ago))
        found = decide(alert(), Scene(PAYMENTS, (over,)), NOW)
        assert (found.outcome, found.incident) == (outcome, "INC-1")


@pytest.mark.parametrize(
    ("ago", "linked"), [(MINUTE, "INC-7"), (LINKED_WITHIN, "INC-7"), (LINKED_WITHIN + MINUTE, None)]
)
def test_after_the_end_a_new_one_is_opened_and_linked(ago: timedelta, linked: str | None) -> None:
    """An incident that is over swallows nothing."""
    scene = Scene(PAYMENTS, before=("INC-7", NOW - ago))
    assert decide(alert(), scene, NOW) == Decision(Outcome.OPENED, linked=linked)


def test_an_end_without_an_open_one_is_ignored() -> None:
    for scene in (Scene(PAYMENTS), Scene(PAYMENTS, (incident(),)), Scene(None)):
        found = decide(alert(status="resolved"), scene, NOW)
        assert found == Decision(Outcome.IGNORED, Reason.NOT_OPEN)


def test_an_end_ends_its_alert_once_and_only_what_was_said_before_it() -> None:
    fires = Scene(PAYMENTS, (incident(mine=member()),))
    assert decide(alert(status="resolved"), fires, NOW) == Decision(Outcome.ENDED, incident="INC-1")
    over = Scene(PAYMENTS, (incident(mine=member(firing=False)),))
    assert decide(alert(status="resolved"), over, NOW).outcome is Outcome.NOTHING_NEW
    late = decide(alert(status="resolved", told=NOW - 2 * MINUTE), fires, NOW)
    assert (late.outcome, late.why) == (Outcome.IGNORED, Reason.OVERTAKEN)


def test_what_was_said_before_its_end_came_in_late_and_what_was_said_after_is_news() -> None:
    over = Scene(PAYMENTS, over_at=NOW)
    assert decide(alert(told=NOW - MINUTE), over, NOW) == Decision(Outcome.IGNORED, Reason.OVERTAKEN)
    assert decide(alert(told=NOW + MINUTE), over, NOW).outcome is Outcome.OPENED


def test_an_unknown_service_or_environment_opens_nothing() -> None:
    assert decide(alert(), Scene(None), NOW) == Decision(Outcome.IGNORED, Reason.UNKNOWN_SERVICE)
    assert decide(alert(stage="dev"), Scene(PAYMENTS), NOW) == Decision(Outcome.IGNORED, Reason.UNKNOWN_STAGE)


def test_our_own_tests_open_nothing_and_what_is_open_goes_on() -> None:
    tested = Scene(PAYMENTS, test="at_1", before=("INC-1", NOW))
    assert decide(alert(), tested, NOW) == Decision(Outcome.HELD, Reason.TEST, test="at_1")
    open_one = replace(tested, incidents=(incident(),))
    assert decide(alert(), open_one, NOW).outcome is Outcome.JOINED


def test_only_what_fires_leads_to_anything() -> None:
    """Over every scene of these: an end opens, joins, links and holds nothing."""
    scenes = [
        Scene(target, incidents, over_at, before, test)
        for target in (None, PAYMENTS, CHECKOUT)
        for incidents in ((), (incident(),), (incident(mine=member()),))
        for over_at in (None, NOW + MINUTE)
        for before in (None, ("INC-9", NOW))
        for test in (None, "at_1")
    ]
    quiet = {Outcome.IGNORED, Outcome.ENDED, Outcome.NOTHING_NEW}
    assert {decide(alert(status="resolved"), scene, NOW).outcome for scene in scenes} <= quiet


def test_the_worse_severity_stays() -> None:
    assert worse("warning", "critical") == worse("critical", "warning") == "critical"
    assert worse("sev-x", "sev-y") == "sev-x"
    assert worse("", "info") == "info"
