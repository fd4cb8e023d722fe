"""Which discipline a story asks for, and which team takes it.

The discipline comes from the words of the story (its title counts three times and its last word most, the
beginning of its sentence twice) and from the disciplines of similar done stories. The team is the one that the
document states; else one that has this discipline: a team of the document's product or one that the document
names, if there is one; among those, the one whose done stories are most like it and whose services it names.

Done stories vote by how like they are, not by their share of all votes: many that are hardly like it decide
nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from agents.planning.history import DoneWork, Neighbour
from agents.planning.lexicon import lexicon
from agents.planning.reading.outline import Outline
from agents.planning.request import PlanningInput
from agents.planning.spelled import mentions
from agents.planning.stories import Sketch
from governance.department import Product, Team

_FROM_HEAD = 8.0
"""How many words the last one of the title is worth: an overview *page*, a reconciliation *test*."""
_FROM_HISTORY = 4.0
"""How many words the vote of done stories is worth that are the same in every word."""
_LEAST = 0.5
"""Under half a word's worth for any discipline, nothing tells, and it is backend work like most."""
_LIKE = 0.35
"""Similarity under which a done story is not like it, and has no vote."""


def discipline_of(sketch: Sketch, work: DoneWork, known: frozenset[str]) -> str:
    """One of `known` (the disciplines for which some team has capacity)."""
    if sketch.quality and "qa" in known:
        return "qa"
    begin = " ".join(sketch.i_want.removeprefix("this to hold: ").split()[:8])
    scores: defaultdict[str, float] = defaultdict(float)
    for name, pattern in lexicon().disciplines.items():
        words = 3 * len(pattern.findall(sketch.title)) + 2 * len(pattern.findall(begin))
        head = _FROM_HEAD if any(m.end() == len(sketch.title) for m in pattern.finditer(sketch.title)) else 0
        scores[name] = words + head + len(pattern.findall(sketch.about))
    for name, likeness in _likeness(work.nearest(sketch.about, 10), lambda n: n.story.discipline).items():
        scores[name] += _FROM_HISTORY * likeness
    possible = sorted(known) or ["backend"]
    best = max(possible, key=lambda name: scores[name])
    return best if scores[best] >= _LEAST or "backend" not in possible else "backend"


def team_of(
    sketch: Sketch,
    discipline: str,
    product: Product | None,
    named: frozenset[str],
    work: DoneWork,
    given: PlanningInput,
) -> str:
    """The id of a team that has the discipline; where no team has it, of the one that leads the product."""
    able = [
        t for t in given.teams if any(d.value == discipline and hours > 0 for d, hours in t.capacity.items())
    ]
    close = [t for t in able if t.id in named or (product and t.id in product.teams)]
    candidates = close or able
    if not candidates:  # it is made all the same, and waits: the schedule says that nobody has hours for it
        return next(iter((*(product.teams if product else ()), *(t.id for t in given.teams))), "")
    votes = _likeness(work.nearest(sketch.about, 15, discipline), lambda n: n.story.team)
    owners = {s.team for s in given.services if mentions(sketch.about, (s.name, s.id))}
    order = [t.id for t in given.teams]
    if product:
        order = [*product.teams, *(t for t in order if t not in product.teams)]

    def score(team: Team) -> tuple[float, int]:
        return (votes.get(team.id, 0.0) + 0.5 * (team.id in owners), -order.index(team.id))

    return max(candidates, key=score).id


def _likeness(near: Sequence[Neighbour], of: Callable[[Neighbour], str]) -> dict[str, float]:
    """How like the done stories of each discipline or team are: similarities over their count, so that a few
    that are like it outweigh many that hardly are. Under _LIKE none counts."""
    found: defaultdict[str, float] = defaultdict(float)
    for neighbour in near:
        if neighbour.similarity >= _LIKE:
            found[of(neighbour)] += neighbour.similarity / len(near)
    return dict(found)


def disciplines_of(team: Team | None, known: frozenset[str]) -> frozenset[str]:
    """Those for which a stated team has hours; all that is `known` where none is stated, or it has no hours."""
    own = team.capacity.items() if team is not None else ()
    return frozenset(d.value for d, hours in own if hours > 0) or known


def named_teams(outline: Outline, given: PlanningInput) -> frozenset[str]:
    """Teams that the document's head names."""
    head = outline.meta_value("teams") or outline.meta_value("team")
    return frozenset(t.id for t in given.teams if mentions(head, (t.name,)))
