"""Opening the installation for a command: what is wrong becomes a sentence, never a traceback."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from bot.command_line import Stop
from bot.console.protection import ConsoleRefused
from bot.department import Installation
from bot.opening import DepartmentRefused, open_installation
from bot.processes import CannotListen, run_until_stopped
from bot.settings import Settings
from bot.teams.configuration import TeamsMisconfigured, configuration
from governance.audit.keys import KeyUnusable
from governance.authority.policy_error import PolicyError
from governance.department_file import DepartmentError
from governance.department_renewal import AnotherDepartment


async def opened(settings: Settings) -> Installation:
    """The installation. Raises Stop with what to do where it cannot be opened."""
    try:
        if settings.speaks_teams:
            configuration(settings)
        installation = await open_installation(settings)
        _ = installation.signing_key  # before anything would have to be signed
        return installation
    except (PolicyError, DepartmentError, AnotherDepartment, KeyUnusable, TeamsMisconfigured) as wrong:
        raise Stop(str(wrong)) from wrong
    except DepartmentRefused as refused:
        listed = "\n".join(f"- {problem}" for problem in refused.problems)
        raise Stop(
            f"{settings.department}/department.yaml describes a department that could stand still:\n{listed}"
        ) from refused


async def run_parts(installation: Installation, *parts: Coroutine[Any, Any, None]) -> None:
    """Run parts until stopped. Raises Stop with what to do where the web server cannot serve."""
    try:
        await run_until_stopped(installation, *parts)
    except (CannotListen, ConsoleRefused) as refused:
        raise Stop(str(refused)) from refused


def demand_local(settings: Settings, command: str) -> None:
    """Refuse, in production, commands that speak as somebody without proof of who they are."""
    if settings.env == "production":
        raise Stop(f"`{command} --as` speaks for somebody without proof, so it is refused when ENV=production.")
