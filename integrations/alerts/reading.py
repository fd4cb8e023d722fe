"""What the vendors' parsers share: proofs of a sender, and text from outside made ours, bounded."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, ValidationError

from governance.outside_text import clean, storable_json
from integrations.alerts import LONGEST_NAME, LONGEST_WORDS, MOST_LABELS, NotProved, SwitchedOff, Unreadable

SHORTEST_SECRET = 16
"""Characters of a secret: nobody is to guess one."""


def _demand_long(secret: SecretStr) -> SecretStr:
    if any(len(one) < SHORTEST_SECRET for one in _split(secret)):
        raise ValueError(f"needs secrets of at least {SHORTEST_SECRET} characters")
    return secret


Secrets = Annotated[SecretStr, AfterValidator(_demand_long)]
"""One secret, or several with commas while one is exchanged for another: each of them proves the sender."""


def _split(secret: SecretStr) -> list[str]:
    return secret.get_secret_value().replace(",", " ").split()


def secrets_in(setting: SecretStr | None) -> tuple[bytes, ...]:
    """The secrets that a setting holds. Raises SwitchedOff where there is none."""
    found = tuple(one.encode() for one in _split(setting)) if setting is not None else ()
    if not found:
        raise SwitchedOff
    return found


def demand_bearer(given: str, secrets: Iterable[bytes]) -> None:
    """Raises NotProved unless an Authorization header carries one of these as its bearer token (RFC 6750)."""
    scheme, _, token = given.partition(" ")
    wanted = list(secrets)
    if scheme.lower() != "bearer" or not _is_one_of(token.strip(), wanted):
        raise NotProved("The bearer token is missing, or not the one that is set here.")


def demand_signed(given: str, signed: bytes, secrets: Iterable[bytes], *, scheme: str = "v1") -> None:
    """Raises NotProved unless `given` (`v1=…`, by the name of the `scheme`; several with commas) holds an
    HMAC-SHA256, in hex, of what is `signed` by one of the secrets."""
    right = [hmac.new(secret, signed, hashlib.sha256).hexdigest().encode() for secret in secrets]
    signatures = [
        one.strip().removeprefix(f"{scheme}=")
        for one in given.split(",")
        if one.strip().startswith(f"{scheme}=")
    ]
    if not any(_is_one_of(one, right) for one in signatures[:10]):
        raise NotProved("The signature is missing, or made of something else or by another secret.")


def _is_one_of(given: str, right: list[bytes]) -> bool:
    said = given.encode("utf-8", "surrogateescape")
    # Not `any`: how long it takes says nothing of which one is nearly right.
    return sum([hmac.compare_digest(said, one) for one in right]) > 0


class Payload(BaseModel):
    """A part of what a vendor sends; what else it holds is left alone."""

    model_config = ConfigDict(extra="ignore", frozen=True)


P = TypeVar("P", bound=Payload)


def read(kind: type[P], body: bytes) -> P:
    """A delivery's JSON as `kind`. Raises Unreadable, which names the fields that are wrong and no value."""
    try:
        value: Any = storable_json(json.loads(body))
    except (ValueError, RecursionError):
        raise Unreadable("The body is not JSON.") from None
    try:
        return kind.model_validate(value)
    except ValidationError as wrong:
        where = sorted({".".join(map(str, error["loc"])) or "the body" for error in wrong.errors()})
        raise Unreadable(f"This cannot be read: {', '.join(where[:5])}.") from None


def name(written: str) -> str:
    """A name in one line, without what cannot be seen, at most LONGEST_NAME characters."""
    return " ".join(clean(written).split())[:LONGEST_NAME]


def words(written: str) -> str:
    """Somebody's words, at most LONGEST_WORDS characters."""
    return clean(written)[:LONGEST_WORDS].strip()


def labels(written: Mapping[str, str]) -> dict[str, str]:
    """Labels or annotations, bounded in number and length."""
    return {name(key): words(written[key]) for key in sorted(written)[:MOST_LABELS]}


def link(written: str | None) -> str:
    """An address that may be linked to, or nothing."""
    if not written or len(written) > LONGEST_WORDS or not written.isprintable() or " " in written:
        return ""
    try:
        parts = urlsplit(written)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return ""
    return written if is_address else ""


def moment(written: datetime) -> datetime:
    """With a time zone: UTC where none is said."""
    return written if written.tzinfo is not None else written.replace(tzinfo=UTC)


_STAGES = {"": "production", "prod": "production", "prd": "production", "live": "production"}
_STAGES |= {"stage": "staging", "stg": "staging"}


def stage(written: str | None) -> str:
    """`production` where nothing is said, and by its usual short names; anything else as it is said."""
    said = name(written or "").lower()
    return _STAGES.get(said, said)


def first_of(written: Mapping[str, str], *keys: str) -> str:
    """The first of these labels that is there, or nothing."""
    return next((written[key] for key in keys if written.get(key)), "")


def digest(*parts: str) -> str:
    """A short name for what has none."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
