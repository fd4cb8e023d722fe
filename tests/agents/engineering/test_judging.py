"""The verdict as the steps of a story use it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from agents.engineering.judging import Judgement, judge, load
from agents.engineering.verdict.changes import Finding
from integrations.ports import Ports
from tests.agents.engineering.stories import NoRoom

AT = datetime(2026, 11, 30, tzinfo=UTC)


async def test_why_tests_were_not_run_is_said_once(tmp_path: Path) -> None:
    for name, text in (("before", "a = 1\n"), ("after", "a = 2\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text(text)
    room, unused = cast(Any, NoRoom()), cast(Any, None)
    ports = replace(Ports(*[unused] * 13), sandbox=room, environments=room)
    judged = await judge(ports, tmp_path / "before", tmp_path / "after", base="b", head="h", at=AT)
    (found,) = [one for one in judged.findings if one.what == "tests not run"]
    assert found.why.endswith("there is no sandbox: bwrap is not installed.")
    assert judged.says.count("tests not run") == 1
    assert judged.decision == "ask"


@pytest.mark.parametrize(("decision", "then"), [("merge", "ask"), ("ask", "ask"), ("block", "block")])
def test_a_further_finding_asks_and_lets_nothing_through(decision: Any, then: str) -> None:
    further = Finding("author", "ask", "unproven", "opened by a stranger", "", "who knows")
    assert Judgement(decision, ()).also(further).decision == then


def test_what_is_kept_is_read_back_without_the_outcomes_of_tests() -> None:
    judged = Judgement("merge", (), ("test_a",), 3, 4, {"test_a": "passed"})
    assert "outcomes" not in judged.body
    assert load(judged.body) == replace(judged, outcomes={})


@pytest.mark.parametrize("code", ["x = " + "-" * 20_000 + "1\n", "x = a" + ".b" * 20_000 + "\n"])
async def test_code_that_nothing_can_parse_asks_a_person(tmp_path: Path, code: str) -> None:
    for side in ("before", "after"):
        (tmp_path / side).mkdir()
        (tmp_path / side / "a.py").write_text("x = 1\n")
    (tmp_path / "after" / "a.py").write_text(code)
    room, unused = cast(Any, NoRoom()), cast(Any, None)
    ports = replace(Ports(*[unused] * 13), sandbox=room, environments=room)
    judged = await judge(ports, tmp_path / "before", tmp_path / "after", base="b", head="h", at=AT)
    assert judged.decision == "ask"
    assert "nested too deeply" in judged.says
