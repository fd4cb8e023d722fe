"""Where an answer may be given: who reads along decides."""

from __future__ import annotations

import pytest

from governance.places import Audience, Place
from handlers.conversation.audience import must_be_direct
from handlers.conversation.cards import Reply

OPEN, SECRET = Reply(text="x"), Reply(text="x", restricted="it names revenue")
OWN = Reply(text="x", personal=True)


@pytest.mark.parametrize(
    ("audience", "reply", "intent", "direct"),
    [
        (Audience.DIRECT, SECRET, "customer", False),
        (Audience.RESTRICTED, SECRET, "audit", False),
        (Audience.DEPARTMENT, OPEN, "status", False),
        (Audience.DEPARTMENT, SECRET, "customer", True),
        (Audience.PUBLIC, OPEN, "status", True),
        (Audience.PUBLIC, SECRET, "audit", True),
        (Audience.PUBLIC, OPEN, "help", False),
        (Audience.PUBLIC, OPEN, "whoami", False),
        (Audience.PUBLIC, OPEN, None, False),
        (Audience.DIRECT, OWN, "digest", False),
        (Audience.RESTRICTED, OWN, "digest", True),
        (Audience.DEPARTMENT, OWN, "digest", True),
    ],
)
def test_restricted_answers_leave_channels_and_all_work_leaves_public_ones(
    audience: Audience, reply: Reply, intent: str | None, direct: bool
) -> None:
    place = Place("console", "somewhere", "t", audience)
    assert (must_be_direct(place, reply, intent) is not None) is direct
