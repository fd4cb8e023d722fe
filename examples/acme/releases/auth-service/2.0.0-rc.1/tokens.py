"""Tokens: their form, the key that signed them, the account, and a signature of all three."""

import hmac
import os

_KEYS = {"k1": os.environ["SIGNING_KEY"].encode()}
_NEWEST = "k1"


def issue(account: int) -> str:
    signed = f"v2.{_NEWEST}.{account}"
    return f"{signed}.{_signature(_NEWEST, signed)}"


def account_of(token: str) -> int | None:
    signed, _, signature = token.rpartition(".")
    form, _, rest = signed.partition(".")
    key, _, account = rest.partition(".")
    if form != "v2" or key not in _KEYS:
        return None
    return int(account) if hmac.compare_digest(signature.encode(), _signature(key, signed).encode()) else None


def _signature(key: str, signed: str) -> str:
    return hmac.digest(_KEYS[key], signed.encode(), "sha256").hex()
