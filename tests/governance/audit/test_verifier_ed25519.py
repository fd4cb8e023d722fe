"""The verifier's own Ed25519 against RFC 8032's vectors and against the library."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.audit import verifier
from governance.audit.signed_note import VerifierKey

# RFC 8032 section 7.1: public key, message, signature.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
]


def public_key(raw: bytes) -> verifier.PublicKey:
    return verifier.PublicKey(str(VerifierKey("log", raw)))


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_the_vectors_of_rfc_8032(public: str, message: str, signature: str) -> None:
    key = public_key(bytes.fromhex(public))
    assert key.verifies(bytes.fromhex(signature), bytes.fromhex(message))
    assert not key.verifies(bytes.fromhex(signature), bytes.fromhex(message) + b"x")


@settings(max_examples=15, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 511))
def test_it_agrees_with_the_library(seed: bytes, message: bytes, bit: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    key = public_key(private.public_key().public_bytes_raw())
    signature = bytearray(private.sign(message))
    assert key.verifies(bytes(signature), message)
    signature[bit // 8] ^= 1 << bit % 8
    assert not key.verifies(bytes(signature), message)


def test_a_signature_has_one_form() -> None:
    """S + L verifies by the equation alone; RFC 8032 demands S < L, or signatures could be varied."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"seed").digest())
    key, signature = public_key(private.public_key().public_bytes_raw()), private.sign(b"note")
    scalar = int.from_bytes(signature[32:], "little") + verifier.ORDER
    assert not key.verifies(signature[:32] + scalar.to_bytes(32, "little"), b"note")
    for length in (0, 32, 63, 65):
        assert not key.verifies(signature[:length].ljust(length, b"\0"), b"note")


@pytest.mark.parametrize(
    "raw", [b"\xff" * 32, (2).to_bytes(32, "little"), (1 | 1 << 255).to_bytes(32, "little")]
)
def test_bytes_that_are_no_point_are_no_key(raw: bytes) -> None:
    key_id = hashlib.sha256(b"log\n\x01" + raw).digest()[:4].hex()
    encoded = base64.b64encode(b"\x01" + raw).decode()
    with pytest.raises(verifier.Unreadable):
        verifier.PublicKey(f"log+{key_id}+{encoded}")
