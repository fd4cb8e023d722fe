"""What Jira tells by itself: signed with the webhook's secret, and each delivery with an id of its own.

https://developer.atlassian.com/cloud/jira/platform/webhooks/. Only the body is signed; the id stands in a
header that anybody could put before a body that they have seen. So a body counts once whatever id it comes
with, and what it tells is only where to look.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from pydantic import Field

from integrations.alerts import Delivery, Unreadable
from integrations.alerts.reading import Payload, Secrets, demand_signed, name, read, secrets_in
from integrations.tracker.webhooks import TrackerEvent, TrackerEventKind

_KINDS = {
    "jira:issue_": TrackerEventKind.ITEM,
    "issuelink_": TrackerEventKind.ITEM,
    "comment_": TrackerEventKind.ITEM,
    "worklog_": TrackerEventKind.ITEM,
    "sprint_": TrackerEventKind.SPRINT,
    "board_": TrackerEventKind.SHAPE,
    "project_": TrackerEventKind.SHAPE,
    "option_": TrackerEventKind.SHAPE,
}
"""By what the event's name begins with."""
_ID = re.compile(r"[\x21-\x7e]{4,200}")


class _Key(Payload):
    key: str | None = Field(default=None, max_length=60)


class _Issue(Payload):
    key: str = Field(max_length=60)


class _Told(Payload):
    event: str = Field(alias="webhookEvent", max_length=100)
    issue: _Issue | None = None
    project: _Key | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads deliveries that are proved by one of the `secrets`, and are of our projects."""

    secrets: Secrets | None
    projects: tuple[str, ...]

    def receive(self, delivery: Delivery) -> TrackerEvent | None:
        """See TrackerWebhooks.receive."""
        signature = delivery.headers.get("X-Hub-Signature", "")
        demand_signed(signature, delivery.body, secrets_in(self.secrets), scheme="sha256")
        id_ = delivery.headers.get("X-Atlassian-Webhook-Identifier", "")
        if _ID.fullmatch(id_) is None:
            raise Unreadable("The delivery has no id.")
        told = read(_Told, delivery.body)
        kind = next((kind for beginning, kind in _KINDS.items() if told.event.startswith(beginning)), None)
        if kind is None:
            return None
        item = name(told.issue.key) if told.issue else None
        project = item.rpartition("-")[0] if item else (told.project.key if told.project else None)
        if project is not None and project not in self.projects:
            return None
        return TrackerEvent(
            source="jira",
            delivery=id_,
            digest=sha256(delivery.body).hexdigest(),
            kind=kind,
            action=name(told.event),
            project=project,
            item=item,
            at=delivery.at,
        )
