from datetime import UTC, datetime

import pytest
from payments.app import application
from payments.till import DeclineReason, Till

NEW = {"account": "acme", "order": "7", "amount": {"value": "20.00", "currency": "EUR"}, "method": "tok_1"}


@pytest.fixture
def app():
    reasons = {"tok_expired": DeclineReason.EXPIRED_CARD, "tok_lost": DeclineReason.LOST_CARD}
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    return application(Till(lambda new: reasons.get(new.method), now=lambda: now))


def pay(app, key="k1", **other):
    return app.answer("POST", "/payments", headers={"idempotency-key": key}, body={**NEW, **other})


def refund(app, value, key):
    body = {"amount": {"value": value, "currency": "EUR"}}
    return app.answer("POST", "/payments/pay_1/refunds", headers={"idempotency-key": key}, body=body)


def test_a_payment_is_made_once_per_key(app):
    first = pay(app)
    assert (first.status, first.body["state"]) == (201, "authorised")
    assert pay(app).body == first.body
    assert pay(app, order="8").status == 409
    assert pay(app, key="k2").body["id"] == "pay_2"


def test_a_declined_payment_says_why(app):
    declined = pay(app, method="tok_expired").body
    assert (declined["state"], declined["decline_reason"]) == ("declined", "expired_card")
    assert app.answer("GET", "/payments/pay_1").body == declined


@pytest.mark.parametrize("value", ["20", "20.0", "-1.00", "1e2", "", None])
def test_what_is_no_amount_is_refused(app, value):
    assert pay(app, amount={"value": value, "currency": "EUR"}).status == 422


def test_a_key_is_wanted(app):
    assert app.answer("POST", "/payments", body=NEW).status == 400
    assert pay(app, key="k" * 65).status == 400


def test_no_more_is_given_back_than_was_paid(app):
    pay(app)
    assert refund(app, "15.00", "r1").body["state"] == "authorised"
    assert refund(app, "15.00", "r1").status == 201  # the same one
    assert refund(app, "5.01", "r2").status == 409
    assert refund(app, "5.00", "r3").body["state"] == "refunded"


def test_nothing_is_given_back_of_what_was_declined(app):
    pay(app, method="tok_lost")
    assert refund(app, "1.00", "r1").status == 409


def test_outcomes_are_by_day_and_reason(app):
    for number, method in enumerate(("tok_1", "tok_expired", "tok_expired", "tok_lost")):
        pay(app, key=f"k{number}", method=method)
    pay(app, key="k9", account="other")
    period = {"since": "2026-11-20", "until": "2026-11-20"}
    found = app.answer("GET", "/accounts/acme/outcomes", query=period).body
    assert [(one["state"], one.get("decline_reason"), one["count"]) for one in found] == [
        ("authorised", None, 1),
        ("declined", "expired_card", 2),
        ("declined", "lost_card", 1),
    ]
    assert app.answer("GET", "/accounts/acme/outcomes", query={"since": "x"}).status == 422


def test_there_are_twelve_reasons():
    assert len(DeclineReason) == 12


def test_an_unknown_payment_is_not_found(app):
    assert app.answer("GET", "/payments/pay_7").status == 404
