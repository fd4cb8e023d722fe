"""Sessions: begun for an account, and known again by their token. What a token looks like stands in each
release, in `tokens.py`."""

import tokens
from aiohttp import web
from service import body_of, serve


async def _begin(request: web.Request) -> web.Response:
    account = (await body_of(request)).get("account")
    if not isinstance(account, int) or not 0 <= account < 1_000_000:
        raise web.HTTPBadRequest(text="An account is wanted.\n")
    return web.json_response({"session": tokens.issue(account)}, status=201)


async def _session(request: web.Request) -> web.Response:
    account = tokens.account_of(request.match_info["session"])
    if account is None:
        raise web.HTTPNotFound(text="There is no such session.\n")
    return web.json_response({"account": account})


if __name__ == "__main__":
    serve([web.post("/sessions", _begin), web.get("/sessions/{session}", _session)])
