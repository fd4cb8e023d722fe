"""A change as those are shown it who read it for others: in parts, with what is left out said.

What a model has not been shown it does not approve: of a change that is longer than all parts, or is no text, a
person decides.
"""

from __future__ import annotations

from dataclasses import dataclass

from integrations.code_host import CodeHost, DiffQuery
from integrations.code_host.contents import FileChange
from integrations.pages import LARGEST_PAGE

MOST_PARTS = 3
MOST_IN_A_PART = 60_000
"""Characters of a change that a reader is shown at once."""
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Shown:
    """A change as a reviewer is shown it. `left_out` says what is in none of the parts; empty if nothing.
    `paths` are those of the files that are in one."""

    parts: tuple[str, ...]
    left_out: str
    paths: frozenset[str]


async def read_change(host: CodeHost, repository: str, base: str, head: str) -> Shown:
    """What `head` changes beside `base`, in parts. Raises CodeHostError, Away."""
    parts, unseen, paths, after = [""], list[str](), list[str](), None
    while True:
        query = DiffQuery(repository, base, head, limit=LARGEST_PAGE, after=after)
        diff = await host.diff(query)
        for one in diff.files:
            said = _said(one)
            if len(parts[-1]) + len(said) > MOST_IN_A_PART and parts[-1]:
                parts.append("")
            if len(parts) > MOST_PARTS:
                return _shown(parts[:MOST_PARTS], unseen, paths, diff.file_count - len(paths))
            parts[-1] += said
            paths.append(one.path)
            if one.is_cut or one.is_binary:
                unseen.append(one.path)
        after = diff.after
        if after is None:
            return _shown(parts, unseen, paths, 0)


def _said(one: FileChange) -> str:
    cut = "\n(cut: the rest of what changes in this file is not shown)" if one.is_cut else ""
    patch = "(no text)" if one.is_binary else one.patch
    return f"{one.change} {one.path}, +{one.added} −{one.removed}\n{patch}{cut}\n"


def _shown(parts: list[str], unseen: list[str], paths: list[str], further: int) -> Shown:
    said = []
    if unseen:
        more = f" and {len(unseen) - _MOST_NAMED} more" if len(unseen) > _MOST_NAMED else ""
        said.append(f"parts of {', '.join(unseen[:_MOST_NAMED])}{more}")
    if further:
        said.append("1 further file" if further == 1 else f"{further:,} further files")
    return Shown(tuple(parts), f"{'; '.join(said)}." if said else "", frozenset(paths))
