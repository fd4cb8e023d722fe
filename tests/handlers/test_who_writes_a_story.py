"""Who writes a story of the tracker: a rule, an engineer, or whoever is asked decides."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agents.engineering.by_rule.asked import RenameName
from handlers.conversation.handler import CannotAnswer
from handlers.delivery.allocate_agents.handler import rule_for
from integrations.tracker import Priority, Story, StoryStatus

RENAME = "Rename OrderTotal to OrderSum in orders"
WORK = RenameName(old="OrderTotal", new="OrderSum")
PUT = "put an agent on CARD-1 in orders"


def titled(title: str, description: str = "", *acceptance: str) -> Story:
    return Story(
        id="CARD-1",
        title=title,
        description=description,
        acceptance=acceptance,
        team="beta",
        product="checkout",
        status=StoryStatus.BACKLOG,
        priority=Priority.P2,
        epic=None,
        discipline="backend",
        estimate_hours=None,
        actual_hours=None,
        customers=(),
        labels=(),
        depends_on=(),
        blocked_reason=None,
        assignee=None,
        sprint=None,
        created=datetime(2026, 11, 20, tzinfo=UTC),
        started=None,
        finished=None,
    )


def test_a_title_that_is_read_whole_and_says_everything_is_a_rules() -> None:
    assert rule_for(titled(RENAME), PUT) == WORK


@pytest.mark.parametrize(
    "story", [titled(RENAME, "And keep the old name."), titled(RENAME, "", "Both names work.")]
)
def test_a_story_that_says_more_is_asked_about(story: Story) -> None:
    assert rule_for(story, PUT) == "By its title a rule does it, and the story says more than its title."
    assert rule_for(story, f"{PUT} by rule") == WORK
    assert rule_for(story, "put an engineer on CARD-1 in orders") is None


def test_what_is_open_is_asked_back() -> None:
    asked = rule_for(titled("Rename Dashboard to Overview"), PUT)
    assert isinstance(asked, str)
    assert "Is Dashboard a name in the code?" in asked


def test_anything_else_is_an_engineers_and_no_rule_is_pretended() -> None:
    other = titled("Orders say how many pieces they have")
    assert rule_for(other, PUT) is None
    with pytest.raises(CannotAnswer, match="nothing that a rule does"):
        rule_for(other, f"{PUT} by rule")
