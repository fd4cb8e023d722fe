"""People from a list: a CSV file as spreadsheets and directories write it, or a line that somebody types."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from bot.beginning.answers import AnswersUnusable, NewPerson
from governance.people_words import NoSuchRole, role_of

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "full name", "display name", "person"),
    "address": ("address", "email", "e-mail", "mail", "email address", "mail address"),
    "roles": ("roles", "role"),
    "title": ("title", "job title"),
    "team": ("team", "squad"),
    "country": ("country",),
    "region": ("region", "state"),
    "time_zone": ("time zone", "time_zone", "timezone"),
}
"""What each of a person's parts is called in the first line of a list."""

_NEEDED = ("name", "address", "roles")
LONGEST_LIST = 5_000_000
"""Bytes of a list that are read."""


def people_in(path: Path) -> tuple[NewPerson, ...]:
    """The people of a CSV file with a line of headings. Raises AnswersUnusable with all that is wrong."""
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise AnswersUnusable(f"{path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise AnswersUnusable(f"{path} is not UTF-8; save it as “CSV UTF-8”.") from error
    if len(raw) > LONGEST_LIST:
        raise AnswersUnusable(f"{path} has {len(raw):,} bytes; at most {LONGEST_LIST:,} are read.")
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count))
    try:
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise AnswersUnusable(f"{path}, line {reader.line_num}: this is not CSV ({error}).") from error
    if len(rows) < 2:
        raise AnswersUnusable(
            f"{path} names nobody. Write headings (name, address, roles), and a line for each."
        )
    columns = _columns(path, rows[0][1])
    return _read(path, rows[1:], columns)


def person_in(line: str) -> NewPerson:
    """Somebody typed as `Ann Example, ann@example.com, product owner, director`. Raises AnswersUnusable."""
    name, _, rest = line.partition(",")
    address, _, roles = rest.partition(",")
    cells = {"name": name.strip(), "address": address.strip(), "roles": roles.strip()}
    wrong = _wrong(cells)
    if wrong:
        raise AnswersUnusable(" ".join(wrong))
    return NewPerson.model_validate(cells)


def _columns(path: Path, headings: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for at, heading in enumerate(headings):
        said = " ".join(heading.split()).casefold()
        for part, names in _COLUMNS.items():
            if said in names:
                found.setdefault(part, at)
    missing = [part for part in _NEEDED if part not in found]
    if missing:
        raise AnswersUnusable(
            f"{path}, line 1: there is no column {', '.join(missing)}. The first line names the columns: name,"
            " address, roles, and title, team, country, region, time zone where they are known."
        )
    return found


def _read(path: Path, rows: list[tuple[int, list[str]]], columns: Mapping[str, int]) -> tuple[NewPerson, ...]:
    people, wrong = [], []
    for line, row in rows:
        cells = {part: row[at].strip() for part, at in columns.items() if at < len(row) and row[at].strip()}
        told = _wrong(cells)
        wrong += [f"{path}, line {line}: {what}" for what in told]
        if not told:
            people.append(NewPerson.model_validate(cells))
    if wrong:
        raise AnswersUnusable("\n".join(wrong))
    return tuple(people)


def _wrong(cells: Mapping[str, str]) -> list[str]:
    said = [
        f"The {part} {'are' if part == 'roles' else 'is'} missing." for part in _NEEDED if not cells.get(part)
    ]
    address = cells.get("address", "")
    if address and (address.count("@") != 1 or " " in address or "." not in address.partition("@")[2]):
        said.append(f"“{address}” is no mail address, such as ann@example.com.")
    for role in cells.get("roles", "").replace(";", ",").split(","):
        if role.strip():
            try:
                role_of(role)
            except NoSuchRole as unknown:
                said.append(f"{unknown}.")
    return said
