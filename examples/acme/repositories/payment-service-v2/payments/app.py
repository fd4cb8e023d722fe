"""What the payments API answers over HTTP."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from payments.till import KeyUsed, NewPayment, NoSuchPayment, Payment, Till, TooMuch
from payments.web import Answer, Application, Refused, Request

LONGEST_KEY = 64
_VALUE = re.compile(r"[0-9]{1,12}\.[0-9]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")


def application(till: Till) -> Application:
    """The service over a till."""

    def pay(request: Request) -> Answer:
        try:
            return Answer(shown(till.pay(_key(request), _new(request.body))), HTTPStatus.CREATED)
        except KeyUsed as used:
            raise Refused(HTTPStatus.CONFLICT, "The key was used for another payment.") from used

    def read(request: Request) -> Answer:
        return Answer(shown(_found(till, request.parts["id"])))

    def refund(request: Request) -> Answer:
        payment = _found(till, request.parts["id"])
        amount = request.body.get("amount") if isinstance(request.body, dict) else None
        value, currency = _money(amount)
        if currency != payment.new.currency:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "It was paid in another currency.")
        try:
            return Answer(shown(till.refund(_key(request), payment.id, value)), HTTPStatus.CREATED)
        except (KeyUsed, TooMuch) as refused:
            raise Refused(HTTPStatus.CONFLICT, "More than the payment would be refunded.") from refused

    def outcomes(request: Request) -> Answer:
        try:
            since, until = (date.fromisoformat(request.query[name]) for name in ("since", "until"))
        except (KeyError, ValueError) as wrong:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "A period has a since and an until.") from wrong
        found = till.outcomes(request.parts["account"], since, until)
        return Answer(
            [
                {
                    "day": day.isoformat(),
                    "state": state,
                    "count": count,
                    **({"decline_reason": reason.value} if reason else {}),
                }
                for day, state, reason, count in found
            ]
        )

    return Application(
        {
            "POST /payments": pay,
            "GET /payments/{id}": read,
            "POST /payments/{id}/refunds": refund,
            "GET /accounts/{account}/outcomes": outcomes,
        }
    )


def shown(payment: Payment) -> dict[str, Any]:
    """A payment as JSON."""
    said = {
        "id": payment.id,
        "account": payment.new.account,
        "order": payment.new.order,
        "amount": {"value": f"{payment.new.value:.2f}", "currency": payment.new.currency},
        "state": payment.state,
        "created": payment.created.isoformat(),
    }
    return said if payment.decline_reason is None else {**said, "decline_reason": payment.decline_reason.value}


def _key(request: Request) -> str:
    key = request.headers.get("idempotency-key", "")
    if not 1 <= len(key) <= LONGEST_KEY:
        raise Refused(HTTPStatus.BAD_REQUEST, "An Idempotency-Key is wanted.")
    return key


def _found(till: Till, payment: str) -> Payment:
    try:
        return till.payment(payment)
    except NoSuchPayment as missing:
        raise Refused(HTTPStatus.NOT_FOUND, "There is no such payment.") from missing


def _new(body: Any) -> NewPayment:
    if not isinstance(body, dict) or not all(
        isinstance(body.get(name), str) for name in ("account", "order", "method")
    ):
        raise Refused(HTTPStatus.BAD_REQUEST, "An account, an order, an amount and a method are wanted.")
    return NewPayment(body["account"], body["order"], *_money(body.get("amount")), body["method"])


def _money(amount: Any) -> tuple[Decimal, str]:
    value, currency = (
        (str(amount.get("value")), str(amount.get("currency"))) if isinstance(amount, dict) else ("", "")
    )
    if not _VALUE.fullmatch(value) or not _CURRENCY.fullmatch(currency):
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "The amount or currency is not acceptable.")
    return Decimal(value), currency
