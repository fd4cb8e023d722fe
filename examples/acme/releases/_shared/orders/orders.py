"""Orders: one of them, or an account's newest. How they are read stands in each release, in `reading.py`."""

import reading
from aiohttp import web
from database import POOL, connected, hold
from service import number, serve

_MOST = 10


async def _order(request: web.Request) -> web.Response:
    found = await hold(request.app[POOL], reading.order, number(request, "order"))
    if found is None:
        raise web.HTTPNotFound(text="There is no such order.\n")
    return web.json_response(found)


async def _history(request: web.Request) -> web.Response:
    found = await hold(request.app[POOL], reading.history, number(request, "account"), _MOST)
    return web.json_response({"orders": found})


if __name__ == "__main__":
    serve(
        [web.get("/orders/{order}", _order), web.get("/accounts/{account}/orders", _history)],
        before=[connected],
    )
