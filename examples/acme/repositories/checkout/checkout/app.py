"""What checkout answers over HTTP."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from typing import Any

from checkout.steps import Checkout, Declined, Line, NotSignedIn, quote
from checkout.web import Answer, Application, Refused, Request


def application(checkout: Checkout) -> Application:
    """The service over its three neighbours."""

    def quoted(request: Request) -> Answer:
        found = quote(_lines(request.body))
        amounts = {"goods": found.goods, "shipping": found.shipping, "total": found.total}
        return Answer({name: f"{amount:.2f}" for name, amount in amounts.items()})

    def confirmed(request: Request) -> Answer:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            done = checkout.confirm(token, _lines(request.body))
        except NotSignedIn as nobody:
            raise Refused(HTTPStatus.UNAUTHORIZED, "Sign in first.") from nobody
        except Declined as declined:
            raise Refused(HTTPStatus.PAYMENT_REQUIRED, str(declined)) from declined
        said = {"order": done.order, "payment": done.payment, "total": f"{done.total:.2f}"}
        return Answer(said, HTTPStatus.CREATED)

    return Application({"POST /quotes": quoted, "POST /checkouts": confirmed})


def _lines(body: Any) -> list[Line]:
    try:
        lines = [
            Line(str(one["product"]), int(one["quantity"]), Decimal(one["unit_price"])) for one in body["lines"]
        ]
    except (KeyError, TypeError, ValueError, InvalidOperation) as wrong:
        raise Refused(HTTPStatus.BAD_REQUEST, "Lines of products are wanted.") from wrong
    if not lines or any(line.quantity < 1 or line.unit_price < 0 for line in lines):
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "A cart holds products, one or more of each.")
    return lines
