"""What became of issues: Jira's changelog, with what we wrote beside our own changes.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-changelog-bulkfetch-post
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from integrations.tracker import StoryEvent, StoryStatus
from integrations.tracker.lines import plain_line, plain_text
from integrations.tracker.vendors.jira.api import WHO, Api
from integrations.tracker.vendors.jira.people import person_of
from storage.look import Away

OURS = "countersign"
"""The type of our changes in Jira's history."""
_AT_ONCE = 1000
_MOST_PAGES = 20


@dataclass(frozen=True, slots=True)
class Move:
    """An issue came from one status into another. `grant` is the one of ours that allowed it."""

    at: datetime
    status: StoryStatus
    author: Mapping[str, Any]
    grant: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Moves:
    """An issue's moves, oldest first: from one status of ours to another, however many Jira has between.
    `first` is the status that it was made in, where it moved."""

    moves: tuple[Move, ...] = ()
    first: StoryStatus | None = None

    @property
    def started(self) -> datetime | None:
        """When work on it was begun, the first time."""
        return next((one.at for one in self.moves if one.status is StoryStatus.IN_PROGRESS), None)

    @property
    def finished(self) -> datetime | None:
        """When it came into the status of being done, the last time."""
        return next((one.at for one in reversed(self.moves) if one.status is StoryStatus.DONE), None)

    @property
    def reason(self) -> str | None:
        """Why it stands where it stands."""
        return self.moves[-1].reason if self.moves else None


def metadata(grant: str, reason: str | None) -> dict[str, Any]:
    """What stands beside a change of ours in Jira's history."""
    said: dict[str, Any] = {"type": OURS, "cause": {"id": grant, "type": OURS}}
    if reason is not None:
        said |= {"description": reason, "activityDescription": plain_line(reason, 200)}
    return said


async def read(api: Api, ids: Sequence[str], statuses: Mapping[str, StoryStatus], me: str) -> dict[str, Moves]:
    """The moves of issues, by their ids. Raises Away where there are more than are gone through."""
    found: dict[str, list[Mapping[str, Any]]] = {id: [] for id in ids}
    for first in range(0, len(ids), _AT_ONCE):
        asked: dict[str, Any] = {
            "issueIdsOrKeys": list(ids[first : first + _AT_ONCE]),
            "fieldIds": ["status"],
            "maxResults": _AT_ONCE,
        }
        for _ in range(_MOST_PAGES):
            page = await api.ask("/rest/api/3/changelog/bulkfetch", asked)
            for one in page.get("issueChangeLogs") or ():
                found.setdefault(str(one["issueId"]), []).extend(one.get("changeHistories") or ())
            token = page.get("nextPageToken")
            if not token:
                break
            asked = {**asked, "nextPageToken": token}
        else:
            raise Away(WHO, f"has too long a history of these {len(ids)} stories to go through")
    return {id: _moves(histories, statuses, me) for id, histories in found.items()}


def _moves(histories: Iterable[Mapping[str, Any]], statuses: Mapping[str, StoryStatus], me: str) -> Moves:
    moves: list[Move] = []
    first = stands = None
    for history in sorted(histories, key=lambda one: (_at(one["created"]), int(one["id"]))):
        for item in history.get("items") or ():
            if item.get("fieldId", item.get("field")) != "status":
                continue
            if first is None:
                first = stands = statuses.get(str(item.get("from")), StoryStatus.BACKLOG)
            status = statuses.get(str(item.get("to")), StoryStatus.BACKLOG)
            if status is not stands:
                moves.append(_move(history, status, me))
                stands = status
    return Moves(tuple(moves), first)


def _move(history: Mapping[str, Any], status: StoryStatus, me: str) -> Move:
    author = history.get("author") or {}
    beside = history.get("historyMetadata") or {}
    # Whoever writes our mark into a change of their own is somebody else.
    is_ours = beside.get("type") == OURS and author.get("accountId") == me
    grant = (beside.get("cause") or {}).get("id") if is_ours else None
    reason = beside.get("description") if is_ours else None
    return Move(
        _at(history["created"]),
        status,
        author,
        str(grant) if grant else None,
        plain_text(str(reason)) if reason is not None else None,
    )


def _at(written: str | int) -> datetime:
    """Jira writes moments as text, but may hand out many histories with numbers: seconds, or milliseconds."""
    if isinstance(written, int):
        return datetime.fromtimestamp(written / 1000 if written > 10**11 else written, UTC)
    return datetime.fromisoformat(written)


def name_of(author: Mapping[str, Any] | None, people: Mapping[str, str]) -> str:
    """A person of the department, or the name that Jira shows."""
    shown = str((author or {}).get("displayName") or "somebody")
    return person_of(author, people) or plain_line(shown, 100)


def events(
    story: str, made: tuple[datetime, str], stands: StoryStatus, moves: Moves, people: Mapping[str, str]
) -> list[StoryEvent]:
    """What became of a story, from when it was `made`, and by whom; `stands` is where it stands now."""
    told = [StoryEvent(story, made[0], moves.first or stands, made[1], None)]
    for one in moves.moves:
        by = one.grant or name_of(one.author, people)
        told.append(StoryEvent(story, one.at, one.status, by, one.reason))
    return told
