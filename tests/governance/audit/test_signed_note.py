"""Signed notes, checkpoints and proof files: published examples, and everything that must not verify."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from governance.audit.checkpoint import Checkpoint, notes_in, open_checkpoint, sign_checkpoint
from governance.audit.merkle import ProofError, leaf_hash, node_hash
from governance.audit.proof_file import ProofFile
from governance.audit.signed_note import NoteError, Signer, VerifierKey, open_note

# The example of golang.org/x/mod/sumdb/note, whose format https://c2sp.org/signed-note describes.
KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SEED = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1F"
    "FYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
NOTE = f"{TEXT}\n{SIGNATURE}"
SECOND_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SECOND_NOTE = (
    "This is an example message.\n\n— example.com/foo"
    " Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)


def signer(name: str = "countersign/acme") -> Signer:
    return Signer(name, Ed25519PrivateKey.generate())


def test_the_published_notes_open_with_their_keys() -> None:
    key = VerifierKey.parse(KEY)
    assert (key.id.hex(), str(key)) == ("c74f20a3", KEY)
    assert open_note(NOTE, [key]) == TEXT
    assert open_note(SECOND_NOTE, [VerifierKey.parse(SECOND_KEY)]) == "This is an example message.\n"


def test_signing_gives_the_published_bytes() -> None:
    private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(SEED)[1:])
    assert Signer("PeterNeumann", private).sign(TEXT) == NOTE


def test_signatures_of_strangers_are_passed_over() -> None:
    stranger = signer("stranger").sign(TEXT).rpartition("\n\n")[2]
    assert open_note(NOTE + stranger, [VerifierKey.parse(KEY)]) == TEXT
    assert open_note(f"{TEXT}\n{stranger}{SIGNATURE}", [VerifierKey.parse(KEY)]) == TEXT


BROKEN_NOTES = {
    "another text": NOTE.replace("answer", "question"),
    "a bit of the signature": NOTE.replace("x08go/ZJ", "x08go/ZK"),
    "no signature": TEXT,
    "no signature line": TEXT + "\n",
    "no newline at the end": NOTE[:-1],
    "a hyphen for the dash": NOTE.replace("—", "-"),
    "no blank line": TEXT + SIGNATURE,
    "a tab in the text": NOTE.replace("you don't", "you\tdon't"),
    "carriage returns": NOTE.replace("\n", "\r\n"),
    "not base64": NOTE.replace("x08go/", "x08g*/"),
    "an empty signature": f"{TEXT}\n— PeterNeumann \n",
    "a key id and no signature": f"{TEXT}\n— PeterNeumann x08gow==\n",
    "a known key that does not hold, before one that does": f"{TEXT}\n"
    + SIGNATURE.replace("/ZJkuBS9", "/ZJkuBS8")
    + SIGNATURE,
    "too many signatures": NOTE + SIGNATURE * 100,
    "nothing": "",
}


@pytest.mark.parametrize("note", BROKEN_NOTES.values(), ids=BROKEN_NOTES.keys())
def test_a_broken_note_does_not_open(note: str) -> None:
    with pytest.raises(NoteError):
        open_note(note, [VerifierKey.parse(KEY)])


def test_a_note_does_not_open_without_its_key() -> None:
    renamed = VerifierKey("SomebodyElse", VerifierKey.parse(KEY).public)
    for keys in ([], [renamed], [signer("PeterNeumann").verifier]):
        with pytest.raises(NoteError):
            open_note(NOTE, keys)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        KEY.replace("c74f20a3", "c74f20a4"),
        KEY.replace("PeterNeumann", "PeterNeuman"),
        KEY.replace("ARpc", "AhpC"),
        KEY[:-4],
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_a_broken_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        VerifierKey.parse(text)


@pytest.mark.parametrize("text", ["no newline", "a\ttab\n", ""])
def test_what_would_not_verify_is_not_signed(text: str) -> None:
    with pytest.raises(NoteError):
        signer().sign(text)


def test_a_checkpoint_comes_back_from_its_note() -> None:
    log = signer()
    note = sign_checkpoint(log, 42, leaf_hash(b"root"))
    assert note.startswith(f"countersign/acme\n42\n{base64.b64encode(leaf_hash(b'root')).decode()}\n\n— ")
    assert open_checkpoint(note, log.verifier) == Checkpoint("countersign/acme", 42, leaf_hash(b"root"))


@pytest.mark.parametrize(
    "text",
    [
        "countersign/acme\n042\nAAAA\n",
        "countersign/acme\n-1\n" + "A" * 43 + "=\n",
        "countersign/acme\n٤\n" + "A" * 43 + "=\n",
        "countersign/acme\n1\nAAAA\n",
        "countersign/acme\n1\n",
        "countersign/acme\n1\n" + "A" * 43 + "*\n",
        "\n1\n" + "A" * 43 + "=\n",
        "countersign/other\n1\n" + "A" * 43 + "=\n",
    ],
)
def test_a_signed_text_that_is_no_checkpoint_of_this_log_is_refused(text: str) -> None:
    log = signer()
    with pytest.raises(NoteError):
        open_checkpoint(log.sign(text), log.verifier)


def test_notes_are_read_back_from_a_file_and_a_torn_one_does_not_spoil_the_next() -> None:
    first, second = NOTE, SECOND_NOTE
    torn = first[: len(TEXT) - 10]
    content = f"\n\n{first}\n\n{torn}\n\n{second}\n\n{torn}"
    assert list(notes_in(content.splitlines(keepends=True))) == [first, torn + "\n", second, torn]


def test_a_proof_file_says_where_an_entry_stands() -> None:
    log, leaves = signer(), [leaf_hash(b"a"), leaf_hash(b"b")]
    note = sign_checkpoint(log, 2, node_hash(*leaves))
    file = ProofFile(1, (leaves[0],), note, extra=b"entry")
    assert file.text() == (
        "c2sp.org/tlog-proof@v1\nextra ZW50cnk=\nindex 1\n"
        + base64.b64encode(leaves[0]).decode()
        + f"\n\n{note}"
    )
    assert ProofFile.parse(file.text()) == file
    assert file.verify(leaves[1], log.verifier).size == 2
    with pytest.raises(ProofError):
        file.verify(leaves[0], log.verifier)
    with pytest.raises(ProofError):
        file.verify(leaves[1], signer().verifier)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v1\n",
        "c2sp.org/tlog-proof@v2\nindex 0\n\nnote\n",
        "c2sp.org/tlog-proof@v1\n\nnote\n",
        "c2sp.org/tlog-proof@v1\nindex 00\n\nnote\n",
        "c2sp.org/tlog-proof@v1\nindex x\n\nnote\n",
        "c2sp.org/tlog-proof@v1\nextra *\nindex 0\n\nnote\n",
        "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nnote\n",
    ],
)
def test_what_is_no_proof_file_is_refused(text: str) -> None:
    with pytest.raises(ProofError):
        ProofFile.parse(text)
