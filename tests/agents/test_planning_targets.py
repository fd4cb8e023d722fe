"""What documents say about time: which dates are read, which are missed, why, and what would meet them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from agents.planning.budget import budget
from agents.planning.capacity import Free, free_hours
from agents.planning.draft import DraftStory, Miss, PlanChanges, PlanDraft, Precedence
from agents.planning.milestones import milestones
from agents.planning.plan import plan
from agents.planning.request import PlanningInput
from agents.planning.schedule import schedule
from agents.planning.targets import Outlook, misses, targets
from governance.moments import day_text
from integrations.tracker import Priority
from tests.agents.acme_input import TODAY, planning_input
from tests.agents.test_planning_figures import drafted


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("The first building goes live on 12 April 2027, the rest later.", date(2027, 4, 12)),
        ("Wanted in production by 15 March 2027, before the talks.", date(2027, 3, 15)),
        ("| Target | 2027-03-31 |", date(2027, 3, 31)),
        ("Pilot on 1st March.", date(2027, 3, 1)),
        ("Everything is live by the end of February.", date(2027, 2, 28)),
        ("Delivery is due in Q2 2027.", date(2027, 6, 30)),
        ("Abnahme am 15. Mai 2027.", date(2027, 5, 15)),
        ("toda la comunidad el 1 de junio de 2027.", date(2027, 6, 1)),
        ("2027年3月8日在两个小区试点。", date(2027, 3, 8)),
    ],
)
def test_dates_are_read_as_documents_write_them(line: str, day: date):
    assert [d.when.day for d in milestones(f"# D\n\n{line}\n", TODAY).dates] == [day]


@pytest.mark.parametrize(
    "line",
    [
        "Last updated: 2026-09-08",
        "| 0.4 | 2025-03-11 | Put off: the figures were not available |",
        "Order events are live since 2026-06-01.",
        "The registry delivers ids; promised for 2027-01-15.",
        "Carbon dioxide dosing by light. Planned for 2028-01-01.",
        "The 30th of February 2027 is when it is due: 2027-02-30.",
    ],
)
def test_other_dates_are_not_to_be_met(line: str):
    assert milestones(f"# D\n\n{line}\n", TODAY).dates == ()


def test_what_is_out_of_scope_or_asked_or_code_states_no_date():
    text = "# D\n\n## Out of scope\n\n- Live by 2027-03-01\n\n## Questions\n\n1. Who? (by 2027-01-01)\n\n"
    assert milestones(text + "## API\n\n```\nready by 2027-02-02\n```\n", TODAY).dates == ()


def test_weeks_a_limit_and_a_start_are_read_with_their_lines():
    text = "| Start | 2027-01-18 |\n| Budget | 400 agent-hours |\n\n## Milestones\n\n| Week 6 | Beta |\n"
    found = milestones(text, TODAY)
    assert [(d.when.weeks, d.what, d.line) for d in found.dates] == [(6, "Beta", 6)]
    assert found.limit is not None
    assert (found.limit.hours, found.limit.line, found.start) == (400, 2, date(2027, 1, 18))
    assert milestones("About 180 agent-hours.", TODAY).limit is None


def judged(
    document: str,
    stories: Sequence[DraftStory],
    links: Sequence[Precedence] = (),
    free: dict[str, tuple[Free, ...]] | None = None,
) -> tuple[Miss, ...]:
    given: PlanningInput = planning_input()
    free = free or free_hours(given)
    table = schedule(stories, links, free, given)
    seen = Outlook(tuple(stories), tuple(links), free, table, budget(stories, given))
    return misses(targets(milestones(document, TODAY), seen, given), seen, given)


def test_a_date_that_capacity_cannot_meet_says_so_and_what_would():
    stories = [
        replace(drafted(f"S{n}", 20, 20, 20), priority=Priority.P3 if n == 5 else Priority.P1) for n in range(6)
    ]
    (miss,) = judged("Live by 2027-01-15.", stories)
    assert miss.target.day == date(2027, 1, 15)
    assert "backend capacity of Team Alpha: 120 agent-hours are needed by then," in miss.why
    assert miss.remedy.startswith(("Moving S", "Leaving out S"))


def test_what_is_said_to_meet_a_date_meets_it():
    given = planning_input()
    stories = [
        replace(drafted(f"S{n}", 20, 20, 20, team="platform"), discipline="sre", priority=Priority.P2)
        for n in range(8)
    ]
    (miss,) = judged("Live by 2027-01-29.", stories)
    gone = {word.strip(",.") for word in miss.remedy.split() if word.startswith("S")}
    assert gone
    if miss.remedy.startswith("Leaving out"):
        kept = [s for s in stories if s.key not in gone]
    else:
        team = given.team(miss.remedy.split(" to ")[1].removesuffix(" meets it."))
        kept = [replace(s, team=team.id) if s.key in gone else s for s in stories]
    assert judged("Live by 2027-01-29.", kept) == ()


def test_a_chain_that_is_too_long_is_named():
    stories = [
        drafted(f"S{n}", 12, 12, 12, team=team) for n, team in enumerate(["alpha", "beta", "gamma", "alpha"])
    ]
    links = [Precedence(f"S{n + 1}", f"S{n}", "") for n in range(3)]
    given = planning_input()
    hours = {"backend": 40.0}
    free = {team: tuple(replace(f, hours=hours) for f in own) for team, own in free_hours(given).items()}
    first = free["alpha"][0].sprint.starts
    (miss,) = judged(f"Live by {first + timedelta(days=8)}.", stories, links, free)
    assert miss.why.startswith("S0 → S1 → S2 → S3 come one after the other and take until")


def test_a_date_that_is_met_is_no_miss_and_a_limit_is_one():
    stories = [drafted("S1", 10, 10, 10), replace(drafted("S2", 8, 8, 8), priority=Priority.P3)]
    assert judged("Live by 2027-06-30. We have 20 agent-hours for it.", stories) == ()
    (miss,) = judged("Live by 2027-06-30. We have 15 agent-hours for it.", stories)
    assert (miss.planned, miss.remedy) == ("18 agent-hours", "Leaving out S2 stays within it.")


@pytest.fixture(scope="module")
def dashboard() -> PlanDraft:
    return plan(planning_input())


def test_the_dashboards_beta_in_week_six_is_missed_for_capacity(dashboard: PlanDraft):
    miss = dashboard.misses[0]
    assert dashboard.scheduled_to is not None
    assert (miss.target.when, miss.target.line) == ("week 6", 9)
    assert dashboard.starts_on is not None
    monday = dashboard.starts_on - timedelta(days=dashboard.starts_on.weekday())
    assert miss.target.day == monday + timedelta(weeks=6, days=-3)  # the Friday of the sixth week of work
    assert miss.planned == f"scheduled to {day_text(dashboard.scheduled_to)}"
    assert miss.why
    assert dashboard.risks[0].title == "Dates of the document are not met"


def test_work_begins_no_earlier_than_the_document_says_unless_somebody_asks_for_it():
    text = planning_input().document.text.replace(
        "| **Budget** |", "| **Start** | 2027-01-18 |\n| **Budget** |"
    )
    stated = plan(planning_input(text=text))
    assert stated.starts_on is not None
    assert stated.starts_on >= date(2027, 1, 18)
    asked = plan(planning_input(text=text, changes=PlanChanges(start=date(2026, 12, 7))))
    assert asked.starts_on is not None
    assert asked.starts_on < date(2027, 1, 18)
