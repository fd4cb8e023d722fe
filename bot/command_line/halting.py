"""Stopping every agent, when chat is down too, and letting them go on.

`halt` asks a running server if that answers within a tenth of a second. With a dead server and a busy one it
speaks to the database itself, and imports no more than the driver. Only where there is no database yet, or not
this version's, it takes the long way to one.
"""

from __future__ import annotations

import argparse
import os
import pwd
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.command_line import Exit, Stop, told, with_settings
from bot.command_protocol import (
    HALT_SILENCE_SECONDS,
    HALT_TAKEN_SECONDS,
    Line,
    NoServer,
    NotPlain,
    QuickSettings,
    read_quick_settings,
)

if TYPE_CHECKING:
    from bot.settings import Settings


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
    try:
        quick = read_quick_settings()
    except NotPlain:
        return with_settings(_halt_the_long_way, args)
    try:
        return _printed(args, _by_the_server(quick, args.reason))
    except NoServer:
        pass  # or none that answers soon enough; a halt that stands already is kept as it is
    import psycopg

    try:
        url = quick.database_url or _embedded(quick.postgres_folder)
        if url is not None:
            return _printed(args, halt_now(url, quick.tenant, args.reason))
    except (NotReady, psycopg.Error):
        pass  # the long way mends it, or says what is wrong
    return with_settings(_halt_the_long_way, args)


def _by_the_server(quick: QuickSettings, reason: str) -> dict[str, Any]:
    """What a running server, which has loaded all that this takes, says of it. Raises NoServer."""
    line = Line(quick.var_folder, HALT_TAKEN_SECONDS)
    try:
        line.ask({"installation": quick.installation, "do": "halt", "reason": reason})
        answer = line.answer(HALT_SILENCE_SECONDS).get("answer")
    finally:
        line.close()
    if not isinstance(answer, dict) or answer.get("halted") is not True:
        raise NoServer("")
    return answer


class NotReady(Exception):
    """A database that has another version's schema, or none."""


def _embedded(folder: Path) -> str | None:
    from storage.embedded import address_of_running

    return address_of_running(folder)


async def _halt_the_long_way(settings: Settings, args: argparse.Namespace) -> int:
    """Start the database and bring it up to date, where that is ours to do, and halt."""
    import asyncio

    from bot.database import bring_up_to_date, locate

    urls = locate(settings)
    bring_up_to_date(urls)
    try:
        return _printed(args, await asyncio.to_thread(halt_now, urls.app, settings.tenant, args.reason))
    except NotReady:
        raise Stop("The database's schema is not this version's. Run: python -m bot migrate.") from None


def halt_now(url: str, tenant: str, reason: str) -> dict[str, Any]:
    """Halt as this process's user, wait for the report, and tell it as JSON does. Raises NotReady."""
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
        halted = halting_by_driver.halt(connection, tenant, user=operator(), reason=reason, at=at)
        report = halting_by_driver.wait_for_report(connection, tenant, halted.override)
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


def _printed(args: argparse.Namespace, told_of: dict[str, Any]) -> int:
    lines = [f"Agents were halted already, by {told_of['by']}."] if told_of["before"] else []
    lines.append(
        f"Halted. {len(told_of['acknowledged'])} of {told_of['workers']} workers acknowledged"
        f" in {told_of['seconds']:.2f} s; {told_of['cancelled']} pieces of work were stopped."
    )
    if told_of["already_sent"]:
        lines.append(f"Already sent, and not stopped: {', '.join(told_of['already_sent'])}")
    if told_of["silent"]:
        lines.append(f"No answer from: {', '.join(told_of['silent'])}")
    lines.append(
        "Somebody else lets them go on: countersign resume --reason …, or “resume the agents” in chat."
    )
    told(args, told_of, "\n".join(lines))
    return Exit.AWAY if told_of["silent"] else Exit.DONE


async def resume(settings: Settings, args: argparse.Namespace) -> int:
    """Resume, and say what goes on."""
    from bot.foundation import foundation
    from governance.overrides.halting import NothingHalted, SamePerson, resume_from_command_line
    from governance.overrides.held import held_back

    user = operator()
    async with foundation(settings) as installation:
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
