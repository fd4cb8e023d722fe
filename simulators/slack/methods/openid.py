"""openid.connect.*: signing in with Slack."""

from __future__ import annotations

import secrets

from simulators.slack.calling import ApiError, Call, method
from simulators.slack.methods.installing import require_client
from simulators.slack.records import Json


@method("openid.connect.token", token="none")
async def token(call: Call) -> Json:
    require_client(call)
    grant = call.slack.codes.pop(str(call.args.get("code") or ""), None)
    if grant is None or grant["purpose"] != "sign in":
        raise ApiError("invalid_code")
    if grant["redirect_uri"] != call.args.get("redirect_uri"):
        raise ApiError("bad_redirect_uri")
    user = call.state.users[grant["user"]]
    access = f"xoxp-{secrets.token_hex(12)}"
    call.slack.openid.signed_in[access] = user.id
    return {
        "access_token": access,
        "token_type": "Bearer",
        "id_token": call.slack.openid.id_token(call.state, user, grant["nonce"]),
    }


@method("openid.connect.userInfo", token="none")
async def user_info(call: Call) -> Json:
    user = call.slack.openid.signed_in.get(call.token.removeprefix("Bearer "))
    if user is None:
        raise ApiError("invalid_auth")
    return call.slack.openid.claims(call.state, call.state.users[user])
