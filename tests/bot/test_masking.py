"""What is shown of addresses: where something is, and nothing that lets anyone in."""

from __future__ import annotations

import pytest

from bot.logs import without_credentials


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("gpt at http://user:password@host:8000/v1", "gpt at http://host:8000/v1"),
        ("https://host/v1?api-key=secret", "https://host/v1"),
        ("it is “https://me@host/#secret”.", "it is “https://host/”."),
        ("postgresql://u:p@ss@db/x and redis://:pw@r/0", "postgresql://db/x and redis://r/0"),
        ("write to me@example.com? yes", "write to me@example.com? yes"),
    ],
)
def test_nothing_that_lets_anyone_in_is_shown(told: str, shown: str) -> None:
    assert without_credentials(told) == shown
