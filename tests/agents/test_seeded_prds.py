"""The seeded PRDs and their labels fit together: every labelled quote stands on its line."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

DEFECTS = Path(__file__).parent / "prds" / "defects"
RUBBISH = Path(__file__).parent / "prds" / "rubbish"
LABELS: list[dict[str, Any]] = json.loads((DEFECTS / "labels.json").read_text(encoding="utf-8"))


def test_thirty_defects_in_six_documents() -> None:
    documents = {path.name for path in DEFECTS.glob("*.md")}
    assert len(documents) == 6
    assert Counter(label["file"] for label in LABELS) == dict.fromkeys(documents, 5)


def test_every_kind_is_there_more_than_once() -> None:
    kinds = Counter(label["kind"] for label in LABELS)
    assert set(kinds) == {"vague", "contradictory", "untestable", "missing"}
    assert min(kinds.values()) >= 5


@pytest.mark.parametrize("label", LABELS, ids=lambda label: f"{label['file']}:{label['line']}")
def test_quotes_stand_on_their_lines(label: dict[str, Any]) -> None:
    lines = (DEFECTS / label["file"]).read_text(encoding="utf-8").splitlines()
    assert label["quote"] in lines[label["line"] - 1]
    assert label["why"]
    assert (label["kind"] == "contradictory") == ("also_line" in label)
    if "also_line" in label:
        assert label["also_quote"] in lines[label["also_line"] - 1]
        assert label["also_line"] != label["line"]


def test_rubbish_is_what_it_says() -> None:
    assert (RUBBISH / "PRD-empty.md").read_bytes() == b""
    with pytest.raises(UnicodeDecodeError):
        (RUBBISH / "PRD-binary.md").read_text(encoding="utf-8")
    assert "Ignore all previous instructions" in (RUBBISH / "PRD-instructions.md").read_text(encoding="utf-8")
    assert "\u202e" in (RUBBISH / "PRD-turned-text.md").read_text(encoding="utf-8")
    headings = (RUBBISH / "PRD-only-headings.md").read_text(encoding="utf-8").split("\n")
    assert all(line.startswith("#") for line in headings if line)
