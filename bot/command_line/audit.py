"""`countersign audit`: verify the log, export it, prove an entry, show a checkpoint, erase and forget."""

from __future__ import annotations

import argparse
import sys

from sqlalchemy import select

from bot.command_line import Exit, Stop, told
from bot.command_line.halting import operator
from bot.foundation import Foundation, foundation
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


async def run(settings: Settings, args: argparse.Namespace) -> int:
    """Do it. `verify` exits with 1 if something is not as it should be."""
    async with foundation(settings) as opened:
        match args.action:
            case "verify":
                return await _verify(opened, settings.tenant, args)
            case "export":
                return await _export(opened, settings.tenant, args)
            case "prove":
                return await _prove(opened, settings.tenant, args)
            case "erase":
                return await _erase(opened, settings.tenant, args)
            case "forget":
                return await _forget(opened, settings.tenant, args)
            case _:
                return await _checkpoint(opened, settings.tenant, args)


async def _verify(opened: Foundation, tenant: str, args: argparse.Namespace) -> int:
    key = opened.signer(tenant).verifier
    report = await verify(opened.database, tenant, key, opened.checkpoint_file)
    lines = [
        f"{report.origin}: {report.size} entries, {report.checkpoints} checkpoints in the database,",
        f"{report.kept_outside} kept outside it. Root: {report.root.hex()}",
    ]
    if report.erased:
        lines.append(f"Texts that were erased, as entries of the log say: {report.erased}.")
    lines += [f"Warning: {warning}" for warning in report.warnings]
    lines += [f"- {finding.sentence}" for finding in report.findings]
    lines.append("The log holds." if report.holds else f"The log does NOT hold. Findings: {report.count}.")
    result = {
        "holds": report.holds,
        "origin": report.origin,
        "entries": report.size,
        "checkpoints": report.checkpoints,
        "kept_outside": report.kept_outside,
        "root": report.root.hex(),
        "erased": report.erased,
        "warnings": list(report.warnings),
        "findings": [finding.sentence for finding in report.findings],
        "count": report.count,
    }
    told(args, result, "\n".join(lines))
    return Exit.DONE if report.holds else Exit.REFUSED


async def _export(opened: Foundation, tenant: str, args: argparse.Namespace) -> int:
    if args.json and args.to is None:
        raise Stop("With --json the log goes to a file: say which with --to FILE.", Exit.USAGE)
    key = opened.signer(tenant).verifier
    written = 0
    lines = export(opened.database, tenant, key, everything if args.open else nothing)
    try:
        out = args.to.open("w", encoding="utf-8") if args.to else sys.stdout
    except (OSError, ValueError) as refused:
        raise Stop(f"{args.to} cannot be written: {refused}.") from refused
    try:
        async for line in lines:
            out.write(line)
            written += 1
    finally:
        if args.to:
            out.close()
    if args.json:
        told(args, {"file": str(args.to), "lines": written}, "")
    return Exit.DONE


async def _prove(opened: Foundation, tenant: str, args: argparse.Namespace) -> int:
    number, proved = args.number, None
    if 0 <= number < LARGEST_NUMBER:
        async with opened.database.transaction(tenant) as tx:
            try:
                proved = await prove_entry(tx, number)
            except (ProofError, NodeMissing) as broken:
                why = f"Entry {number} cannot be proved: {broken}. Run: python -m bot audit verify"
                raise Stop(why) from None
    if proved is None:
        raise Stop(f"The log has no entry {number} under its newest checkpoint.")
    file, _ = proved
    told(args, {"number": number, "proof": file.text()}, file.text().removesuffix("\n"))
    return Exit.DONE


async def _erase(opened: Foundation, tenant: str, args: argparse.Namespace) -> int:
    parts = [Part(part) for part in args.part] if args.part else list(Part)
    async with opened.database.transaction(tenant) as tx:
        found = await tx.execute(select(LeafRow.entry).where(LeafRow.number == args.number))
        entry = found.scalar()
        if entry is None:
            raise Stop(f"The log has no entry {args.number}.")
        try:
            await erase(tx, entry, parts, _operator(), args.reason)
        except NothingToErase:
            raise Stop(f"Nothing of that is left to erase in entry {args.number}.") from None
    result = {"erased": args.number, "parts": [part.value for part in parts]}
    told(args, result, "Done: the texts are gone, and an entry of the log says so.")
    return Exit.DONE


async def _forget(opened: Foundation, tenant: str, args: argparse.Namespace) -> int:
    async with opened.database.transaction(tenant) as tx:
        try:
            entries = await forget(tx, args.person, _operator(), args.reason)
        except NoSuchPerson:
            raise Stop(f"There is no {args.person} in the department.") from None
        except StillAtWork as working:
            raise Stop(str(working)) from None
    async with opened.database.transaction(tenant) as tx:
        naming = await still_naming(tx, args.person)
    lines = [
        f"Done: the name that {entries} entries of the log are under leads to nobody any more. Erased",
        "with it: as whom and where they spoke, what they said, what they were answered.",
        "What stays: what they did and how they voted, under that name, with the reasons they gave; and",
        "everything outside the log (people, approvals, effects, plans, messages).",
    ]
    if naming.count:
        numbers = ", ".join(map(str, naming.numbers)) + (", …" if naming.count > len(naming.numbers) else "")
        lines += [
            f"Entries whose texts may still name them ({naming.count}): {numbers}.",
            "Look at them, and erase: countersign audit erase NUMBER --part details --reason …",
        ]
    still = {"count": naming.count, "numbers": list(naming.numbers)}
    told(args, {"forgotten": args.person, "entries": entries, "still_naming": still}, "\n".join(lines))
    return Exit.DONE


def _operator() -> Actor:
    return Actor("person", "operator", identity=operator())


async def _checkpoint(opened: Foundation, tenant: str, args: argparse.Namespace) -> int:
    async with opened.database.transaction(tenant) as tx:
        newest = select(CheckpointRow.note).order_by(CheckpointRow.size.desc()).limit(1)
        note = (await tx.execute(newest)).scalar()
    if note is None:
        raise Stop("The log has no checkpoint yet: nothing has been recorded.")
    told(args, {"checkpoint": note}, note.removesuffix("\n"))
    return Exit.DONE
