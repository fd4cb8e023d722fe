"""What takes the place of a push where the engineer only suggests: its change as a patch, for a person.

Nothing of it leaves the code host's own store: the commit is there, and no branch comes to it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

from agents.work.kinds import NewStep, Step

SUGGEST, TAKEN_OVER = "suggest_story", "suggestion_taken_over"
"""Kinds of steps: the patch is made; somebody takes it over, or the engineer may push again."""

_MOST_CHARACTERS = 2_000_000
_NO_NEWLINE = "\\ No newline at end of file\n"


class PatchTooLarge(Exception):
    """A change is more than a patch that people read. The text says so."""


def suggestion(step: Step) -> NewStep:
    """What takes the place of the push of `step`."""
    args = {**step.args, "push": step.key}
    return NewStep(f"suggest:{step.key}", SUGGEST, "Show its change as a patch", args)


def patch(before: Path, after: Path) -> str:
    """What leads from one tree to the other, as `git apply` takes it; files that are no text are named in its
    first lines, which git passes over. Raises PatchTooLarge. It reads all files: call it from a thread."""
    old, new = _files(before), _files(after)
    binary: list[str] = []
    parts: list[str] = []
    for name in sorted(old.keys() | new.keys()):
        was, becomes = (_content(files.get(name)) for files in (old, new))
        if was == becomes:
            continue
        if isinstance(was, bytes) or isinstance(becomes, bytes):
            binary.append(f"Not in this patch, for it is no text: {name}\n")
        else:
            parts.extend(_of_file(name, was, becomes))
    text = "".join((*binary, *parts))
    if len(text) > _MOST_CHARACTERS:
        raise PatchTooLarge(f"Its patch would be {len(text):,} characters long.")
    return text


def _files(root: Path) -> dict[str, Path]:
    found = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(root)): path for path in found}


def _content(path: Path | None) -> str | bytes | None:
    if path is None:
        return None
    content = path.read_bytes()
    try:
        return content.decode() if b"\0" not in content else content
    except UnicodeDecodeError:
        return content


def _of_file(name: str, was: str | None, becomes: str | None) -> Iterator[str]:
    yield f"diff --git a/{name} b/{name}\n"
    if was is None:
        yield "new file mode 100644\n"
    if becomes is None:
        yield "deleted file mode 100644\n"
    names = ("/dev/null" if was is None else f"a/{name}", "/dev/null" if becomes is None else f"b/{name}")
    for line in difflib.unified_diff(_lines(was or ""), _lines(becomes or ""), *names):
        yield line if line.endswith("\n") else f"{line}\n{_NO_NEWLINE}"


def _lines(text: str) -> list[str]:
    """Lines as git counts them: whatever else may end a line is part of it."""
    *whole, last = text.split("\n")
    return [*(f"{line}\n" for line in whole), *([last] if last else [])]
