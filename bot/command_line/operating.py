"""Running Countersign and looking after it: its processes, the database, the doctor, what it hands out."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Coroutine
from typing import Any

from agents.role import BrokenRole
from bot.bootstrap import DepartmentRefused, open_installation
from bot.command_line import Exit, Stop, loading, told
from bot.database import bring_up_to_date, demand_var_folder, locate
from bot.department import Installation
from bot.outside import OutsideWorld
from bot.processes import clock_part, run_until_stopped, worker_part
from bot.settings import Settings
from bot.teams.configuration import TeamsMisconfigured, configuration
from governance.audit.keys import KeyUnusable
from governance.authority.policy_error import PolicyError
from governance.department_file import DepartmentError, read_department
from governance.department_renewal import AnotherDepartment
from integrations.integration import NoSuchVendor, SettingsMissing
from storage.database import Database

NICENESS = 5
"""Where a machine has too much to do, what comes in is acknowledged first: a platform waits three seconds."""

_MARKS = {"well": "ok  ", "advice": "note", "wrong": "FIX "}


async def run(settings: Settings, _args: argparse.Namespace) -> int:
    """Everything in one process, until stopped."""
    installation = await opened(settings)
    await _serve(installation, worker_part(installation), clock_part(installation), has_worker=True)
    return Exit.DONE


async def web(settings: Settings, _args: argparse.Namespace) -> int:
    """The web server alone, until stopped."""
    installation = await opened(settings)
    await _serve(installation, has_worker=False)
    return Exit.DONE


async def worker(settings: Settings, _args: argparse.Namespace) -> int:
    """A worker alone, until stopped."""
    installation = await opened(settings)
    os.nice(NICENESS)  # not before: an embedded server that this started would be as patient
    await run_until_stopped(installation, worker_part(installation))
    return Exit.DONE


async def keeper(settings: Settings, _args: argparse.Namespace) -> int:
    """Become the keeper of the services that run on this machine. It asks nothing of the department's database,
    so what it keeps goes on without one. Raises Stop."""
    demand_var_folder(settings)
    database = Database.open("postgresql://")  # of which nothing is asked
    try:
        department = read_department(settings.department / "department.yaml")
        process = OutsideWorld(database, settings, department).process("deployments", settings.tenant)
    except (DepartmentError, NoSuchVendor, SettingsMissing) as wrong:
        raise Stop(str(wrong)) from wrong
    if process is not None:
        os.execve(process.command[0], process.command, {**os.environ, **process.environment})  # noqa: S606
    # It stays all the same: whoever starts the lines of a Procfile ends all of them where one ends.
    print("What is deployed runs elsewhere, so there is nothing to keep here.", flush=True)
    await asyncio.Event().wait()
    return Exit.DONE


async def clock(settings: Settings, _args: argparse.Namespace) -> int:
    """The clock alone, until stopped."""
    installation = await opened(settings)
    await run_until_stopped(installation, clock_part(installation))
    return Exit.DONE


async def opened(settings: Settings) -> Installation:
    """The installation. Raises Stop with what to do where it cannot be opened."""
    try:
        if settings.speaks_teams:
            configuration(settings)
        with loading():
            installation = await open_installation(settings)
        _ = installation.signing_key  # before anything would have to be signed
        return installation
    except (
        PolicyError,
        SettingsMissing,
        BrokenRole,
        DepartmentError,
        AnotherDepartment,
        KeyUnusable,
        TeamsMisconfigured,
    ) as wrong:
        raise Stop(str(wrong)) from wrong
    except DepartmentRefused as refused:
        listed = "\n".join(f"- {problem}" for problem in refused.problems)
        raise Stop(
            f"{settings.department}/department.yaml describes a department that could stand still:\n{listed}"
        ) from refused


async def migrate(settings: Settings, args: argparse.Namespace) -> int:
    """Migrate (the release step), and say whether there was anything to do."""
    urls = locate(settings)
    if urls.owner is None:
        raise Stop("DATABASE_URL is set and DATABASE_OWNER_URL is not: migrations need the owner's URL.")
    migrated = bring_up_to_date(urls)
    told(args, {"migrated": migrated}, "migrated" if migrated else "already up to date")
    return Exit.DONE


async def doctor(settings: Settings, args: argparse.Namespace) -> int:
    """Print what was found; exit code 1 if something must be mended."""
    from bot.doctor import examine  # a third of a second that the servers start without

    findings = [finding async for finding in examine(settings)]
    well = all(finding.state != "wrong" for finding in findings)
    listed = [{"state": found.state, "what": found.what, "says": found.says} for found in findings]
    lines = "\n".join(f"{_MARKS[found.state]}  {found.what}: {found.says}" for found in findings)
    told(args, {"well": well, "findings": listed}, lines)
    return Exit.DONE if well else Exit.REFUSED


async def recognise(settings: Settings, args: argparse.Namespace) -> int:
    """Print `name<TAB>confidence` for each line of standard input; `none` where nothing in the catalogue is
    meant. With `--json` an object a line, with the nearest three."""
    from handlers.language.recogniser import Recogniser

    folder = settings.var_folder / "recogniser"
    folder.mkdir(parents=True, exist_ok=True)
    utterances = [line.rstrip("\n") for line in sys.stdin]
    for text, found in zip(utterances, Recogniser.load(folder).recognise_all(utterances), strict=True):
        name = found.name or "none"
        if args.json:
            nearest = [{"name": near, "confidence": round(sure, 4)} for near, sure in found.nearest]
            line = {"text": text, "name": name, "confidence": round(found.confidence, 4), "nearest": nearest}
            print(json.dumps(line, ensure_ascii=False))
        else:
            print(f"{name}\t{found.confidence:.3f}")
    return Exit.DONE


async def code_token(settings: Settings, args: argparse.Namespace) -> int:
    """Make a person's token for the embedded code host, and show it this once."""
    from governance.directory import NoSuchPerson
    from integrations.code_host import GivesTokens

    installation = await opened(settings)
    try:
        host = installation.ports(settings.tenant).code_host
        if not isinstance(host, GivesTokens):
            raise Stop("The code host of this department gives no tokens: people have theirs there.")
        token = await host.new_token(args.person)
    except NoSuchPerson as unknown:
        raise Stop(f"Nobody in the department has the id {args.person}.") from unknown
    finally:
        await installation.close()
    shown = f"{token}\nIt is the password for git, with any user name; the token before it has ended."
    told(args, {"person": args.person, "token": token}, shown)
    return Exit.DONE


async def teams_package(settings: Settings, args: argparse.Namespace) -> int:
    """Write the Teams app package, or say what setting is missing."""
    from bot.teams import package

    try:
        packed = package.teams_package(settings)
    except package.CannotPackage as cannot:
        raise Stop(str(cannot)) from cannot
    try:
        args.to.parent.mkdir(parents=True, exist_ok=True)
        args.to.write_bytes(packed)
    except (OSError, ValueError) as refused:
        raise Stop(f"{args.to} cannot be written: {refused}.") from refused
    then = "upload it in the Teams admin center, or in Teams under Apps, Upload an app"
    told(args, {"file": str(args.to)}, f"wrote {args.to}: {then}")
    return Exit.DONE


async def _serve(installation: Installation, *beside: Coroutine[Any, Any, None], has_worker: bool) -> None:
    """Serve pages and commands until stopped, and run what is `beside`. Raises Stop with what to do where the
    web server cannot serve."""
    # what workers, the clock and commands do without
    from bot.command_server import command_part
    from bot.console.protection import ConsoleRefused
    from bot.serving import CannotListen, web_part

    serving = web_part(installation), command_part(installation, has_worker=has_worker)
    try:
        await run_until_stopped(installation, *serving, *beside)
    except (CannotListen, ConsoleRefused) as refused:
        raise Stop(str(refused)) from refused
