"""A plan is stored as JSON and comes back equal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from agents.planning.draft import (
    Budget,
    DraftStory,
    Estimate,
    Evidence,
    Flag,
    Forecast,
    NotEnoughHistory,
    OutsideDependency,
    PlanChanges,
    PlanDraft,
    Precedence,
    Requirement,
    Risk,
    Scheduled,
    Similar,
    Unscheduled,
    from_json,
    to_json,
)
from governance.facts import Fact, Source
from integrations.tracker import Priority

AT = datetime(2026, 11, 23, 9, 30, 0, 123456, tzinfo=UTC)


def _story(key: str, estimate: Estimate | NotEnoughHistory) -> DraftStory:
    return DraftStory(
        key,
        "Export",
        "analyst",
        "an export",
        "",
        ("a file",),
        ("FR-1",),
        "Alpha",
        "backend",
        estimate,
        (),
        Priority.P1,
    )


def _draft() -> PlanDraft:
    numbers = [
        Fact(f"f{i}", "n", value, "", AT, Source("computation", "sum", ("f0",)))
        for i, value in enumerate([1, 2.0, "3", "1.50", True, None, Decimal("320.50"), Decimal(5)])
    ]
    return PlanDraft(
        document="PRD-1",
        document_digest="ab",
        product="Web",
        title="Dash",
        requirements=(Requirement("FR-1", "must export", 3, "Scope"),),
        stories=(
            _story("S1", Estimate(8.5, 4, 12, "similar", (Similar("ST-1", "t", 8.25, 0.91),))),
            _story("S2", NotEnoughHistory(3)),
        ),
        flags=(Flag("vague", "fast", 4, "no measure", "say how fast", 9),),
        precedences=(Precedence("S2", "S1", "the API first"),),
        schedule=(Scheduled("S1", "SP-1", "Alpha", date(2026, 11, 30), date(2026, 12, 14)),),
        unscheduled=(Unscheduled("S2", "no capacity"),),
        forecast=Forecast(date(2026, 12, 14), date(2027, 1, 4), 3, 6, 10000, ((3, 6000), (6, 4000))),
        budget=Budget(320, 380.5, Decimal("9600.00"), 300),
        risks=(Risk("late", "medium", "high", (Evidence("blocked", "EP-1"),), "wait"),),
        risk_level="medium",
        dependencies=(OutsideDependency("Payment Service v2", 7, "service", "payments", "beta", False),),
        facts=tuple(numbers),
        worked_out="rules",
        worked_out_why="no key",
        blockers=("who owns it?",),
        changes=PlanChanges(("S3",), (("S1", "Beta"),), date(2026, 12, 1), 300, ("S2", "S1"), ("blockers",)),
    )


def test_a_plan_comes_back_from_json_equal_and_with_the_same_types():
    draft = _draft()
    back = from_json(to_json(draft))
    assert back == draft
    assert [type(f.value) for f in back.facts] == [type(f.value) for f in draft.facts]
    assert to_json(back) == to_json(draft)


def test_not_enough_history_comes_back_as_such():
    draft = replace(_draft(), forecast=NotEnoughHistory(4), budget=NotEnoughHistory(4))
    back = from_json(to_json(draft))
    assert (back.forecast, back.budget) == (NotEnoughHistory(4), NotEnoughHistory(4))


def test_other_json_is_refused():
    with pytest.raises(ValidationError):
        from_json(b'{"document": "PRD-1"}')


def test_changes_that_only_notify_say_so():
    assert PlanChanges(notify=("blockers",)).only_notifies
    assert not PlanChanges(notify=("blockers",), start=date(2026, 12, 1)).only_notifies
