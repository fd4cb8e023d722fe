"""API documents from OpenAPI documents, whatever stands in them; and what of a change breaks callers."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.delivery_causes.api_breaks import broken_by
from agents.delivery_causes.api_documents import NotAnApi, api_documents
from agents.delivery_causes.gathering_services import is_major_step
from agents.delivery_causes.mentions import Mentions, is_of_api_documents, likely_service
from integrations.services import Service

ACME = Path(__file__).parents[3] / "examples" / "acme"
PAYMENTS = (ACME / "repositories" / "payment-service-v2" / "openapi.yaml").read_text()


def test_each_operation_has_a_section_with_its_parameters() -> None:
    said = api_documents(PAYMENTS, "payment-service-v2", "openapi.yaml at abc")
    assert said.startswith("# Payments API v2 2.0.0-rc.3\n")
    assert "## POST /payments" in said
    assert "| Idempotency-Key | header | yes | string |" in said
    assert "Generated from `openapi.yaml at abc`." in said


def test_what_others_wrote_stays_words() -> None:
    info = "info: {title: '<b>x</b> [y](http://evil) `z`'}"
    hostile = f"openapi: 3.1.0\n{info}\npaths:\n  /a|b:\n    get: {{summary: '# heading'}}\n"
    said = api_documents(hostile, "s", "f")
    assert "<b>" not in said
    assert "[y](" not in said
    assert "\n# heading" not in said
    looped = "openapi: 3.1.0\npaths: {/a: {get: {parameters: [{$ref: '#/x'}]}}}\nx: {$ref: '#/x'}\n"
    assert "## GET /a" in api_documents(looped, "s", "f")


@pytest.mark.parametrize("text", ["", "- a", "paths: 3", "{", "a: &a [*a]\npaths: 1", "x" * 1_000_001])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(NotAnApi):
        api_documents(text, "s", "f")


def test_a_removed_path_breaks_and_an_added_one_does_not() -> None:
    added = PAYMENTS.replace(
        "paths:\n", "paths:\n  /more:\n    get: {responses: {'200': {description: ok}}}\n", 1
    )
    assert broken_by(PAYMENTS, added) == ()
    assert [one.what for one in broken_by(added, PAYMENTS)] == ["path removed"]
    assert broken_by(PAYMENTS, "{") == ()


def test_major_steps() -> None:
    assert is_major_step("1.28.0", "2.0.0-rc.1")
    assert is_major_step("v1", "v2")
    assert not is_major_step("2.1.0", "2.9.0")
    assert not is_major_step("2.0.0", "1.9.0")
    assert not is_major_step("main-3f2", "main-4a1")


def test_services_are_told_from_everyday_words() -> None:
    services = [
        _service("orders", "beta"),
        _service("auth-service", "gamma"),
        _service("payment-service", "alpha"),
    ]
    services.append(_service("payment-service-v2", "alpha"))
    known = Mentions(services)
    assert known.of("Show all orders of a buyer") == frozenset()
    assert known.of("orders 4.18 is slow") == {"orders"}
    assert known.of("Show all orders", team="beta") == {"orders"}
    assert known.of("Since auth service 2.0.0 the auth-service fails") == {"auth-service"}
    assert known.of("payment-service-v2 is new") == {"payment-service-v2"}
    assert likely_service(("API documentation of payments API v2",), services, "alpha") == "payment-service-v2"
    assert is_of_api_documents("Waits for Team Alpha's documentation of payments API v2")
    assert not is_of_api_documents("Waits for the design")


def _service(id: str, team: str) -> Service:
    return Service(id, id, "", team, 1, "service", "production", None, (), ())
