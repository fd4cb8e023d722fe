"""What the values of settings must be, each check with a sentence that goes on from the setting's name.

None says the value itself: it may be a secret, or hold one.
"""

from __future__ import annotations

import re
from decimal import Decimal
from urllib.parse import urlsplit

from governance.outside_text import is_storable

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

_MODEL = re.compile(r"(?P<name>[^\s=]+) ?= ?(?P<read>\d+(?:\.\d+)?) ?/ ?(?P<written>\d+(?:\.\d+)?)")
_NO_DATABASE = (
    "is no address such as postgresql://USER:PASSWORD@HOST:5432/DATABASE; what is neither letter nor digit in"
    " a user's name or a password is written as %XX"
)


def readable(value: str) -> str:
    """Raises ValueError for bytes that are no text, and for control characters."""
    if not is_storable(value) or _CONTROLS.search(value):
        raise ValueError("holds characters that cannot be read")
    return value


def tenant(value: str) -> str:
    """Raises ValueError for what could not stand in the name of a log."""
    if not _TENANT.fullmatch(value):
        raise ValueError("is no name of letters, digits, dots and dashes, such as acme")
    return value


def http_url(value: str) -> str:
    """Raises ValueError for what is no http or https address."""
    if not _is_address(value, ("http", "https")):
        raise ValueError("is no address such as https://example.com/")
    return value


def without_user(value: str) -> str:
    """Raises ValueError for an address with a user or a password in it, where a token proves who asks."""
    if "@" in urlsplit(value).netloc:
        raise ValueError("holds a user or a password, and none is asked for there")
    return value


def models(value: str) -> tuple[tuple[str, Decimal, Decimal], ...]:
    """Models with their prices: `gpt-4o=2.50/10, gpt-5-nano=0.05/0.40`. Raises ValueError for what is none."""
    found: list[tuple[str, Decimal, Decimal]] = []
    for written in filter(None, (one.strip() for one in value.split(","))):
        model = _MODEL.fullmatch(written)
        if model is None:
            raise ValueError("wants each model with the USD for a million tokens in and out: gpt-4o=2.50/10")
        found.append((model["name"], Decimal(model["read"]), Decimal(model["written"])))
    return tuple(found)


def redis_url(value: str) -> str:
    """Raises ValueError for what is no address of a Redis."""
    if not _is_address(value, ("redis", "rediss")):
        raise ValueError("is no address such as redis://127.0.0.1:6379/0")
    return value


def database_url(value: str) -> str:
    """Raises ValueError for what SQLAlchemy and PostgreSQL's own library do not both read, and alike."""
    from psycopg import Error
    from psycopg.conninfo import conninfo_to_dict
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    if not value.startswith(("postgresql://", "postgres://")):
        raise ValueError(_NO_DATABASE)
    try:
        read, of_the_library = make_url(value), conninfo_to_dict(value)
    except (ArgumentError, ValueError, Error):
        raise ValueError(_NO_DATABASE) from None  # what they say holds parts of the password
    if (read.password or "") != (of_the_library.get("password") or ""):
        raise ValueError(_NO_DATABASE)
    return value


def fernet_key(value: str) -> str:
    """Raises ValueError for what is no Fernet key."""
    from cryptography.fernet import Fernet

    try:
        Fernet(value)
    except ValueError:
        how = "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
        raise ValueError(f"is no Fernet key; make one with: {how}") from None
    return value


def signing_key(value: str) -> str:
    """Raises ValueError for what is no Ed25519 key."""
    from governance.audit.keys import KeyUnusable, key_from_setting

    try:
        key_from_setting(value)
    except KeyUnusable:
        raise ValueError("is no Ed25519 key: PEM (PKCS 8), or its 32-byte seed in base64") from None
    return value


def _is_address(value: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
