"""The figures of a roadmap as facts, each with its source."""

from __future__ import annotations

from datetime import datetime

from agents.roadmap.roadmap import Roadmap
from governance.facts import Fact, FactValue, Source

_CHANCE = "share of 1,000 simulated runs in which all of its stories are done by then; hours drawn from how far"
_CHANCE_HOW = f"{_CHANCE} the department's estimates were off, and worked off in the roadmap's order"
_MOST = 60
"""Items whose figures are listed; the files have all."""


def facts_of(roadmap: Roadmap, of: str = "") -> tuple[Fact, ...]:
    """Everything that its card shows."""
    at = roadmap.as_of
    facts = [
        _worked(f"{of}items", "Items chosen among", roadmap.items, "items", at, "open features and stories"),
        _worked(f"{of}in", "Items in", len(roadmap.chosen), "items", at, _choice(roadmap)),
        _worked(f"{of}worth", "Worth of what is in", round(roadmap.worth, 2), "points", at, _worth_how()),
        _worked(
            f"{of}bound",
            "No choice is worth more",
            round(roadmap.bound, 2),
            "points",
            at,
            "bound of the programme",
        ),
        _worked(
            f"{of}committed",
            "Stories in sprints already",
            roadmap.committed,
            "stories",
            at,
            "left out of the choice",
        ),
    ]
    if roadmap.overrun is not None:
        how = f"median of actual over estimated hours of {roadmap.overrun_from:,} done stories"
        facts.append(_worked(f"{of}overrun", "What estimates turn out to be", roadmap.overrun, "×", at, how))
    facts += _of_teams(roadmap, of)
    for item in roadmap.chosen[:_MOST]:
        expected = "the written estimates times what they turn out to be, or from similar done work"
        facts += [
            _worked(
                f"{of}{item.id}.chance",
                f"Chance of {item.id}",
                round(100 * item.chance, 1),
                "%",
                at,
                _CHANCE_HOW,
            ),
            _worked(
                f"{of}{item.id}.hours", f"Work of {item.id}", round(item.hours, 1), "agent-hours", at, expected
            ),
            _worked(
                f"{of}{item.id}.value",
                f"Worth of {item.id}",
                round(item.worth.weight, 2),
                "points",
                at,
                item.why,
            ),
        ]
    return tuple(facts)


def _of_teams(roadmap: Roadmap, of: str) -> list[Fact]:
    how = "sprints' hours, then the usual week; holidays, commitments and absences taken off"
    away = "hours × the share of the team's people who are away that day, by the department's file"
    facts = []
    for team in roadmap.teams:
        name, id = team.hours.name, f"{of}{team.hours.team}"
        facts += [
            _worked(f"{id}.free", f"Free of {name}", round(team.free, 1), "agent-hours", roadmap.as_of, how),
            _worked(
                f"{id}.used",
                f"Planned of {name}",
                round(team.used, 1),
                "agent-hours",
                roadmap.as_of,
                "what is in",
            ),
        ]
        if team.hours.away:
            facts.append(
                _worked(
                    f"{id}.away",
                    f"Away of {name}",
                    round(team.hours.lost, 1),
                    "agent-hours",
                    roadmap.as_of,
                    away,
                )
            )
    return facts


def _choice(roadmap: Roadmap) -> str:
    return (
        "the most worth within the hours of each team's disciplines, in order and in time,"
        f" {roadmap.span.starts} to {roadmap.span.ends}"
    )


def _worth_how() -> str:
    return (
        "sum of (weight + yearly revenue that waits in 100,000) × urgency; weight 8, 4, 2, 1 for P0 to P3, or 1"
        " to 8 by the rank of its RICE score or return; urgency 2 if something of it falls due by then"
    )


def _worked(id: str, name: str, value: FactValue, unit: str, at: datetime, how: str) -> Fact:
    return Fact(id.replace(" ", "_"), name, value, unit, at, Source("computation", how))
