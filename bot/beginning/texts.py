"""The texts of a new department's files, with comments that say what else may stand in them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import yaml

from bot.beginning.answers import Answers, Chat, NewPerson
from governance.people_words import id_from

_PLACE = ("country", "region", "time_zone")
_BARE = re.compile(r"[^\s,\[\]{}#:&*!|>'\"%@`-][^,\[\]{}#:\n]*")

_HEAD = """\
# The department. What is edited here counts from the next start, but for roles: once an engineering director
# and a compliance officer are there, those change in chat alone ("make Ann an architect").

"""
_PEOPLE = """
# Everybody, with the address that they have in chat. `id` is how commands call them: it stays as it is.
# Roles: product owner, engineering director, compliance officer, customer success, SRE lead, engineer,
# architect, executive, auditor. Where it is so: title, team, deputy, country, region, time_zone, and
# away: [{since: 2026-12-21, until: 2027-01-06}]. `identities` link somebody by the ids of Slack or Entra
# themselves (slack:TEAM/USER, teams:TENANT/USER); whoever has none is met by their address.
people:
"""
_LATER = """
# Channels, and who reads along there: public (guests, too), department, or only those who are named.
#channels:
#  - {name: engineering}
#  - {name: incidents, members: [NAME, NAME]}

# Each team has sprints by itself, of two weeks from the Monday after the first start on, if nothing else stands
# here. Folders other than documents/ and services/; the currency of what agents cost.
#sprints: {first: 2026-01-05, weeks: 2}
#folders: {documents: documents}
#currency: EUR
"""
_CALENDAR = """\
# Working days and hours, and days of your own beside the public holidays.
#days: [monday, tuesday, wednesday, thursday, friday]
#start: "09:00"
#end: "17:00"
#holidays:
#  - {day: 2026-12-24, name: "Christmas Eve"}
#works_on: [2026-05-01]
"""
_NO_TEAMS = """
# Teams, when there are some: a name is enough. `agents:` and `capacity:` may say what they can do.
#teams:
#  - name: Platform
#    members: [NAME, NAME]
"""
_PRODUCTS = """
# Products that the teams build. Without any, the department has one, which is called as it is.
#products:
#  - {name: Checkout, owner: NAME, teams: [NAME]}
"""
_SECRETS: dict[Chat, str] = {
    "slack": """
# Slack (README, "In Slack"): take away the # and fill in.
#ENV=production
#PUBLIC_URL=https://countersign.example.com
#SLACK_SIGNING_SECRET=
#SLACK_BOT_TOKEN=
#SLACK_WORKSPACES=
""",
    "teams": """
# Teams (README, "In Teams"): take away the # and fill in.
#ENV=production
#PUBLIC_URL=https://countersign.example.com
#TEAMS_APP_ID=
#TEAMS_APP_PASSWORD=
#ENTRA_TENANTS=
""",
    "console": "",
}


def department_text(answers: Answers) -> str:
    """`department.yaml` for these answers."""
    lines = [f"name: {_scalar(answers.name)}"]
    lines += [f"{part}: {_scalar(said)}" for part in _PLACE if (said := getattr(answers, part))]
    if answers.country is None:
        lines += ["#country: IE    # brings public holidays and, where there is only one, the time zone"]
    ids = _ids(answers.people)
    people = [line for person, id in zip(answers.people, ids, strict=True) for line in _person(person, id)]
    parts = [_HEAD, "\n".join(lines), "\n", _CALENDAR, _PEOPLE, "\n".join(people), "\n"]
    names = dict.fromkeys((*answers.teams, *(person.team for person in answers.people if person.team)))
    if names:
        teams = "\n".join(f"  - name: {_scalar(name)}" for name in names)
        parts.append(
            f"\n# A name is enough; lead, mission, agents and capacity may be added.\nteams:\n{teams}\n"
        )
    else:
        parts.append(_NO_TEAMS)
    return "".join([*parts, _PRODUCTS, _LATER])


def env_text(answers: Answers, folder: Path) -> str:
    """`.env` for a department in this folder. Secrets are left to be filled in."""
    tenant = id_from(answers.name) or "department"
    return (
        "# Settings of this installation; .env.example names all of them. Nobody else should read this file.\n"
        f"ENV=local\nTENANT={tenant}\nDEPARTMENT={_quoted(str(folder))}\n{_SECRETS[answers.chat]}\n"
        "# A model, or any OpenAI-compatible server. Without one agents work by rule, and say so.\n"
        "#OPENAI_API_KEY=\n#OPENAI_BASE_URL=\n"
    )


def _person(person: NewPerson, id: str) -> list[str]:
    roles = ", ".join(_scalar(role) for role in person.roles)
    said = {
        "name": _scalar(person.name),
        "address": _scalar(person.address),
        "roles": f"[{roles}]",
        **{part: _scalar(value) for part in ("title", "team", *_PLACE) if (value := getattr(person, part))},
    }
    if person.identities:
        said["identities"] = f"[{', '.join(json.dumps(one) for one in person.identities)}]"
    return [f"  - id: {_scalar(id)}", *(f"    {part}: {value}" for part, value in said.items())]


def _ids(people: Iterable[NewPerson]) -> list[str]:
    """First names, where one alone has it; else whole ones; else numbered."""
    everybody = list(people)
    firsts = Counter(_first(person) for person in everybody)
    taken: set[str] = set()
    ids = []
    for number, person in enumerate(everybody, 1):
        first, whole = _first(person), id_from(person.name) or id_from(person.address.partition("@")[0])
        id = first if first and firsts[first] == 1 else whole or f"person-{number}"
        id = f"{id[:58]}-{number}" if id in taken else id
        taken.add(id)
        ids.append(id)
    return ids


def _first(person: NewPerson) -> str:
    return id_from((person.name.split() or [""])[0])


def _scalar(text: str) -> str:
    """A text as YAML writes it, quoted only where it has to be."""
    bare = _BARE.fullmatch(text) is not None and text == text.strip()
    return text if bare and yaml.safe_load(text) == text else json.dumps(text, ensure_ascii=False)


def _quoted(path: str) -> str:
    """A path as `.env` files have it."""
    if re.fullmatch(r"[\w./~-]+", path):
        return path
    escaped = path.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
