"""The whole plan as a document: everything is in it, and nothing that was written elsewhere becomes markup."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from markdown_it import MarkdownIt

from agents.planning.draft import (
    Budget,
    DraftStory,
    Estimate,
    Evidence,
    Flag,
    Forecast,
    Miss,
    NotEnoughHistory,
    OutsideDependency,
    PlanDraft,
    PlanSprint,
    Requirement,
    Risk,
    Scheduled,
    Similar,
    Target,
    Unscheduled,
)
from governance.department_file import read_department
from governance.facts import Fact, Source
from handlers.delivery.plans.document import plan_document
from integrations.tracker import Priority
from tests.governance.house import ACME

EVIL = "[x](http://evil.example) ![p](http://evil.example) <b>b</b> `c` \\[y](http://evil.example)\n# h"
FIRST, LAST = date(2026, 12, 7), date(2026, 12, 11)
MISS = Miss(
    Target("date", "beta", "10 Dec 2026", 9, "beta on 10 Dec 2026", day=date(2026, 12, 10)),
    "scheduled to 11 Dec 2026",
    "backend capacity of Team Alpha: 9 agent-hours are needed by then, 6 are free",
    "Leaving out S1 meets it.",
)
AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


ALIKE = Similar("CARD-3", "Old export", 8.0, 0.61)


def _story(key: str, hours: float | None) -> DraftStory:
    estimate = NotEnoughHistory(3) if hours is None else Estimate(hours, 1.0, 9.0, "similar", (ALIKE,))
    return DraftStory(
        key, f"Export {EVIL}", "analyst", "an export", "", (f"a file {EVIL}",), ("FR-1",), "alpha", "backend",
        estimate, ("S2",) if key == "S1" else (), Priority.P1,
    )  # fmt: skip


def _draft() -> PlanDraft:
    source = Source("computation", "sum", ("f1",))
    return PlanDraft(
        document="PRD-7",
        document_digest="d",
        product="orders",
        title=f"Exports {EVIL}",
        requirements=(Requirement("FR-1", f"must export {EVIL}", 12, "Requirements"),),
        stories=(_story("S1", 7.5), _story("S2", None)),
        flags=(Flag("vague", f"quickly {EVIL}", 3, "it says no time", "Say within how many seconds."),),
        precedences=(),
        schedule=(Scheduled("S1", "sp1", "alpha", date(2026, 12, 7), date(2026, 12, 21), FIRST, LAST),),
        sprints=(PlanSprint("Sprint 51", date(2026, 12, 7), date(2026, 12, 21), date(2026, 12, 18)),),
        misses=(MISS,),
        unscheduled=(Unscheduled("S2", "no room before March"),),
        forecast=Forecast(date(2027, 1, 4), date(2027, 1, 18), 6, 8, 100, ((6, 60), (8, 40))),
        budget=Budget(7.5, 9.0, Decimal("60.00")),
        risks=(Risk("The budget", "low", "high", (Evidence("7.5 hours", "f1"),), "Ask for more."),),
        risk_level="low",
        dependencies=(OutsideDependency("Ledger", 14, "service", "ledger", "in progress", False),),
        facts=(
            Fact("f1", "S1 hours", 7.5, "agent-hours", AT, Source("query", f"tracker {EVIL}")),
            Fact("f2", "total", None, "agent-hours", AT, source),
        ),
        worked_out="rules",
        blockers=("Ledger is not ready.",),
    )


def test_everything_of_the_plan_stands_in_it() -> None:
    written = plan_document(_draft(), read_department(ACME))
    for part in (
        "- Dates: Scheduled to 11 Dec 2026, without 1 story for which no sprint has room; half of the simulated"
        " runs are done by 4 Jan 2027, 85 of 100 by 18 Jan 2027",
        "- Timeline: 7 Dec 2026 to 11 Dec 2026, 1 week, 1 sprint (Sprint 51)",
        "- PRD-7 wants “beta” by 10 Dec 2026 (line 9): not met, scheduled to 11 Dec 2026, because backend"
        " capacity of Team Alpha: 9 agent-hours are needed by then, 6 are free. Leaving out S1 meets it.",
        "- Ledger is not ready.",
        "### S1 Export",
        "- Team: Team Alpha (Backend engineer agent)",
        "- Estimate: 7.5 (1 to 9) agent-hours",
        "- It rests on similar stories that are done: CARD-3 Old export (8 agent-hours, 61% alike)",
        "- Estimate: not enough history to say",
        "- Done by the schedule: 11 Dec 2026, Sprint 51",
        "- Comes after: S2",
        "  - a file",
        "- S2: no room before March",
        "- Vague, line 3: “quickly",
        "- The budget (likelihood low, impact high): 7.5 hours (f1). What would help: Ask for more.",
        "- Ledger (line 14): in progress",
        "- FR-1 (line 12): must export",
        "- f1 S1 hours: 7.5 agent-hours (query: tracker",
        "- total: not known agent-hours (computation: sum, from f1)",
    ):
        assert part in written


def test_nothing_in_it_becomes_a_link_a_picture_or_a_tag() -> None:
    written = plan_document(_draft(), read_department(ACME))
    assert written.count("evil.example") > 10
    tokens = MarkdownIt("commonmark", {"html": True}).parse(written)
    kinds = {child.type for token in tokens for child in token.children or ()}
    assert kinds <= {"text", "softbreak"}
    assert "html_block" not in {token.type for token in tokens}
    headings = [tokens[place + 1].content for place, token in enumerate(tokens) if token.type == "heading_open"]
    assert [heading for heading in headings if heading == "h"] == []
