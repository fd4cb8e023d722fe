"""The audit explorer: entries by what they are about, one entry with its eight parts, and its proof."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from bot.console.visit import Visit
from governance.audit import search
from governance.audit.commitments import OpeningMismatch
from governance.audit.entries import EntryKind, Part
from governance.audit.merkle import leaf_hash
from governance.audit.proving import prove_entry
from governance.audit.search import Found, Query
from governance.audit.signed_note import VerifierKey
from governance.directory import Names, names_of_all
from handlers.office.audit_log.entry_words import what_happened

PAGE = 40

TALK = (EntryKind.TURN, EntryKind.READ)


class BadFilter(ValueError):
    """A filter that cannot be read. The text says which."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What was asked for, as it was written in the address; empty asks for nothing in particular.

    `talk` asks for messages and readings too, which decide nothing and are most of the log.
    """

    kind: str = ""
    type: str = ""
    actor: str = ""
    about: str = ""
    since: str = ""
    until: str = ""
    talk: str = ""
    before: str = ""

    @classmethod
    def of(cls, written: Mapping[str, str]) -> Filters:
        """The filters of an address."""
        return cls(**{name: written.get(name, "").strip()[:200] for name in cls.__slots__})

    def query(self, zone: str) -> Query:
        """What to look for; days are those of the reader's time zone. Raises BadFilter."""
        until = _day(self.until, "until", zone, after=1)
        return Query(
            kinds=[_kind(self.kind)] if self.kind else [],
            but_not=() if self.kind or self.talk else TALK,
            type_parts=(self.type,) if self.type else (),
            actor=self.actor or None,
            subject=self.about or None,
            since=_day(self.since, "since", zone),
            until=until,
            before=self.before or None,
        )


@dataclass(frozen=True, slots=True)
class Line:
    """An entry in the list."""

    id: str
    number: int | None
    at: datetime
    kind: str
    type: str
    what: str
    who: str
    about: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the list: its lines, how many entries match in all, and how much talk is left out of both."""

    lines: tuple[Line, ...] = ()
    count: int = 0
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class ShownPart:
    """One of the eight parts: what was said, or why it does not apply."""

    name: str
    lines: tuple[tuple[str, str], ...]
    absent: str | None


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """An entry with its parts, as `data`, the bytes that were hashed, and the hash."""

    line: Line
    parts: tuple[ShownPart, ...]
    data: str
    leaf: str


@dataclass(frozen=True, slots=True)
class ShownProof:
    """That an entry stands in the log: hashes from its sibling up to the root that was signed."""

    index: int
    size: int
    root: str
    hashes: tuple[str, ...]
    file: str


async def read_page(visiting: Visit, filters: Filters) -> Page:
    """Entries that match, newest first. Raises BadFilter, EntryUnreadable."""
    query = filters.query(visiting.zone)
    found = await search.find(visiting.tx, query, limit=PAGE)
    names = await names_of_all(visiting.tx)
    all_of_them = replace(query, before=None)
    talk = replace(all_of_them, kinds=TALK, but_not=())
    return Page(
        tuple(_line(item, names) for item in found),
        await search.count(visiting.tx, all_of_them),
        await search.count(visiting.tx, talk) if query.but_not else 0,
    )


async def read_entry(visiting: Visit, name: str) -> ShownEntry | None:
    """An entry by its number or its id, with what was committed to, as far as that was not erased.

    Raises EntryUnreadable.
    """
    is_number = name.isascii() and name.isdigit() and len(name) < 18
    if is_number:
        found = await search.entry_numbered(visiting.tx, int(name), opened=True)
    else:
        found = await search.entry(visiting.tx, name, opened=True)
    if found is None:
        return None
    names = await names_of_all(visiting.tx)
    leaf = leaf_hash(found.data.encode()).hex()
    return ShownEntry(_line(found, names), _parts(found, names), found.data, leaf)


async def read_proof(tx: AsyncSession, entry: ShownEntry, key: VerifierKey) -> ShownProof | None:
    """The entry's proof under the newest checkpoint; None while it has no number.

    Checked, signature and all, from the bytes that are shown. Raises ProofError or NodeMissing if the
    log does not hold.
    """
    proved = None if entry.line.number is None else await prove_entry(tx, entry.line.number)
    if proved is None:
        return None
    file, _ = proved
    checkpoint = file.verify(bytes.fromhex(entry.leaf), key)
    return ShownProof(
        index=file.index,
        size=checkpoint.size,
        root=checkpoint.root.hex(),
        hashes=tuple(item.hex() for item in file.proof),
        file=file.text(),
    )


def _line(found: Found, names: Names) -> Line:
    content = found.content
    actor = content["actor"]
    who = names[actor["id"]] if actor["kind"] == "person" else f"{actor['id']} ({actor['kind']})"
    if actor["on_behalf_of"]:
        who += f" for {names[actor['on_behalf_of']]}"
    return Line(
        id=found.id,
        number=found.number,
        at=datetime.fromisoformat(content["at"]),
        kind=content["kind"],
        type=content["type"],
        what=what_happened(content),
        who=who,
        about=content["subject"] or content["effect"] or content["turn"] or "",
    )


def _parts(found: Found, names: Names) -> tuple[ShownPart, ...]:
    content = found.content
    actor = content["actor"]
    behind = [("kind", actor["kind"]), ("id", actor["id"])]
    if actor["on_behalf_of"]:
        behind.append(("on behalf of", names[actor["on_behalf_of"]]))
    if actor["identity"]:
        behind.append(("proved identity", _opened(found, Part.IDENTITY)))
    measures = [(f"measured {name}", str(value)) for name, value in sorted(content["measures"].items())]
    details = [line for line in _committed(found, Part.DETAILS) if line != ("type", content["type"])]
    erased = [
        ("erased", f"{', '.join(parts)} of {entry}") for entry, parts in content.get("erases", {}).items()
    ]
    what = [("type", content["type"]), *details, *measures, *erased]
    return (
        ShownPart("Actor", tuple(behind), None),
        ShownPart("Action and details", tuple(what), None),
        ShownPart("Timestamp", (("UTC, to the microsecond", content["at"]),), None),
        _part("Rationale", found, Part.RATIONALE),
        _approvals(content["approvals"], names),
        _part("Impact assessment", found, Part.IMPACT),
        _part("Rollback plan", found, Part.ROLLBACK_PLAN),
        _part("Related artifacts", found, Part.ARTIFACTS),
    )


def _part(name: str, found: Found, part: Part) -> ShownPart:
    absent = found.content[part.value].get("not_applicable")
    if absent:
        return ShownPart(name, (), absent.replace("_", " "))
    return ShownPart(name, tuple(_committed(found, part)), None)


def _committed(found: Found, part: Part) -> Sequence[tuple[str, str]]:
    try:
        value = found.part(part)
    except OpeningMismatch as why:
        return [("", _does_not_open(why))]
    if value is None:
        return [("", f"Erased. The commitment stays: {found.content[part.value].get('commitment')}")]
    if isinstance(value, dict):
        return [(name, _words(item)) for name, item in value.items()]
    return [("", _words(item)) for item in (value if isinstance(value, list) else [value])]


def _opened(found: Found, part: Part) -> str:
    try:
        value = found.part(part)
    except OpeningMismatch as why:
        return _does_not_open(why)
    return "erased" if value is None else str(value)


def _does_not_open(why: OpeningMismatch) -> str:
    return f"The log does not hold here: {why}."


def _approvals(chain: dict[str, Any], names: Names) -> ShownPart:
    if "not_applicable" in chain:
        return ShownPart("Approval chain", (), chain["not_applicable"].replace("_", " "))
    lines = [("ruling", f"{chain['verdict']} by {chain['rule']}"), ("policy", chain["policy_version"])]
    if chain["approval"]:
        lines.append(("approval", chain["approval"]))
    lines += [
        (vote["verdict"], f"{names[vote['person']]} as {vote['role']}, {vote['at']}") for vote in chain["votes"]
    ]
    return ShownPart("Approval chain", tuple(lines), None)


def _words(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _kind(written: str) -> EntryKind:
    try:
        return EntryKind(written)
    except ValueError as unknown:
        raise BadFilter("There is no such kind of entry.") from unknown


def _day(written: str, name: str, zone: str, *, after: int = 0) -> datetime | None:
    """When a day begins there, or the day so many days `after` it."""
    if not written:
        return None
    try:
        day = date.fromisoformat(written) + timedelta(days=after)
        return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError) as wrong:
        raise BadFilter(f"“{name}” is a day such as 2026-11-23.") from wrong
