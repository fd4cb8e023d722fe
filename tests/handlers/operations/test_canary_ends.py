"""How a canary that is under way is to end, as people say it."""

from __future__ import annotations

import pytest

from handlers.operations.deploy.handler import end_of_a_canary


@pytest.mark.parametrize(
    ("said", "end"),
    [
        ("promote the canary of orders", "promote"),
        ("canary looks clean, take recommendations to everyone", "promote"),
        ("the canary is fine, roll it to all users", "promote"),
        ("abort the canary of orders", "abort"),
        ("stop that canary", "abort"),
        ("deploy orders 4.19 as a canary first, then to everyone", None),
        ("orders 4.19 to production", None),
    ],
)
def test_the_end_of_a_canary_is_no_new_version(said: str, end: str | None) -> None:
    assert end_of_a_canary(said) == end
