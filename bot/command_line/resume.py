"""`python -m bot resume`: let the agents go on; a second person's to say."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from bot.command_line import Stop
from bot.command_line.arguments import reason
from bot.command_line.light import light_installation
from bot.command_line.operator import operator
from bot.settings import Settings
from governance.overrides.halting import NothingHalted, SamePerson, resume_from_command_line
from governance.overrides.held import held_back

HELP = "let the agents go on; somebody else than who halted them"


def arguments(parser: argparse.ArgumentParser) -> None:
    """`--reason`."""
    parser.add_argument("--reason", type=reason, required=True, help="why, for the record")


async def run(settings: Settings, args: argparse.Namespace) -> int:
    """Resume, and say what goes on."""
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
    print(f"The agents go on. {held_back(released)}")
    return 0
