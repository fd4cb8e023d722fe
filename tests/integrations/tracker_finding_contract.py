"""How every tracker hands out its lists, and what it finds by words."""

from __future__ import annotations

import pytest

from governance.visibility import EVERYTHING, NOTHING, Scope
from integrations.pages import Page
from integrations.tracker import (
    Epic,
    EpicQuery,
    NoSuchItem,
    OpenWork,
    Priority,
    Story,
    StoryQuery,
    StoryStatus,
    Tracker,
)
from tests.integrations.pages_contract import keeps_pages
from tests.integrations.tracker_drafts import ACME, MARKER, draft, epic, grant

OPEN = frozenset(StoryStatus) - {StoryStatus.DONE, StoryStatus.CANCELLED}


class FindingContract:
    @pytest.mark.parametrize("newest_first", [False, True])
    async def test_stories_come_in_pages(self, tracker: Tracker, newest_first: bool) -> None:
        for number in range(7):
            await tracker.create_story(grant(), draft(f"Story {number}", team=("alpha", "beta")[number % 2]))

        async def read(after: str | None, limit: int) -> Page[Story]:
            query = StoryQuery(team="alpha", newest_first=newest_first, after=after, limit=limit)
            return await tracker.stories(EVERYTHING, query)

        async def add(number: int) -> Story:
            return await tracker.create_story(
                grant(), draft(f"Later {number}", team=("alpha", "beta")[number % 2])
            )

        await keeps_pages(read, add)

    async def test_epics_come_in_pages(self, tracker: Tracker) -> None:
        for number in range(5):
            await tracker.create_epic(grant(), epic(f"Epic {number}"))

        async def read(after: str | None, limit: int) -> Page[Epic]:
            return await tracker.epics(EVERYTHING, EpicQuery(after=after, limit=limit))

        async def add(number: int) -> Epic:
            return await tracker.create_epic(grant(), epic(f"Later {number}"))

        await keeps_pages(read, add)

    async def test_the_best_is_found_first_and_of_equals_the_newest(self, tracker: Tracker) -> None:
        titles = (
            "Export the orders as CSV",
            "Export orders",
            "Export invoices",
            "Rotate certificates",
            "Export orders",
        )
        ids = [(await tracker.create_story(grant(), draft(title))).id for title in titles]

        found = [
            story.id
            for story in await tracker.find_stories(EVERYTHING, "where are export orders?", StoryQuery())
        ]
        assert found == [ids[4], ids[1], ids[0], ids[2]]
        again = await tracker.find_stories(EVERYTHING, "where are export orders?", StoryQuery(limit=2))
        assert [story.id for story in again] == found[:2]

    @pytest.mark.parametrize(
        "said",
        [
            "certificats",
            "CERTIFICATES",
            "the certificate",
            "certificaets",
            "the webhock",
            "single-signon",
            "sign on",
        ],
    )
    async def test_a_slip_and_another_ending_are_forgiven(self, tracker: Tracker, said: str) -> None:
        for title in ("Rotate certificates", "Webhook retries", "Single sign-on", "Unlike all else"):
            await tracker.create_story(grant(), draft(title))
        found = await tracker.find_stories(EVERYTHING, said, StoryQuery())
        assert found
        assert found[0].title != "Unlike all else"

    @pytest.mark.parametrize(
        "said", ["", "?!", "zebra", "\x00", "\ud83d", "x" * 5000, "% _", "'; DROP TABLE x; --"]
    )
    async def test_what_no_title_has_finds_nothing(self, tracker: Tracker, said: str) -> None:
        await tracker.create_story(grant(), draft("Export orders"))
        await tracker.create_epic(grant(), epic("Exports", document=None))
        assert list(await tracker.find_stories(EVERYTHING, said, StoryQuery())) == []
        assert list(await tracker.find_epics(EVERYTHING, said, EpicQuery())) == []

    async def test_finding_keeps_to_the_query(self, tracker: Tracker) -> None:
        home = (await tracker.create_epic(grant(), epic("Exports", document="PRD-2026-Q2-Export"))).id
        other = (await tracker.create_epic(grant(), epic("Exports of old", document=None))).id
        mine = (await tracker.create_story(grant(), draft("Export orders", epic=home, priority=Priority.P0))).id
        await tracker.create_story(grant(), draft("Export orders", team="beta"))

        async def found(**query: object) -> list[str]:
            wanted = StoryQuery(**query)  # type: ignore[arg-type]
            return [story.id for story in await tracker.find_stories(EVERYTHING, "export orders", wanted)]

        assert len(await found()) == 2
        assert await found(epic=home) == [mine]
        assert await found(priority=Priority.P0) == [mine]
        assert await found(ids=frozenset({mine})) == [mine]
        assert await found(status=frozenset({StoryStatus.DONE})) == []
        by_document = await tracker.find_epics(EVERYTHING, "prd 2026 q2 export", EpicQuery())
        assert [one.id for one in by_document][:1] == [home]
        named = await tracker.find_epics(EVERYTHING, "exports", EpicQuery(ids=frozenset({other})))
        assert [one.id for one in named] == [other]

    async def test_what_lies_outside_the_scope_is_never_found(self, tracker: Tracker) -> None:
        own = await tracker.create_story(
            grant(), draft("Export orders", customers=("acme-corp", f"{MARKER}-corp"))
        )
        await tracker.create_story(grant(), draft(f"Export orders {MARKER}", customers=(f"{MARKER}-corp",)))
        await tracker.create_story(grant(), draft(f"Export orders {MARKER} of nobody"))
        shared = await tracker.create_epic(grant(), epic("Exports", customers=("acme-corp",), document=None))
        hidden = await tracker.create_epic(grant(), epic(f"Exports {MARKER}", customers=(f"{MARKER}-corp",)))
        await tracker.create_story(grant(), draft("Of mine", customers=("acme-corp",), epic=hidden.id))
        left = await tracker.create_story(
            grant(),
            draft("Shared", customers=("acme-corp", f"{MARKER}-corp"), epic=shared.id, estimate_hours=4.5),
        )
        await tracker.create_story(
            grant(), draft("Unshared", customers=(f"{MARKER}-corp",), epic=shared.id, estimate_hours=100.0)
        )

        asked = f"export orders exports {MARKER}"
        stories = await tracker.find_stories(ACME, asked, StoryQuery())
        epics = await tracker.find_epics(ACME, asked, EpicQuery())
        assert ([one.id for one in stories], [one.id for one in epics]) == ([own.id], [shared.id])
        assert MARKER not in repr((stories, epics))
        assert list(await tracker.open_work(ACME)) == [OpenWork(shared.id, 1, 4.5, ("acme-corp",))]
        assert left.estimate_hours == 4.5
        for nobody in (NOTHING, Scope(everything=False, accounts=frozenset({"x"}))):
            assert list(await tracker.find_stories(nobody, asked, StoryQuery())) == []
            assert list(await tracker.find_epics(nobody, asked, EpicQuery())) == []
            assert list(await tracker.open_work(nobody)) == []
        with pytest.raises(NoSuchItem) as refused:
            await tracker.epic(ACME, hidden.id)
        assert MARKER not in str(refused.value)

    async def test_open_work_is_counted_by_epic(self, tracker: Tracker) -> None:
        first = (await tracker.create_epic(grant(), epic("One"))).id
        await tracker.create_epic(grant(), epic("Nothing open"))
        await tracker.create_story(grant(), draft(epic=first, estimate_hours=2.25, customers=("globex",)))
        await tracker.create_story(
            grant(), draft(epic=first, estimate_hours=None, customers=("acme-corp", "globex"))
        )
        await tracker.create_story(grant(), draft("Of no epic", estimate_hours=9.0))
        assert list(await tracker.open_work(EVERYTHING)) == [OpenWork(first, 2, 2.25, ("acme-corp", "globex"))]

    async def test_ids_are_told_from_other_words(self, tracker: Tracker) -> None:
        story = await tracker.create_story(grant(), draft())
        home = await tracker.create_epic(grant(), epic())
        for shape, id in ((tracker.story_ids, story.id), (tracker.epic_ids, home.id)):
            written = shape.first(f"what of {id.lower()}, and why?")
            assert written is not None
            assert (written.start, written.id) == (8, id)
            assert shape.first("what of the checkout, and of 12 things?") is None
        assert (await tracker.epic(EVERYTHING, home.id)) == home
        with pytest.raises(NoSuchItem):
            await tracker.epic(EVERYTHING, story.id)
        with pytest.raises(NoSuchItem):
            await tracker.story(EVERYTHING, home.id)
