"""`python -m bot audit`: verify the log, export it, prove an entry, show a checkpoint, forget a person."""

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
from governance.audit.erasure import StillAtWork, forget
from governance.audit.export import everything, export, nothing
from governance.audit.proving import prove_entry
from governance.audit.tables import CheckpointRow
from governance.audit.verification import verify
from governance.directory import NoSuchPerson
from governance.people import Actor

LARGEST_NUMBER = 2**63
"""Numbers of entries are less."""

HELP = "verify, export, prove or checkpoint the audit log; forget a person in it"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What can be done with a log."""
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("verify", help="work the whole log out anew and compare")
    exporting = actions.add_parser("export", help="write the log; verifier.py checks it anywhere")
    exporting.add_argument("--to", type=Path, help="a file; standard output if not given")
    exporting.add_argument("--open", action="store_true", help="with the texts that have not been erased")
    proving = actions.add_parser("prove", help="an entry's proof file")
    proving.add_argument("number", type=int, help="the entry's number, from 0")
    actions.add_parser("checkpoint", help="the newest signed checkpoint")
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
            case "forget":
                return await _forget(installation, settings.tenant, args.person, args.reason)
            case _:
                return await _checkpoint(installation, settings.tenant)


async def _verify(installation: Installation, tenant: str) -> int:
    file = installation.checkpoint_file
    key = installation.signer(tenant).verifier
    report = await verify(installation.database, tenant, key, file if file.exists() else None)
    print(f"{report.origin}: {report.size} entries, {report.checkpoints} checkpoints in the database,")
    print(f"{report.kept_outside} kept outside it. Root: {report.root.hex()}")
    for finding in report.findings:
        print(f"- {finding}")
    print("The log holds." if report.holds else f"The log does NOT hold: {report.count} findings.")
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
            proved = await prove_entry(tx, number)
    if proved is None:
        raise Stop(f"The log has no entry {number} under its newest checkpoint.")
    file, _ = proved
    print(file.text(), end="")
    return 0


async def _forget(installation: Installation, tenant: str, person: str, reason: str) -> int:
    by = Actor("person", "operator", identity=operator())
    async with installation.database.transaction(tenant) as tx:
        try:
            entries = await forget(tx, person, by, reason)
        except NoSuchPerson:
            raise Stop(f"There is no {person} in the department.") from None
        except StillAtWork as still:
            raise Stop(str(still)) from None
    print(f"Done: nobody can tell any more whose {entries} entries of the log those were.")
    return 0


async def _checkpoint(installation: Installation, tenant: str) -> int:
    async with installation.database.transaction(tenant) as tx:
        newest = select(CheckpointRow.note).order_by(CheckpointRow.size.desc()).limit(1)
        note = (await tx.execute(newest)).scalar()
    if note is None:
        raise Stop("The log has no checkpoint yet: nothing has been recorded.")
    print(note, end="")
    return 0
