"""A workspace's people, read from Slack with a bot token (users:read and users:read.email)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from bot.beginning.platform_people import (
    MOST,
    PATIENCE_SECONDS,
    Listed,
    PeopleNotRead,
    answer_of,
    asked_to_wait,
    in_order,
    is_address,
    too_many,
)
from bot.slack.addresses import Address

_PAGE = 200
_NOT_TAKEN = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "token_revoked",
        "token_expired",
        "account_inactive",
        "not_allowed_token_type",
    }
)
_ADD = "Add it under “OAuth & Permissions” of the app, install the app anew, and run this again"


async def slack_people(api_url: str, token: str) -> tuple[Listed, ...]:
    """Everybody who works in the token's workspace: no bots, no guests, nobody deactivated.

    Raises PeopleNotRead.
    """
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, headers=headers) as http:
        own = await _call(http, api_url, "auth.test", {})
        members: list[Mapping[str, Any]] = []
        cursor = ""
        while True:
            asked = {"limit": str(_PAGE), "team_id": str(own["team_id"])} | (
                {"cursor": cursor} if cursor else {}
            )
            page = await _call(http, api_url, "users.list", asked)
            members += [one for one in page.get("members") or () if _works_there(one)]
            if len(members) > MOST:
                raise too_many("Slack")
            cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                break
    profiles = [one.get("profile") or {} for one in members]
    if members and not any("email" in profile for profile in profiles):
        raise _lacks("users:read.email")
    enterprise = str(own["enterprise_id"]) if own.get("enterprise_id") else None
    return in_order(
        [
            Listed(
                str(profile.get("real_name") or one.get("real_name") or one.get("name")),
                profile["email"],
                Address(enterprise, str(own["team_id"]), str(one["id"])).identity,
            )
            for one, profile in zip(members, profiles, strict=True)
            if is_address(profile.get("email"))
        ]
    )


def _works_there(one: Mapping[str, Any]) -> bool:
    out = ("deleted", "is_bot", "is_app_user", "is_restricted", "is_ultra_restricted", "is_stranger")
    return one.get("id") != "USLACKBOT" and not any(one.get(name) for name in out)


async def _call(http: httpx.AsyncClient, api_url: str, method: str, asked: dict[str, str]) -> Mapping[str, Any]:
    url = f"{api_url.rstrip('/')}/{method}"
    answer, found = await answer_of(http, "Slack", "POST", url, data=asked)
    if found.get("ok") is True:
        return found
    error = str(found.get("error") or answer.status_code)
    if error in _NOT_TAKEN:
        raise PeopleNotRead(
            f"Slack does not take this token ({error}). Copy the Bot User OAuth Token, which begins with xoxb-,"
            " from “OAuth & Permissions” of the app, and run this again."
        )
    if error == "missing_scope":
        raise _lacks(str(found.get("needed") or "users:read"))
    if error == "ratelimited":
        raise asked_to_wait("Slack", answer.headers.get("Retry-After"))
    raise PeopleNotRead(f"Slack refuses {method} ({error}). Read the people from a list: --people people.csv.")


def _lacks(scope: str) -> PeopleNotRead:
    return PeopleNotRead(f"The token lacks the scope {scope}. {_ADD}.")
