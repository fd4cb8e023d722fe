"""The benchmark of roadmaps: its backlogs are the same for a seed, and too much for a quarter."""

from __future__ import annotations

from dataclasses import replace

from agents.roadmap.draw import draw
from agents.roadmap.items import Wishes
from bench.plan_department import department, given
from bench.roadmap import ITEMS, LINKS, SPAN, backlog
from integrations.documents import Document


def test_a_backlog_is_the_same_again_and_more_than_fits() -> None:
    asked = given(Document("roadmap", "", "0" * 16, "roadmap"))
    asked = replace(asked, stories=asked.done())
    read = backlog(asked, 1)
    assert read.stories == backlog(asked, 1).stories != backlog(asked, 2).stories
    assert len({story.epic or story.id for story in read.stories}) == ITEMS
    assert sum(len(story.depends_on) for story in read.stories) == LINKS
    roadmap = draw(read, department(), SPAN, Wishes())
    assert roadmap.items == ITEMS
    assert 100 < len(roadmap.chosen) < 350
    assert roadmap.worth <= roadmap.bound
