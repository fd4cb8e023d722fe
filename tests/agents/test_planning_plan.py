"""Whole plans over the sample department: what they hold, what Modify changes, and what cannot be planned."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from agents.planning.comparison import compare
from agents.planning.draft import (
    Budget,
    Estimate,
    Forecast,
    NotEnoughHistory,
    PlanChanges,
    PlanDraft,
    from_json,
    to_json,
)
from agents.planning.plan import plan
from agents.planning.request import ImpossibleChange
from agents.planning.requirements import LONGEST, NothingAsked, TooLong, TooManyRequirements
from governance.moments import day_text
from integrations.documents import DocumentUnreadable
from integrations.documents.vendors.local import LocalFolder
from integrations.tracker import StoryStatus
from tests.agents.acme_input import planning_input

TEAMS = {team.id: team.name for team in planning_input().teams}
RUBBISH = Path(__file__).parent / "prds" / "rubbish"


@pytest.fixture(scope="module")
def dashboard() -> PlanDraft:
    return plan(planning_input())


def changed(changes: PlanChanges) -> PlanDraft:
    return plan(planning_input(changes=changes))


def test_the_dashboard_is_planned_from_its_document_and_the_departments_history(dashboard: PlanDraft):
    assert (dashboard.product, dashboard.title, dashboard.worked_out) == (
        "dashboard",
        "Customer Dashboard",
        "rules",
    )
    assert len(dashboard.requirements) == 21
    assert {story.team for story in dashboard.stories} == {"insights", "delta"}
    assert {story.discipline for story in dashboard.stories} >= {"data", "backend", "frontend", "qa"}
    covered = {name for story in dashboard.stories for name in story.requirements}
    assert covered == {r.id for r in dashboard.requirements}
    assert all(isinstance(s.estimate, Estimate) and len(s.estimate.evidence) == 5 for s in dashboard.stories)


def test_the_same_input_gives_the_same_bytes(dashboard: PlanDraft):
    assert to_json(plan(planning_input())) == to_json(dashboard)
    assert from_json(to_json(dashboard)) == dashboard


def test_every_story_has_a_place_or_a_reason_and_none_before_what_it_needs(dashboard: PlanDraft):
    places = {p.story: p for p in dashboard.schedule}
    assert places.keys() | {u.story for u in dashboard.unscheduled} == {s.key for s in dashboard.stories}
    assert dashboard.precedences
    for link in dashboard.precedences:
        early, late = places[link.after], places[link.story]
        assert early.ends <= late.starts or early.starts == late.starts
        assert link.why


def test_sprints_are_not_filled_beyond_what_is_committed_there(dashboard: PlanDraft):
    given = planning_input()
    capacity = {s.id: s.capacity_hours for s in given.sprints}
    hours = {s.key: s.hours for s in dashboard.stories}
    for sprint in {p.sprint for p in dashboard.schedule}:
        booked = sum(s.estimate_hours or 0 for s in given.committed() if s.sprint == sprint)
        planned = sum(
            hours[p.story] for p in dashboard.schedule if p.sprint == sprint and (p.ends - p.starts).days == 14
        )
        assert booked + planned <= capacity[sprint] + 0.2


def test_payment_service_v2_is_a_risk_with_evidence_and_a_blocker(dashboard: PlanDraft):
    found = next(d for d in dashboard.dependencies if d.name == "Payment Service v2")
    assert (found.kind, found.ready, found.line) == ("epic", False, 126)
    assert "payment-service-v2 is experimental" in found.status
    by_requirement = {name: s.key for s in dashboard.stories for name in s.requirements}
    assert set(found.stories) == {by_requirement["FR-4"], by_requirement["FR-11"]}
    risk = next(r for r in dashboard.risks if "Payment Service v2" in r.title)
    assert risk.evidence[0].source == "PRD-2025-Q1-Dashboard.md:126"
    assert dashboard.risk_level == "high"  # for the beta that it cannot have in week 6
    assert any("Payment Service v2 is not ready" in blocker for blocker in dashboard.blockers)


def test_every_figure_of_the_plan_is_a_fact_with_a_source(dashboard: PlanDraft):
    facts = {f.name: f for f in dashboard.facts}
    assert len({f.id for f in dashboard.facts}) == len(facts) == len(dashboard.facts)
    assert all(
        f.source.detail and set(f.source.inputs) <= {g.name for g in dashboard.facts} for f in dashboard.facts
    )
    assert isinstance(dashboard.budget, Budget)
    assert isinstance(dashboard.forecast, Forecast)
    wanted: dict[str, object] = {
        "stories": len(dashboard.stories),
        "requirements": len(dashboard.requirements),
        "flags": len(dashboard.flags),
        "budget hours": dashboard.budget.hours,
        "budget hours P80": dashboard.budget.p80_hours,
        "cost": dashboard.budget.cost,
        "forecast P50": dashboard.forecast.p50.isoformat(),
        "forecast P85 week": dashboard.forecast.weeks_p85,
        "forecast runs": dashboard.forecast.samples,
        "sprints": len(dashboard.sprints),
        "scheduled end": max(p.done for p in dashboard.schedule).isoformat(),
        "risk level": dashboard.risk_level,
    }
    assert {name: facts[name].value for name in wanted} == wanted
    assert isinstance(facts["cost"].value, Decimal)
    for story in dashboard.stories:
        assert isinstance(story.estimate, Estimate)
        assert facts[f"{story.key} hours"].value == story.estimate.p50
        for similar in story.estimate.evidence:
            assert facts[f"actual hours of {similar.story}"].value == similar.actual_hours


def test_no_acceptance_criterion_has_a_figure_that_the_document_lacks(dashboard: PlanDraft):
    text = planning_input().document.text
    for story in dashboard.stories:
        for number in re.findall(r"\d[\d.,]*\d|\d", " ".join(story.acceptance)):
            assert number in text


def test_dropping_a_story_frees_its_hours_and_keeps_the_other_keys(dashboard: PlanDraft):
    new = changed(PlanChanges(drop=("S8", "S13")))
    assert {s.key for s in dashboard.stories} - {s.key for s in new.stories} == {"S8", "S13"}
    assert isinstance(new.budget, Budget)
    assert new.budget.hours == sum(s.hours for s in dashboard.stories if s.key not in ("S8", "S13"))
    said = compare(dashboard, new, TEAMS)
    assert any(re.match(r"S8 .* is dropped", line) for line in said)
    assert any(line.startswith("The budget is") for line in said)


def test_what_changes_names_the_last_day_as_the_timeline_does(dashboard: PlanDraft):
    new = changed(PlanChanges(drop=("S8", "S13"), start=date(2027, 3, 1)))
    last = max(place.done for place in new.schedule)
    (said,) = [line for line in compare(dashboard, new, TEAMS) if line.startswith("The schedule covers")]
    assert said.split(" instead of ")[0].endswith(f" to {day_text(last)}")


def test_a_story_moves_to_a_team_and_work_begins_when_it_may(dashboard: PlanDraft):
    start = date(2027, 1, 10)
    new = changed(PlanChanges(move=(("S8", "Integrations Team"),), start=start))
    assert new.story("S8").team == "integrations"
    assert min(p.starts for p in new.schedule) >= start
    assert any(
        "goes from Insights Team to Integrations Team" in line for line in compare(dashboard, new, TEAMS)
    )
    assert isinstance(new.forecast, Forecast)
    assert new.forecast.p50 > start


def test_a_budget_leaves_out_what_it_does_not_cover(dashboard: PlanDraft):
    new = changed(PlanChanges(budget_hours=120))
    placed = {p.story for p in new.schedule}
    assert 0 < sum(s.hours for s in new.stories if s.key in placed) <= 120
    assert all("over the budget of 120 hours" in u.why for u in new.unscheduled if u.story not in placed)
    assert isinstance(new.budget, Budget)
    assert new.budget.limit_hours == 120
    assert any("pauses for approval at 120" in line for line in compare(dashboard, new, TEAMS))


def test_a_wanted_order_is_kept_and_one_against_a_dependency_is_said(dashboard: PlanDraft):
    link = dashboard.precedences[0]
    new = changed(PlanChanges(order=(link.story, link.after)))
    assert any(line.startswith(f"{link.story} was wanted before {link.after}") for line in new.blockers)
    places = {p.story: p for p in changed(PlanChanges(order=("S3", "S2", "S1"))).schedule}
    assert places["S3"].starts <= places["S2"].starts <= places["S1"].starts


def test_notifications_alone_change_nothing_else(dashboard: PlanDraft):
    new = changed(PlanChanges(notify=("blockers",)))
    assert compare(dashboard, new, TEAMS) == ("You will also be told of blockers.",)
    assert replace(new, changes=PlanChanges()) == dashboard


def test_a_plan_compared_with_itself_differs_in_nothing(dashboard: PlanDraft):
    assert compare(dashboard, dashboard, TEAMS) == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (PlanChanges(drop=("S99",)), "no story S99; it has S1 to S17"),
        (PlanChanges(move=(("S1", "Omega"),)), "no team called Omega"),
        (PlanChanges(drop=tuple(f"S{n}" for n in range(1, 18))), "drop every story"),
        (PlanChanges(budget_hours=0), "more than 0 hours"),
    ],
)
def test_what_cannot_be_changed_is_said(changes: PlanChanges, said: str):
    with pytest.raises(ImpossibleChange, match=said):
        changed(changes)


def test_without_history_there_are_no_figures_and_it_says_so():
    given = planning_input()
    stories = tuple(s for s in given.stories if s.status is not StoryStatus.DONE)
    draft = plan(replace(given, stories=stories))
    assert (draft.forecast, draft.budget) == (NotEnoughHistory(0), NotEnoughHistory(0))
    assert draft.schedule == ()
    assert {u.why for u in draft.unscheduled} == {"it has no estimate: there is not enough history"}
    assert "There is not enough history to estimate from." in draft.blockers
    assert not any(f.unit == "agent-hours" for f in draft.facts)
    assert from_json(to_json(draft)) == draft


async def rubbish(name: str) -> PlanDraft:
    return plan(replace(planning_input(), document=await LocalFolder(RUBBISH).read(name)))


@pytest.mark.parametrize(
    ("name", "why"), [("PRD-empty", "it is empty"), ("PRD-only-headings", "headings and no text")]
)
async def test_nothing_to_build_is_said(name: str, why: str):
    with pytest.raises(NothingAsked, match=why):
        await rubbish(name)


async def test_binary_junk_is_unreadable():
    with pytest.raises(DocumentUnreadable):
        await rubbish("PRD-binary")


async def test_a_document_full_of_orders_is_planned_for_what_it_asks_and_nothing_else():
    draft = await rubbish("PRD-instructions")
    assert {name for s in draft.stories for name in s.requirements} == {"FR-1", "FR-2", "FR-4"}
    assert {f.line for f in draft.flags if f.kind == "instruction"} >= {9, 12, 15, 22, 25}
    assert draft.risk_level != "low"
    assert not re.search(
        r"mallory|halt_agents|at once", str([(s.title, s.i_want, s.acceptance) for s in draft.stories])
    )


async def test_a_document_that_contradicts_itself_throughout_is_planned_with_every_contradiction_a_blocker():
    draft = await rubbish("PRD-contradictory-throughout")
    contradictions = [f for f in draft.flags if f.kind == "contradictory"]
    assert len(contradictions) >= 5
    assert sum("disagree" in blocker for blocker in draft.blockers) == len(contradictions)
    assert any(r.title == "The document contradicts itself" and r.likelihood == "high" for r in draft.risks)


def test_five_thousand_requirements_are_refused_with_a_sentence():
    text = "# R\n\n## Requirements\n\n" + "\n".join(
        f"- FR-{n}: Store item {n} of the list." for n in range(5000)
    )
    with pytest.raises(TooManyRequirements, match=r"5,000 requirements; I plan features of up to 400"):
        plan(planning_input("PRD-X", text))


def test_a_document_of_a_megabyte_is_refused_before_it_is_read():
    with pytest.raises(TooLong, match=f"up to {LONGEST:,}"):
        plan(planning_input("PRD-X", "The page must load. " * 50_000))


def test_a_plan_is_frozen_all_the_way_down(dashboard: PlanDraft):
    def frozen(value: object) -> bool:
        if is_dataclass(value):
            return value.__dataclass_params__.frozen and all(
                frozen(getattr(value, f.name)) for f in fields(value)
            )  # type: ignore[attr-defined]
        return not isinstance(value, list | dict | set) and (
            not isinstance(value, tuple) or all(map(frozen, value))
        )

    assert frozen(dashboard)


def test_facts_name_what_they_were_worked_out_from(dashboard: PlanDraft):
    names = {fact.name for fact in dashboard.facts}
    cited = {name for fact in dashboard.facts for name in fact.source.inputs}
    assert cited <= names
    assert {"S1 hours", "forecast runs", "requirements"} <= cited


def test_no_risk_calls_a_team_by_its_id():
    one_team = plan(
        planning_input(changes=PlanChanges(move=tuple((f"S{n}", "Team Delta") for n in range(1, 18))))
    )
    (risk,) = [risk for risk in one_team.risks if risk.title.startswith("Nearly all of it")]
    assert risk.title == "Nearly all of it rests on Team Delta"
    assert not any(re.search(r"\b(?:delta|insights)\b", risk.title) for risk in one_team.risks)
