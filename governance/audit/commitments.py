"""Commitments: how free text and personal data are bound by the log without standing in it.

The log holds SHA-256(salt ‖ canonical value), with 32 random bytes of salt for every value. Salt and
value, the *opening*, are kept beside the log and can be erased: what stays proves nothing about the
value to anyone who does not have the salt, and the log verifies as before.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import NamedTuple

from governance.audit.canonical import canonical

SALT_SIZE = 32
"""Bytes of salt."""

_ENCODER = json.JSONEncoder(separators=(",", ":"))


class OpeningMismatch(Exception):
    """A salt and value that are not those which were committed to."""


class Opening(NamedTuple):
    """What opens a commitment: 32 bytes of salt, and the value's canonical JSON as text."""

    salt: bytes
    value: str

    @property
    def commitment(self) -> str:
        """SHA-256(salt ‖ value) in hex: what the log holds."""
        return hashlib.sha256(self.salt + self.value.encode()).hexdigest()

    def opens(self, commitment: str | None) -> bool:
        """Whether this is what was committed to; nothing opens where there is no commitment."""
        try:
            return len(self.salt) == SALT_SIZE and self.commitment == commitment
        except (UnicodeEncodeError, AttributeError):
            return False  # half a character or no text, which JSON can write: nobody committed to that

    def check(self, commitment: str) -> None:
        """Raises `OpeningMismatch` unless this opens the commitment."""
        if not self.opens(commitment):
            raise OpeningMismatch("what is stored beside the log is not what was committed to")


def commit(value: object) -> Opening:
    """An opening for a value, with a fresh salt. Raises `NotCanonical`."""
    return Opening(os.urandom(SALT_SIZE), canonical(value).decode())


def write_openings(openings: Mapping[str, Opening]) -> str:
    """Openings as they are stored and exported: part → salt in hex, canonical value as text."""
    return _ENCODER.encode({part: {"salt": o.salt.hex(), "value": o.value} for part, o in openings.items()})
