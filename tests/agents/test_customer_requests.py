"""What a customer's request is worth, when it can be there, and which other requests ask for the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from agents.customers.business_case import business_case
from agents.customers.delivery_date import Delivery, Pace, before_it, delivery
from agents.customers.effort import Effort, Finished, of_similar
from agents.customers.letters import Addressed, Started, started
from agents.customers.similar import Described, SimilarTexts
from agents.planning.draft import NotEnoughHistory
from agents.planning.working_days import WorkingDays
from agents.ranking import Revenue
from integrations.customers import Account, Standing
from integrations.tracker import Epic, Priority, Story, StoryStatus

TODAY = date(2026, 11, 30)
AT = datetime(2026, 10, 1, tzinfo=UTC)
PACE = Pace({"gamma": (2,) * 26}, TODAY, WorkingDays())


def story(number: int, status: StoryStatus = StoryStatus.BACKLOG, priority: Priority = Priority.P1) -> Story:
    return Story(
        id=f"CARD-{number}",
        title=f"Story {number}",
        description="",
        acceptance=(),
        team="gamma",
        product="identity",
        status=status,
        priority=priority,
        epic=None,
        discipline="backend",
        estimate_hours=10.0,
        actual_hours=None,
        customers=(),
        labels=(),
        depends_on=(),
        blocked_reason=None,
        assignee=None,
        sprint=None,
        created=AT,
        started=None,
        finished=None,
    )


def account(id: str, arr: int | None, standing: Standing | None) -> Account:
    return Account(
        id, id, (), "enterprise", None if arr is None else Decimal(arr), None, None, standing, None, None, None
    )


def test_each_customer_counts_once_and_by_its_health() -> None:
    acme, other = account("acme", 500_000, Standing.AT_RISK), account("other", 100_000, Standing.HEALTHY)
    worth = business_case([acme, other, acme], 100, Decimal("8.00"))
    assert worth.revenue == Revenue(Decimal(600_000), ())
    assert worth.at_risk == 160_000
    assert worth.cost == 800
    assert worth.returns == Decimal("199.0")


def test_revenue_that_is_not_known_is_named_and_is_not_nothing() -> None:
    acme, silent = account("acme", 500_000, Standing.AT_RISK), account("silent", None, None)
    worth = business_case([acme, silent], 100, Decimal("8.00"))
    assert worth.revenue == Revenue(Decimal(500_000), ("silent",))
    assert worth.returns == Decimal("186.5"), "at least so much"
    assert business_case([silent], 100, Decimal("8.00")).returns is None


def test_what_costs_nothing_has_no_return() -> None:
    assert business_case([account("acme", 1, None)], 0, Decimal(8)).returns is None


def test_a_steady_team_is_done_when_its_line_is_worked_off() -> None:
    """Two a week, every week: six before it and four of its own are five weeks, in every run."""
    found = delivery({"gamma": 4}, [story(n) for n in range(6)], PACE, None)
    assert isinstance(found, Delivery)
    assert found.half == found.most == date(2027, 1, 1)
    assert not found.is_late


def test_a_day_that_cannot_be_held_says_what_would_have_to_wait() -> None:
    line = [story(n, StoryStatus.SCHEDULED) for n in range(6)]
    found = delivery({"gamma": 4}, line, PACE, date(2026, 12, 18))
    assert isinstance(found, Delivery)
    assert found.is_late
    assert [one.id for one in found.moves] == ["CARD-5", "CARD-4", "CARD-3", "CARD-2"]
    assert not found.cannot


def test_what_is_begun_never_waits() -> None:
    begun = [story(n, StoryStatus.IN_PROGRESS) for n in range(6)]
    found = delivery({"gamma": 4}, begun, PACE, date(2026, 12, 18))
    assert isinstance(found, Delivery)
    assert found.cannot
    assert found.moves == ()


def test_a_team_that_finished_nothing_has_no_day() -> None:
    assert isinstance(delivery({"delta": 1}, [], PACE, None), NotEnoughHistory)


def test_before_it_comes_what_is_taken_on_and_what_is_as_urgent() -> None:
    stories = [
        story(1, StoryStatus.BACKLOG, Priority.P3),
        story(2, StoryStatus.SCHEDULED, Priority.P3),
        story(3, StoryStatus.BACKLOG, Priority.P0),
        story(4, StoryStatus.IN_PROGRESS),
        replace(story(5), team="alpha"),
        story(6),
    ]
    ahead = before_it(stories, frozenset({"CARD-6"}), frozenset({"gamma"}), Priority.P1)
    assert [one.id for one in ahead] == ["CARD-4", "CARD-2", "CARD-3"]


def finished(title: str, hours: float) -> Finished:
    epic = Epic(f"EPIC-{title}", title, "p", None, StoryStatus.DONE, Priority.P2, (), AT)
    return Finished(epic, hours, 4)


def test_a_feature_takes_what_the_most_similar_ones_took() -> None:
    known = [
        finished("Export of orders", 100),
        finished("Export of invoices", 120),
        finished("Search by name", 10),
        finished("Sign-in by code", 12),
    ]
    found = of_similar("Export of refunds", known)
    assert isinstance(found, Effort)
    assert 100 <= found.hours <= 120
    assert found.low < 100
    assert set(found.rests_on[:2]) == {"EPIC-Export of orders", "EPIC-Export of invoices"}
    assert isinstance(of_similar("Export", known[:2]), NotEnoughHistory)


def test_the_same_in_other_words_is_nearest() -> None:
    index = SimilarTexts(
        [
            Described("Exports of more than 10,000 rows fail"),
            Described("Single sign-on with our identity provider (SAML 2.0)"),
            Described("Dark mode"),
        ]
    )
    first, *_ = index.nearest(Described("SAML SSO integration"), 3)
    assert first.place == 1
    assert max(index.likeness(Described("zzz"))) < 0.15


def test_what_one_says_in_its_title_and_the_other_further_on_counts() -> None:
    texts = [Described("Reports", "Nothing else"), Described("Reports", "They should open as a spreadsheet")]
    first, second = SimilarTexts(texts).nearest(Described("Spreadsheet of reports"), 2)
    assert (first.place, second.place) == (1, 0)
    assert 0 < second.likeness < first.likeness < 1


@pytest.mark.parametrize(
    ("by", "needed", "says"),
    [
        (date(2027, 3, 12), date(2027, 6, 30), "15 weeks before 30 Jun 2027"),
        (date(2027, 6, 28), date(2027, 6, 30), "in time for 30 Jun 2027"),
        (date(2027, 8, 13), date(2027, 6, 30), "later than 30 Jun 2027"),
        (date(2027, 8, 13), None, "by 13 Aug 2027."),
        (None, date(2027, 6, 30), "cannot be told yet"),
    ],
)
def test_a_mail_says_the_day_beside_the_one_that_was_named(
    by: date | None, needed: date | None, says: str
) -> None:
    said = "\n".join(started(Addressed("Irene", "Acme", "SAML", "Rachel"), Started(None, by), needed))
    assert says in said
