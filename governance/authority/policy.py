"""The policy: `authority.yaml` read into rows, checked as a whole, and named by its content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import rfc8785

from governance import marked_yaml
from governance.action import ApprovalTerms
from governance.authority.checks import check
from governance.authority.explain import labels
from governance.authority.policy_error import PolicyError
from governance.authority.row_reader import read_rows
from governance.authority.rows import Column, Row
from governance.department_staffing import VoteRequirement
from governance.marked_yaml import MarkedYamlError

AUTHORITY_FILE = Path(__file__).resolve().parent.parent / "authority.yaml"
_MOST_BYTES = 500_000


@dataclass(frozen=True, slots=True)
class RenderedRow:
    """A row of the matrix as people read it: its decision, and the text of the three cells."""

    decision: str
    auto: str
    approval: str
    people_only: str
    who: str


@dataclass(frozen=True, slots=True)
class Policy:
    """The rows by decision type. `version` names their content: whoever rules alike has the same version.
    `text` is the YAML that it was read from, notes and all."""

    rows: Mapping[str, Row]
    version: str
    text: str = field(repr=False, compare=False)

    def render(self, section: str = "matrix") -> tuple[RenderedRow, ...]:
        """A section (`matrix`, the requirements' ten rows, or `extensions`) in the file's order."""
        return tuple(
            RenderedRow(
                row.title,
                row.cells[Column.AUTO].text,
                row.cells[Column.APPROVAL].text,
                row.cells[Column.PEOPLE_ONLY].text,
                self._who(row),
            )
            for row in self.rows.values()
            if row.section == section
        )

    def requirements_for_people(self) -> tuple[VoteRequirement, ...]:
        """What the department's people must be able to give between them, row by row, for `problems()`."""
        needed: list[VoteRequirement] = []
        for row in self.rows.values():
            for votes in row.votes:
                terms = ApprovalTerms(votes.slots, row.requester_may_vote)
                needed.append(VoteRequirement.of(row.title, terms))
            if row.in_person:
                needed.append(VoteRequirement.of(row.title, row.people()))
        return tuple(needed)

    def _who(self, row: Row) -> str:
        """Whose decision it is, in words: for cards, beside the cells."""
        parts = [" and ".join(labels(slot.roles) for slot in votes.slots) for votes in row.votes[:1]]
        parts += [f"{len(votes.slots)} people if {votes.when}" for votes in row.votes[1:]]
        if row.votes:
            parts.append("the requester may" if row.requester_may_vote else "never the requester")
        if row.in_person:
            parts.append(f"{labels(row.in_person)}, in person")
        if row.elsewhere is not None:
            parts.append(f"else: {self.rows[row.elsewhere].title}")
        return "; ".join(parts)


def load(path: Path = AUTHORITY_FILE) -> Policy:
    """The policy in this file. Raises PolicyError, also when the file cannot be read."""
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
    except OSError as error:
        raise PolicyError(
            1, f"the file cannot be read ({error.strerror})", f"Put a policy at {path}"
        ) from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise PolicyError(line, "this is not UTF-8", "Save the file as UTF-8") from error
    return parse(text)


def parse(text: str) -> Policy:
    """The policy that this YAML says. Raises PolicyError with the line, why, and what to do."""
    if len(text) > _MOST_BYTES:
        raise PolicyError(1, "the file is too long to be a policy", f"Keep it under {_MOST_BYTES} characters")
    try:
        document = marked_yaml.read(text)
    except MarkedYamlError as error:
        raise PolicyError(error.line, error.why, "Correct the file; nothing starts without it") from error
    rows = tuple(read_rows(document))
    check(rows)
    canonical = rfc8785.dumps([row.canonical() for row in sorted(rows, key=lambda row: row.name)])
    version = hashlib.sha256(canonical).hexdigest()[:12]
    return Policy(MappingProxyType({row.name: row for row in rows}), version, text)
