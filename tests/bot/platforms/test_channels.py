"""Who reads along: the platform's facts and the department's file, of which the narrower promise counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.platforms.channels import ChannelFacts, audience_of
from governance.department_file import read_department
from governance.places import Audience

DEPARTMENT = read_department(Path(__file__).resolve().parents[3] / "examples" / "acme" / "department.yaml")


@pytest.mark.parametrize(
    ("facts", "audience"),
    [
        (ChannelFacts("engineering"), Audience.DEPARTMENT),
        (ChannelFacts("engineering", is_private=True), Audience.DEPARTMENT),
        (ChannelFacts("engineering", has_outsiders=True), Audience.PUBLIC),
        (ChannelFacts("incidents", is_private=True), Audience.RESTRICTED),
        (ChannelFacts("incidents", is_private=True, has_outsiders=True), Audience.PUBLIC),
        (ChannelFacts("incidents"), Audience.DEPARTMENT),
        (ChannelFacts("announcements", is_private=True), Audience.PUBLIC),
        (ChannelFacts("made-up-yesterday"), Audience.PUBLIC),
        (ChannelFacts("made-up-yesterday", is_private=True), Audience.PUBLIC),
        (ChannelFacts("D1", is_direct=True), Audience.DIRECT),
    ],
)
def test_the_narrower_promise_counts(facts: ChannelFacts, audience: Audience) -> None:
    assert audience_of(facts, DEPARTMENT) is audience
