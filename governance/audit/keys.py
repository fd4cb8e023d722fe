"""The key that signs checkpoints. Whoever holds it can sign another history: keep it off the database."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from governance.audit.checkpoint import origin_of
from governance.audit.signed_note import Signer

KEY_FILE = "audit-signing-key.pem"


class KeyUnusable(Exception):
    """The signing key cannot be read; the text says what to do."""


def load_or_create_key(folder: Path) -> Ed25519PrivateKey:
    """The key kept in `folder`, made on first use, readable by its owner alone. Raises `KeyUnusable`."""
    path = folder / KEY_FILE
    if not path.exists():
        _create(path)
    if path.stat().st_mode & 0o077:
        raise KeyUnusable(f"{path} can be read by others; run: chmod 600 {path}")
    return key_from_setting(path.read_text())


def key_from_setting(text: str) -> Ed25519PrivateKey:
    """A key from a setting: PEM (PKCS 8), or the 32-byte seed in base64. Raises `KeyUnusable`."""
    try:
        if "BEGIN" in text:
            key = load_pem_private_key(text.encode(), password=None)
            if isinstance(key, Ed25519PrivateKey):
                return key
            raise KeyUnusable("the audit signing key is not an Ed25519 key")
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text, validate=True))
    except (ValueError, TypeError, binascii.Error) as error:
        raise KeyUnusable(f"the audit signing key cannot be read: {error}") from error


def signer_for(key: Ed25519PrivateKey, tenant: str) -> Signer:
    """The signer of a tenant's log. Its key id differs from other tenants', for the name goes into it."""
    return Signer(origin_of(tenant), key)


def _create(path: Path) -> None:
    # Written under another name and linked into place: of two processes that start at once one wins, and
    # neither ever reads half a key.
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
