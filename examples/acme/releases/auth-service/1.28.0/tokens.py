"""Tokens: the account, and a signature of it."""

import hmac
import os

_KEY = os.environ["SIGNING_KEY"].encode()


def issue(account: int) -> str:
    return f"{account}.{_signature(str(account))}"


def account_of(token: str) -> int | None:
    account, _, signature = token.partition(".")
    return int(account) if hmac.compare_digest(signature.encode(), _signature(account).encode()) else None


def _signature(account: str) -> str:
    return hmac.digest(_KEY, account.encode(), "sha256").hex()
