"""What is proposed can be carried out: each thing that performing a plan demands is checked beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from agents.planning.draft import Estimate, PlanDraft
from agents.planning.long_sentences import SentenceTooLong
from agents.planning.plan import plan
from agents.planning.request import PlanningInput
from agents.plans.feasibility import hindrances, told
from governance.department import Discipline
from integrations.tracker.lines import plain_line, require_line
from tests.agents.acme_input import planning_input


@pytest.fixture(scope="module")
def dashboard() -> PlanDraft:
    return plan(planning_input())


def test_the_sample_plan_can_be_carried_out(dashboard: PlanDraft) -> None:
    assert hindrances(dashboard, planning_input()) == ()


def _first(draft: PlanDraft, **fields: object) -> PlanDraft:
    first, *rest = draft.stories
    return replace(draft, stories=(replace(first, **fields), *rest))


def _in_a_circle(draft: PlanDraft) -> PlanDraft:
    one, two, *rest = draft.stories
    return replace(
        draft, stories=(replace(one, depends_on=(two.key,)), replace(two, depends_on=(one.key,)), *rest)
    )


def _huge(draft: PlanDraft) -> PlanDraft:
    estimate = draft.stories[0].estimate
    assert isinstance(estimate, Estimate)
    return _first(draft, estimate=replace(estimate, p50=20_000.0))


@pytest.mark.parametrize(
    ("spoil", "what", "said"),
    [
        (lambda d: replace(d, product="", product_why="Nobody says."), "product", "Nobody says."),
        (lambda d: replace(d, product="parcels"), "product", "has no product parcels"),
        (lambda d: _first(d, team="omega"), "team", "the team omega, which the department does not have"),
        (lambda d: _first(d, team=""), "team", "would go to no team. Name its team"),
        (_in_a_circle, "order", "come after each other in a circle. Say in the document"),
        (_huge, "size", "20,000 agent-hours; the tracker takes up to 10,000"),
        (lambda d: replace(d, stories=(), schedule=()), "size", "nothing to make"),
        (
            lambda d: replace(d, schedule=(replace(d.schedule[0], sprint="gone"), *d.schedule[1:])),
            "sprint",
            "no sprint of its team any more",
        ),
        (lambda d: _first(d, i_want="x" * 60_000), "text", "must fit into 50000 characters"),
        (lambda d: _first(d, title="x" * 501), "text", "must fit into 500 characters"),
        (lambda d: replace(d, title="x\u202ey"), "text", "without control characters"),
    ],
)
def test_each_hindrance_is_found_and_says_what_to_do(
    dashboard: PlanDraft, spoil: Callable[[PlanDraft], PlanDraft], what: str, said: str
) -> None:
    found = hindrances(spoil(dashboard), planning_input())
    assert {one.what for one in found} == {what}
    assert said in told(found)
    assert told(found).endswith(".")


def test_a_refused_text_is_named_with_its_line(dashboard: PlanDraft) -> None:
    (only,) = hindrances(_first(dashboard, acceptance=("x" * 60_000,)), planning_input())
    assert f"{dashboard.stories[0].title} (line " in only.why


def _planned(text: str) -> tuple[PlanDraft, PlanningInput]:
    given = planning_input("PRD-X", text)
    return plan(given), given


@pytest.mark.parametrize(
    "title", ["A " * 400, "Search \u202ehcraes \u0007 for all", "Search", "S" * 5000, "Search\u2028again"]
)
def test_whatever_the_title_the_plan_can_be_carried_out(title: str) -> None:
    draft, given = _planned(
        f"# {title}\n\n**Product:** Search\n\n## Requirements\n\n- FR-1: It must list hits.\n"
    )
    assert hindrances(draft, given) == ()
    assert len(draft.title) <= 120


def test_hidden_characters_of_a_document_do_not_reach_the_tracker() -> None:
    text = (
        "# Search\n\n**Product:** Search\n\n## Requirements\n\n- FR-1: It must list \u202e hits\u0007 of all.\n"
    )
    draft, given = _planned(text)
    assert hindrances(draft, given) == ()
    assert "\u202e" not in draft.stories[0].i_want + draft.stories[0].title


def test_a_line_of_a_quarter_of_a_megabyte_is_refused_with_its_line_before_it_is_read() -> None:
    with pytest.raises(SentenceTooLong, match=r"Line 7 of PRD-X is one sentence of 250,0\d\d characters"):
        _planned(f"# Search\n\n**Product:** Search\n\n## Requirements\n\n- It must list {'hits ' * 50_000}.")


@pytest.mark.parametrize("text", ["a\u2028b", "\ud800x", "x" * 900, " a  b\tc "])
def test_a_line_made_plain_is_one_that_the_tracker_takes(text: str) -> None:
    assert require_line(plain_line(text))


def test_a_story_of_a_discipline_that_no_team_has_goes_to_the_team_that_leads_the_product() -> None:
    given = planning_input()
    bare = tuple(team.model_copy(update={"capacity": {Discipline.ML: 0.0}}) for team in given.teams)
    draft = plan(replace(given, teams=bare))
    assert {story.team for story in draft.stories} == {"insights"}
    assert hindrances(draft, replace(given, teams=bare)) == ()
    assert len(draft.unscheduled) == len(draft.stories)
