"""Drafts, grants and hostile texts for whatever tests a tracker."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import UTC, datetime
from typing import Any

from governance.action import Grant
from governance.visibility import EVERYTHING, Scope
from integrations.tracker import (
    Epic,
    EpicDraft,
    EpicQuery,
    Priority,
    StoryChange,
    StoryDraft,
    StoryEdit,
    StoryQuery,
    StoryStatus,
    Tracker,
)

ACME = Scope(everything=False, accounts=frozenset({"acme-corp"}))
MARKER = "zanzibar-7731"

HOSTILE = (
    "'; DROP TABLE tracker_stories; --",
    "Robert' OR '1'='1",
    "<!channel> *bold* <https://evil.example|click> @here",
    "\u202eesrever\u202c and \u2067isolated\u2069",
    "bell \x07, escape \x1b[31m, tab \t, newline \n, carriage return \r",
    "nul \x00 inside",
    "half a character \ud83d",
    "%s %(x)s {0} ${HOME} $1 \\ \\\\",
    "🧨" * 300,
    "x" * 10_000,
    "  spaces kept  ",
    "e\u0301 is not \u00e9",
)


def grant(name: str | None = None) -> Grant:
    return Grant(
        id=name or uuid.uuid4().hex,
        tenant="contract",
        effect="e1",
        digest="d",
        epoch=0,
        minted_at=datetime.now(UTC),
    )


def draft(title: str = "Export orders as CSV", **fields: object) -> StoryDraft:
    story = StoryDraft(
        title=title,
        description="As a shop owner, I want my orders as a file.",
        acceptance=("Given orders, when I export, then I get them all",),
        team="alpha",
        product="checkout",
        priority=Priority.P2,
        discipline="backend",
        estimate_hours=6.5,
    )
    return dataclasses.replace(story, **fields)


def epic(title: str = "Exports", **fields: object) -> EpicDraft:
    return dataclasses.replace(EpicDraft(title, "checkout", "PRD-1", Priority.P1), **fields)


async def ids(tracker: Tracker, scope: Scope = EVERYTHING, **query: object) -> list[str]:
    return [story.id for story in (await tracker.stories(scope, StoryQuery(**query))).items]


async def set_status(tracker: Tracker, story: str, *statuses: StoryStatus) -> None:
    for status in statuses:
        await tracker.change_stories(grant(), [StoryEdit(story, StoryChange(status=status))])


async def epics(tracker: Tracker, scope: Scope = EVERYTHING, **query: Any) -> list[Epic]:
    return list((await tracker.epics(scope, EpicQuery(**query))).items)
