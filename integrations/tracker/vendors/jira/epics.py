"""Where epics stand: their stories say, unless people closed the epic itself.

Each question is whether an epic has a story that stands so. One page of stories answers it for many epics at
once; those that it answers for are left out of the next, so that no epic's stories are gone through.
"""

from __future__ import annotations

from collections.abc import Sequence

from integrations.tracker import StoryStatus
from integrations.tracker.rules import BEGUN, FINAL, epic_status
from integrations.tracker.vendors.jira.issues import Issue, Reader
from integrations.tracker.vendors.jira.questions import NEWEST_FIRST, Questions
from integrations.tracker.vendors.jira.search import LARGEST, Search

_WAITING = frozenset({StoryStatus.BACKLOG, StoryStatus.SCHEDULED})


async def standing_of(
    search: Search, questions: Questions, reader: Reader, epics: Sequence[Issue]
) -> dict[str, StoryStatus]:
    """Where each of at most 100 epics stands, by its key. Raises Refused, Away."""
    found = {one["key"]: own for one in epics if (own := reader.own_status(one)) in FINAL}
    left = [one["key"] for one in epics if one["key"] not in found]
    begun = await _having(search, questions, left, *(BEGUN - FINAL))
    found |= dict.fromkeys(begun, StoryStatus.IN_PROGRESS)
    left = [one for one in left if one not in begun]
    done = await _having(search, questions, left, StoryStatus.DONE)
    open_too = await _having(search, questions, sorted(done), *_WAITING)
    scheduled = await _having(
        search, questions, [one for one in left if one not in done], StoryStatus.SCHEDULED
    )
    for one in left:
        there = {StoryStatus.DONE} if one in done else set()
        there |= {StoryStatus.BACKLOG} if one in open_too else set()
        there |= {StoryStatus.SCHEDULED} if one in scheduled else set()
        found[one] = epic_status(there, cancelled=False)
    return found


async def _having(
    search: Search, questions: Questions, epics: Sequence[str], *standing: StoryStatus
) -> frozenset[str]:
    """Those of the epics that have a story that stands so."""
    found: set[str] = set()
    left = list(epics)
    while left and (where := questions.children(left, *standing)) is not None:
        page = await search.page(where, NEWEST_FIRST, ("parent",), LARGEST, None)
        seen = {str(one["fields"]["parent"]["key"]) for one in page.items}
        found |= seen
        left = [one for one in left if one not in seen]
        if page.after is None or not seen:
            break
    return frozenset(found)
