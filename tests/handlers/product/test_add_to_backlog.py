"""One story from a sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from governance.department_file import read_department
from governance.tables import WindowRow
from handlers.conversation.cards import Reply
from handlers.delivery.add_to_backlog.parse import read_story
from handlers.notices import find_notices
from tests.handlers.conftest import ACME, buttons
from tests.handlers.product.conftest import Product

DEPARTMENT = read_department(Path(ACME) / "department.yaml")


@pytest.mark.parametrize(
    ("words", "title", "priority"),
    [
        ("Add query optimization to the backlog as P0", "Query optimization", "P0"),
        ("create a P1 story linked to the incident: add circuit breakers", "Add circuit breakers", "P1"),
        ("please file a bug, the button is misaligned on Safari", "Button is misaligned on Safari", None),
        ("we should write down that the retry logic needs tests, P2", "Retry logic needs tests", "P2"),
        ('put "remove the old feature flags" on the backlog', "Remove the old feature flags", None),
        ("make a story to upgrade Postgres to 17", "Upgrade Postgres to 17", None),
        ("story: as an admin I want to export users", "Export users", None),
        ("add rate limiting as a backlog item for team Alpha", "Rate limiting", None),
        ("there's a bug in checkout, please create a ticket", "Defect in checkout", None),
        ("add a low priority task: tidy the wiki", "Tidy the wiki", "P3"),
        ("Orders count their pieces; P2, team Beta", "Orders count their pieces", "P2"),
        ("add retries to payments (P1, team Gamma)", "Retries to payments", "P1"),
        ("story: export carts, alpha team, P2", "Export carts", "P2"),
        ("team names are shown on all cards", "Team names are shown on all cards", None),
        ("add to backlog", "", None),
        ("put it on the backlog", "", None),
        ("create a ticket", "", None),
    ],
)  # fmt: skip
def test_a_title_is_what_is_left_when_the_asking_is_taken_off(
    words: str, title: str, priority: str | None
) -> None:
    said = read_story(words, DEPARTMENT)
    assert (said.title, said.priority) == (title, priority)


def test_acceptance_criteria_that_were_said_are_taken() -> None:
    said = read_story("add a story: export orders. Acceptance: a file appears; it opens in Excel", DEPARTMENT)
    assert said.title == "Export orders"
    assert said.acceptance == ("A file appears.", "It opens in Excel.")


async def _add(product: Product, person: str, words: str) -> Reply:
    (reply,) = (await product.talk.say(person, f"/add_to_backlog {words}")).replies
    return reply


async def test_a_story_gets_team_and_criteria_from_what_was_done(product: Product) -> None:
    reply = await _add(product, "david", "Add caching of slow database queries to the backlog as P2")
    (effect,) = await product.effects("tracker.create_story")
    draft = effect.body["draft"]
    assert (draft["team"], draft["priority"]) == ("performance", "P2")
    assert any("performance test" in criterion for criterion in draft["acceptance"])
    assert "Includes performance test requirements" in repr(reply)
    assert effect.state == "ready"
    assert reply.key == effect.id


async def test_the_same_message_says_when_the_tracker_has_it(product: Product) -> None:
    await _add(product, "david", "Add caching of slow database queries to the backlog as P0")
    (effect,) = await product.effects("tracker.create_urgent_story")
    async with product.talk.desk() as desk:
        row = await desk.tx.get(type(effect), (product.talk.tenant, effect.id))
        assert row is not None
        row.state, row.outcome = "done", {"state": "done", "detail": "Created CARD-9.", "reference": "CARD-9"}
        await desk.tx.flush()
        ended = await find_notices()["effect_ended"].render(desk, {"effect": effect.id, "key": effect.id}, None)
    assert ended is not None
    assert "Performance Squad" in repr(ended)
    assert buttons(ended)["schedule_now"].subject == "CARD-9"


async def test_something_like_it_is_shown_before_it_is_added_again(product: Product) -> None:
    reply = await _add(product, "david", "add a story: refund several payments at once")
    assert "There is already CARD-2: Refund several payments at once" in reply.text
    assert await product.effects("tracker.create_story") == []
    pressed = buttons(reply)["add_anyway"]
    await product.talk.press("david", pressed.verb, pressed.subject)
    assert len(await product.effects("tracker.create_story")) == 1


async def test_a_team_that_nobody_can_tell_is_asked_for(product: Product) -> None:
    reply = await _add(product, "david", "story: nicer coffee machine in the kitchen")
    assert "Which team" in reply.text
    assert await product.effects("tracker.create_story") == []
    pressed = buttons(reply)["add_anyway"]
    await product.talk.press("david", pressed.verb, pressed.subject)
    (effect,) = await product.effects("tracker.create_story")
    assert effect.body["draft"]["title"] == "Nicer coffee machine in the kitchen"
    assert DEPARTMENT.team(effect.body["draft"]["team"]).name in pressed.label


async def test_urgent_stories_wait_for_the_product_owner(product: Product) -> None:
    reply = await _add(product, "nathan", "Add caching of slow database queries to the backlog as P0")
    (effect,) = await product.effects("tracker.create_urgent_story")
    assert effect.state == "parked"
    assert "the product owner" in repr(reply)
    assert "A performance test" in repr(reply)
    await product.talk.press("priya", "approve", effect.approval or "")
    (effect,) = await product.effects("tracker.create_urgent_story")
    assert effect.state == "ready"


async def test_an_sre_links_an_urgent_story_to_the_open_incident(product: Product) -> None:
    talk = product.talk
    words = "create a P0 story linked to the incident: cache slow database queries"
    await _add(product, "nathan", words)
    async with talk.database.transaction(talk.tenant) as tx:
        now, hour = datetime.now(UTC), timedelta(hours=1)
        tx.add(
            WindowRow(
                id="wi_1", mode="incident", starts=now - hour, ends=now + hour, opened_by="nathan", reason="r"
            )
        )
        talk.now = now
    await _add(product, "nathan", words)
    await _add(product, "mei.tanemori", words)
    effects = await product.effects("tracker.create_urgent_story")
    assert {(effect.requester, effect.state, effect.body["incident"]) for effect in effects} == {
        ("nathan", "parked", None),
        ("nathan", "ready", "wi_1"),
        ("mei.tanemori", "parked", None),
    }


@pytest.mark.parametrize(
    "words",
    [
        "story: '; DROP TABLE tracker_stories; -- for team Alpha",
        "story: <!channel> *bold* <https://evil.example|click> for team Alpha",
        "story: \u202eesrever \x07bell for team Alpha",
        f"story for team Alpha: {'very ' * 900}long",
    ],
)
async def test_hostile_text_is_kept_as_plain_text_or_refused(product: Product, words: str) -> None:
    await _add(product, "david", words)
    (effect,) = await product.effects("tracker.create_story")
    title = effect.body["draft"]["title"]
    assert title
    assert len(title) <= 160
    assert not {"\u202e", "\x07", "\n"} & set(title)


async def test_customer_success_makes_no_stories(product: Product) -> None:
    reply = await _add(product, "rachel", "add a story: everything for Acme")
    assert "product owner" in reply.text
    assert await product.effects("tracker.create_story", "tracker.create_urgent_story") == []


async def test_an_urgent_story_goes_into_the_sprint_that_runs_when_who_schedules_says_so(
    product: Product,
) -> None:
    (reply,) = (await product.talk.press("david", "schedule_now", "CARD-5")).replies
    (effect,) = await product.effects("tracker.schedule_story")
    assert (effect.state, effect.body["sprint"]) == ("parked", "alpha-s1")
    assert "approve" in buttons(reply)
    (gone,) = (await product.talk.press("david", "schedule_now", "CARD-99")).replies
    assert "no story CARD-99" in gone.text
