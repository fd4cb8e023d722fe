"""Slack's own pages: install the app, sign in. Whoever `browser_user` names says yes; else the page asks."""

from __future__ import annotations

import html
import secrets
from urllib.parse import urlencode

from aiohttp import web

from simulators.slack.calling import SLACK


async def install(request: web.Request) -> web.Response:
    """`/oauth/v2/authorize`: the consent, then back with a code. `account` picks what is installed into."""
    slack = request.app[SLACK]
    user = _who(request)
    if user is None:
        return _ask(request, "Install the app as")
    account = request.query.get("account") or slack.installs_into or slack.state.users[user].team_id
    return _back(request, {"purpose": "install", "account": account, "user": user})


async def sign_in(request: web.Request) -> web.Response:
    """`/openid/connect/authorize`: the sign-in, then back with a code, or with `openid.error`."""
    slack = request.app[SLACK]
    user = _who(request)
    if user is None:
        return _ask(request, "Sign in as")
    slack.openid.asked.append(dict(request.query))
    if slack.openid.error:
        answer = {"error": slack.openid.error, "state": request.query.get("state", "")}
        target = f"{request.query['redirect_uri']}?{urlencode(answer)}"
        return web.Response(status=302, headers={"Location": target})
    nonce = request.query.get("nonce")
    return _back(request, {"purpose": "sign in", "user": user, "nonce": nonce})


async def configuration(request: web.Request) -> web.Response:
    """`/.well-known/openid-configuration`."""
    slack = request.app[SLACK]
    return web.json_response(
        {
            "issuer": slack.openid.issuer,
            "authorization_endpoint": f"{slack.url}/openid/connect/authorize",
            "token_endpoint": f"{slack.api_url}openid.connect.token",
            "userinfo_endpoint": f"{slack.api_url}openid.connect.userInfo",
            "jwks_uri": f"{slack.url}/openid/connect/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
        }
    )


async def keys(request: web.Request) -> web.Response:
    """`/openid/connect/keys`."""
    return web.json_response(request.app[SLACK].openid.keys())


def _who(request: web.Request) -> str | None:
    slack = request.app[SLACK]
    handle = request.query.get("as") or slack.browser_user
    return slack.user(handle).id if handle else None


def _back(request: web.Request, grant: dict[str, str | None]) -> web.Response:
    slack = request.app[SLACK]
    if request.query.get("client_id") != slack.client_id:
        return web.Response(status=400, text="invalid_client_id")
    target = request.query.get("redirect_uri") or slack.default_redirect
    if target is None:
        return web.Response(status=400, text="bad_redirect_uri")
    code = secrets.token_hex(10)
    slack.codes[code] = {**grant, "redirect_uri": request.query.get("redirect_uri")}
    answer = {"code": code, "state": request.query.get("state", "")}
    return web.Response(status=302, headers={"Location": f"{target}?{urlencode(answer)}"})


def _ask(request: web.Request, what: str) -> web.Response:
    slack = request.app[SLACK]
    people = [user for user in slack.state.users.values() if not user.is_bot and not user.deleted]
    hidden = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
        for name, value in request.query.items()
    )
    buttons = "".join(
        f'<button name="as" value="{html.escape(user.handle)}">{html.escape(user.name)}</button>'
        for user in people
    )
    page = f"<!doctype html><title>{what}</title><h1>{what}</h1><form>{hidden}{buttons}</form>"
    return web.Response(text=page, content_type="text/html")
