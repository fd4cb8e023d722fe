"""Keys that lie in a file of the installation's own, and what is sealed with them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet


def key_in(path: Path) -> bytes:
    """A Fernet key (32 random bytes, base64), made at first use; only its owner may read the file."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(Fernet.generate_key())
        # Linking fails if another process was first, so that both read one whole key.
        with suppress(FileExistsError):
            os.link(made, path)
        made.unlink()
    return path.read_bytes()
