"""What GitHub tells by itself: signed, and each delivery with an id of its own.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries. Only the body is signed; the
id and the event's name stand in headers that anybody could put before a body that they have seen. So a body
counts once whatever id it comes with, and what it tells is only where to look.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pydantic import Field

from integrations.alerts import Delivery, Unreadable
from integrations.alerts.reading import Payload, Secrets, demand_signed, name, read, secrets_in
from integrations.code_host.webhooks import CodeEvent, CodeEventKind

_KINDS = {
    "pull_request": CodeEventKind.PULL_REQUEST,
    "pull_request_review": CodeEventKind.REVIEW,
    "check_run": CodeEventKind.CHECK,
    "push": CodeEventKind.PUSH,
    "installation": CodeEventKind.ACCESS,
    "installation_repositories": CodeEventKind.ACCESS,
}
_ID = re.compile(r"[A-Za-z0-9-]{8,100}")


class _Id(Payload):
    id: int


class _Repository(Payload):
    full_name: str = Field(max_length=200)


class _Head(Payload):
    sha: str | None = Field(default=None, max_length=64)
    ref: str | None = None


class _PullRequest(Payload):
    number: int
    head: _Head = _Head()


class _CheckRun(Payload):
    head_sha: str = Field(max_length=64)
    pull_requests: tuple[_PullRequest, ...] = ()


class _Told(Payload):
    action: str = ""
    installation: _Id | None = None
    repository: _Repository | None = None
    pull_request: _PullRequest | None = None
    check_run: _CheckRun | None = None
    ref: str | None = None
    after: str | None = Field(default=None, max_length=64)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads deliveries that are proved by one of the `secrets`, and are of our installation."""

    secrets: Secrets | None
    installation: int

    def receive(self, delivery: Delivery) -> CodeEvent | None:
        """See CodeWebhooks.receive."""
        signature = delivery.headers.get("X-Hub-Signature-256", "")
        demand_signed(signature, delivery.body, secrets_in(self.secrets), scheme="sha256")
        id_ = delivery.headers.get("X-GitHub-Delivery", "")
        if _ID.fullmatch(id_) is None:
            raise Unreadable("The delivery has no id.")
        kind = _KINDS.get(delivery.headers.get("X-GitHub-Event", ""))
        if kind is None:
            return None
        told = read(_Told, delivery.body)
        if told.installation is None or told.installation.id != self.installation:
            return None
        return CodeEvent(
            source="github",
            delivery=id_,
            digest=sha256(delivery.body).hexdigest(),
            kind=kind,
            action=name(told.action),
            repository=name(told.repository.full_name) if told.repository else None,
            at=delivery.at,
            **_where(told),
        )


def _where(told: _Told) -> dict[str, Any]:
    if told.pull_request is not None:
        return {"number": told.pull_request.number, "sha": told.pull_request.head.sha}
    if told.check_run is not None:
        first = next(iter(told.check_run.pull_requests), None)
        return {"sha": told.check_run.head_sha, "number": first and first.number}
    if told.ref is not None and told.ref.startswith("refs/heads/"):
        return {"branch": name(told.ref.removeprefix("refs/heads/")), "sha": told.after}
    return {}
