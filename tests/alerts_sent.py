"""Alerts as their senders send them: bodies and proofs."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

TOKEN = "token-of-alertmanager-1"
PAGERDUTY_SECRET = "secret-of-pagerduty-1"
WEBHOOK_SECRET = "secret-of-others-12345"

SECRETS = {
    "ALERTMANAGER_TOKEN": TOKEN,
    "PAGERDUTY_WEBHOOK_SECRETS": PAGERDUTY_SECRET,
    "ALERTS_WEBHOOK_SECRETS": WEBHOOK_SECRET,
}

BEGAN = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)


def one(
    name: str = "HighErrorRate", service: str = "orders", status: str = "firing", **other: Any
) -> dict[str, Any]:
    """An alert of Alertmanager's."""
    labels = {"alertname": name, "service": service, "severity": "critical"} | other.pop("labels", {})
    ended = (BEGAN + timedelta(minutes=5)).isoformat() if status == "resolved" else "0001-01-01T00:00:00Z"
    return {
        "status": status,
        "labels": labels,
        "annotations": {"summary": f"{service} answers with errors"},
        "startsAt": BEGAN.isoformat(),
        "endsAt": ended,
        "generatorURL": "http://prometheus.example:9090/graph?g0.expr=up",
        "fingerprint": hashlib.sha256(json.dumps(labels, sort_keys=True).encode()).hexdigest()[:16],
    } | other


def alertmanager(*alerts: dict[str, Any], **other: Any) -> bytes:
    """A webhook of Alertmanager's, version 4."""
    group = {"receiver": "countersign", "groupKey": "{}:{}", "groupLabels": {}, "commonLabels": {}}
    body = {"version": "4", "status": "firing", "truncatedAlerts": 0, "externalURL": "http://am.example:9093"}
    return json.dumps({**group, "commonAnnotations": {}, **body, "alerts": list(alerts), **other}).encode()


def bearer(token: str = TOKEN) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def pagerduty(event: str, kind: str = "incident.triggered", incident: str = "PGR0VU2", **other: Any) -> bytes:
    """An event of PagerDuty's webhooks v3."""
    data = {
        "id": incident,
        "type": "incident",
        "html_url": f"https://northwind.pagerduty.com/incidents/{incident}",
        "number": 2,
        "status": "triggered",
        "created_at": BEGAN.isoformat(),
        "title": "Payments fail",
        "service": {"id": "PF9KMXH", "summary": "Payment service", "type": "service_reference"},
        "urgency": "high",
        "priority": None,
    } | other.pop("data", {})
    body = {
        "id": event,
        "event_type": kind,
        "resource_type": "incident",
        "occurred_at": BEGAN.isoformat(),
        "agent": None,
        "data": data,
    } | other
    return json.dumps({"event": body}).encode()


def signature(secret: str, signed: bytes) -> str:
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def signed_by_pagerduty(body: bytes, *secrets: str) -> dict[str, str]:
    made = [signature(secret, body) for secret in secrets or (PAGERDUTY_SECRET,)]
    return {"X-PagerDuty-Signature": ",".join(made)}


def generic(*alerts: Mapping[str, Any]) -> bytes:
    """A signed webhook of our own."""
    usual = {"name": "Queue too long", "service": "orders", "status": "firing", "started": BEGAN.isoformat()}
    return json.dumps({"alerts": [usual | dict(alert) for alert in alerts]}).encode()


def signed(body: bytes, at: datetime, secret: str = WEBHOOK_SECRET) -> dict[str, str]:
    seconds = str(int(at.timestamp()))
    return {
        "X-Countersign-Timestamp": seconds,
        "X-Countersign-Signature": signature(secret, f"{seconds}.".encode() + body),
    }
