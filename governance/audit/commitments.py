"""Commitments: how free text and personal data are bound by the log without standing in it.

The log holds SHA-256(salt ‖ canonical value), with 32 random bytes of salt for every value. Salt and
value, the *opening*, are kept beside the log and can be erased: what stays proves nothing about the
value to anyone who does not have the salt, and the log verifies as before.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass

from governance.audit.canonical import canonical

SALT_SIZE = 32
"""Bytes of salt."""


class OpeningMismatch(Exception):
    """A salt and value that are not those which were committed to."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens a commitment: 32 bytes of salt, and the value's canonical JSON as text."""

    salt: bytes
    value: str

    @property
    def commitment(self) -> str:
        """SHA-256(salt ‖ value) in hex: what the log holds."""
        return hashlib.sha256(self.salt + self.value.encode()).hexdigest()

    def check(self, commitment: str) -> None:
        """Raises `OpeningMismatch` unless this opens the commitment."""
        if len(self.salt) != SALT_SIZE or not hmac.compare_digest(self.commitment, commitment):
            raise OpeningMismatch("the value is not the one that was committed to")


def commit(value: object) -> Opening:
    """An opening for a value, with a fresh salt. Raises `NotCanonical`."""
    return Opening(os.urandom(SALT_SIZE), canonical(value).decode())
