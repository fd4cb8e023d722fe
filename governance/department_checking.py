"""Checking a department's file as a whole: all that is wrong with it is found at once, not one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from governance.department import Department
from governance.department_consistency import inconsistencies, nearest
from governance.department_words import in_words
from governance.department_written import ALSO_WRITTEN, fill_in
from governance.marked_yaml import KeyPath

Wrong = tuple[KeyPath, str]
"""Where in the file, and what to do."""

_SECTIONS = ("calendars", "people", "teams", "products", "channels")


def checked(value: dict[str, Any], known: Iterable[Wrong]) -> tuple[Department | None, list[Wrong]]:
    """The department, and everything that is wrong with it besides what is `known` to be, in one list.

    Where a part of it has not the right shape, the rest is looked at without it.
    """
    wrong = list(known)
    told = {at for at, _ in wrong}
    try:
        department = Department.model_validate(value)
    except ValidationError as error:
        problems = error.errors()
        wrong += (one for one in _of_shape(problems) if not _is_told(one[0], told))
        return None, [*wrong, *_of_the_rest(value, problems)]
    return department, [*wrong, *inconsistencies(department)]


def _is_told(path: KeyPath, told: set[KeyPath]) -> bool:
    return any(path[: len(one)] == one for one in told)


def _of_shape(problems: Iterable[ErrorDetails]) -> Iterator[Wrong]:
    for problem in problems:
        path = _path(problem)
        if problem["type"] == "too_short" and problem["input"]:
            continue  # all of its entries are wrong, and each is told
        if problem["type"] == "extra_forbidden":
            unknown = str(path[-1])
            yield path, f"`{unknown}` is not known here{nearest(unknown, _known_at(path[:-1]))}"
        else:
            yield path, in_words(problem, path)


def _path(problem: ErrorDetails) -> KeyPath:
    return tuple(part for part in problem["loc"] if part != "[key]")


def _of_the_rest(value: dict[str, Any], problems: list[ErrorDetails]) -> Iterator[Wrong]:
    """What does not hold among the parts whose shape is right."""
    lost: dict[str, set[int]] = {section: set() for section in _SECTIONS}
    rest = dict(value)
    for problem in problems:
        path = _path(problem)
        if path[0] in lost and len(path) > 1 and isinstance(path[1], int):
            lost[str(path[0])].add(path[1])
        elif path[0] in lost:
            return  # what names an entry of this section cannot be looked at
        else:
            rest.pop(str(path[0]), None)
    kept = {section: _kept(rest.get(section), gone) for section, gone in lost.items()}
    rest |= {
        section: [rest[section][at] for at in positions] for section, positions in kept.items() if positions
    }
    rest |= {section: [] for section in _SECTIONS if not kept[section]}
    try:
        department = Department.model_validate(_whole(rest))
    except ValidationError:
        return  # too little of it is left to be looked at
    beside = {section: _ids(value.get(section), gone) for section, gone in lost.items()}
    for path, what in inconsistencies(department, beside):
        yield _as_written(path, kept), what


def _kept(section: object, gone: set[int]) -> list[int]:
    return [at for at in range(len(section)) if at not in gone] if isinstance(section, list) else []


def _whole(rest: Mapping[str, Any]) -> dict[str, Any]:
    """What is left with stand-ins for the parts that are not."""
    usual = fill_in({"name": "-", "people": []}).value
    return {**usual, **rest, "calendars": rest["calendars"] or usual["calendars"]}


def _ids(section: object, gone: set[int]) -> frozenset[str]:
    entries = [section[at] for at in gone if at < len(section)] if isinstance(section, list) else []
    return frozenset(str(entry["id"]) for entry in entries if isinstance(entry, dict) and "id" in entry)


def _as_written(path: KeyPath, kept: Mapping[str, list[int]]) -> KeyPath:
    if len(path) > 1 and path[0] in kept and isinstance(path[1], int) and path[1] < len(kept[str(path[0])]):
        return (path[0], kept[str(path[0])][path[1]], *path[2:])
    return path


def _known_at(path: KeyPath) -> tuple[str, ...]:
    """What may stand in the part of the file at `path`."""
    model: type[BaseModel] = Department
    for part in path:
        if isinstance(part, str):
            model = _model_of(model, part)
    section = str(path[0]) if path else ""
    return (*model.model_fields, *(ALSO_WRITTEN.get(section, ()) if len(path) < 3 else ()))


def _model_of(model: type[BaseModel], field: str) -> type[BaseModel]:
    pending: list[Any] = [model.model_fields[field].annotation]
    while pending:
        annotation = pending.pop()
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return annotation
        pending.extend(get_args(annotation))
    return model
