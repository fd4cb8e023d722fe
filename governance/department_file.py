"""Reading `department.yaml`: the one file that says who and what a department is, checked as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from pydantic import BaseModel, ValidationError

from governance import marked_yaml
from governance.department import Department
from governance.department_consistency import inconsistencies, nearest
from governance.marked_yaml import KeyPath, MarkedDocument

MOST_BYTES = 2_000_000
"""A larger file is refused unread: five thousand people fit in this."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: its line (from 1), the value (`teams.2.lead`), and what to do."""

    line: int
    where: str
    what: str

    def __str__(self) -> str:
        place = f"line {self.line}, {self.where}" if self.where else f"line {self.line}"
        return f"{place}: {self.what}"


class DepartmentError(ValueError):
    """The department file cannot be used. `faults` are all that was found, by line."""

    def __init__(self, source: str, faults: Iterable[Fault]) -> None:
        self.source = source
        self.faults = tuple(sorted(faults, key=lambda fault: (fault.line, fault.where)))
        super().__init__("\n".join(f"{source}: {fault}" for fault in self.faults))


def read_department(path: Path) -> Department:
    """The department that the file at `path` describes. Raises DepartmentError, also if it cannot be read."""
    source = str(path)
    try:
        raw = path.read_bytes()
        if len(raw) > MOST_BYTES:
            _refuse(source, 1, f"the file has {len(raw)} bytes; at most {MOST_BYTES} are read")
        text = raw.decode("utf-8")
    except OSError as error:
        raise DepartmentError(source, [Fault(1, "", f"the file cannot be read ({error.strerror})")]) from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise DepartmentError(source, [Fault(line, "", "this is not UTF-8; save the file as UTF-8")]) from error
    return parse_department(text, source)


def parse_department(text: str, source: str = "department.yaml") -> Department:
    """The department that this YAML describes. Raises DepartmentError with the lines and what to do."""
    try:
        document = marked_yaml.read(text)
    except marked_yaml.MarkedYamlError as error:
        raise DepartmentError(source, [Fault(error.line, "", error.why)]) from error
    if not isinstance(document.value, dict):
        _refuse(source, 1, "the file must be a mapping: `id:`, `name:`, `people:`, …")
    try:
        department = Department.model_validate(document.value)
    except ValidationError as error:
        raise DepartmentError(source, _described(error, document)) from error
    faults = [Fault(document.line_of(at), _where(at), what) for at, what in inconsistencies(department)]
    if faults:
        raise DepartmentError(source, faults)
    return department


def _refuse(source: str, line: int, what: str) -> NoReturn:
    raise DepartmentError(source, [Fault(line, "", what)])


def _where(path: KeyPath) -> str:
    return ".".join(str(part) for part in path)


def _described(error: ValidationError, document: MarkedDocument) -> Iterator[Fault]:
    for problem in error.errors():
        path = tuple(part for part in problem["loc"] if part != "[key]")
        match problem["type"]:
            case "missing":
                what = f"add `{path[-1]}`; it is required here"
            case "extra_forbidden":
                unknown = str(path[-1])
                what = f"`{unknown}` is not known here{nearest(unknown, _fields_at(path[:-1]))}"
            case "value_error":
                what = problem["msg"].removeprefix("Value error, ")
            case _:
                what = problem["msg"][:1].lower() + problem["msg"][1:]
        yield Fault(document.line_of(path), _where(path), what)


def _fields_at(path: KeyPath) -> tuple[str, ...]:
    """The field names of the model that describes the value at `path`."""
    model: type[BaseModel] = Department
    for part in path:
        if isinstance(part, str):
            model = _model_of(model, part)
    return tuple(model.model_fields)


def _model_of(model: type[BaseModel], field: str) -> type[BaseModel]:
    pending: list[Any] = [model.model_fields[field].annotation]
    while pending:
        annotation = pending.pop()
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return annotation
        pending.extend(getattr(annotation, "__args__", ()))
    return model
