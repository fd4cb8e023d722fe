"""`python -m bot audit`: verify the log, export it, prove an entry, show a checkpoint, erase and forget."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sqlalchemy import select

from bot.command_line import Stop
from bot.command_line.arguments import name, reason
from bot.command_line.light import light_installation
from bot.command_line.operator import operator
from bot.department import Installation
from bot.settings import Settings
from governance.audit.entries import Part
from governance.audit.erasure import NothingToErase, StillAtWork, erase, forget, still_naming
from governance.audit.export import everything, export, nothing
from governance.audit.merkle import ProofError
from governance.audit.nodes import NodeMissing
from governance.audit.proving import prove_entry
from governance.audit.tables import CheckpointRow, LeafRow
from governance.audit.verification import verify
from governance.directory import NoSuchPerson
from governance.people import Actor

LARGEST_NUMBER = 2**63
"""Numbers of entries are less."""

HELP = "verify, export, prove or checkpoint the audit log; erase a text in it, or forget a person"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What can be done with a log."""
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("verify", help="work the whole log out anew and compare")
    exporting = actions.add_parser("export", help="write the log; verifier.py checks it anywhere")
    exporting.add_argument("--to", type=Path, help="a file; standard output if not given")
    exporting.add_argument("--open", action="store_true", help="with the texts that have not been erased")
    proving = actions.add_parser("prove", help="an entry's proof file")
    proving.add_argument("number", type=_number, help="the entry's number, from 0")
    actions.add_parser("checkpoint", help="the newest signed checkpoint")
    erasing = actions.add_parser("erase", help="destroy texts of an entry, for good; the log still verifies")
    erasing.add_argument("number", type=_number, help="the entry's number, from 0")
    parts = [part.value for part in Part]
    erasing.add_argument("--part", action="append", choices=parts, help="which text (all, if not given)")
    erasing.add_argument("--reason", type=reason, required=True, help="why, for the record")
    forgetting = actions.add_parser("forget", help="take a person's name in the log away, for good")
    forgetting.add_argument("person", type=name, help="the id of somebody who holds no role any more")
    forgetting.add_argument("--reason", type=reason, required=True, help="why, for the record")


async def run(settings: Settings, args: argparse.Namespace) -> int:
    """Do it. `verify` exits with 1 if something is not as it should be."""
    async with light_installation(settings) as installation:
        match args.action:
            case "verify":
                return await _verify(installation, settings.tenant)
            case "export":
                return await _export(installation, settings.tenant, args)
            case "prove":
                return await _prove(installation, settings.tenant, args.number)
            case "erase":
                return await _erase(installation, settings.tenant, args)
            case "forget":
                return await _forget(installation, settings.tenant, args.person, args.reason)
            case _:
                return await _checkpoint(installation, settings.tenant)


async def _verify(installation: Installation, tenant: str) -> int:
    key = installation.signer(tenant).verifier
    report = await verify(installation.database, tenant, key, installation.checkpoint_file)
    print(f"{report.origin}: {report.size} entries, {report.checkpoints} checkpoints in the database,")
    print(f"{report.kept_outside} kept outside it. Root: {report.root.hex()}")
    if report.erased:
        print(f"Texts that were erased, as entries of the log say: {report.erased}.")
    for warning in report.warnings:
        print(f"Warning: {warning}")
    for finding in report.findings:
        print(f"- {finding.sentence}")
    print("The log holds." if report.holds else f"The log does NOT hold. Findings: {report.count}.")
    return 0 if report.holds else 1


async def _export(installation: Installation, tenant: str, args: argparse.Namespace) -> int:
    key = installation.signer(tenant).verifier
    lines = export(installation.database, tenant, key, everything if args.open else nothing)
    try:
        out = args.to.open("w", encoding="utf-8") if args.to else sys.stdout
    except (OSError, ValueError) as refused:
        raise Stop(f"{args.to} cannot be written: {refused}.") from refused
    try:
        async for line in lines:
            out.write(line)
    finally:
        if args.to:
            out.close()
    return 0


async def _prove(installation: Installation, tenant: str, number: int) -> int:
    proved = None
    if 0 <= number < LARGEST_NUMBER:
        async with installation.database.transaction(tenant) as tx:
            try:
                proved = await prove_entry(tx, number)
            except (ProofError, NodeMissing) as broken:
                why = f"Entry {number} cannot be proved: {broken}. Run: python -m bot audit verify"
                raise Stop(why) from None
    if proved is None:
        raise Stop(f"The log has no entry {number} under its newest checkpoint.")
    file, _ = proved
    print(file.text(), end="")
    return 0


async def _erase(installation: Installation, tenant: str, args: argparse.Namespace) -> int:
    parts = [Part(part) for part in args.part] if args.part else list(Part)
    async with installation.database.transaction(tenant) as tx:
        found = await tx.execute(select(LeafRow.entry).where(LeafRow.number == args.number))
        entry = found.scalar()
        if entry is None:
            raise Stop(f"The log has no entry {args.number}.")
        try:
            await erase(tx, entry, parts, _operator(), args.reason)
        except NothingToErase:
            raise Stop(f"Nothing of that is left to erase in entry {args.number}.") from None
    print("Done: the texts are gone, and an entry of the log says so.")
    return 0


async def _forget(installation: Installation, tenant: str, person: str, reason: str) -> int:
    async with installation.database.transaction(tenant) as tx:
        try:
            entries = await forget(tx, person, _operator(), reason)
        except NoSuchPerson:
            raise Stop(f"There is no {person} in the department.") from None
        except StillAtWork as still:
            raise Stop(str(still)) from None
    async with installation.database.transaction(tenant) as tx:
        naming = await still_naming(tx, person)
    print(f"Done: the name that {entries} entries of the log are under leads to nobody any more. Erased")
    print("with it: as whom and where they spoke, what they said, what they were answered.")
    print("What stays: what they did and how they voted, under that name, with the reasons they gave; and")
    print("everything outside the log (people, approvals, effects, plans, messages).")
    if naming.count:
        numbers = ", ".join(map(str, naming.numbers)) + (", …" if naming.count > len(naming.numbers) else "")
        print(f"Entries whose texts may still name them ({naming.count}): {numbers}.")
        print("Look at them, and erase: python -m bot audit erase NUMBER --part details --reason …")
    return 0


def _operator() -> Actor:
    return Actor("person", "operator", identity=operator())


def _number(written: str) -> int:
    if not (written.isascii() and written.isdigit() and len(written) < 18):
        raise argparse.ArgumentTypeError(f"{written!r} is no number of an entry")
    return int(written)


async def _checkpoint(installation: Installation, tenant: str) -> int:
    async with installation.database.transaction(tenant) as tx:
        newest = select(CheckpointRow.note).order_by(CheckpointRow.size.desc()).limit(1)
        note = (await tx.execute(newest)).scalar()
    if note is None:
        raise Stop("The log has no checkpoint yet: nothing has been recorded.")
    print(note, end="")
    return 0
