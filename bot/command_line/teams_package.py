"""`python -m bot teams-package`: write the Teams app package."""

from __future__ import annotations

import argparse
from pathlib import Path

from bot.command_line import Stop
from bot.settings import Settings
from bot.teams.package import CannotPackage, teams_package

HELP = "write the Teams app package that an administrator uploads"


def arguments(parser: argparse.ArgumentParser) -> None:
    """`--to`."""
    parser.add_argument(
        "--to",
        type=Path,
        default=Path("dist/countersign-teams.zip"),
        metavar="FILE",
        help="where to write it (%(default)s)",
    )


async def run(settings: Settings, args: argparse.Namespace) -> int:
    """Write the package, or say what setting is missing."""
    try:
        package = teams_package(settings)
    except CannotPackage as cannot:
        raise Stop(str(cannot)) from cannot
    try:
        args.to.parent.mkdir(parents=True, exist_ok=True)
        args.to.write_bytes(package)
    except (OSError, ValueError) as refused:
        raise Stop(f"{args.to} cannot be written: {refused}.") from refused
    print(f"wrote {args.to}: upload it in the Teams admin center, or in Teams under Apps, Upload an app")
    return 0
