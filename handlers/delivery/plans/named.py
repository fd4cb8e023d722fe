"""Which statements and stories of a plan somebody names: by id, by line, or by a story's key."""

from __future__ import annotations

import re

from agents.planning.draft import DraftStory, PassageRead, PlanDraft

NUMBERED_AGAIN = "Stories are numbered again then: what is left out, moved or put in order is to be said again."
"""What has to be said where earlier changes name stories by their keys."""
_MORE = r"\d+(?:(?:,| and|, and|,? or) {mark}\d+)*"
_LINES = re.compile(rf"\blines? (?P<numbers>{_MORE.format(mark='')})", re.IGNORECASE)
_STORIES = re.compile(rf"\bstor(?:y|ies) (?P<numbers>{_MORE.format(mark='s?')})", re.IGNORECASE)
_KEY = re.compile(r"\bs(\d+)\b", re.IGNORECASE)
_ID = re.compile(r"[\w.-]*\w")


def named_readings(said: str, draft: PlanDraft) -> tuple[PassageRead, ...]:
    """The statements that are named by their ids or their lines, or through stories that fulfil them."""
    words = {word.upper() for word in _ID.findall(said)}
    found = _LINES.search(said)
    lines = {int(line) for line in re.findall(r"\d+", found["numbers"])} if found else set()
    fulfilled = {name for story in named_stories(said, draft) for name in story.requirements}
    return tuple(
        read
        for read in draft.readings
        if read.statement
        and (
            read.line in lines
            or (read.requirement and (read.requirement.upper() in words or read.requirement in fulfilled))
        )
    )


def named_stories(said: str, draft: PlanDraft) -> tuple[DraftStory, ...]:
    """The stories whose keys are named; where the document calls a requirement so itself, that is meant."""
    own = {requirement.id.upper() for requirement in draft.requirements}
    found = _STORIES.search(said)
    numbers = set(re.findall(r"\d+", found["numbers"])) if found else set()
    keys = {f"S{number}" for number in numbers}
    keys |= {key for number in _KEY.findall(said) if (key := f"S{number}") not in own}
    return tuple(story for story in draft.stories if story.key in keys)
