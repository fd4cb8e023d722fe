"""`python -m bot init`: five questions, and a department of one's own is there."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TypeVar, get_args

from bot.beginning.answers import Answers, AnswersUnusable, Chat, NewPerson, read_answers
from bot.beginning.checking import examine_beginning
from bot.beginning.files import AlreadyThere, Place, write
from bot.beginning.people_list import people_in, person_in
from bot.command_line import Exit, Stop
from bot.command_line.choosing import Source, people_from
from bot.settings import Settings
from governance.countries import country_of
from governance.department import is_time_zone
from governance.department_file import DepartmentError

_Answer = TypeVar("_Answer")
_CHAT: dict[Source, Chat] = {"slack": "slack", "entra": "teams"}
_MARKS = {"well": "ok  ", "advice": "note", "wrong": "FIX "}


async def run(settings: Settings, args: argparse.Namespace) -> int:
    """Ask, write, and check what was written."""
    place = Place(args.folder, args.env_file)
    try:
        if not args.overwrite:
            place.demand_free()
        people = people_in(args.people) if args.people is not None else ()
        if args.answers is not None:
            answers = read_answers(args.answers)
        else:
            answers = await _ask(people, settings, args.source, args.group)
        for path in write(answers.model_copy(update={"people": (*answers.people, *people)}), place):
            print(f"wrote {path}")
    except (AnswersUnusable, AlreadyThere) as cannot:
        raise Stop(str(cannot)) from cannot
    except DepartmentError as wrong:
        listed = "\n".join(f"- {fault.where}: {fault.what}" for fault in wrong.faults)
        raise Stop(f"Nothing was written. Answer these otherwise, and try again:\n{listed}") from wrong
    except OSError as refused:
        raise Stop(f"{refused.filename} cannot be written ({refused.strerror}).") from refused
    return _checked(place)


def _checked(place: Place) -> int:
    findings = tuple(examine_beginning(place))
    for finding in findings:
        print(f"{_MARKS[finding.state]}  {finding.what}: {finding.says}")
    if any(finding.state == "wrong" for finding in findings):
        return Exit.REFUSED
    print("Start it with: make run. “python -m bot doctor” checks all the rest.")
    return Exit.DONE


async def _ask(
    people: tuple[NewPerson, ...], settings: Settings, source: Source | None, group: str | None
) -> Answers:
    """The five questions; `people` need not be asked for where a list names them, nor where they talk where
    they are chosen from a platform's list."""
    name = _asked("1. What is the department called?", _something)
    said = _asked(
        "2. In which country, and region if it has its own holidays (IE; or DE, BY; empty: none)?", _place
    )
    if said and _needs_zone(said):
        says = "   Which time zone (such as Europe/Madrid)?"
        said = (*said[:2], *[None] * (2 - len(said)), _asked(says, _zone))
    if people:
        print(f"3. The list names {len(people)} people.")
    if source is not None:
        named = await people_from(source, settings, group, _line)
    else:
        named = () if people else _asked_for_people()
    teams = _asked("4. Which teams are there, with commas between them (empty: later)?", str)
    chat = (
        _CHAT[source]
        if source
        else _asked("5. Where do people talk to it: slack, teams, or console (on this machine only)?", _chat)
    )
    country, region, zone = (*said, None, None, None)[:3]
    place = {"country": country, "region": region, "time_zone": zone}
    return Answers.model_validate({"name": name, **place, "people": named, "teams": teams, "chat": chat})


def _asked_for_people() -> tuple[NewPerson, ...]:
    print("3. Who belongs to it? One a line: name, address, roles. An empty line ends.")
    print("   For example: Ann Example, ann@example.com, product owner, engineering director")
    people: list[NewPerson] = []
    while True:
        line = _line("   ")
        if not line and people:
            return tuple(people)
        try:
            person = person_in(line)
            if any(person.address.casefold() == other.address.casefold() for other in people):
                raise AnswersUnusable(f"{person.address} is somebody else's already.")
            people.append(person)
        except AnswersUnusable as wrong:
            print(f"   {wrong} Write this one again.")


def _asked(question: str, read: Callable[[str], _Answer]) -> _Answer:
    while True:
        try:
            return read(_line(f"{question} "))
        except ValueError as wrong:
            print(f"   {wrong}")


def _line(question: str) -> str:
    try:
        return input(question).strip()
    except EOFError:
        raise Stop("The answers ended early, so nothing was written.") from None


def _something(said: str) -> str:
    if not said:
        raise ValueError("Write a name.")
    return said


def _place(said: str) -> tuple[str | None, ...]:
    country, _, region = (part.strip() for part in said.partition(","))
    if not country:
        return ()
    found = country_of(country, region or None)
    return found.code, found.region


def _needs_zone(said: tuple[str | None, ...]) -> bool:
    return country_of(said[0] or "").time_zone is None


def _zone(said: str) -> str:
    if not is_time_zone(said):
        raise ValueError(f"“{said}” is no time zone; write an IANA name such as Europe/Dublin.")
    return said


def _chat(said: str) -> Chat:
    found = next((chat for chat in get_args(Chat) if chat == said.casefold()), None)
    if found is None:
        raise ValueError("Write slack, teams or console.")
    chosen: Chat = found
    return chosen
