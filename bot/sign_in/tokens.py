"""Random tokens that only a browser has, and what is kept or sent of them in their stead."""

from __future__ import annotations

import hashlib
import secrets

_BYTES = 32


def new_token() -> str:
    """256 random bits, fit for a cookie and an address."""
    return secrets.token_urlsafe(_BYTES)


def digest(token: str) -> str:
    """What is stored of a token: whoever reads the database cannot use it."""
    return _hash(token)


def csrf_token(session: str) -> str:
    """What the pages of a session send along with every post; from it nobody finds the session's own."""
    return _hash(f"csrf:{session}")


def _hash(text: str) -> str:
    # Browsers may send any bytes; those that are no text arrive as lone surrogates.
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
