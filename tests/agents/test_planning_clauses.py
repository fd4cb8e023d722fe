"""Requirements cut along their clauses: each part stands on its own, and what is one thing stays whole."""

from __future__ import annotations

import pytest

from agents.planning.clauses import clauses


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "When a sync fails, the gateway must try again within a minute and must tell the host.",
            (
                "When a sync fails, the gateway must try again within a minute",
                "When a sync fails, the gateway must tell the host.",
            ),
        ),
        (
            "The clerk shall be able to decline a request; the requester shall be told the reason.",
            ("The clerk shall be able to decline a request", "The requester shall be told the reason."),
        ),
        (
            "A scrapped wagon should be marked as such and shall not be deleted.",
            ("A scrapped wagon should be marked as such", "A scrapped wagon shall not be deleted."),
        ),
    ],
)
def test_each_clause_keeps_its_subject_its_condition_and_its_not(text: str, parts: tuple[str, ...]) -> None:
    assert clauses(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "The page must load and work in all browsers.",
        "Users must see the list so that they can act and can decide.",
        "A guest must pay the deposit, and it must be refunded.",
        "The words shall, should and may are used as in the standard.",
        "Guests who can cancel and must pay see the rules.",
        "Users can pay and can go.",
    ],
)
def test_what_is_one_thing_stays_whole(text: str) -> None:
    assert clauses(text) == (text,)
