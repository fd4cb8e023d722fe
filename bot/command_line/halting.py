"""Stopping every agent, when chat is down too, and letting them go on.

`halt` speaks to the database alone, so it works with a dead server and with a busy one, and imports no more
than the driver. Only where there is no database yet, or not this version's, it takes the long way to one.
"""

from __future__ import annotations

import argparse
import os
import pwd
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.command_line import Exit, Stop, told, with_settings
from bot.quick_settings import NotPlain, read_quick_settings

if TYPE_CHECKING:
    from bot.settings import Settings
    from governance.overrides.halted import Halted, HaltReport


def operator() -> str:
    """`os:NAME` of this process's user, or its number where the system has no name for it.

    Who runs a command is who the operating system says: no variable of the environment does.
    """
    user = os.getuid()
    try:
        return f"os:{pwd.getpwuid(user).pw_name}"
    except KeyError:
        return f"os:{user}"


def halt(args: argparse.Namespace) -> int:
    """Halt, and report who acknowledged. Exit code 3 if a live worker has not."""
    import psycopg

    try:
        quick = read_quick_settings()
        url = quick.database_url or _embedded(quick.postgres_folder)
        if url is not None:
            return _halted(url, quick.tenant, args)
    except (NotPlain, NotReady, psycopg.Error):
        pass  # the long way says what is wrong, or mends it; a halt that stands already is kept as it is
    return with_settings(_halt_the_long_way, args)


class NotReady(Exception):
    """A database that has another version's schema, or none."""


def _embedded(folder: Any) -> str | None:
    from storage.embedded import address_of_running

    return address_of_running(folder)


async def _halt_the_long_way(settings: Settings, args: argparse.Namespace) -> int:
    """Start the database and bring it up to date, where that is ours to do, and halt."""
    import asyncio

    from bot.database import bring_up_to_date, locate

    urls = locate(settings)
    bring_up_to_date(urls)
    try:
        return await asyncio.to_thread(_halted, urls.app, settings.tenant, args)
    except NotReady:
        raise Stop("The database's schema is not this version's. Run: python -m bot migrate.") from None


def _halted(url: str, tenant: str, args: argparse.Namespace) -> int:
    import psycopg

    from governance.overrides import halting_by_driver
    from storage.revision import newest_revision

    with psycopg.connect(url, autocommit=True) as connection:
        try:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except psycopg.errors.UndefinedTable:
            raise NotReady from None
        if found != (newest_revision(),):
            raise NotReady
        at = datetime.now(UTC)
        halted = halting_by_driver.halt(connection, tenant, user=operator(), reason=args.reason, at=at)
        if halted.before and not args.json:
            print(f"Agents were halted already, by {halted.by}.", flush=True)
        report = halting_by_driver.wait_for_report(connection, tenant, halted.override)
    told(args, _as_json(halted, report), _as_text(report))
    return Exit.AWAY if report.silent else Exit.DONE


def _as_json(halted: Halted, report: HaltReport) -> dict[str, Any]:
    return {
        "halted": True,
        "override": halted.override,
        "by": halted.by,
        "before": halted.before,
        "reason": report.reason,
        "workers": report.workers,
        "acknowledged": list(report.acknowledged),
        "silent": list(report.silent),
        "seconds": round(report.seconds, 3),
        "cancelled": report.cancelled,
        "already_sent": list(report.already_sent),
    }


def _as_text(report: HaltReport) -> str:
    lines = [
        f"Halted. {len(report.acknowledged)} of {report.workers} workers acknowledged"
        f" in {report.seconds:.2f} s; {report.cancelled} pieces of work were stopped."
    ]
    if report.already_sent:
        lines.append(f"Already sent, and not stopped: {', '.join(report.already_sent)}")
    if report.silent:
        lines.append(f"No answer from: {', '.join(report.silent)}")
    lines.append(
        "Somebody else lets them go on: countersign resume --reason …, or “resume the agents” in chat."
    )
    return "\n".join(lines)


async def resume(settings: Settings, args: argparse.Namespace) -> int:
    """Resume, and say what goes on."""
    from bot.command_line.operating import light_installation
    from governance.overrides.halting import NothingHalted, SamePerson, resume_from_command_line
    from governance.overrides.held import held_back

    user = operator()
    async with light_installation(settings) as installation:
        try:
            async with installation.database.transaction(settings.tenant) as tx:
                released = await resume_from_command_line(
                    tx, user=user, reason=args.reason, at=datetime.now(UTC)
                )
        except NothingHalted:
            raise Stop("The agents are not halted.") from None
        except SamePerson:
            raise Stop(
                f"{user} halted the agents, so somebody else lets them go on: another operating-system user"
                " here, or in chat another director, the compliance officer or the SRE lead."
            ) from None
    told(args, {"resumed": True, "released": released}, f"The agents go on. {held_back(released)}")
    return Exit.DONE
