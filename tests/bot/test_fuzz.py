"""Some hundred hostile inputs over HTTP, chat and the command line; `make bench` sends 20,000."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from bench.fuzz import fuzz
from bench.fuzz_commands import command
from bench.fuzz_http import Visitor
from bench.hostile import Hostile


@pytest.mark.timeout(600)
def test_hostile_inputs_are_answered_and_never_a_fault() -> None:
    # Not in pytest's own folder: as root the embedded server runs as another user.
    with tempfile.TemporaryDirectory(prefix="countersign-") as folder:
        found, figures = fuzz(300, 5, Path(folder))
    assert found.faults == {}
    assert figures["inputs"] == 300
    assert {"said", "http", "commands"} <= set(found.counts)
    assert {200, 400, 403, 404} <= set(found.statuses)  # it came past the doors, and was refused behind them


def test_the_same_seed_draws_the_same() -> None:
    def drawn(seed: int) -> list[object]:
        visitor = Visitor(Hostile(seed), 1, [("POST", "/console/say"), ("GET", "/files/{file}")])
        visitor.cookies = dict.fromkeys(("david", "amanda", "rachel", "nathan", "elena"), "c=1")
        hostile = Hostile(seed)
        return [*(visitor.request() for _ in range(50)), *(command(hostile, slow=False) for _ in range(50))]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
