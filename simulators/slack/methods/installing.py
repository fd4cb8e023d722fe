"""Installing the app, its tokens and their rotation, taking it away; who a token is."""

from __future__ import annotations

import base64
import secrets

from simulators.slack.calling import ApiError, Call, method
from simulators.slack.records import Installation, Json
from simulators.slack.rendered import APP_ID
from simulators.slack.setting_up import TOKEN_LIFE


@method("api.test", token="none")
async def api_test(call: Call) -> Json:
    return {"args": call.args}


@method("auth.test")
async def auth_test(call: Call) -> Json:
    app = call.bot
    team = call.state.teams_of(app)[0]
    workspace = call.state.workspaces[team]
    found: Json = {
        "url": f"{call.slack.url}/",
        "team": workspace.enterprise_name if app.is_org_wide else workspace.name,
        "user": call.state.users[app.bot_user].handle,
        "team_id": app.account,
        "user_id": app.bot_user,
        "bot_id": app.bot_id,
        "is_enterprise_install": app.is_org_wide,
    }
    if workspace.enterprise_id:
        found["enterprise_id"] = workspace.enterprise_id
    return found


@method("auth.teams.list")
async def list_teams(call: Call) -> Json:
    """The workspaces that a token is for."""
    teams = [{"id": team, "name": call.state.workspaces[team].name} for team in call.state.teams_of(call.bot)]
    return call.page(teams, "teams")


@method("oauth.v2.access", token="none")
async def access(call: Call) -> Json:
    """A code or a refresh token for an access token."""
    require_client(call)
    if call.args.get("grant_type") == "refresh_token":
        return refreshed(call)
    grant = call.slack.codes.pop(str(call.args.get("code") or ""), None)
    if grant is None or grant["purpose"] != "install":
        raise ApiError("invalid_code")
    if grant["redirect_uri"] and grant["redirect_uri"] != call.args.get("redirect_uri"):
        raise ApiError("bad_redirect_uri")
    installed = call.slack.install(grant["account"], installer=grant["user"])
    return granted(call, installed)


def refreshed(call: Call) -> Json:
    """A new access token. The refresh token that was used is spent; the access token lives until its end."""
    wanted = call.args.get("refresh_token")
    for installed in call.state.installations:
        if wanted and installed.refresh_token == wanted and not installed.is_removed:
            rotate(call, installed)
            return granted(call, installed)
    raise ApiError("invalid_refresh_token")


def rotate(call: Call, installed: Installation) -> None:
    """Give an installation its next pair of tokens."""
    installed.tokens[f"xoxe.xoxb-1-{secrets.token_hex(12)}"] = call.state.now() + TOKEN_LIFE
    installed.refresh_token = f"xoxe-1-{secrets.token_hex(12)}"


def granted(call: Call, installed: Installation) -> Json:
    """What oauth.v2.access answers."""
    workspace = call.state.workspaces[call.state.teams_of(installed)[0]]
    enterprise = workspace.enterprise_id
    found: Json = {
        "access_token": installed.token,
        "token_type": "bot",
        "scope": ",".join(sorted(installed.scopes or call.slack.all_scopes)),
        "bot_user_id": installed.bot_user,
        "app_id": APP_ID,
        "team": None if installed.is_org_wide else {"id": workspace.id, "name": workspace.name},
        "enterprise": {"id": enterprise, "name": workspace.enterprise_name} if enterprise else None,
        "is_enterprise_install": installed.is_org_wide,
        "authed_user": {"id": installed.installer},
    }
    if installed.refresh_token:
        expiry = installed.tokens[installed.token] or 0
        found |= {"refresh_token": installed.refresh_token, "expires_in": int(expiry - call.state.now())}
    return found


def require_client(call: Call) -> None:
    """Raises ApiError unless the caller proves to be the app, by arguments or basic authentication."""
    client, secret = call.args.get("client_id"), call.args.get("client_secret")
    if call.token.startswith("Basic "):
        client, _, secret = base64.b64decode(call.token.removeprefix("Basic ")).decode().partition(":")
    if client != call.slack.client_id:
        raise ApiError("invalid_client_id")
    if secret != call.slack.client_secret:
        raise ApiError("bad_client_secret")


@method("apps.uninstall")
async def uninstall(call: Call) -> Json:
    require_client(call)
    call.slack.spawn(call.slack.uninstall(call.bot.account))
    return {}


@method("auth.revoke")
async def revoke(call: Call) -> Json:
    call.bot.tokens.pop(call.token)
    return {"revoked": True}


@method("apps.connections.open", token="app")
async def open_connection(call: Call) -> Json:
    call.slack.uses_sockets = True
    ticket = secrets.token_hex(8)
    return {"url": f"{call.slack.url.replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={APP_ID}"}
