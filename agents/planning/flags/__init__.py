"""What a person should settle: vague, untestable, contradictory or missing, or meant for the bot."""

from __future__ import annotations

from dataclasses import replace

from agents.planning.draft import Flag
from agents.planning.flags.contradictions import contradictions
from agents.planning.flags.instructions import instructing, instructions
from agents.planning.flags.smells import gaps, passives, wording
from agents.planning.reading.outline import Outline
from agents.planning.requirements import Asked
from agents.planning.statements import statements

_WEIGHTIEST = ("instruction", "contradictory", "untestable", "vague", "missing")


def flags(
    outline: Outline, asked: tuple[Asked, ...], telling: frozenset[int] = frozenset()
) -> tuple[Flag, ...]:
    """Everything that a person should settle. A line has one flag for its wording or gap, the weightiest.

    `telling` passages ask for nothing, as they were read: they are not held to what binds.
    """
    skipped = instructing(outline)
    said = tuple(
        replace(s, binding=s.binding and s.passage not in telling)
        for s in statements(outline)
        if s.passage not in skipped
    )
    found = [
        *instructions(outline),
        *contradictions(said, asked),
        *gaps(outline, said, asked),
        *passives(said),
        *wording(outline, said),
    ]
    by_line: dict[int, Flag] = {}
    for flag in sorted(found, key=lambda f: (f.line, _WEIGHTIEST.index(f.kind))):
        by_line.setdefault(flag.line, flag)
    return tuple(by_line.values())
