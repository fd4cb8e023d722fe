"""Who calls `/teams/messages`: only the Bot Framework, for this bot, with a token that it signed just now.

The SDK's own check is not used: it answers a garbage token or an unknown key with an exception of any
kind, fetches keys on the event loop, takes emulators' tokens, and waves everybody through without an id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jwt

from bot.teams.signing_keys import NoSuchKey, SigningKeys

CHANNEL = "msteams"

_LEEWAY = 300
"""Seconds by which clocks may differ, as the Bot Framework has it."""

Claims = Mapping[str, Any]


class NotFromTeams(Exception):
    """Nothing proves that this request comes from Teams. The text says what is wrong with its token."""


async def verify(authorization: str | None, keys: SigningKeys, app_id: str) -> Claims:
    """The claims of a valid token. Raises NotFromTeams, and KeysUnavailable where nothing can be checked."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotFromTeams("This address is for Microsoft Teams, and the request carries no token of its.")
    try:
        name = jwt.get_unverified_header(token).get("kid")
        if not isinstance(name, str):
            raise NotFromTeams("The token does not say which key signed it.")
        signing = await keys.key(name)
        if signing.endorsements and CHANNEL not in signing.endorsements:
            raise NotFromTeams("The token was signed with a key that does not speak for Teams.")
        claims: Claims = jwt.decode(
            token,
            signing.key,
            algorithms=["RS256"],
            audience=app_id,
            issuer=await keys.issuer(),
            leeway=_LEEWAY,
            options={"require": ["exp", "iss", "aud"], "strict_aud": True},
        )
    except NoSuchKey as unknown:
        raise NotFromTeams("The token was signed with a key that the Bot Framework does not have.") from unknown
    except jwt.ExpiredSignatureError as expired:
        raise NotFromTeams("The token has expired.") from expired
    except jwt.PyJWTError as invalid:
        raise NotFromTeams("The token is not one that the Bot Framework signed for this bot.") from invalid
    return claims


def demand_same_service(claims: Claims, service_url: str) -> None:
    """Raises NotFromTeams unless the token was made for answers to this address: they carry our token."""
    if not service_url or claims.get("serviceurl") != service_url:
        raise NotFromTeams("The token was made for another service address than the message names.")
