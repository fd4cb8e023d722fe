"""Who the browser speaks as: a signed cookie that names a person, chosen on this machine alone."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web
from cryptography.fernet import Fernet, InvalidToken

from bot.platforms.sealing import key_in

COOKIE = "countersign_persona"
_THIRTY_DAYS = 30 * 24 * 3600


class Session:
    """Signs and reads the cookie. The key is 32 random bytes, base64, as Fernet has it."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)

    def choose(self, response: web.StreamResponse, person: str) -> None:
        """Let the browser speak as this person from now on."""
        signed = self._fernet.encrypt(person.encode()).decode()
        response.set_cookie(COOKIE, signed, max_age=_THIRTY_DAYS, httponly=True, samesite="Strict", path="/")

    def chosen(self, request: web.Request) -> str | None:
        """The person's id, or None if none was chosen, the cookie is old, or it was not signed here."""
        signed = request.cookies.get(COOKIE)
        if signed is None:
            return None
        try:
            # Browsers may send any bytes; those that are no text arrive as lone surrogates.
            return self._fernet.decrypt(signed.encode(errors="surrogateescape"), ttl=_THIRTY_DAYS).decode()
        except InvalidToken:
            return None


PERSONA: web.AppKey[Session] = web.AppKey("persona", Session)


def session_key(folder: Path) -> bytes:
    """The installation's key for console cookies, made at first use."""
    return key_in(folder / "console.key")
