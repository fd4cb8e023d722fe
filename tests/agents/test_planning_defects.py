"""The seeded PRDs: of thirty marked defects at least 24 are found, with at most 6 false alarms.

A flag meets a label if it is at most one line away from it or quotes the same words; a contradiction has
two places, and either counts. The kind may differ.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agents.planning.draft import Flag
from agents.planning.flags import flags
from agents.planning.flags.instructions import instructing
from agents.planning.reading.outline import outline
from agents.planning.requirements import requirements

DEFECTS = Path(__file__).parent / "prds" / "defects"


def flagged(text: str) -> tuple[Flag, ...]:
    taken = outline(text)
    return flags(taken, requirements(taken, instructing(taken)).asked)


def meets(flag: Flag, label: dict[str, Any]) -> bool:
    lines = [line for line in (flag.line, flag.also_line) if line is not None]
    marked = [line for line in (label["line"], label.get("also_line")) if line is not None]
    quote, labelled = (" ".join(text.lower().split()) for text in (flag.quote, label["quote"]))
    return any(abs(a - b) <= 1 for a in lines for b in marked) or quote in labelled or labelled in quote


def test_at_least_24_of_30_defects_are_found_with_at_most_6_false_alarms():
    labels = json.loads((DEFECTS / "labels.json").read_text(encoding="utf-8"))
    found, false = 0, []
    for path in sorted(DEFECTS.glob("*.md")):
        raised = flagged(path.read_text(encoding="utf-8"))
        own = [label for label in labels if label["file"] == path.name]
        found += sum(any(meets(flag, label) for flag in raised) for label in own)
        false += [(path.name, f.line, f.quote) for f in raised if not any(meets(f, label) for label in own)]
    assert len(labels) == 30
    assert found >= 24
    assert len(false) <= 6, false


def test_a_document_that_leaves_nothing_open_raises_nothing():
    text = (Path(__file__).parent / "prds" / "clean.md").read_text(encoding="utf-8")
    assert flagged(text) == ()
