"""Order, teams and waiting: what is stated wins, what is needed comes first, weak likeness does nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from agents.planning.draft import PlanDraft
from agents.planning.plan import plan
from agents.planning.request import PlanningInput
from integrations.services import Service
from integrations.tracker import Sprint, StoryStatus
from tests.agents.acme_input import planning_input

HEAD = "# Statements\n\n**Product:** Checkout\n\n"


def _input(body: str) -> PlanningInput:
    return planning_input("PRD-X", HEAD + body)


def _plan(body: str) -> PlanDraft:
    return plan(_input(body))


def _key(draft: PlanDraft, requirement: str) -> str:
    (found,) = [story.key for story in draft.stories if requirement in story.requirements]
    return found


def _after(draft: PlanDraft, later: str, earlier: str) -> bool:
    return _key(draft, earlier) in draft.story(_key(draft, later)).depends_on


def _team(draft: PlanDraft, requirement: str) -> str:
    return draft.story(_key(draft, requirement)).team


@pytest.fixture(scope="module")
def dashboard() -> PlanDraft:
    return plan(planning_input())


def test_what_shows_data_comes_after_the_data_within_one_discipline(dashboard: PlanDraft) -> None:
    outcomes, failures = _key(dashboard, "FR-4"), _key(dashboard, "FR-11")
    assert dashboard.story(outcomes).discipline == dashboard.story(failures).discipline
    assert outcomes in dashboard.story(failures).depends_on
    starts = {place.story: place.starts for place in dashboard.schedule}
    assert starts[outcomes] <= starts[failures]


def test_an_interface_comes_after_its_data_and_before_what_uses_it(dashboard: PlanDraft) -> None:
    assert _after(dashboard, "FR-5", "FR-1")
    for user in ("FR-6", "FR-7", "FR-8", "FR-10", "FR-12"):
        assert _after(dashboard, user, "FR-5"), user


def test_tests_come_after_what_they_name(dashboard: PlanDraft) -> None:
    assert all(_after(dashboard, "FR-16", named) for named in ("FR-8", "FR-9", "FR-12"))


def test_a_schema_comes_before_what_stores_into_it_within_one_discipline() -> None:
    draft = _plan(
        "## Requirements\n\n"
        "- FR-1: The service must store each statement of an account in the statement table.\n"
        "- FR-2: Statement table: the database must hold the statements of every account for ten years.\n"
    )
    assert _after(draft, "FR-1", "FR-2")
    assert not _after(draft, "FR-2", "FR-1")


def test_weak_likeness_orders_nothing() -> None:
    draft = _plan(
        "## Requirements\n\n"
        "- FR-1: Fatigue model: the machine learning model must predict each hour whether a driver is tired.\n"
        "- FR-2: The service must let a driver sign in with a phone number within the hour.\n"
    )
    assert draft.precedences == ()


def test_weak_likeness_assigns_nothing() -> None:
    draft = plan(planning_input("PRD-2026-Q4-Webhooks-v2"))
    found = {name: story.discipline for story in draft.stories for name in story.requirements}
    assert (found["2.1.4"], found["2.3.2"], found["2.1.2"]) == ("backend", "backend", "backend")
    assert found["2.2.5"] == "documentation"


@pytest.mark.parametrize(
    ("said", "later", "earlier"),
    [
        ("FR-1: The page must list invoices; it needs FR-2.", "FR-1", "FR-2"),
        ("FR-1: The page must list invoices before FR-2.", "FR-2", "FR-1"),
        ("FR-1: The page must list invoices. It is needed by FR-2.", "FR-2", "FR-1"),
        ("FR-1: The page must list invoices (depends on FR-2).", "FR-1", "FR-2"),
        ("FR-1: The page must list invoices, as FR-2 has them.", "FR-1", "FR-2"),
    ],
)
def test_a_need_that_is_stated_is_kept_in_its_direction(said: str, later: str, earlier: str) -> None:
    draft = _plan(f"## Requirements\n\n- {said}\n- FR-2: The service must send mail to buyers each night.\n")
    assert _after(draft, later, earlier)
    assert not _after(draft, earlier, later)


def test_a_column_states_needs_and_teams() -> None:
    draft = _plan(
        "## Requirements\n\n"
        "| Id | Requirement | Team | Needs |\n|---|---|---|---|\n"
        "| FR-1 | The page must list the invoices of a buyer | Gamma | FR-2 |\n"
        "| FR-2 | The service must send mail to buyers each night | Team Alpha | - |\n"
    )
    assert _after(draft, "FR-1", "FR-2")
    assert (_team(draft, "FR-1"), _team(draft, "FR-2")) == ("gamma", "alpha")


@pytest.mark.parametrize(
    "said",
    [
        "The service must send mail to buyers each night (Team Gamma).",
        "The service must send mail to buyers each night [gamma].",
        "The service must send mail to buyers each night. Team Gamma does it.",
        "The service must send mail to buyers each night. It is built by Team Gamma.",
        "The service must send mail to buyers each night. Team: Gamma",
    ],
)
def test_a_stated_team_wins(said: str) -> None:
    draft = _plan(f"## Requirements\n\n- FR-1: {said}\n")
    assert _team(draft, "FR-1") == "gamma"
    assert draft.story("S1").discipline in {"backend", "qa", "security", "sre", "frontend"}


def test_a_team_that_is_only_spoken_of_takes_nothing() -> None:
    draft = _plan(
        "## Requirements\n\n- FR-1: The service must send mail to members of Team Gamma each night.\n"
    )
    assert _team(draft, "FR-1") == "beta"


def test_stated_teams_of_the_sample_document_win() -> None:
    draft = plan(planning_input("PRD-2026-Q1-Checkout"))
    teams = {name: story.team for story in draft.stories for name in story.requirements}
    stated = {
        "CO-1": "delta",
        "CO-5": "beta",
        "CO-6": "alpha",
        "CO-7": "gamma",
        "CO-8": "beta",
        "CO-12": "beta",
    }
    assert {name: teams[name] for name in stated} == stated


def test_a_team_that_does_not_exist_is_named_with_its_line_and_a_person_still_moves_it() -> None:
    body = (
        "## Requirements\n\n| Id | Requirement | Team |\n|---|---|---|\n"
        "| FR-1 | The service must send mail to buyers each night | Omega |\n"
    )
    draft = _plan(body)
    assert (
        "Line 9 gives S1 to “Omega”, which is no team of the department; it would go to Team Beta."
        in " ".join(draft.blockers)
    )
    given = _input(body)
    moved = plan(replace(given, changes=replace(given.changes, move=(("S1", "Team Gamma"),))))
    assert _team(moved, "FR-1") == "gamma"


def test_needs_in_a_circle_are_broken_with_a_sentence() -> None:
    draft = _plan(
        "## Requirements\n\n"
        "- FR-1: The page must list invoices; it needs FR-3.\n"
        "- FR-2: The service must send mail to buyers; it needs FR-1.\n"
        "- FR-3: The report must count refunds; it needs FR-2.\n"
    )
    assert len(draft.precedences) == 2
    (said,) = [one for one in draft.blockers if "need each other" in one]
    assert said.startswith("FR-3 and FR-2 need each other, over others or directly.")
    assert "say in the document which comes first" in said


def test_of_an_id_that_stands_twice_the_first_is_meant() -> None:
    draft = _plan(
        "## Requirements\n\n"
        "- FR-1: The page must list invoices of a buyer.\n"
        "- FR-1: The service must send mail to suppliers.\n"
        "- FR-2: The report must count refunds; it needs FR-1.\n"
    )
    assert draft.story(_key(draft, "FR-2")).depends_on == ("S1",)


LEDGER = (
    "## Requirements\n\n- FR-1: The service must book refunds in Ledger Two.\n"
    "- FR-2: The page must greet buyers.\n"
)


def _with_ledger(**of_stories: object) -> PlanningInput:
    """An epic `Ledger Two` of Team Alpha with one open story."""
    given = _input(LEDGER)
    epic = replace(
        given.epics[0], id="EPIC-L", title="Ledger Two", document=None, status=StoryStatus.IN_PROGRESS
    )
    story = next(s for s in given.stories if s.team == "alpha" and s.discipline == "backend")
    fields = {"status": StoryStatus.BACKLOG, "sprint": None, "estimate_hours": 10.0, **of_stories}
    open_story = replace(story, id="CARD-L", epic="EPIC-L", **fields)  # type: ignore[arg-type]
    return replace(given, epics=(epic, *given.epics), stories=(*given.stories, open_story))


def test_a_story_on_something_not_ready_begins_when_its_open_stories_are_done() -> None:
    sprint: Sprint = next(
        s for s in _input(LEDGER).sprints if s.team == "alpha" and s.starts >= date(2027, 1, 1)
    )
    draft = plan(_with_ledger(status=StoryStatus.SCHEDULED, sprint=sprint.id))
    starts = {place.story: place.starts for place in draft.schedule}
    assert starts[_key(draft, "FR-1")] >= sprint.ends
    assert starts[_key(draft, "FR-2")] < sprint.ends
    assert any("Ledger Two is not ready" in one and "S1 waits for it until" in one for one in draft.blockers)


@pytest.mark.parametrize(
    "fields", [{"status": StoryStatus.BLOCKED}, {"estimate_hours": None}, {"estimate_hours": 90_000.0}]
)
def test_a_story_on_something_of_which_nobody_can_tell_waits_without_a_place(fields: dict[str, object]) -> None:
    draft = plan(_with_ledger(**fields))
    assert [u.why for u in draft.unscheduled if u.story == _key(draft, "FR-1")] == [
        "it waits for Ledger Two, and nobody can tell when that is ready"
    ]
    assert any("wait" in one and "leave them out" in one for one in draft.blockers)
    assert _key(draft, "FR-2") in {place.story for place in draft.schedule}


def test_what_comes_after_a_story_that_waits_waits_too() -> None:
    given = _with_ledger(status=StoryStatus.BLOCKED)
    text = given.document.text.replace("greet buyers", "greet buyers; it needs FR-1")
    draft = plan(replace(given, document=replace(given.document, text=text)))
    why = {u.story: u.why for u in draft.unscheduled}
    assert why[_key(draft, "FR-2")] == f"it comes after {_key(draft, 'FR-1')}, which waits"


def test_a_service_that_is_not_in_production_waits_for_the_epic_that_builds_it() -> None:
    given = _with_ledger(status=StoryStatus.BLOCKED)
    service: Service = replace(
        given.services[0], id="ledger-two", name="Ledger Two", lifecycle="experimental", team="alpha"
    )
    text = given.document.text.replace("Ledger Two", "ledger-two")
    given = replace(given, services=(*given.services, service), document=replace(given.document, text=text))
    draft = plan(given)
    assert "ledger" in " ".join(draft.blockers).lower()
    assert any("nobody can tell when that is ready" in u.why for u in draft.unscheduled)
