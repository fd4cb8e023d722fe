"""What is to be done with an incident, read from words."""

from __future__ import annotations

import pytest

from agents.operations.incident_command import Part
from handlers.operations.incident.orders import Kind, read_order


@pytest.mark.parametrize(
    ("text", "kind", "part", "severity", "words"),
    [
        ("declare an incident, checkout is down", Kind.DECLARE, None, "", "checkout is down"),
        ("open a SEV1 for payments", Kind.DECLARE, None, "critical", "open a SEV1 for payments"),
        ("major incident! payments are failing", Kind.DECLARE, None, "critical", None),
        ("declare sev2 for slow search", Kind.DECLARE, None, "high", None),
        ("I take over the incident from Tom", Kind.PART, Part.COMMANDER, "", None),
        ("I'm incident commander now", Kind.PART, Part.COMMANDER, "", None),
        ("Nathan takes communications", Kind.PART, Part.COMMUNICATIONS, "", None),
        ("Priya keeps notes", Kind.PART, Part.SCRIBE, "", None),
        ("acknowledge", Kind.PART, Part.COMMANDER, "", None),
        ("incident update: we resolve it by hand", Kind.UPDATE, None, "", "we resolve it by hand"),
        ("note in the incident that we restarted the cache", Kind.UPDATE, None, "", "we restarted the cache"),
        ("update INC-12: mitigated", Kind.MITIGATED, None, "", None),
        ("update status of the outage to mitigated", Kind.MITIGATED, None, "", None),
        ("escalate INC-51 to severity one", Kind.SEVERITY, None, "critical", None),
        ("downgrade INC-3 to sev3", Kind.SEVERITY, None, "medium", None),
        ("resolve incident", Kind.RESOLVE, None, "", None),
        ("all clear, incident over", Kind.RESOLVE, None, "", None),
        ("cancel the incident, false alarm", Kind.RESOLVE, None, "", None),
        ("reopen the incident, errors are back", Kind.REOPEN, None, "", None),
        ("sign off the incident review for INC-40", Kind.APPROVE_REVIEW, None, "", None),
        ("review incident 12", Kind.REVIEW, None, "", None),
        ("what incidents are open?", None, None, "", None),
        ("show incident INC-7", None, None, "", None),
        ("schedule the review of incident 17", None, None, "", None),
    ],
)
def test_orders_are_read(
    text: str, kind: Kind | None, part: Part | None, severity: str, words: str | None
) -> None:
    order = read_order(text)
    if order is None:
        assert kind is None
        return
    assert (order.kind, order.part) == (kind, part)
    if kind in (Kind.DECLARE, Kind.SEVERITY):
        assert order.severity == severity
    if words is not None:
        assert order.words == words
