"""Choosing a department's people from a platform's list, and who of them decides: asked in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from getpass import getpass
from typing import Literal

from bot.beginning.answers import NewPerson
from bot.beginning.entra_people import EntraAccess, entra_people
from bot.beginning.platform_people import Listed, chosen
from bot.beginning.slack_people import slack_people
from bot.settings import Settings
from governance.people_words import NoSuchRole, role_of

Source = Literal["slack", "entra"]
Ask = Callable[[str], str]
"""Puts a question and reads a line."""

_SHOWN = 60
"""People that are shown at once; more are found by a part of their names."""

_ROLE = "engineer"
"""Of whoever is given no other."""


async def people_from(source: Source, settings: Settings, group: str | None, ask: Ask) -> tuple[NewPerson, ...]:
    """Read the list, and ask who of it belongs to the department and what they decide. What the settings do
    not have of secrets is asked for. Raises PeopleNotRead.
    """
    listed = await (_of_slack(settings, ask) if source == "slack" else _of_entra(settings, group, ask))
    people = _choose(listed, ask)
    return tuple(
        NewPerson(name=one.name, address=one.address, roles=roles, identities=(one.identity,))
        for one, roles in zip(people, _roles(people, ask), strict=True)
    )


async def _of_slack(settings: Settings, ask: Ask) -> tuple[Listed, ...]:
    known = settings.slack_bot_token
    token = known.get_secret_value() if known else _secret("   Slack's bot token (xoxb-…)? ", ask)
    return await slack_people(settings.slack_api_url, token)


async def _of_entra(settings: Settings, group: str | None, ask: Ask) -> tuple[Listed, ...]:
    tenants, secret = sorted(settings.entra_tenants), settings.teams_app_password
    return await entra_people(
        EntraAccess(
            authority=settings.entra_authority,
            graph=settings.graph_url,
            tenant=tenants[0] if len(tenants) == 1 else ask("   Entra's tenant id? "),
            app=settings.teams_app_id or ask("   The application's (client) id? "),
            secret=secret.get_secret_value() if secret else _secret("   Its secret? ", ask),
        ),
        group,
    )


def _secret(question: str, ask: Ask) -> str:
    return getpass(question).strip() if sys.stdin.isatty() else ask(question)


def _choose(listed: Sequence[Listed], ask: Ask) -> tuple[Listed, ...]:
    numbers = {one: number for number, one in enumerate(listed, 1)}
    _show(listed, numbers)
    print("3. Who belongs to it? all, numbers (1, 3-5) or a part of a name, a line each. An empty line ends.")
    people: dict[Listed, None] = {}
    while line := ask("   ") if people else _needed(ask):
        try:
            found = chosen(line, listed)
        except ValueError as wrong:
            print(f"   {wrong}")
            continue
        if len(found) > 1 and not (line.casefold() == "all" or line[0].isdigit()):
            print("   Several are called that. Write their numbers:")
            _show(found, numbers)
            continue
        people.update(dict.fromkeys(found))
        names = ", ".join(one.name for one in found[:5]) + (" and others" if len(found) > 5 else "")
        print(f"   {names}. That makes {len(people)}.")
        if len(people) == len(listed):
            break
    return tuple(people)


def _needed(ask: Ask) -> str:
    while not (line := ask("   ")):
        print("   A department needs somebody.")
    return line


def _show(people: Sequence[Listed], numbers: dict[Listed, int]) -> None:
    for one in people[:_SHOWN]:
        print(f"   {numbers[one]:>5}  {one.name}, {one.address}")
    if len(people) > _SHOWN:
        print(f"          and {len(people) - _SHOWN:,} more: write a part of a name to see them.")


def _roles(people: Sequence[Listed], ask: Ask) -> list[tuple[str, ...]]:
    print("   Who decides? One a line: name: roles. An empty line ends; everybody else is an engineer.")
    print("   For example: Ann: product owner, compliance officer")
    roles: dict[Listed, tuple[str, ...]] = dict.fromkeys(people, (_ROLE,))
    while line := ask("   "):
        who, _, said = line.partition(":")
        try:
            found = chosen(who, people) if not who.strip().isdigit() else ()
            if len(found) != 1:
                raise ValueError("Write one of those whom you chose, by name, then a colon and their roles.")
            words = tuple(word.strip() for word in said.replace(";", ",").split(",") if word.strip())
            if not words:
                raise ValueError("Write the roles behind a colon.")
            for word in words:
                role_of(word)
        except (ValueError, NoSuchRole) as wrong:
            print(f"   {wrong}")
            continue
        roles[found[0]] = words
        print(f"   {found[0].name}: {', '.join(words)}.")
    return list(roles.values())
