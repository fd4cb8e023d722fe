"""Reasons and spans of time in people's requests."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handlers.conversation.reasons import split_reason
from handlers.language.spans import read_span

MONDAY = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "what", "why"),
    [
        ("halt agents, reason: suspicious commits", "halt agents", "suspicious commits"),
        ("freeze orders because of the breach.", "freeze orders", "the breach"),
        ("emergency deploy of pay 2.1.1, login is down", "emergency deploy of pay 2.1.1", "login is down"),
        ("break-glass: deploy checkout 5.0.1, outage", "break-glass: deploy checkout 5.0.1", "outage"),
        ("outside of the rules: orders 2.4.2, reason SEV1", "outside of the rules: orders 2.4.2", "SEV1"),
        ("stop all agents now", "stop all agents now", None),
        ("why, oh", "why, oh", None),
        ("", "", None),
    ],
)
def test_the_reason_is_told_from_the_request(text: str, what: str, why: str | None) -> None:
    assert split_reason(text) == (what, why)


@pytest.mark.parametrize(
    ("text", "starts", "ends"),
    [
        ("until Friday", (23, 15), (28, 5)),
        ("from Wednesday until Friday", (25, 5), (28, 5)),
        ("until 18:00", (23, 15), (23, 23)),
        ("for 90 minutes", (23, 15), (23, 16, 30)),
        ("tomorrow from 2 to 4 pm", (24, 19), (24, 21)),
        ("from Monday to Wednesday next week", (30, 5), None),
        ("tomorrow", (24, 5), (25, 5)),
        ("demo from 2 to 4 tomorrow", (24, 19), (24, 21)),
        ("demo mode until 5 pm", (23, 15), (23, 22)),
        ("stop rollouts until Monday morning", (23, 15), (30, 14)),
        ("they come on Tuesday, open it until Friday", (24, 5), (28, 5)),
        ("from Tuesday till Thursday", (24, 5), (27, 5)),
        ("full control for the next hour", (23, 15), (23, 16)),
        ("on vacation until the 26th", (23, 15), (27, 5)),
    ],
)
def test_a_span_begins_now_unless_it_says_otherwise(
    text: str, starts: tuple[int, ...], ends: tuple[int, ...] | None
) -> None:
    span = read_span(text, MONDAY, "America/New_York")
    assert span is not None
    assert span.start == datetime(2026, 11, *starts, tzinfo=UTC)
    assert ends is None or span.end == datetime(2026, 11, *ends, tzinfo=UTC)
    assert span.start < span.end


@pytest.mark.parametrize(
    "text", ["demo mode", "Amanda decides for me", "yesterday", "Thursday 10 am", "audit mode from Monday", ""]
)
def test_without_an_end_there_is_no_span(text: str) -> None:
    assert read_span(text, MONDAY, "America/New_York") is None
