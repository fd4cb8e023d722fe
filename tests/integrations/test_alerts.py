"""What vendors of alerts send: who proves to be one, what is read of it, and how much."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from multidict import CIMultiDict
from pydantic import SecretStr, ValidationError

from integrations.alerts import (
    LONGEST_NAME,
    LONGEST_WORDS,
    MOST_LABELS,
    Alert,
    AlertSource,
    AlertStatus,
    Delivery,
    NotProved,
    SwitchedOff,
    TooMany,
    Unreadable,
)
from integrations.alerts.vendors import alertmanager, generic, pagerduty
from integrations.alerts.vendors.alertmanager import Alertmanager, AlertmanagerSettings
from integrations.alerts.vendors.generic import Generic, GenericSettings
from integrations.alerts.vendors.pagerduty import PagerDuty, PagerDutySettings
from integrations.integration import NoSuchVendor, OneVendorOnly, find_vendors
from tests import alerts_sent as sent
from tests.alerts_sent import BEGAN

NOW = BEGAN + timedelta(minutes=1)

MANAGER = Alertmanager(AlertmanagerSettings(alertmanager_token=SecretStr(sent.TOKEN)))
PAGER = PagerDuty(PagerDutySettings(pagerduty_webhook_secrets=SecretStr(sent.PAGERDUTY_SECRET)))
OTHERS = Generic(GenericSettings(alerts_webhook_secrets=SecretStr(sent.WEBHOOK_SECRET)))


def received(source: AlertSource, body: bytes, headers: dict[str, str], at: Any = NOW) -> tuple[Alert, ...]:
    return source.receive(Delivery(CIMultiDict(headers), body, at))


def of_manager(*alerts: dict[str, Any], **other: Any) -> tuple[Alert, ...]:
    return received(MANAGER, sent.alertmanager(*alerts, **other), sent.bearer())


def test_alertmanager_is_read() -> None:
    fires, over = of_manager(sent.one(), sent.one("Slow", "checkout", "resolved", labels={"env": "stage"}))
    assert (fires.name, fires.service, fires.stage, fires.status) == (
        "HighErrorRate",
        "orders",
        "production",
        AlertStatus.FIRING,
    )
    assert (fires.started, fires.ended, fires.severity) == (BEGAN, None, "critical")
    assert fires.annotations == {"summary": "orders answers with errors"}
    assert fires.link.startswith("http://prometheus.example")
    assert (over.stage, over.status, over.ended) == (
        "staging",
        AlertStatus.RESOLVED,
        BEGAN + timedelta(minutes=5),
    )
    assert fires.repeats
    assert fires.told == NOW


def test_what_alertmanager_left_out_is_said() -> None:
    assert of_manager(sent.one(), truncatedAlerts=7)[0].left_out == 7


def test_the_same_alert_has_the_same_key_until_it_fires_anew() -> None:
    first, again = of_manager(sent.one(), sent.one())
    assert first.key == again.key
    (anew,) = of_manager(sent.one(startsAt=(BEGAN + timedelta(hours=1)).isoformat()))
    assert anew.fingerprint == first.fingerprint
    assert anew.key != first.key


def test_without_a_fingerprint_the_labels_are_one() -> None:
    first, other = of_manager(sent.one(fingerprint=""), sent.one(service="checkout", fingerprint=""))
    assert first.fingerprint
    assert first.fingerprint != other.fingerprint


@pytest.mark.parametrize(
    "given", ["", "Bearer ", "Bearer wrong", f"Basic {sent.TOKEN}", "Bearer tökén", sent.TOKEN]
)
def test_another_token_proves_nothing(given: str) -> None:
    with pytest.raises(NotProved):
        received(MANAGER, sent.alertmanager(sent.one()), {"Authorization": given})


def test_while_a_token_changes_both_prove_it() -> None:
    both = Alertmanager(AlertmanagerSettings(alertmanager_token=SecretStr(f"{sent.TOKEN}, another-token-2026")))
    for token in (sent.TOKEN, "another-token-2026"):
        assert received(both, sent.alertmanager(sent.one()), sent.bearer(token))


@pytest.mark.parametrize("settings", [AlertmanagerSettings, PagerDutySettings, GenericSettings])
def test_a_secret_that_could_be_guessed_is_refused_and_not_repeated(settings: Any) -> None:
    (name,) = settings.model_fields
    with pytest.raises(ValidationError) as refused:
        settings(**{name: SecretStr("long-enough-secret,short-one")})
    assert "short-one" not in str(refused.value)


@pytest.mark.parametrize(
    ("source", "module"), [(Alertmanager, alertmanager), (PagerDuty, pagerduty), (Generic, generic)]
)
def test_without_a_secret_it_is_off(source: Any, module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in sent.SECRETS:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SwitchedOff):
        received(source(module.INTEGRATION.settings(_env_file=None)), b"{}", sent.bearer(""))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "the body"),
        (sent.alertmanager(sent.one(), version="3"), "version"),
        (sent.alertmanager(sent.one(status="gone")), "alerts.0.status"),
        (sent.alertmanager(sent.one(startsAt="yesterday")), "alerts.0.startsAt"),
        (sent.alertmanager(sent.one(labels={"a": 1})), "alerts.0.labels.a"),
    ],
)
def test_what_cannot_be_read_is_named_without_its_value(body: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said) as refused:
        received(MANAGER, body, sent.bearer())
    assert "yesterday" not in str(refused.value)


def test_more_than_a_thousand_are_refused_whole() -> None:
    assert len(of_manager(*[sent.one(f"A{n}") for n in range(1000)])) == 1000
    with pytest.raises(TooMany):
        of_manager(*[sent.one(f"A{n}") for n in range(1001)])


def test_all_text_is_bounded_and_storable() -> None:
    many = {f"label{n:03}": "x" for n in range(200)}
    (alert,) = of_manager(
        sent.one(
            "N\0\u202ename\n" + "n" * 5000,
            "s" * 5000,
            labels=many,
            annotations={"summary": "w" * 50_000 + "\ud800"},
            generatorURL="javascript:alert(1)",
        ),
        externalURL="http://user:password@am.example/",
    )
    assert alert.name.startswith("Nname nn") or alert.name.startswith("N\ufffdname nn")
    assert len(alert.name) == len(alert.service) == LONGEST_NAME
    assert len(alert.labels) == MOST_LABELS
    assert len(alert.annotations["summary"]) == LONGEST_WORDS
    assert alert.link == ""
    json.dumps([dict(alert.labels), alert.name]).encode("utf-8")


def of_pager(body: bytes, *secrets: str) -> tuple[Alert, ...]:
    return received(PAGER, body, sent.signed_by_pagerduty(body, *secrets))


def test_pagerduty_is_read() -> None:
    (fires,) = of_pager(sent.pagerduty("ev-1"))
    assert (fires.key, fires.fingerprint, fires.status) == ("ev-1", "PGR0VU2", AlertStatus.FIRING)
    assert (fires.name, fires.service, fires.severity) == ("Payments fail", "Payment service", "high")
    assert fires.link == "https://northwind.pagerduty.com/incidents/PGR0VU2"
    assert not fires.repeats
    later = BEGAN + timedelta(minutes=9)
    body = sent.pagerduty("ev-2", "incident.resolved", occurred_at=later.isoformat())
    (over,) = received(PAGER, body, sent.signed_by_pagerduty(body), at=later)
    assert (over.status, over.started, over.ended) == (
        AlertStatus.RESOLVED,
        BEGAN,
        BEGAN + timedelta(minutes=9),
    )


def test_what_people_do_in_pagerduty_is_no_alert() -> None:
    for kind in ("incident.acknowledged", "incident.annotated", "pagey.ping"):
        assert of_pager(sent.pagerduty("ev-3", kind)) == ()
    assert (
        of_pager(
            json.dumps(
                {"event": {"id": "x", "event_type": "pagey.ping", "occurred_at": BEGAN.isoformat()}}
            ).encode()
        )
        == ()
    )


def test_any_of_pagerdutys_signatures_proves_it() -> None:
    assert of_pager(sent.pagerduty("ev-1"), "older-secret-of-theirs", sent.PAGERDUTY_SECRET)
    for secrets in (("older-secret-of-theirs",), ("",)):
        with pytest.raises(NotProved):
            of_pager(sent.pagerduty("ev-1"), *secrets)
    both = PagerDuty(
        PagerDutySettings(pagerduty_webhook_secrets=SecretStr("secret-of-sub-a1 secret-of-sub-b2"))
    )
    body = sent.pagerduty("ev-1")
    assert received(both, body, sent.signed_by_pagerduty(body, "secret-of-sub-b2"))


def test_a_changed_body_is_not_what_was_signed() -> None:
    body = sent.pagerduty("ev-1")
    with pytest.raises(NotProved):
        received(PAGER, body.replace(b"PGR0VU2", b"PGR0VU3"), sent.signed_by_pagerduty(body))
    for given in ("", "v0=abc", "v1=", "v1=ü", "v1=" + "0" * 64):
        with pytest.raises(NotProved):
            received(PAGER, body, {"X-PagerDuty-Signature": given})


def test_a_signed_webhook_is_read() -> None:
    body = sent.generic({"id": "a-1", "stage": "prod", "summary": "1,200 wait", "link": "https://q.example/1"})
    (alert,) = received(OTHERS, body, sent.signed(body, NOW))
    assert (alert.key, alert.name, alert.service, alert.stage) == (
        "a-1",
        "Queue too long",
        "orders",
        "production",
    )
    assert (alert.annotations, alert.link, alert.told) == (
        {"summary": "1,200 wait"},
        "https://q.example/1",
        NOW,
    )
    (over,) = received(OTHERS, *_with_proof(sent.generic({"id": "a-2", "status": "resolved"})))
    assert over.fingerprint == alert.fingerprint
    assert over.ended == NOW


def _with_proof(body: bytes) -> tuple[bytes, dict[str, str]]:
    return body, sent.signed(body, NOW)


@pytest.mark.parametrize(
    "off", [timedelta(minutes=5, seconds=2), -timedelta(minutes=5, seconds=2), timedelta(days=9)]
)
def test_what_is_too_old_or_from_tomorrow_is_refused(off: timedelta) -> None:
    body = sent.generic({"id": "a-1"})
    with pytest.raises(NotProved, match="five minutes"):
        received(OTHERS, body, sent.signed(body, NOW - off))
    assert received(OTHERS, body, sent.signed(body, NOW - timedelta(minutes=4)))


def test_the_timestamp_is_signed_with_the_body() -> None:
    body = sent.generic({"id": "a-1"})
    headers = sent.signed(body, NOW - timedelta(hours=1))
    for stamp in (str(int(NOW.timestamp())), "", "now", "１７"):
        with pytest.raises(NotProved):
            received(OTHERS, body, headers | {"X-Countersign-Timestamp": stamp})


def test_alerts_without_an_id_are_refused() -> None:
    for alert in ({}, {"id": ""}, {"id": "x" * 300}):
        with pytest.raises(Unreadable, match=r"alerts\.0\.id"):
            received(OTHERS, *_with_proof(sent.generic(alert)))


def test_a_department_may_use_several_of_them() -> None:
    vendors = find_vendors(shipped=())
    assert {one.name for one in vendors.chosen_of("alerts", {})} == {"alertmanager", "generic", "pagerduty"}
    wanted = {"alerts": ("pagerduty", "alertmanager")}
    assert [one.name for one in vendors.chosen_of("alerts", wanted)] == ["pagerduty", "alertmanager"]
    assert "alerts" not in vendors.chosen(wanted)
    assert [one.name for one in vendors.chosen_of("alerts", {"alerts": "generic"})] == ["generic"]
    with pytest.raises(NoSuchVendor, match="nagios"):
        vendors.chosen_of("alerts", {"alerts": ("generic", "nagios")})
    with pytest.raises(OneVendorOnly, match="tracker"):
        vendors.chosen({"tracker": ("local", "csv")})


def test_a_sender_whose_clock_is_ahead_says_nothing_from_the_future() -> None:
    """Else its next words would seem to be older than these, and be left out."""
    body = sent.pagerduty("ev-2", occurred_at=(NOW + timedelta(days=1)).isoformat())
    (alert,) = received(PAGER, body, sent.signed_by_pagerduty(body))
    assert alert.told == alert.started == NOW
    ahead = sent.generic({"id": "a-1"})
    (alert,) = received(OTHERS, ahead, sent.signed(ahead, NOW + timedelta(minutes=4)))
    assert alert.told == NOW
