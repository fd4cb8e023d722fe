"""Checkout: pays for what an account ordered last. In which order it asks the others stands in each release, in
`steps.py`."""

from urllib.parse import quote

import steps
from aiohttp import web
from service import Callee, body_of, serve

_AUTH, _ORDERS, _PAYMENTS = Callee("auth-service"), Callee("orders"), Callee("payment-service")


async def _account_of(session: str) -> int:
    code, said = await _AUTH.ask("GET", f"/sessions/{quote(session, safe='')}")
    if code != 200:
        raise web.HTTPForbidden(text="There is no such session.\n")
    return said["account"]


async def _orders_of(account: int) -> list[dict]:
    return (await _ORDERS.ask("GET", f"/accounts/{account}/orders"))[1]["orders"]


async def _pay(order: dict) -> dict:
    return (await _PAYMENTS.ask("POST", "/payments", {"order": order["id"], "amount": order["total"]}))[1]


async def _check_out(request: web.Request) -> web.Response:
    body = await body_of(request)
    session, account = body.get("session"), body.get("account")
    if not isinstance(session, str) or not isinstance(account, int) or len(session) > 200:
        raise web.HTTPBadRequest(text="A session and its account are wanted.\n")
    orders = await steps.allowed_orders(_account_of, _orders_of, session, account)
    if not orders:
        raise web.HTTPConflict(text="There is nothing to pay.\n")
    return web.json_response({"order": orders[0], "payment": await _pay(orders[0])}, status=201)


if __name__ == "__main__":
    serve([web.post("/checkouts", _check_out)])
