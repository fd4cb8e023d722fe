"""PagerDuty: webhooks v3, signed.

The format: https://developer.pagerduty.com/docs/webhooks-overview, and for the signature
https://developer.pagerduty.com/docs/verifying-webhook-signatures. An event has an id of its own, by which
PagerDuty's retries are known. Its incidents name a service and no environment: that is production.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pydantic import Field

from integrations.alerts import Alert, AlertStatus, Delivery
from integrations.alerts.reading import (
    Payload,
    Secrets,
    demand_signed,
    link,
    moment,
    name,
    read,
    secrets_in,
    stage,
    words,
)
from integrations.integration import Checked, Integration, Surroundings, VendorSettings

_TOLD = {
    "incident.triggered": AlertStatus.FIRING,
    "incident.reopened": AlertStatus.FIRING,
    "incident.resolved": AlertStatus.RESOLVED,
}
"""Events that say that something fires, or does not any more. Others are people's work in PagerDuty."""


class PagerDutySettings(VendorSettings):
    """The secrets that PagerDuty signs with."""

    pagerduty_webhook_secrets: Secrets | None = Field(
        default=None, description="secrets of PagerDuty’s webhook subscriptions, with commas"
    )


class _Reference(Payload):
    id: str = ""
    summary: str | None = None


class _Incident(Payload):
    id: str = Field(min_length=1)
    title: str = ""
    html_url: str | None = None
    created_at: datetime | None = None
    urgency: str | None = None
    service: _Reference = _Reference()
    priority: _Reference | None = None


class _Event(Payload):
    id: str = Field(min_length=1, max_length=200)
    event_type: str
    occurred_at: datetime
    data: dict[str, object] = Field(default_factory=dict)


class _Webhook(Payload):
    event: _Event


class _Told(Payload):
    data: _Incident


class _ToldWebhook(Payload):
    event: _Told


class PagerDuty:
    """An `AlertSource`."""

    def __init__(self, settings: PagerDutySettings) -> None:
        self._settings = settings

    def receive(self, delivery: Delivery) -> tuple[Alert, ...]:
        """See AlertSource.receive."""
        secrets = secrets_in(self._settings.pagerduty_webhook_secrets)
        demand_signed(delivery.headers.get("X-PagerDuty-Signature", ""), delivery.body, secrets)
        event = read(_Webhook, delivery.body).event
        status = _TOLD.get(event.event_type)
        if status is None:
            return ()
        incident = read(_ToldWebhook, delivery.body).event.data
        # Should its clock be ahead of ours, what comes later would seem to be older.
        at = min(moment(event.occurred_at), delivery.at)
        return (_alert(event.id, at, incident, status),)


def _alert(event: str, at: datetime, incident: _Incident, status: AlertStatus) -> Alert:
    is_over = status is AlertStatus.RESOLVED
    title = words(incident.title)
    return Alert(
        source=INTEGRATION.name,
        key=name(event),
        fingerprint=name(incident.id),
        name=name(title) or "an incident without a title",
        service=name(incident.service.summary or incident.service.id),
        stage=stage(None),
        status=status,
        told=at,
        started=min(moment(incident.created_at), at) if is_over and incident.created_at else at,
        ended=at if is_over else None,
        severity=name((incident.priority and incident.priority.summary) or incident.urgency or "").lower(),
        labels={"incident": name(incident.id), "service": name(incident.service.id)},
        annotations={"summary": title} if title else {},
        link=link(incident.html_url),
    )


def _open(around: Surroundings) -> PagerDuty:
    if not isinstance(around.settings, PagerDutySettings):
        raise TypeError("PagerDuty is opened with its settings")
    return PagerDuty(around.settings)


async def _check(around: Surroundings) -> Iterable[Checked]:
    if isinstance(around.settings, PagerDutySettings) and around.settings.pagerduty_webhook_secrets is not None:
        return (Checked("PagerDuty", "well", "may post to /alerts/pagerduty"),)
    return (Checked("PagerDuty", "advice", "sends nothing here: set PAGERDUTY_WEBHOOK_SECRETS to let it"),)


INTEGRATION = Integration("alerts", "pagerduty", "PagerDuty", _open, settings=PagerDutySettings, check=_check)
