"""The Web API's front: decodes a call, checks its token, fails on demand, records it, answers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from simulators.slack import methods
from simulators.slack.calling import ApiError, Call, Method
from simulators.slack.records import Installation, Json

if TYPE_CHECKING:
    from simulators.slack.server import FakeSlack

WRITTEN_AS_JSON = {
    "blocks", "attachments", "metadata", "view", "files", "chunks", "prompts", "unfurls", "message",
}  # fmt: skip


@dataclass
class ApiCall:
    """A call as it came, and what became of it. `error` is None when it went well."""

    method: str
    args: Json
    token: str
    at: float
    status: int = 200
    error: str | None = None
    answer: Json = field(default_factory=dict)


async def serve(slack: FakeSlack, request: web.Request) -> web.StreamResponse:
    """Answer one call of `/api/<method>`."""
    name = request.match_info["method"]
    args = await arguments(request)
    token = request.headers.get("Authorization", "").removeprefix("Bearer ") or str(args.pop("token", ""))
    record = ApiCall(name, args, token, slack.state.now())
    slack.calls.append(record)
    failure = slack.faults.next_for(name, str(args.get("channel", "")), slack.state.now())
    if failure is not None and not failure.is_after:
        return await failure.answer(request, record)
    try:
        record.answer = {"ok": True, **await run(slack, name, args, token, request)}
    except ApiError as error:
        record.error = error.error
        record.answer = {"ok": False, "error": error.error, **error.more}
    if failure is not None:
        return await failure.answer(request, record)
    return web.json_response(record.answer, headers=granted(slack, token))


def granted(slack: FakeSlack, token: str) -> dict[str, str]:
    """What every answer tells of the token that asked: the scopes that it was granted."""
    for installed in slack.state.installations:
        if token in installed.tokens:
            return {"x-oauth-scopes": ",".join(sorted(installed.scopes or slack.all_scopes))}
    return {}


async def run(slack: FakeSlack, name: str, args: Json, token: str, request: web.Request) -> Json:
    """What a method answers. Raises ApiError."""
    method = methods.BY_NAME.get(name)
    if method is None:
        raise ApiError("unknown_method", req_method=name)
    if method.token == "none":
        basic = request.headers.get("Authorization", "")
        return await method.handle(Call(slack, name, args, token=basic))
    if method.token == "app":
        if token not in slack.app_tokens:
            raise ApiError("not_allowed_token_type" if token.startswith("xoxb-") else "invalid_auth")
        return await method.handle(Call(slack, name, args, token=token))
    app = authorised(slack, token)
    require_scope(app, method)
    return await method.handle(Call(slack, name, args, app, token))


def authorised(slack: FakeSlack, token: str) -> Installation:
    """The installation that a bot token is of. Raises ApiError."""
    if not token:
        raise ApiError("not_authed")
    for installed in slack.state.installations:
        if token in installed.tokens:
            if installed.is_removed:
                raise ApiError("account_inactive")
            expiry = installed.tokens[token]
            if expiry is not None and expiry <= slack.state.now():
                raise ApiError("token_expired")
            return installed
    raise ApiError("invalid_auth")


def require_scope(app: Installation, method: Method) -> None:
    """Raises ApiError unless the app was granted what the method needs."""
    if app.scopes is None or not method.scopes or app.scopes.intersection(method.scopes):
        return
    provided = ",".join(sorted(app.scopes))
    raise ApiError("missing_scope", needed=method.scopes[0], provided=provided)


async def arguments(request: web.Request) -> Json:
    """A call's arguments, from the address, a form or a JSON body."""
    found: Json = dict(request.query)
    if request.content_type == "application/json":
        body = await request.text()
        found |= json.loads(body) if body else {}
    elif request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        found |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    return {name: decoded(name, value) for name, value in found.items() if value is not None}


def decoded(name: str, value: Any) -> Any:
    """An argument that may come as JSON in a string."""
    if name in WRITTEN_AS_JSON and isinstance(value, str) and value:
        try:
            return json.loads(value)
        except json.JSONDecodeError as error:
            raise web.HTTPBadRequest(text=f"{name} is not JSON: {error}") from error
    return value
