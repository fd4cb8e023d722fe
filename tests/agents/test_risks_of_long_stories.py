"""A story that lies over several sprints is measured against all of them."""

from __future__ import annotations

import re
from typing import cast

from agents.planning.plan import plan
from tests.agents.acme_input import planning_input


def test_no_team_is_said_to_be_planned_beyond_what_it_has_free() -> None:
    draft = plan(planning_input("PRD-2026-Q3-Search"))
    assert any((placed.ends - placed.starts).days > 14 for placed in draft.schedule)
    said = [
        cast("re.Match[str]", found)
        for risk in draft.risks
        for evidence in risk.evidence
        if (found := re.search(r"([\d.]+) of (\d+) free hours", evidence.text))
    ]
    assert all(float(found[1]) <= float(found[2]) + 0.5 for found in said)
