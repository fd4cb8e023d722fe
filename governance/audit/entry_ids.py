"""Ids of the log's entries: 32 hex digits that sort by time."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

_MICROSECOND_DIGITS = 14
_RANDOM_BYTES = 9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def new_id(at: datetime) -> str:
    """32 hex digits that sort by time: 56 bits of microseconds since 1970, 72 random bits."""
    elapsed = at - _EPOCH
    microseconds = (elapsed.days * 86_400 + elapsed.seconds) * 1_000_000 + elapsed.microseconds
    return f"{microseconds:0{_MICROSECOND_DIGITS}x}{secrets.token_hex(_RANDOM_BYTES)}"
