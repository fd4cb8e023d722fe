"""An action that was stored is the same action again."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from tests.governance.edge_actions import Report, Scale

SCALE = Scale(
    rationale="It is slow.",
    impact="It costs.",
    rollback_plan="Scale it back.",
    cost=Decimal("9.90"),
    price="9.90",
)


def test_what_was_stored_is_the_same_action_again() -> None:
    again = Scale.of_body(SCALE.body())
    assert again == SCALE
    assert again.digest() == SCALE.digest()


def test_nothing_is_taken_for_an_action_of_another_type() -> None:
    with pytest.raises(ValueError, match=r"edge\.scale is not edge\.report"):
        Report.of_body(SCALE.body())
    with pytest.raises(ValidationError):
        Scale.of_body({**SCALE.body(), "approved": True})
