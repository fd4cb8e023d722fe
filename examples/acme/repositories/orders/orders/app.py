"""What orders answers over HTTP."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from typing import Any

from orders.book import Book, Item, NoSuchOrder, NotPossible, Order
from orders.web import Answer, Application, Refused, Request

MOST_SHOWN = 50


def application(book: Book) -> Application:
    """The service over a book."""

    def place(request: Request) -> Answer:
        account, items = _placed(request.body)
        order = book.place(account, items, request.body.get("channel", "web"), request.body.get("site"))
        return Answer(shown(order), HTTPStatus.CREATED)

    def order(request: Request) -> Answer:
        return Answer(shown(_found(book, request)))

    def move(request: Request) -> Answer:
        number = _found(book, request).number
        state = request.body.get("state") if isinstance(request.body, dict) else None
        try:
            return Answer(shown(book.move(number, str(state))))
        except NotPossible as refused:
            raise Refused(HTTPStatus.CONFLICT, f"{refused}.") from refused

    def history(request: Request) -> Answer:
        most = request.query.get("limit", str(MOST_SHOWN))
        if not most.isdecimal() or not 1 <= int(most) <= MOST_SHOWN:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"A limit is a number from 1 to {MOST_SHOWN}.")
        return Answer({"orders": [shown(one) for one in book.history(request.parts["account"], int(most))]})

    return Application(
        {
            "POST /orders": place,
            "GET /orders/{order}": order,
            "PATCH /orders/{order}": move,
            "GET /accounts/{account}/orders": history,
        }
    )


def shown(order: Order) -> dict[str, Any]:
    """An order as JSON."""
    return {
        "number": order.number,
        "account": order.account,
        "placed": order.placed.isoformat(),
        "state": order.state,
        "channel": order.channel,
        "site": order.site,
        "total": f"{order.total:.2f}",
        "items": [
            {"product": one.product, "quantity": one.quantity, "unit_price": f"{one.unit_price:.2f}"}
            for one in order.items
        ],
    }


def _found(book: Book, request: Request) -> Order:
    number = request.parts["order"]
    try:
        return book.order(int(number))
    except (ValueError, NoSuchOrder) as missing:
        raise Refused(HTTPStatus.NOT_FOUND, "There is no such order.") from missing


def _placed(body: Any) -> tuple[str, list[Item]]:
    try:
        items = [
            Item(str(one["product"]), int(one["quantity"]), Decimal(one["unit_price"])) for one in body["items"]
        ]
        if not items:
            raise ValueError("no items")
        return str(body["account"]), items
    except (KeyError, TypeError, ValueError, InvalidOperation) as wrong:
        raise Refused(HTTPStatus.BAD_REQUEST, "An account and items are wanted.") from wrong
