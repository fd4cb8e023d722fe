"""Signed notes (https://c2sp.org/signed-note): text with Ed25519 signatures, readable by people."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519 = b"\x01"
_DASH = "\N{EM DASH} "
_MOST_SIGNATURES = 100
_PUBLIC_KEY_SIZE = 32


class NoteError(Exception):
    """A note, or a note's key, that is malformed or whose signature does not hold."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A named public key: `public` is 32 bytes as in RFC 8032."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or any(c.isspace() or ord(c) < 0x20 for c in self.name):
            raise NoteError(f"{self.name!r} is no name for a key: no spaces, no plus sign")
        if len(self.public) != _PUBLIC_KEY_SIZE:
            raise NoteError(f"an Ed25519 public key has {_PUBLIC_KEY_SIZE} bytes")

    @property
    def id(self) -> bytes:
        """Four bytes: SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key)[:4]."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        """`name+hex id+base64(type ‖ key)`: what an auditor is given, once."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read what `str()` wrote. Raises `NoteError`."""
        parts = text.strip().split("+", 2)
        if len(parts) != 3:
            raise NoteError("a verifier key reads name+id+key")
        name, key_id, encoded = parts
        key = _decode(encoded)
        if key[:1] != _ED25519:
            raise NoteError("the key is not of the type Ed25519")
        parsed = cls(name, key[1:])
        if parsed.id.hex() != key_id:
            raise NoteError("the key's id does not fit its name and its bytes")
        return parsed


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key that signs under a name."""

    name: str
    private: Ed25519PrivateKey

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, self.private.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """The note: the text (which ends in a newline), a blank line, the signature line."""
        if not text.endswith("\n") or _has_control_characters(text):
            raise NoteError("a note's text ends in a newline and has no other control characters")
        signature = base64.b64encode(self.verifier.id + self.private.sign(text.encode())).decode()
        return f"{text}\n{_DASH}{self.name} {signature}\n"


def open_note(note: str, keys: Iterable[VerifierKey]) -> str:
    """The text of a note of which a signature by one of `keys` holds.

    Signatures by other keys are passed over; one by a known key that does not hold rejects the whole
    note. Raises `NoteError`.
    """
    text, signatures = split_note(note)
    known = {(key.name, key.id): key for key in keys}
    verified = False
    for name, signature in signatures:
        key = known.get((name, signature[:4]))
        if key is None:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(signature[4:], text.encode())
        except InvalidSignature as error:
            raise NoteError(f"the signature by {name} does not hold") from error
        verified = True
    if not verified:
        raise NoteError("no signature by a key that is known")
    return text


def split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """A note's text and its signatures (name, key id ‖ signature), unverified. Raises `NoteError`."""
    if _has_control_characters(note):
        raise NoteError("a note has no control characters but the newline")
    body, blank, tail = note.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise NoteError("a note is a text, a blank line and lines of signatures")
    lines = tail[:-1].split("\n")
    if len(lines) > _MOST_SIGNATURES:
        raise NoteError(f"a note has no more than {_MOST_SIGNATURES} signatures")
    return body + "\n", [_signature(line) for line in lines]


def _signature(line: str) -> tuple[str, bytes]:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not name or not space or "+" in name:
        raise NoteError("a signature line reads: dash, name, signature")
    signature = _decode(encoded)
    if len(signature) <= 4:
        raise NoteError("a signature has a key id and something after it")
    return name, signature


def _decode(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("not base64") from error


def _has_control_characters(text: str) -> bool:
    return any(ord(character) < 0x20 and character != "\n" for character in text)
