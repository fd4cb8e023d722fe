"""Payments: taken by an acquirer, and remembered for as long as this process runs. Which acquirer takes one
stands in each release, in `routing.py`."""

import asyncio
from collections import OrderedDict
from itertools import count

import routing
from aiohttp import web
from service import body_of, number, serve

_MOST_REMEMBERED = 10_000
_numbers = count(1)
_payments: OrderedDict[int, dict] = OrderedDict()


async def _pay(request: web.Request) -> web.Response:
    body = await body_of(request)
    order, amount = body.get("order"), body.get("amount")
    if not isinstance(order, int) or not isinstance(amount, str) or len(amount) > 20:
        raise web.HTTPBadRequest(text="An order and an amount are wanted.\n")
    payment = next(_numbers)
    acquirer = routing.acquirer_of(payment)
    await asyncio.sleep(acquirer.answers_within)
    _payments[payment] = {"id": payment, "order": order, "amount": amount, "acquirer": acquirer.name}
    if len(_payments) > _MOST_REMEMBERED:
        _payments.popitem(last=False)
    return web.json_response(_payments[payment], status=201)


async def _payment(request: web.Request) -> web.Response:
    found = _payments.get(number(request, "payment"))
    if found is None:
        raise web.HTTPNotFound(text="There is no such payment.\n")
    return web.json_response(found)


if __name__ == "__main__":
    serve([web.post("/payments", _pay), web.get("/payments/{payment}", _payment)])
