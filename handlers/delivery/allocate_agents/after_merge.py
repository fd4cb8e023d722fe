"""What a story's card says after its merge: where it runs, and the button that takes it back."""

from __future__ import annotations

from dataclasses import dataclass

from agents.engineering.revert_rows import revert_of
from agents.engineering.story_releases import release_of
from agents.engineering.story_rows import is_taken_back
from agents.engineering.tables import StoryReleaseRow, StoryWorkRow
from agents.work.tables import ENDED, RunRow
from handlers.conversation.cards import Block, Button, Link, Text, Tone
from handlers.conversation.desk import Desk


@dataclass(frozen=True, slots=True)
class AfterMerge:
    """Where a merged story stands: what was released of it, what takes it back, and whether it is back."""

    release: StoryReleaseRow | None
    revert: RunRow | None
    is_back: bool


async def after_merge(desk: Desk, work: StoryWorkRow) -> AfterMerge:
    """What came after a merge."""
    return AfterMerge(
        await release_of(desk.tx, work.run),
        await revert_of(desk.tx, work.run),
        await is_taken_back(desk.tx, work.run),
    )


def standing(work: StoryWorkRow, after: AfterMerge) -> tuple[str, Tone]:
    """The card's title."""
    name, release = f"{work.story}: {work.brief['title']}", after.release
    if after.is_back:
        return f"Taken back: {name}", "warning"
    if release is not None and release.produced is not None:
        return f"In production: {name}", "good"
    if work.blocked is not None:
        return f"Merged, and needs a person: {name}", "warning"
    if release is not None and release.staged is not None:
        return f"On staging: {name}", "good"
    return f"Merged: {name}", "good"


def lead(work: StoryWorkRow, after: AfterMerge) -> str:
    """Where it is, in sentences."""
    said = [f"It is in {work.base_branch} of {work.repository} as {(work.merged or '')[:12]}."]
    release = after.release
    if after.is_back:
        said = [f"What was merged as {(work.merged or '')[:12]} is taken back."]
    elif release is not None:
        if release.produced is not None:
            said.append(f"{release.service} {release.version} runs in production.")
        elif release.staged is not None:
            said.append(f"{release.service} {release.version} runs in staging.")
        if release.says is not None and release.produced is None:
            said.append(release.says)
    if after.revert is not None and not after.is_back:
        goes_on = after.revert.state not in ENDED
        said.append(
            "It is being taken back; a message of its own says how far that is."
            if goes_on
            else "It was to be taken back, and is not: a message of its own says why. “Revert” tries it again."
        )
    return " ".join(said)


def links(after: AfterMerge) -> tuple[Block, ...]:
    """The way to what runs."""
    release = after.release
    if release is None or release.address is None or after.is_back:
        return ()
    return (Text((Link(f"Open {release.service} in staging", release.address),)),)


def revert_button(work: StoryWorkRow, after: AfterMerge) -> tuple[Button, ...]:
    """Takes a merge back, in one click; none where it is back already."""
    if work.merged is None or after.is_back:
        return ()
    return (Button("Revert", "revert_story", work.run, "danger"),)
