"""How long a platform asks to be left alone, whatever stands in its header."""

from __future__ import annotations

import pytest

from integrations.budgets import LONGEST_SECONDS, seconds_asked


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("30", 30.0), ("0.5", 0.5), ("-3", 0.0), ("86400", LONGEST_SECONDS),
        ("", None), ("soon", None), ("nan", None), ("inf", None), ("Thu, 26 Nov 2026 12:00:00 GMT", None),
    ],
)  # fmt: skip
def test_what_the_header_says_is_bounded_and_rubbish_says_nothing(told: str, seconds: float | None) -> None:
    assert seconds_asked({"Content-Type": "text/html", "retry-after": told}) == seconds
    assert seconds_asked({"Retry-After": told}) == seconds


def test_without_the_header_nothing_is_asked() -> None:
    assert seconds_asked({}) is None
