"""Two trees on disk from the texts of their files, and the planted changes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from agents.engineering.verdict.changes import ChangeSet, Finding, read_tree
from tests.agents.engineering.verdict.planted import changes_of_tariff, changes_of_tickets

PLANTED = Path(__file__).parent / "planted"
ALL = {
    **{name: ("tariff", *change) for name, change in changes_of_tariff.CHANGES.items()},
    **{name: ("tickets", *change) for name, change in changes_of_tickets.CHANGES.items()},
}


def changed(folder: Path, before: Mapping[str, str], after: Mapping[str, str | None]) -> ChangeSet:
    """The change from `before` to the same with `after` written over it; None takes a file away."""
    for name, files in (("before", before), ("after", {**before, **after})):
        for path, text in files.items():
            if text is not None:
                (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / name / path).write_text(text, "utf-8")
        (folder / name).mkdir(exist_ok=True)
    return ChangeSet(read_tree(folder / "before"), read_tree(folder / "after"))


def whats(findings: object) -> list[str]:
    """What was found, each once, in order."""
    return list(dict.fromkeys(finding.what for finding in findings if isinstance(finding, Finding)))  # type: ignore[attr-defined]


def planted(folder: Path, name: str) -> ChangeSet:
    """A planted change, made in `folder`."""
    project, _, edits = ALL[name]
    after = folder / name
    shutil.copytree(PLANTED / project, after)
    for path, old, new in edits:
        place = after / path
        if new is None:
            place.unlink()
        elif not old and new.startswith("-> "):
            place.symlink_to(new[3:])
        elif not old:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(new, "utf-8")
        else:
            text = place.read_text("utf-8")
            assert old in text, (path, old)
            place.write_text(text.replace(old, new), "utf-8")
    return ChangeSet(read_tree(PLANTED / project), read_tree(after))
