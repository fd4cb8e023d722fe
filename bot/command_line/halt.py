"""`python -m bot halt`: stop every agent from the command line, when chat is down."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from bot.command_line import Exit
from bot.command_line.arguments import words
from bot.command_line.light import light_installation
from bot.command_line.operator import operator
from bot.settings import Settings
from governance.overrides.halt_report import wait_for_report
from governance.overrides.halting import halt_from_command_line

HELP = "stop every agent, now; recorded under your operating-system user"


def arguments(parser: argparse.ArgumentParser) -> None:
    """`--reason`, of which nothing may keep anybody from halting."""
    parser.add_argument("--reason", type=words, default="", help="why, for the record")


async def run(settings: Settings, args: argparse.Namespace) -> int:
    """Halt, and report who acknowledged. Exit code 3 if a live worker has not."""
    async with light_installation(settings) as installation:
        async with installation.database.transaction(settings.tenant) as tx:
            halted = await halt_from_command_line(tx, user=operator(), reason=args.reason, at=datetime.now(UTC))
        if halted.before:
            print(f"Agents were halted already, by {halted.by}.")
        report = await wait_for_report(installation.database, settings.tenant, halted.override)
    print(
        f"Halted. {len(report.acknowledged)} of {report.workers} workers acknowledged"
        f" in {report.seconds:.2f} s; {report.cancelled} pieces of work were stopped."
    )
    if report.already_sent:
        print(f"Already sent, and not stopped: {', '.join(report.already_sent)}")
    if report.silent:
        print(f"No answer from: {', '.join(report.silent)}")
    print("Somebody else lets them go on: python -m bot resume --reason …, or “resume the agents” in chat.")
    return Exit.AWAY if report.silent else Exit.DONE
