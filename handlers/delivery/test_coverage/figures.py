"""Coverage in words and figures, as both cards say it."""

from __future__ import annotations

from dataclasses import dataclass

from agents.engineering.coverage import Covered, Point
from governance.facts import Fact, Source
from governance.people import Person
from handlers.conversation.cards import Button
from handlers.conversation.wording import counted, moment_text

HOW = (
    "Lines of Python that ran in the suite's own process, in the sandbox, of those that can run. Branches, and"
    " what runs in other processes, are not counted."
)


@dataclass(frozen=True, slots=True)
class Limit:
    """What is asked about: those with at least so many per cent, or with less (`is_most`)."""

    percent: int
    is_most: bool

    def holds(self, share: float) -> bool:
        """Whether a coverage is on the side that is asked about."""
        return share < self.percent if self.is_most else share >= self.percent

    def __str__(self) -> str:
        return f"{'less than' if self.is_most else 'at least'} {self.percent} %"


def called(repository: str) -> str:
    """A repository's own name, which is that of its service."""
    return repository.rpartition("/")[2]


def share_of(one: Covered) -> float | None:
    return None if one.newest is None else one.newest.share


def is_current(one: Covered) -> bool:
    return one.newest is not None and one.newest.commit == one.head


def coverage_text(one: Covered, person: Person | None) -> str:
    """`orders: 61.2 % of 210 lines, at abc123 of main (26 November). Up 4.0 points since …`"""
    point = one.newest
    if point is None or point.share is None:
        return f"{called(one.repository)}: nothing was measured."
    at = f"at {point.commit[:7]} of {one.branch} ({moment_text(point.at, person)})"
    later = "" if is_current(one) else f" Since then {one.branch} moved on, unmeasured."
    return (
        f"{called(one.repository)}: {point.share:.1f} % of {counted(point.total or 0, 'line')}, {at}."
        f" {trend_text(one, person)}{later}"
    )


def trend(one: Covered) -> float | None:
    """Points of a per cent since the first commit that was measured; None where that is the only one."""
    first, newest = one.first, one.newest
    if first is None or newest is None or first is newest or first.share is None or newest.share is None:
        return None
    return newest.share - first.share


def trend_text(one: Covered, person: Person | None) -> str:
    moved = trend(one)
    if moved is None or one.first is None:
        return "No trend yet: it was measured at one commit."
    since = f"since {one.first.commit[:7]} ({moment_text(one.first.at, person)})"
    if abs(moved) < 0.05:
        return f"The same as at the first measure, {since}."
    return f"{'Up' if moved > 0 else 'Down'} {abs(moved):.1f} points {since}."


def tests_text(point: Point) -> str:
    failed = f", {point.failed} failed" if point.failed else ""
    return f"{point.passed} passed{failed}"


def run_button(repository: str, number: int | None = None) -> Button:
    what = repository if number is None else f"{repository}#{number}"
    return Button(f"Run the tests of {called(what)}", "run_tests", what)


def coverage_facts(id: str, one: Covered) -> tuple[Fact, ...]:
    point = one.newest
    if point is None or point.share is None:
        return ()
    name = called(one.repository)
    ran = Source(
        "computation", f"the suite of {name} over {point.commit}, in the sandbox, measured by coverage.py"
    )
    share = Source("computation", "lines run / lines that can run × 100", (f"{id}_run", f"{id}_all"))
    facts = [
        Fact(f"{id}_run", f"Lines of {name} run", point.covered, "lines", point.measured, ran),
        Fact(f"{id}_all", f"Lines of {name}", point.total, "lines", point.measured, ran),
        Fact(id, f"Coverage of {name}", round(point.share, 1), "%", point.measured, share),
        Fact(f"{id}_passed", f"Tests of {name} passed", point.passed, "tests", point.measured, ran),
        Fact(f"{id}_failed", f"Tests of {name} failed", point.failed, "tests", point.measured, ran),
    ]
    first, moved = one.first, trend(one)
    if first is not None and first.share is not None and moved is not None:
        over = Source(
            "computation", f"the suite of {name} over {first.commit}: {first.covered} of {first.total}"
        )
        change = Source("computation", "coverage now − coverage at the first measure", (id, f"{id}_first"))
        facts += [
            Fact(f"{id}_first", f"First coverage of {name}", round(first.share, 1), "%", first.measured, over),
            Fact(f"{id}trend", f"Change of {name}", round(moved, 1), "points", point.measured, change),
        ]
    return tuple(facts)
