"""Verify an export of a Countersign audit log. One file, standard library only: run it anywhere.

    python verifier.py EXPORT [--key PUBKEY] [--checkpoint FILE]

EXPORT is JSON Lines in UTF-8:

    {"format": "countersign-audit-export/1", "origin": NAME, "key": PUBKEY, ...}    first
    {"entry": NUMBER, "data": TEXT, "openings": {PART: {"salt": HEX, "value": TEXT}}, "people": {ID: NAME}}
    {"checkpoint": NOTE}                                  after the last entry that it covers
    {"end": {"entries": COUNT, "checkpoints": COUNT, "opened": COUNT}}               last

PUBKEY is a verifier key (name+id+base64) or the name of a file that holds one. Take it from the
department, not from the export: without --key only the export's agreement with itself is shown.
FILE holds checkpoints that were kept outside (notes with blank lines between them). Only they can show
that the end of a log was cut off, or that another history was signed.

What is checked: every leaf is SHA-256(0x00, data) and every node SHA-256(0x01, left, right), as in
RFC 6962; the root at the size of every checkpoint is the one that was signed with Ed25519 (RFC 8032), so
that all checkpoints are of one growing tree. An entry commits to values ({"commitment": HEX}, which is
SHA-256(salt, value)); where it comes with `openings`, each is opened by the value that was committed to, or
an entry after it says that it was erased ({"erases": {ENTRY: [PART, ...]}}).
Nothing vouches for who is behind an id (`people`): the log holds ids that say nothing, so that a person
can be forgotten.

Exit status: 0 verified, 1 not verified, 2 could not be read.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import io
import json
import re
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

FORMAT = "countersign-audit-export/1"
LONGEST_LINE = 64 * 1024 * 1024
MOST_SHOWN = 20
DASH = "\N{EM DASH} "


class Unreadable(Exception):
    """The input is no export, key or checkpoint at all."""


# --- Ed25519, RFC 8032 section 5.1; points are (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z ---

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]
NEUTRAL = (0, 1, 1, 0)


def add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def compress(point: Point) -> bytes:
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decompress(data: bytes) -> Point | None:
    """The point that 32 bytes name, or None."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


class Multiples:
    """Multiplies one point fast, from a table of its multiples by every digit at every place."""

    def __init__(self, point: Point) -> None:
        self.rows: list[list[Point]] = []
        for _ in range(64):
            row: list[Point] = [NEUTRAL]
            for _ in range(15):
                row.append(add(row[-1], point))
            self.rows.append(row)
            point = add(row[-1], point)

    def times(self, scalar: int) -> Point:
        result: Point = NEUTRAL
        for place, row in enumerate(self.rows):
            digit = scalar >> (4 * place) & 15
            if digit:
                result = add(result, row[digit])
        return result


BASE_POINT = decompress((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
assert BASE_POINT is not None
BASE = Multiples(BASE_POINT)


class PublicKey:
    """A named Ed25519 key (https://c2sp.org/signed-note)."""

    def __init__(self, text: str) -> None:
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        raw = from_base64(encoded)
        if not name.isprintable() or not name or raw is None or len(raw) != 33 or raw[0] != 1:
            raise Unreadable("the key is not a verifier key (name+id+base64) of the type Ed25519")
        self.name, self.raw = name, raw[1:]
        self.id = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
        point = decompress(self.raw)
        if self.id.hex() != key_id or point is None:
            raise Unreadable("the key's id does not fit its bytes, or its bytes are no key")
        negative = (P - point[0], point[1], point[2], P - point[3])
        self.negative = Multiples(negative)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        if len(signature) != 64:
            return False
        scalar = int.from_bytes(signature[32:], "little")
        if scalar >= ORDER:
            return False
        digest = hashlib.sha512(signature[:32] + self.raw + message).digest()
        challenge = int.from_bytes(digest, "little") % ORDER
        return compress(add(BASE.times(scalar), self.negative.times(challenge))) == signature[:32]


# --- Signed notes and checkpoints, https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint ---


def from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def read_checkpoint(note: object, key: PublicKey) -> str | tuple[int, bytes]:
    """(size, root) of a checkpoint that `key` signed; or a sentence that says why it is none."""
    if not isinstance(note, str) or any(ord(c) < 32 and c != "\n" for c in note):
        return "it is not a signed note"
    text, blank, signatures = note.rpartition("\n\n")
    if not blank or not signatures.endswith("\n"):
        return "it is not a signed note"
    verified = False
    for line in signatures[:-1].split("\n"):
        name, _, encoded = line.removeprefix(DASH).partition(" ")
        raw = from_base64(encoded)
        if not line.startswith(DASH) or raw is None or len(raw) < 5:
            return "a line of signatures is malformed"
        if name == key.name and raw[:4] == key.id:
            if not key.verifies(raw[4:], (text + "\n").encode("utf-8", "surrogatepass")):
                return "its signature does not hold"
            verified = True
    if not verified:
        return "it is not signed with the key"
    lines = text.split("\n")
    if len(lines) < 3 or lines[0] != key.name or not re.fullmatch("0|[1-9][0-9]{0,18}", lines[1], re.ASCII):
        return "its text is not a checkpoint of this log"
    root = from_base64(lines[2])
    if root is None or len(root) != 32:
        return "its root is not 32 bytes"
    return int(lines[1]), root


def notes_in(text: str) -> Iterator[str]:
    """The notes of a file, whatever stands between them: a text, a blank line, lines of signatures."""
    waiting: list[str] = []
    for paragraph in re.split(r"\n{2,}", text.replace("\r\n", "\n").strip("\n")):
        if not paragraph:
            continue
        if paragraph.startswith(DASH) and waiting:
            yield waiting.pop() + "\n\n" + paragraph + "\n"
            continue
        yield from waiting
        waiting = [paragraph]
    yield from waiting


# --- The Merkle tree of RFC 6962: the complete subtrees at its right edge, from large to small ---


class Tree:
    def __init__(self) -> None:
        self.size = 0
        self.peaks: list[bytes] = []

    def append(self, data: bytes) -> None:
        node, number = hashlib.sha256(b"\x00" + data).digest(), self.size
        while number & 1:
            node = hashlib.sha256(b"\x01" + self.peaks.pop() + node).digest()
            number >>= 1
        self.peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        if not self.peaks:
            return hashlib.sha256().digest()
        node = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            node = hashlib.sha256(b"\x01" + peak + node).digest()
        return node


# --- The export ---


class Verification:
    """Takes an export's records one by one; `wrong` are the sentences that say what does not hold."""

    def __init__(self, key: PublicKey) -> None:
        self.key, self.tree = key, Tree()
        self.kept: dict[int, set[bytes]] = {}
        self.wrong: list[str] = []
        self.count_wrong = 0
        self.checkpoints, self.covered, self.kept_seen, self.ended = 0, 0, 0, False
        self.came_open, self.opened, self.erased = 0, 0, 0
        self.unopened: dict[str, tuple[int, set[str]]] = {}

    def fault(self, sentence: str) -> None:
        self.count_wrong += 1
        if len(self.wrong) < MOST_SHOWN:
            self.wrong.append(sentence)

    def take(self, line_number: int, record: object) -> None:
        if self.ended:
            self.fault(f"line {line_number}: something follows the end")
        elif not isinstance(record, dict):
            self.fault(f"line {line_number}: not a record of an export")
        elif "entry" in record:
            self.take_entry(record)
        elif "checkpoint" in record:
            self.take_checkpoint(record["checkpoint"])
        elif "end" in record:
            self.take_end(record["end"])
        else:
            self.fault(f"line {line_number}: not a record of an export")

    def take_entry(self, record: dict[str, Any]) -> None:
        number, data = record["entry"], record.get("data")
        if type(number) is not int or number != self.tree.size:
            self.fault(f"entry {self.tree.size} is expected, {str(number)[:40]!r} stands there")
        raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else b""
        entry = parse(raw)
        if isinstance(entry, dict):
            self.take_erasure(entry)
            if "openings" in record:
                self.check_openings(entry, record["openings"])
        else:
            self.fault(f"entry {self.tree.size}: its data is not a JSON object")
        self.tree.append(raw)
        self.compare_kept()

    def check_openings(self, entry: dict[str, Any], openings: object) -> None:
        number, promised = self.tree.size, commitments(entry)
        self.came_open += 1
        if not isinstance(openings, dict):
            self.fault(f"entry {number}: what should open it cannot be read")
            return
        for part, opening in openings.items():
            if part not in promised or commitment(opening) != promised[part]:
                self.fault(f"entry {number}: its {part[:40]!r} is not the one that was committed to")
            self.opened += 1
        missing = promised.keys() - openings.keys()
        if missing:
            self.unopened[str(entry.get("id"))] = number, missing

    def take_erasure(self, entry: dict[str, Any]) -> None:
        erases = entry.get("erases")
        for erased, parts in (erases if isinstance(erases, dict) else {}).items():
            number, missing = self.unopened.pop(erased, (0, set()))
            said = {part for part in parts if isinstance(part, str)} if isinstance(parts, list) else set()
            self.erased += len(missing & said)
            if missing - said:
                self.unopened[erased] = number, missing - said

    def take_checkpoint(self, note: object) -> None:
        found = read_checkpoint(note, self.key)
        self.checkpoints += 1
        if isinstance(found, str):
            self.fault(f"checkpoint {self.checkpoints}: {found}")
            return
        size, root = found
        if size != self.tree.size:
            self.fault(f"the checkpoint of size {size} stands after {self.tree.size} entries")
            return
        if root != self.tree.root():
            self.fault(f"the first {size} entries are not those that their checkpoint was signed over")
        self.covered = size

    def keep(self, path: str) -> None:
        """Read checkpoints that were kept outside, to compare each with the tree of its size."""
        with open(path, encoding="utf-8") as file:
            notes = [note for note in notes_in(file.read()) if note.startswith(self.key.name + "\n")]
        if not notes:
            raise Unreadable(f"{path!r} holds no checkpoint of {self.key.name}")
        for note in notes:
            found = read_checkpoint(note, self.key)
            if isinstance(found, str):
                self.fault(f"a checkpoint kept outside: {found}")
            else:
                self.kept.setdefault(found[0], set()).add(found[1])
        self.compare_kept()

    def compare_kept(self) -> None:
        for root in self.kept.pop(self.tree.size, ()):
            self.kept_seen += 1
            if root != self.tree.root():
                self.fault(f"the first {self.tree.size} entries are not those of the checkpoint kept outside")

    def take_end(self, end: object) -> None:
        self.ended = True
        if end != {"entries": self.tree.size, "checkpoints": self.checkpoints, "opened": self.came_open}:
            self.fault("the counts at the end are not those of what stands before it")

    def finish(self) -> None:
        if not self.ended:
            self.fault("the export breaks off before its end")
        for number, missing in sorted(self.unopened.values(), key=lambda each: each[0]):
            parts = " and ".join(repr(part) for part in sorted(missing))
            self.fault(f"entry {number}: nothing opens its {parts}, and no entry says that this was erased")
        if self.covered != self.tree.size:
            self.fault(f"entries from {self.covered} on are covered by no checkpoint that holds")
        if self.kept:
            self.fault(f"a checkpoint kept outside says {max(self.kept)} entries; {self.tree.size} are here")


def commitments(entry: dict[str, Any]) -> dict[str, Any]:
    """What an entry commits to, by part."""
    actor = entry.get("actor")
    held = {**entry, "identity": actor.get("identity") if isinstance(actor, dict) else None}
    return {
        part: value["commitment"]
        for part, value in held.items()
        if isinstance(value, dict) and "commitment" in value
    }


def commitment(opening: Any) -> str | None:
    """SHA-256(salt, value) in hex of an opening; None if it is none."""
    try:
        salt, value = bytes.fromhex(opening["salt"]), opening["value"].encode("utf-8", "surrogatepass")
    except (TypeError, KeyError, ValueError, AttributeError):
        return None
    return hashlib.sha256(salt + value).hexdigest() if len(salt) == 32 else None


def parse(line: bytes) -> object:
    """JSON, or None."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def read_key(text: str) -> PublicKey:
    if "+" in text:
        return PublicKey(text)
    with open(text, encoding="utf-8") as file:
        return PublicKey(file.read())


def verify(export: BinaryIO, key_text: str | None = None, checkpoint_path: str | None = None) -> Verification:
    """Verify the open binary file `export`. Returns the finished Verification; raises Unreadable."""
    header = parse(export.readline(LONGEST_LINE))
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise Unreadable("it does not begin as an export of a Countersign audit log")
    given = key_text if key_text is not None else header.get("key")
    if not isinstance(given, str):
        raise Unreadable("the export names no key, and none was given")
    key = read_key(given) if key_text is not None else PublicKey(given)
    if header.get("origin") != key.name:
        raise Unreadable(f"the export is of {str(header.get('origin'))[:80]!r}, the key is {key.name!r}'s")
    run = Verification(key)
    if checkpoint_path is not None:
        run.keep(checkpoint_path)
    line_number = 1
    while line := export.readline(LONGEST_LINE):
        line_number += 1
        run.take(line_number, parse(line))
    run.finish()
    return run


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Verify an export of a Countersign audit log.")
    parser.add_argument("export", help="the export, JSON Lines")
    parser.add_argument("--key", help="the log's verifier key, or a file that holds it")
    parser.add_argument("--checkpoint", help="a file with checkpoints that were kept outside the log")
    options = parser.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with open(options.export, "rb") as export:
            run = verify(export, options.key, options.checkpoint)
    except (Unreadable, OSError, UnicodeError) as error:
        print(f"COULD NOT BE READ: {error}.")
        return 2
    for sentence in run.wrong:
        print(f"- {sentence}")
    if run.count_wrong:
        print(f"NOT VERIFIED: {run.count_wrong} of the checks above did not hold for {run.key.name}.")
        return 1
    print(
        f"VERIFIED: {run.tree.size} entries of {run.key.name}, {run.checkpoints} checkpoints,"
        f" {run.opened} opened values, {run.erased} erased by an entry's word, {run.kept_seen} checkpoints kept"
        " outside."
    )
    if run.came_open < run.tree.size:
        print(f"{run.tree.size - run.came_open} entries came without their values, which were not compared.")
    if options.key is None:
        print("The key came with the export: give --key to be sure whose signature it is.")
    if options.checkpoint is None:
        print("No checkpoint from outside was given: an end that was cut off would not show.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
