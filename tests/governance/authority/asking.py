"""Requests for the tests of the matrix: seven who ask, and facts under which every cell is reached."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from governance.action import Ruling, Subject
from governance.authority.evaluate import rule
from governance.authority.policy import load
from governance.authority.request import Request
from governance.people import Actor, Role
from governance.standing import Standing, Window, WindowMode

POLICY = load()
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MONEY = {"spend_requester": Decimal(0), "spend_service": Decimal(0), "spend_department": Decimal(0)}

ACTORS = {
    "SRE lead": (Actor("person", "nathan"), {Role.SRE_LEAD}),
    "director": (Actor("person", "amanda"), {Role.ENGINEERING_DIRECTOR}),
    "product owner": (Actor("person", "david"), {Role.PRODUCT_OWNER}),
    "agent for the SRE lead": (Actor("agent", "sre", on_behalf_of="nathan"), {Role.SRE_LEAD}),
    "agent for the product owner": (Actor("agent", "pm", on_behalf_of="david"), {Role.PRODUCT_OWNER}),
    "agent by itself": (Actor("agent", "sre"), set()),
    "clock": (Actor("system", "clock"), set()),
}


def request(decision: str, actor: str = "agent for the product owner", /, **changes: object) -> Request:
    """A request of that decision type by one of ACTORS; facts that are left out are not established."""
    who, roles = ACTORS[actor]
    asked = Request(
        decision_type=decision,
        action_type=f"test.{decision}",
        actor=who,
        requester_roles=frozenset(roles),
        moment=NOW,
        known_types={f"test.{decision}": decision},
        subject=Subject(process=decision, service="orders", plan="P-1", decides="orders 2.3.1"),
    )
    return replace(asked, **changes)


def ruled(decision: str, actor: str = "agent for the product owner", /, **changes: object) -> Ruling:
    """What the shipped policy rules of such a request, outside any blackout unless the facts say otherwise."""
    facts = {"outside_blackout": True, **changes.pop("facts", {})}
    return rule(POLICY, request(decision, actor, facts=facts, **changes))


def window(mode: WindowMode) -> Window:
    """A window of this mode, open around NOW."""
    return Window(mode, NOW - HOUR, NOW + HOUR, "amanda")


def during(*modes: WindowMode) -> Standing:
    """Nothing stands but open windows of these modes."""
    return Standing(windows=tuple(window(mode) for mode in modes))
