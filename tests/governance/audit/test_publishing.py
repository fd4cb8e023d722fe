"""Checkpoints that leave the database, and the key that signs them."""

from __future__ import annotations

import asyncio
import base64
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from governance.audit.checkpoint import notes_in, open_checkpoint
from governance.audit.keys import KEY_FILE, KeyUnusable, key_from_setting, load_or_create_key, signer_for
from governance.audit.log import record
from governance.audit.publication import NotPublished, Publisher
from governance.audit.sequencer import Sequencer
from governance.audit.signed_note import VerifierKey
from storage.database import Database
from tests.governance.audit.audit_entries import PRIVATE, said
from tests.governance.audit.conftest import Write


def kept(file: Path, key: VerifierKey) -> list[int]:
    with file.open() as lines:
        notes = [note for note in notes_in(lines) if note.startswith(key.name + "\n")]
    return [open_checkpoint(note, key).size for note in notes]


async def test_the_sequencer_hands_checkpoints_out(
    database: Database, tenant: str, key: VerifierKey, tmp_path: Path
) -> None:
    posted: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    async def post(name: str, note: str) -> None:
        await posted.put((name, note))

    publisher = Publisher(tmp_path / "checkpoints", [post])
    sequencer = Sequencer(database, lambda name: signer_for(PRIVATE, name), publisher)
    publishing = asyncio.create_task(publisher.run())
    async with database.transaction(tenant) as tx:
        await record(tx, said())
    await sequencer.sequence(tenant)
    async with asyncio.timeout(60):
        name, note = await posted.get()
    publishing.cancel()
    assert (name, open_checkpoint(note, key).size) == (tenant, 1)
    assert kept(tmp_path / "checkpoints", key) == [1]


async def test_only_the_newest_of_what_waits_goes_out_and_what_failed_is_tried_again(tmp_path: Path) -> None:
    signer = signer_for(PRIVATE, "acme")
    down, posted = True, []

    async def post(_name: str, note: str) -> None:
        if down:
            raise NotPublished("the channel is away")
        posted.append(note)

    file = tmp_path / "checkpoints"
    publisher = Publisher(file, [post])
    for text in ("one\n", "two\n"):
        publisher.offer("acme", signer.sign(text))
    await publisher.publish()
    assert posted == []
    publisher.offer("acme", signer.sign("three\n"))
    down = False
    await publisher.publish()
    await publisher.publish()
    assert posted == [signer.sign("three\n")]
    with file.open() as lines:
        assert list(notes_in(lines)) == [signer.sign("two\n"), signer.sign("three\n")]


async def test_a_file_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    note = signer_for(PRIVATE, "acme").sign("one\n")
    file = tmp_path / "missing" / "checkpoints"
    publisher = Publisher(file)
    publisher.offer("acme", note)
    await publisher.publish()
    os.mkdir(file.parent)
    await publisher.publish()
    with file.open() as lines:
        assert list(notes_in(lines)) == [note]


async def test_a_process_that_starts_publishes_what_the_last_one_left(
    database: Database, tenant: str, key: VerifierKey, write: Write, tmp_path: Path
) -> None:
    await write(said(), said())
    publisher = Publisher(tmp_path / "checkpoints")
    await publisher.offer_newest(database)
    await publisher.publish()
    assert kept(tmp_path / "checkpoints", key) == [2]


def test_the_key_is_made_once_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: load_or_create_key(folder), range(16)))
    assert len({key.private_bytes_raw() for key in keys}) == 1
    assert os.listdir(folder) == [KEY_FILE]
    assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600
    (folder / KEY_FILE).chmod(0o640)
    with pytest.raises(KeyUnusable, match="chmod 600"):
        load_or_create_key(folder)


def test_the_key_may_come_from_a_setting() -> None:
    seed = PRIVATE.private_bytes_raw()
    pem = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for text in (pem, base64.b64encode(seed).decode()):
        assert key_from_setting(text).private_bytes_raw() == seed
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for text in ("", "rubbish", "AAAA", pem[:-40], other.decode()):
        with pytest.raises(KeyUnusable):
            key_from_setting(text)


def test_every_tenant_has_a_log_of_its_own_name() -> None:
    acme, globex = signer_for(PRIVATE, "acme").verifier, signer_for(PRIVATE, "globex").verifier
    assert (acme.name, globex.name) == ("countersign/acme", "countersign/globex")
    assert acme.id != globex.id
