"""A story that an agent writes, from the order in chat to the merge: with a scripted model, and without one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from agents.engineering.delivery_step import begin_delivery
from agents.planning.draft import DraftStory, NotEnoughHistory
from agents.plans.plan_step import EPIC, PLAN_EPIC
from agents.plans.tables import PlanRow
from agents.work import runs
from agents.work.kinds import NewStep, find_kinds
from agents.work.tables import StepRow
from integrations.code_host.pull_requests import PullRequestState
from integrations.tracker import Priority
from simulators.model import call, serving
from storage.embedded import EmbeddedServer
from tests.scenarios.operations import Operations, operations

ACME = Path(__file__).parents[2] / "examples" / "acme"

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

ORDER = """    @property
    def total(self) -> Decimal:
        return sum((item.total for item in self.items), Decimal(0))
"""
WRONG = """
    @property
    def pieces(self) -> int:
        \"\"\"How many pieces were ordered.\"\"\"
        return len(self.items)
"""
RIGHT = WRONG.replace("len(self.items)", "sum(item.quantity for item in self.items)")
TEST = """from decimal import Decimal

from orders.book import Book, Item


def test_pieces_are_counted_over_all_items():
    order = Book().place("acme", [Item("lamp", 2, Decimal("1")), Item("bulb", 3, Decimal("1"))])
    assert order.pieces == 5
"""
DONE = {"summary": "An order says how many pieces it has.", "tests": {"1": "tests/test_pieces.py"}}


MOVES = (
    call("read_file", path="orders/book.py"),
    call("replace_text", path="orders/book.py", old=ORDER, new=ORDER + WRONG),
    call("write_file", path="tests/test_pieces.py", text=TEST),
    call("run", command="python -m pytest -q"),
    call("finish", **DONE),
    call("replace_text", path="orders/book.py", old=WRONG, new=RIGHT),
    call("finish", **DONE),
)


DEAREST = """
    @property
    def dearest(self) -> Item:
        \"\"\"The item that costs most by the piece.\"\"\"
        return max(self.items, key=lambda item: item.unit_price)
"""
DEAREST_TEST = """from decimal import Decimal

from orders.book import Book, Item


def test_the_dearest_is_dearest_by_the_piece():
    bulb = Item("bulb", 1, Decimal("5"))
    assert Book().place("acme", [Item("lamp", 9, Decimal("1")), bulb]).dearest == bulb
"""
SECOND = (
    call("search", text="def pieces"),
    call("replace_text", path="orders/book.py", old=ORDER, new=ORDER + DEAREST),
    call("write_file", path="tests/test_dearest.py", text=DEAREST_TEST),
    call("finish", summary="An order names its dearest item.", tests={"1": "tests/test_dearest.py"}),
)


def solver(body: dict[str, Any], _number: int) -> Any:
    """Solves the story with a wrong first patch, whatever was done before; as the reviewer it approves."""
    offered = {one["function"]["name"] for one in body["tools"]}
    if "SecurityReviewed" in offered:
        return call("SecurityReviewed", concerns=[], not_looked_at="")
    if "Reviewed" in offered:
        return call("Reviewed", verdict="approved", says="It does what the story asks.")
    moves = (
        SECOND
        if "Show the dearest article of each purchase in orders" in body["messages"][1]["content"]
        else MOVES
    )
    return moves[sum(one["role"] == "tool" for one in body["messages"])]


async def story(place: Operations, title: str = "Orders say how many pieces they have") -> str:
    said = await place.say("david", f"/add_to_backlog {title}; P2, team Beta")
    assert "Created" in said.as_text(), said.as_text()
    query = f"SELECT id FROM tracker_stories WHERE title LIKE '{title}%' ORDER BY created DESC LIMIT 1"
    (row,) = await place.until(query, lambda rows: rows)
    return str(row[0])


async def test_a_story_is_written_judged_reviewed_and_merged(server: EmbeddedServer, tmp_path: Path) -> None:
    async with serving(solver) as model:
        access = {"openai_api_key": "k", "openai_base_url": model.base_url}
        async with operations(server, tmp_path, ACME, **access) as place:
            id = await story(place)
            begun = await place.say("amanda", f"/allocate_agents put an agent on {id} in orders")
            assert "In work" in str(begun.cards), begun.as_text()
            (work,) = await place.until(
                "SELECT run, merged, pull_request, blocked, verdict FROM story_works",
                lambda rows: rows and (rows[0].merged or rows[0].blocked),
            )
            assert work.blocked is None, work.verdict
            host = place.installation.ports(place.tenant).code_host
            assert (await host.branch("orders", "main")).sha == work.merged
            merged = await host.pull_request("orders", work.pull_request)
            assert merged.state is PullRequestState.MERGED
            assert f"Story {id}" in merged.body
            assert "sum(item.quantity" in (
                (await host.file("orders", work.merged, "orders/book.py")).text or ""
            )
            await place.until(
                f"SELECT status FROM tracker_stories WHERE id = '{id}'", lambda r: r[0][0] == "done"
            )
            moves = await place.rows("SELECT tool, result FROM engineering_moves ORDER BY number")
            assert moves[4].result.startswith("It is not done: It cannot be merged:\n- tests fail")
            done = [
                row[0]
                for row in await place.rows(
                    "SELECT body->>'type' FROM effects WHERE state = 'done' ORDER BY created"
                )
            ]
            assert [one for one in done if one.startswith("code.")] == [
                "code.push_branch",
                "code.open_pull_request",
                "code.report_check",
                *["code.review_pull_request"] * 4,
                "code.merge_pull_request",
            ]


async def test_without_a_model_a_person_goes_on_and_it_is_merged_the_same_way(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    async with operations(server, tmp_path, ACME) as place:
        id = await story(place)
        await place.say("amanda", f"/allocate_agents put an agent on {id} in orders")
        pushed = "SELECT state FROM run_steps WHERE kind = 'push_story'"
        await place.until(pushed, lambda rows: rows and rows[0].state == "done")
        (work,) = await place.rows("SELECT run, blocked, branch, head FROM story_works")
        assert work.blocked.startswith("It needs a person or a model")
        host = place.installation.ports(place.tenant).code_host
        assert (await host.branch("orders", work.branch)).sha == work.head


async def test_a_plans_stories_are_written_one_after_the_other(server: EmbeddedServer, tmp_path: Path) -> None:
    async with serving(solver) as model:
        access = {"openai_api_key": "k", "openai_base_url": model.base_url}
        async with operations(server, tmp_path, ACME, **access) as place:
            made = {
                "S1": await story(place),
                "S2": await story(place, "Show the dearest article of each purchase in orders"),
            }
            await delivered(place, [drafted("S1", "Pieces"), drafted("S2", "Dearest", "S1")], made)
            merged = "SELECT story, merged FROM story_works WHERE merged IS NOT NULL ORDER BY created"
            found = await place.until(merged, lambda rows: len(rows) == 2)
            assert [row.story for row in found] == [made["S1"], made["S2"]]
            host = place.installation.ports(place.tenant).code_host
            text = (await host.file("orders", found[1].merged, "orders/book.py")).text or ""
            assert "def pieces" in text
            assert "def dearest" in text, "the second stands on the first"
            written = "SELECT state FROM run_steps WHERE kind = 'story_delivery'"
            await place.until(written, lambda rows: [row.state for row in rows] == ["done", "done"])


async def delivered(place: Operations, planned: list[DraftStory], made: dict[str, str]) -> None:
    """Agents begin to write the stories of a plan that is set up."""
    async with place.installation.database.transaction(place.tenant) as tx:
        epic = NewStep(EPIC, PLAN_EPIC.name, "Make its epic")
        own = await runs.begin(tx, find_kinds(), "plan", "Orders", (epic,), requester="david", plan="pl_1")
        is_made = {"state": "done", "result": {"reference": "EPIC-1"}}
        await tx.execute(update(StepRow).where(StepRow.run == own.id).values(**is_made))
        own.state = "done"
        plan = PlanRow(
            id="pl_1", document="PRD-1", title="Orders", requester="david", state="created", notifications=[]
        )
        plan.run = own.id
        tx.add(plan)
        await tx.flush()
        await begin_delivery(tx, "pl_1", "Orders", planned, made, requester="david", place=None, turn=None)


def drafted(key: str, title: str, *after: str) -> DraftStory:
    nothing = NotEnoughHistory(0, 5)
    return DraftStory(key, title, "u", "w", "", (), (), "beta", "backend", nothing, after, Priority.P2)
