"""A plan as a handler would show it, for looking at the console and for testing it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from governance.facts import Fact, Source
from handlers.conversation.cards import (
    Bold,
    Bullets,
    Button,
    Buttons,
    Card,
    Chart,
    Code,
    Fields,
    File,
    Form,
    Input,
    Link,
    Moment,
    Progress,
    Quote,
    Reply,
    Small,
    Table,
    Text,
)

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
PRD = "PRD-2025-Q1-Dashboard"

STORIES = (
    ("S1", "Usage events arrive in the warehouse", "Insights", "Sprint 49", "22"),
    ("S2", "Daily usage per account", "Insights", "Sprint 49", "18"),
    ("S3", "Dashboard shell with navigation", "Delta", "Sprint 49", "14"),
    ("S4", "Usage chart over a chosen period", "Delta", "Sprint 50", "24"),
    ("S5", "Seats and licences at a glance", "Delta", "Sprint 50", "12"),
    ("S6", "Export a chart as CSV", "Integrations", "Sprint 50", "9"),
    ("S7", "Health score per account", "Insights", "Sprint 51", "31"),
    ("S8", "Share a view with a colleague", "Delta", "Sprint 51", "16"),
)

MODIFY = Form(
    title="Modify the plan",
    submit="Propose this instead",
    intro="Your changes make a new proposal; the one you see now is then superseded.",
    inputs=(
        Input(
            "drop",
            "Stories to drop",
            "choices",
            (),
            tuple((s[0], f"{s[0]} · {s[1]}") for s in STORIES),
            required=False,
        ),
        Input(
            "team",
            "Team that leads",
            "choice",
            "insights",
            (("insights", "Insights Team"), ("delta", "Team Delta")),
        ),
        Input("start", "First day of work", "date", "2026-11-30", required=False),
        Input(
            "budget",
            "Budget in agent-hours",
            "number",
            "146",
            hint="You are warned at 80 % and asked at 100 %.",
        ),
        Input("why", "Why", "text", "", required=False, hint="Kept with the decision, for whoever asks later."),
    ),
)


def plan_facts() -> tuple[Fact, ...]:
    """The facts behind the plan's card."""
    history = Source("query", "done stories since January 2025 with hours, nearest five by words")
    drawn = Source(
        "computation", "10,000 simulated runs over the department's weekly throughput", ("throughput",)
    )
    return (
        Fact(
            "f1", "stories", 8, "stories", NOW, Source("file", f"documents/{PRD}.md @ 4f1c9b, lines 14 to 88")
        ),
        Fact("f2", "budget", Decimal("146.0"), "agent-hours", NOW, history),
        Fact(
            "f3",
            "cost",
            Decimal("934.40"),
            "USD",
            NOW,
            Source("computation", "hours by hourly cost", ("budget",)),
        ),
        Fact("f4", "P50", "8 January 2027", "", NOW, drawn),
        Fact("f5", "P85", "22 January 2027", "", NOW, drawn),
    )


def plan_card(chart: str | None = None) -> Card:
    """A plan that waits for its approval."""
    picture = (
        (
            Chart(
                chart,
                "Histogram of simulated finishing weeks; half are done by week 6, 85 of 100 by week 8.",
                "Half of the simulated runs are done by 8 January 2027, 85 of 100 by 22 January.",
            ),
        )
        if chart
        else ()
    )
    return Card(
        "Plan: customer dashboard",
        (
            Text(
                (
                    "I read ",
                    Code(f"{PRD}.md"),
                    " and propose ",
                    Bold("8 stories over 3 sprints"),
                    ", by three teams.",
                )
            ),
            Fields(
                (
                    ("Timeline", "6 weeks"),
                    ("Budget", "146 agent-hours"),
                    ("Cost", "$934.40"),
                    ("Half likely by", "8 January 2027"),
                    ("Very likely by", "22 January 2027"),
                    ("Risk", "Medium"),
                )
            ),
            *picture,
            Table(("Story", "Title", "Team", "Sprint", "Hours"), STORIES, "llllr"),
            Bullets(
                (
                    (Bold("Risk: "), "it needs Payment Service v2, which nobody has scheduled yet."),
                    (
                        "Two requirements are vague: see ",
                        Link("the document’s flags", "/dashboard/plans/pl_1"),
                        ".",
                    ),
                )
            ),
            Quote("The dashboard should load fast.", f"{PRD}.md, line 42: vague, no number to test"),
            Buttons(
                (
                    Button("Approve", "approve", "ap_1", "primary"),
                    Button("Modify", "modify", "ap_1", form=MODIFY),
                    Button("Cancel", "deny", "ap_1", "danger"),
                )
            ),
            Small(
                (
                    "Worked out without a model. You may approve it yourself, until ",
                    Moment(datetime(2026, 11, 24, 22, 0, tzinfo=UTC)),
                    ".",
                )
            ),
        ),
        "waiting",
    )


def plan_reply(chart: str | None = None) -> Reply:
    """The plan as it is posted."""
    text = "I propose 8 stories over 3 sprints, 146 agent-hours, done by 22 January. Do you approve?"
    return Reply(text, (plan_card(chart),), plan_facts(), key="plan")


def approved_reply(who: str, note: str = "") -> Reply:
    """The plan once somebody approved it."""
    card = Card(
        "Approved: customer dashboard",
        (
            Text((Bold(who), " approved 8 stories over 3 sprints.", *((" ", note) if note else ()))),
            Progress(
                (
                    ("done", "Create the epic “Customer dashboard”"),
                    ("done", "Create 8 stories with acceptance criteria"),
                    ("doing", "Schedule sprints 49 to 51"),
                    ("waiting", "Coding: not there yet; the stories are held by Wei Zhangwen"),
                    ("skipped", "Notify customers"),
                    ("failed", "Reserve the test environment"),
                )
            ),
            File("fi_1", "plan.md", "The whole plan, 6 pages"),
            Small(("Recorded as entry ", Link("#1042", "/dashboard/audit/1042"), " of the audit log.")),
        ),
        "good",
    )
    return Reply(f"{who} approved the plan.", (card,), key="plan")


def refused_reply(who: str) -> Reply:
    """What somebody is told who may not ask for a plan."""
    card = Card(
        "Not yours to ask for",
        (
            Text((f"{who}, building a feature is for a product owner or the engineering director.",)),
            Bullets(((Bold("David Lindqvist"), ", product owner"), (Bold("Amanda"), ", engineering director"))),
            Small(("Your question is recorded.",)),
        ),
        "bad",
    )
    return Reply("Building a feature is for a product owner or the engineering director.", (card,))
