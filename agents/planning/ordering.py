"""Which stories of a plan come before which, and why.

Two rules. What the document says: a story that names another requirement's id comes after it. And the
order of building: a data model or pipeline before the interface that serves it, the interface before
the screens that show it, both before their tests and their documentation; only between stories that
are about the same thing. The result has no cycles: the second rule goes up in stage, and a reference
that would close a circle is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from agents.planning.draft import Precedence
from agents.planning.requirements import ID_ANYWHERE
from agents.planning.stories import Sketch
from agents.planning.terms import content_stems, overlap, weights

_STAGES: Mapping[str, int] = {
    "design": 0, "data": 1, "ml": 2, "security": 3, "backend": 3, "frontend": 4, "sre": 5, "qa": 5,
    "documentation": 6,
}  # fmt: skip
_WHY: Mapping[str, str] = {
    "design": "is built to its design",
    "data": "works on the data that it brings",
    "ml": "uses its model",
    "security": "must keep to its access rules",
    "backend": "uses its interface",
    "frontend": "covers what it shows",
    "sre": "runs on what it sets up",
    "qa": "is described once it is tested",
}
_FED_BY: Mapping[str, tuple[str, ...]] = {"frontend": ("backend",), "qa": ("backend", "frontend")}
_HUB = re.compile(r"\b(?:api|interface|endpoint|backend)s?\b", re.IGNORECASE)
"""Titles of stories on which screens rest even where few words are shared."""
_ALIKE = 0.12
"""Overlap from which two stories are about the same thing; measured on the sample department's documents."""
_MOST = 2
"""Predecessors by the order of building; more add no order that those do not bring."""


def precedences(
    stories: Sequence[tuple[str, Sketch, str]], advised: Sequence[Precedence] = ()
) -> tuple[Precedence, ...]:
    """From (key, sketch, discipline), in the plan's order; what is advised comes first."""
    keys = {key for key, _, _ in stories}
    wanted = [link for link in advised if {link.story, link.after} <= keys and link.story != link.after]
    found: dict[tuple[str, str], Precedence] = {}
    for link in (*wanted, *_said(stories), *_by_stage(stories)):
        if (link.story, link.after) not in found and not _reaches(found, link.after, link.story):
            found[link.story, link.after] = link
    return tuple(found.values())


def _said(stories: Sequence[tuple[str, Sketch, str]]) -> Iterator[Precedence]:
    by_id = {name.upper(): key for key, sketch, _ in stories for name in sketch.requirements}
    for key, sketch, _ in stories:
        for name in dict.fromkeys(m[0] for m in ID_ANYWHERE.finditer(sketch.about)):
            other = by_id.get(name.upper())
            if other is not None and other != key:
                yield Precedence(key, other, f"the document names {name} in it")


def _by_stage(stories: Sequence[tuple[str, Sketch, str]]) -> Iterator[Precedence]:
    stems = {key: content_stems(sketch.about) for key, sketch, _ in stories}
    weight = weights(stems.values())
    for key, sketch, discipline in stories:
        stage = _STAGES.get(discipline, 3)
        scored = sorted(
            (
                (overlap(stems[key], stems[k], weight), _STAGES.get(d, 3), k, d, s)
                for k, s, d in stories
                if _STAGES.get(d, 3) < stage and not s.quality
            ),
            key=lambda found: (-found[0], -found[1], found[2]),
        )
        chosen = [found for found in scored if found[0] >= _ALIKE or sketch.quality][:_MOST]
        for feeding in _FED_BY.get(discipline, ()):
            if not any(found[3] == feeding for found in chosen):
                hubs = [f for f in scored if f[3] == feeding and (_HUB.search(f[4].title) or f[0] >= _ALIKE)]
                chosen += hubs[:1]
        for _, _, other, kind, _ in chosen:
            yield Precedence(key, other, _WHY.get(kind, "builds on it"))


def _reaches(found: Mapping[tuple[str, str], Precedence], start: str, goal: str) -> bool:
    """Whether `start` already comes, over any number of steps, after `goal`."""
    open_keys, seen = [start], {start}
    while open_keys:
        key = open_keys.pop()
        if key == goal:
            return True
        for story, after in found:
            if story == key and after not in seen:
                seen.add(after)
                open_keys.append(after)
    return False
