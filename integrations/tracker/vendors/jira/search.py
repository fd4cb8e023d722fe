"""Jira's search: pages of at most 100, by JQL that is bounded by our projects.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from integrations.pages import NoSuchPage, Page
from integrations.tracker.vendors.jira.api import WHO, Api, Refused
from integrations.tracker.vendors.jira.issues import PROPERTY, Issue
from integrations.tracker.vendors.jira.receipts import Receipts
from storage.look import Away

LARGEST = 100
"""Issues of one page; with many fields Jira hands out fewer."""
_MOST_ROUNDS = 30
"""Pages of Jira's that one page of ours may take."""
_MOST_MARK = 5000


class _Kept(Protocol):
    @property
    def id(self) -> str: ...


K = TypeVar("K", bound=_Kept)


@dataclass(frozen=True, slots=True)
class Search:
    """Searches one Jira. What we changed lately is searched as it stands, whatever its index has noticed."""

    api: Api
    receipts: Receipts

    async def page(
        self, where: str, order: str, fields: Sequence[str], limit: int, after: str | None
    ) -> Page[Issue]:
        """The next `limit` issues. Raises NoSuchPage, Refused, Away."""
        token, _ = _marked(after)
        found: list[Issue] = []
        for _ in range(_MOST_ROUNDS + 2 * limit // LARGEST):
            size = min(LARGEST, limit - len(found))
            said = await self._page(where, order, fields, token, size, is_marked=after is not None)
            found += said.get("issues") or ()
            token = said.get("nextPageToken")
            if not token or len(found) >= limit:
                return Page(tuple(found), _mark(token, None) if token else None)
        raise Away(WHO, "hands out pages without end")

    async def page_of(
        self,
        where: str,
        order: str,
        fields: Sequence[str],
        limit: int,
        after: str | None,
        keep: Callable[[list[Issue]], Awaitable[list[K]]],
    ) -> Page[K]:
        """The next `limit` of what `keep` makes of the issues: it may leave some out, so that a mark also names
        the item that was read last. Raises as `page`."""
        token, last = _marked(after)
        found: list[K] = []
        for _ in range(_MOST_ROUNDS):
            said = await self._page(where, order, fields, token, LARGEST, is_marked=after is not None)
            kept = await keep(_behind(list(said.get("issues") or ()), last))
            following = said.get("nextPageToken")
            some = kept[: limit - len(found)]
            found += some
            if len(some) < len(kept):
                return Page(tuple(found), _mark(token, some[-1].id if some else last))
            if not following:
                return Page(tuple(found), None)
            if len(found) == limit:
                return Page(tuple(found), _mark(following, None))
            token, last = following, None
        raise Away(WHO, "has too much of what is left out here to go through it")

    async def first(self, where: str, order: str, fields: Sequence[str], most: int) -> list[Issue]:
        """At most so many issues."""
        return list((await self.page(where, order, fields, most, None)).items)

    async def count(self, where: str) -> int:
        """How many issues there are, as Jira counts them. Raises Refused, Away."""
        said = await self.api.ask("/rest/api/3/search/approximate-count", {"jql": where})
        return int(said["count"])

    async def fetch(self, keys: Sequence[str], fields: Sequence[str]) -> dict[str, Issue]:
        """Issues as they stand, by their keys; what is not there, or not ours to see, is left out."""
        found: dict[str, Issue] = {}
        for first in range(0, len(keys), LARGEST):
            asked = {
                "issueIdsOrKeys": list(keys[first : first + LARGEST]),
                "fields": list(fields),
                "properties": [PROPERTY],
            }
            try:
                said = await self.api.ask("/rest/api/3/issue/bulkfetch", asked)
            except Refused as refused:
                if refused.status in (400, 404):
                    continue
                raise
            found |= {str(one["key"]): one for one in said.get("issues") or ()}
        return found

    async def _page(
        self, where: str, order: str, fields: Sequence[str], token: str | None, size: int, *, is_marked: bool
    ) -> dict[str, Any]:
        asked: dict[str, Any] = {
            "jql": f"{where} ORDER BY {order}",
            "fields": list(fields),
            "properties": [PROPERTY],
            "maxResults": size,
            "reconcileIssues": await self.receipts.lately(),
        }
        if token is not None:
            asked["nextPageToken"] = token
        try:
            said: dict[str, Any] = await self.api.ask("/rest/api/3/search/jql", asked)
        except Refused as refused:
            if is_marked and refused.status == 400 and "token" in refused.says.lower():
                raise NoSuchPage("this is no mark of this list") from refused
            raise
        return said


def _mark(token: str | None, last: str | None) -> str:
    return json.dumps([token, last])


def _marked(after: str | None) -> tuple[str | None, str | None]:
    if after is None:
        return None, None
    try:
        token, last = json.loads(after[:_MOST_MARK])
    except (ValueError, TypeError) as wrong:
        raise NoSuchPage(f"{after[:100]!r} is no mark of this list") from wrong
    if not all(one is None or isinstance(one, str) for one in (token, last)):
        raise NoSuchPage(f"{after[:100]!r} is no mark of this list")
    return token, last


def _behind(issues: list[Issue], last: str | None) -> list[Issue]:
    """What of a page comes behind the item that was read last."""
    keys = [str(one["key"]) for one in issues]
    return issues[keys.index(last) + 1 :] if last in keys else issues
