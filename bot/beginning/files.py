"""Writing a new department's files: never over what is there without being told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.beginning.answers import Answers
from bot.beginning.texts import department_text, env_text
from governance.department_file import parse_department

_DOCUMENTS = """\
# Documents

Put requirements documents here (Markdown, HTML, plain text or Word), and say in chat: *Build it from NAME*.
What is put here is found at once. This file is none of them.
"""
_SERVICES = """\
# Services

Put a folder here for each service, with a `catalog-info.yaml` in Backstage's format in it:

    apiVersion: backstage.io/v1alpha1
    kind: Component
    metadata:
      name: checkout
      annotations: {countersign.dev/tier: "1"}
    spec:
      type: service
      lifecycle: production
      owner: TEAM

It counts from the next start. There need not be any.
"""


class AlreadyThere(Exception):
    """Files that would be written over."""

    def __init__(self, paths: list[Path]) -> None:
        there = " and ".join(str(path) for path in paths)
        verb = "are" if len(paths) > 1 else "is"
        super().__init__(
            f"{there} {verb} there already, and nothing was written. Name another folder or --env-file, or add"
            " --overwrite: what is there is kept beside, with .before at its end."
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a new department is written: its folder, and the settings' file."""

    folder: Path
    env_file: Path

    def demand_free(self) -> None:
        """Raises AlreadyThere."""
        there = [path for path in (self.folder / "department.yaml", self.env_file) if os.path.lexists(path)]
        if there:
            raise AlreadyThere(there)


def write(answers: Answers, place: Place) -> Iterator[Path]:
    """Write everything; yields what was written. What stood in its place is kept beside it.

    Raises DepartmentError, having written nothing, if the answers describe no department; OSError.
    """
    department = department_text(answers)
    parse_department(department)
    place.folder.mkdir(parents=True, exist_ok=True)
    place.env_file.parent.mkdir(parents=True, exist_ok=True)
    yield _write(place.folder / "department.yaml", department, 0o644)
    for name, about in (("documents", _DOCUMENTS), ("services", _SERVICES)):
        (place.folder / name).mkdir(exist_ok=True)
        readme = place.folder / name / "README.md"
        if not os.path.lexists(readme):
            yield _write(readme, about, 0o644)
    yield _write(place.env_file, env_text(answers, place.folder), 0o600)


def _write(path: Path, text: str, mode: int) -> Path:
    if os.path.lexists(path):
        path.replace(path.with_name(f"{path.name}.before"))
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)
    return path
