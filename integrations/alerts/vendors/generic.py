"""Any other monitoring: a webhook of our own, signed.

`X-Countersign-Timestamp` is the second of sending (Unix time), `X-Countersign-Signature` is `v1=` and the
HMAC-SHA256, in hex, of the timestamp, a dot and the body. What is older than five minutes is refused, and each
alert's `id` is taken once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import Field, StringConstraints

from integrations.alerts import MOST_ALERTS, Alert, AlertStatus, Delivery, NotProved, TooMany
from integrations.alerts.reading import (
    Payload,
    Secrets,
    demand_signed,
    digest,
    labels,
    link,
    moment,
    name,
    read,
    secrets_in,
    stage,
    words,
)
from integrations.integration import Checked, Integration, Surroundings, VendorSettings

TOLERANCE = timedelta(minutes=5)
"""How far a sender's clock, or the way here, may be off."""

_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)

_Id = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class GenericSettings(VendorSettings):
    """The secret that senders sign with."""

    alerts_webhook_secrets: Secrets | None = Field(
        default=None, description="secrets of signed webhooks from any other monitoring, with commas"
    )


class _Alert(Payload):
    id: _Id
    name: _Id
    service: _Id
    status: AlertStatus
    started: datetime
    ended: datetime | None = None
    fingerprint: str = ""
    stage: str = ""
    severity: str = ""
    summary: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    link: str = ""


class _Webhook(Payload):
    alerts: list[_Alert]


class Generic:
    """An `AlertSource`."""

    def __init__(self, settings: GenericSettings) -> None:
        self._settings = settings

    def receive(self, delivery: Delivery) -> tuple[Alert, ...]:
        """See AlertSource.receive."""
        secrets = secrets_in(self._settings.alerts_webhook_secrets)
        sent_at = delivery.headers.get("X-Countersign-Timestamp", "")
        if not _SECONDS.fullmatch(sent_at):
            raise NotProved("X-Countersign-Timestamp is missing, or no Unix time in seconds.")
        signed = sent_at.encode() + b"." + delivery.body
        demand_signed(delivery.headers.get("X-Countersign-Signature", ""), signed, secrets)
        if abs(delivery.at.timestamp() - int(sent_at)) > TOLERANCE.total_seconds():
            raise NotProved("X-Countersign-Timestamp is over five minutes from now.")
        sent = read(_Webhook, delivery.body)
        if len(sent.alerts) > MOST_ALERTS:
            raise TooMany(len(sent.alerts))
        told = min(datetime.fromtimestamp(int(sent_at), UTC), delivery.at)
        return tuple(_alert(one, told) for one in sent.alerts)


def _alert(one: _Alert, sent: datetime) -> Alert:
    service, called, where = name(one.service), name(one.name), stage(one.stage)
    summary = words(one.summary)
    return Alert(
        source=INTEGRATION.name,
        key=name(one.id),
        fingerprint=name(one.fingerprint) or digest(called, service, where),
        name=called,
        service=service,
        stage=where,
        status=one.status,
        told=sent,
        started=moment(one.started),
        ended=moment(one.ended or sent) if one.status is AlertStatus.RESOLVED else None,
        severity=name(one.severity).lower(),
        labels=labels(one.labels),
        annotations={"summary": summary} if summary else {},
        link=link(one.link),
    )


def _open(around: Surroundings) -> Generic:
    if not isinstance(around.settings, GenericSettings):
        raise TypeError("the signed webhook is opened with its settings")
    return Generic(around.settings)


async def _check(around: Surroundings) -> Iterable[Checked]:
    if isinstance(around.settings, GenericSettings) and around.settings.alerts_webhook_secrets is not None:
        return (Checked("signed webhook", "well", "other monitoring may post to /alerts/generic"),)
    return (Checked("signed webhook", "advice", "takes nothing: set ALERTS_WEBHOOK_SECRETS to let it"),)


INTEGRATION = Integration(
    "alerts", "generic", "A signed webhook", _open, settings=GenericSettings, check=_check
)
