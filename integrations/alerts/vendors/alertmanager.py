"""Prometheus' Alertmanager: its webhook, payload version 4. It does not sign; a bearer token proves it.

The format: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config. It tells again what still
fires after each `repeat_interval`, word for word, so a repetition cannot be told from a replay and need not be.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from pydantic import Field

from integrations.alerts import MOST_ALERTS, Alert, AlertStatus, Delivery, TooMany
from integrations.alerts.reading import (
    Payload,
    Secrets,
    demand_bearer,
    digest,
    first_of,
    labels,
    link,
    moment,
    name,
    read,
    secrets_in,
    stage,
)
from integrations.integration import Checked, Integration, Surroundings, VendorSettings


class AlertmanagerSettings(VendorSettings):
    """The token that Alertmanager sends."""

    alertmanager_token: Secrets | None = Field(
        default=None, description="bearer token of Alertmanager’s webhook; several with commas while it changes"
    )


class _Alert(Payload):
    status: AlertStatus
    labels: dict[str, str]
    annotations: dict[str, str] = Field(default_factory=dict)
    startsAt: datetime  # noqa: N815 - the vendor's name
    endsAt: datetime | None = None  # noqa: N815
    generatorURL: str = ""  # noqa: N815
    fingerprint: str = ""


class _Webhook(Payload):
    version: Literal["4"]
    truncatedAlerts: int = Field(default=0, ge=0, le=10**9)  # noqa: N815
    externalURL: str = ""  # noqa: N815
    alerts: list[_Alert]


class Alertmanager:
    """An `AlertSource`."""

    def __init__(self, settings: AlertmanagerSettings) -> None:
        self._settings = settings

    def receive(self, delivery: Delivery) -> tuple[Alert, ...]:
        """See AlertSource.receive."""
        secrets = secrets_in(self._settings.alertmanager_token)
        demand_bearer(delivery.headers.get("Authorization", ""), secrets)
        sent = read(_Webhook, delivery.body)
        if len(sent.alerts) > MOST_ALERTS:
            raise TooMany(len(sent.alerts))
        return tuple(_alert(one, sent, delivery.at) for one in sent.alerts)


def _alert(one: _Alert, sent: _Webhook, told: datetime) -> Alert:
    said = one.labels
    fingerprint = name(one.fingerprint) or digest(*(f"{key}={said[key]}" for key in sorted(said)))
    started, is_over = moment(one.startsAt), one.status is AlertStatus.RESOLVED
    return Alert(
        source=INTEGRATION.name,
        key=f"{fingerprint}:{started.isoformat()}:{one.status}",
        fingerprint=fingerprint,
        name=name(first_of(said, "alertname")) or "an alert without a name",
        service=name(first_of(said, "service", "app", "job")),
        stage=stage(first_of(said, "stage", "environment", "env")),
        status=one.status,
        told=told,
        started=started,
        ended=max(moment(one.endsAt), started) if is_over and one.endsAt else started if is_over else None,
        severity=name(first_of(said, "severity")).lower(),
        labels=labels(said),
        annotations=labels(one.annotations),
        link=link(one.generatorURL) or link(sent.externalURL),
        repeats=True,
        left_out=sent.truncatedAlerts,
    )


def _open(around: Surroundings) -> Alertmanager:
    if not isinstance(around.settings, AlertmanagerSettings):
        raise TypeError("Alertmanager is opened with its settings")
    return Alertmanager(around.settings)


async def _check(around: Surroundings) -> Iterable[Checked]:
    if isinstance(around.settings, AlertmanagerSettings) and around.settings.alertmanager_token is not None:
        return (Checked("Alertmanager", "well", "may post to /alerts/alertmanager"),)
    return (Checked("Alertmanager", "advice", "sends nothing here: set ALERTMANAGER_TOKEN to let it"),)


INTEGRATION = Integration(
    "alerts", "alertmanager", "Alertmanager", _open, settings=AlertmanagerSettings, check=_check
)
