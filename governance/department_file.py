"""Reading `department.yaml`: the one file that says who and what a department is, checked as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from governance import marked_yaml
from governance.department import Department
from governance.department_checking import checked
from governance.department_written import fill_in
from governance.marked_yaml import KeyPath

MOST_BYTES = 2_000_000
"""A larger file is refused unread: five thousand people fit in this."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: its line (from 1), the value in words (`lead of Team Alpha`), and what to do."""

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
    """The department that this YAML describes. Raises DepartmentError with everything that is wrong with it."""
    try:
        document = marked_yaml.read(text)
    except marked_yaml.MarkedYamlError as error:
        raise DepartmentError(source, [Fault(error.line, "", error.why)]) from error
    if not isinstance(document.value, dict):
        _refuse(source, 1, "write the department's `name:` here, and its `people:`")
    filled = fill_in(document.value)
    department, wrong = checked(filled.value, filled.faults)
    if department is None or wrong:
        said = [(filled.as_written(at), what) for at, what in wrong]
        faults = (Fault(document.line_of(at), where(at, document.value), what) for at, what in said)
        raise DepartmentError(source, faults)
    return department


def _refuse(source: str, line: int, what: str) -> NoReturn:
    raise DepartmentError(source, [Fault(line, "", what)])


def where(path: KeyPath, value: object) -> str:
    """A place as people would say it: `lead of Team Alpha`, `email of Ben`."""
    key, owner, at = "", "", value
    for part in path:
        if isinstance(at, dict) and isinstance(part, str):
            at, key = at.get(part), part
        elif isinstance(at, list) and isinstance(part, int) and part < len(at):
            at = at[part]
            named = at.get("name") or at.get("role") or at.get("id") if isinstance(at, dict) else None
            owner = str(named) if named else owner or f"number {part + 1} of {key}"
            key = ""
        else:
            key = str(part)
    return f"{key} of {owner}" if key and owner else key or owner
