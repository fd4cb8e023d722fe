"""The benchmark of plans' dates: it carries plans out by the calendar, and it notices a date that disagrees."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from agents.planning.capacity import free_hours
from agents.planning.draft import DraftStory, Estimate, Forecast, PlanDraft, Precedence
from agents.planning.plan import plan
from agents.planning.schedule import schedule
from bench.plan_department import ACME, given
from bench.plan_outcomes import carried_out, without_commitments
from bench.plan_surfaces import disagreements, unchanged
from integrations.documents import Document
from integrations.tracker import Priority

NOTHING = Document("plan", "", "0" * 16, "plan")


def _story(key: str, team: str, hours: float) -> DraftStory:
    own = Estimate(hours, hours, hours, "similar", ())
    return DraftStory(key, key, "user", "it", "", (), (), team, "backend", own, (), Priority.P1)


def test_a_plan_is_carried_out_in_working_hours_and_in_its_order() -> None:
    """It ends on the schedule's day, or next to it: work is handed on from one tenth of a day to the next."""
    asked = without_commitments(given(NOTHING))
    stories = [_story("S1", "alpha", 13.0), _story("S2", "beta", 8.8)]
    links = [Precedence("S2", "S1", "")]
    free = free_hours(asked)
    table = schedule(stories, links, free, asked)
    took = {"S1": 13.0, "S2": 8.8}
    assert table.ends is not None
    assert abs((carried_out(table, stories, links, took, free, asked) - table.ends).days) <= 1
    longer = carried_out(table, stories, links, {"S1": 26.0, "S2": 8.8}, free, asked)
    assert longer > table.ends
    assert asked.days.works_on(longer)


def _draft() -> PlanDraft:
    text = (ACME / "documents" / "PRD-2026-Q1-SSO.md").read_text(encoding="utf-8")
    return plan(given(Document("PRD-2026-Q1-SSO", text, "ab" * 8, "PRD-2026-Q1-SSO.md")))


def test_a_date_that_disagrees_is_found_and_the_plan_as_it_is_has_none() -> None:
    draft, asked = _draft(), given(NOTHING)
    assert (disagreements(draft, asked), unchanged(draft, asked)) == ([], [])
    assert isinstance(draft.forecast, Forecast)
    other = replace(draft, forecast=replace(draft.forecast, p85=draft.forecast.p85 + timedelta(days=1)))
    assert any("forecast P85" in line for line in disagreements(other, asked))
    early = replace(draft, forecast=replace(draft.forecast, p50=date(2027, 1, 1)))
    found = disagreements(early, asked)
    assert any("not in order" in line for line in found)
    assert "2027-01-01 is no working day" in found
