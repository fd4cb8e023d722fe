"""Agents set in chat, and what the stories that they write make of it, with a scripted model."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from integrations.code_host import BranchQuery
from simulators.model import call, serving
from storage.embedded import EmbeddedServer
from tests.scenarios.operations import Operations, operations
from tests.scenarios.test_story_written_in_chat import ACME, story

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

MOVES = (
    call("read_file", path="orders/book.py"),
    call("write_file", path="docs/pieces.md", text="An order says how many pieces it has.\n"),
    call("remove_file", path="README.md"),
    call("give_up", why="Somebody has to say what a piece is."),
)
"""An engineer that writes something and then wants a person: its branch is pushed all the same."""


def engineer(body: dict[str, Any], _number: int) -> Any:
    return MOVES[sum(one["role"] == "tool" for one in body["messages"])]


BLOCKED = "SELECT run, story, merged, pull_request, blocked, branch, head FROM story_works"


async def put_on(place: Operations) -> str:
    id = await story(place)
    await place.say("amanda", f"/allocate_agents put an agent on {id} in orders")
    return id


async def configured(place: Operations, words: str) -> str:
    said = await place.say("amanda", f"/configure_agent {words}")
    assert "The backend engineer agent is set:" in said.as_text(), said.as_text()
    return said.as_text()


async def pushed(place: Operations) -> list[str]:
    """The agents' branches that the host has."""
    host = place.installation.ports(place.tenant).code_host
    names = [branch.name for branch in (await host.branches(BranchQuery("orders"))).items]
    return [name for name in names if name.startswith("countersign/")]


async def suggested(place: Operations) -> Any:
    (work,) = await place.until(BLOCKED, lambda rows: rows and "only suggests" in (rows[0].blocked or ""))
    return work


async def patched(place: Operations, folder: Path) -> Path:
    """The newest files of the repository with the patch that the card shows, applied by git."""
    (file,) = await place.until("SELECT content FROM files WHERE name LIKE '%.patch'", bool)
    host = place.installation.ports(place.tenant).code_host
    tree = folder / "mine"
    tree.mkdir()
    await host.checkout("orders", (await host.branch("orders", "main")).sha, tree)
    apply = ["git", "apply", "-"]
    await asyncio.to_thread(subprocess.run, apply, cwd=tree, input=bytes(file.content), check=True)
    return tree


async def test_on_suggest_its_change_is_a_patch_and_once_it_acts_again_it_is_pushed(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    async with serving(engineer) as model:
        access = {"openai_api_key": "k", "openai_base_url": model.base_url}
        async with operations(server, tmp_path, ACME, **access) as place:
            await configured(place, "let the backend engineer only suggest, it is new")
            await put_on(place)
            work = await suggested(place)
            assert work.head is not None
            assert await pushed(place) == []
            tree = await patched(place, tmp_path)
            assert (tree / "docs" / "pieces.md").read_text() == "An order says how many pieces it has.\n"
            assert not (tree / "README.md").exists()
            assert "git apply" in await place.shows(".patch")
            (person,) = await place.rows(
                "SELECT state FROM run_steps WHERE title = 'A person takes its change over'"
            )
            assert person.state in ("waiting", "running", "asleep")
            ruling = "SELECT ruling->>'why' FROM effects WHERE action_type = 'code.push_branch'"
            ((why,),) = await place.rows(ruling)
            assert why.startswith(
                "The backend engineer agent only suggests, as Amanda Reyes-Holt set it (it is new)"
            )
            await configured(place, "let the backend engineer act by itself")
            query = "SELECT 1 FROM effects WHERE action_type = 'code.push_branch' AND state = 'done'"
            await place.until(query, bool)
            assert await pushed(place) == [work.branch]
            (again,) = await place.rows(BLOCKED)
            assert again.blocked == "The engineer says: Somebody has to say what a piece is."


MidRun = Callable[[int], Awaitable[None]]


def interrupting(at: int, then: MidRun) -> Any:
    """The engineer, with something done just before it answers its call of that number."""

    async def script(body: dict[str, Any], number: int) -> Any:
        if number == at:
            await then(number)
        return engineer(body, number)

    return script


@pytest.mark.parametrize("at", [0, 2, 3])
async def test_what_is_set_in_the_middle_of_the_work_holds_for_what_follows(
    server: EmbeddedServer, tmp_path: Path, at: int
) -> None:
    there: list[Operations] = []

    async def narrow(_number: int) -> None:
        await configured(there[0], "let the backend engineer only suggest")

    async with serving(interrupting(at, narrow)) as model:
        access = {"openai_api_key": "k", "openai_base_url": model.base_url}
        async with operations(server, tmp_path, ACME, **access) as place:
            there.append(place)
            await put_on(place)
            await suggested(place)
            assert await pushed(place) == []
            moves = await place.rows("SELECT tool FROM engineering_moves ORDER BY number")
            assert [row[0] for row in moves] == [move["tool_calls"][0]["function"]["name"] for move in MOVES]


async def test_a_tool_that_is_taken_away_is_neither_offered_nor_used(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    async with serving(engineer) as model:
        access = {"openai_api_key": "k", "openai_base_url": model.base_url}
        async with operations(server, tmp_path, ACME, **access) as place:
            await configured(place, "the backend engineer may not delete files")
            await put_on(place)
            await place.until(BLOCKED, lambda rows: rows and rows[0].blocked)
            offered = {one["function"]["name"] for one in model.requests[0]["tools"]}
            assert "remove_file" not in offered
            assert {"write_file", "finish", "give_up"} <= offered
            (move,) = await place.rows("SELECT result, edit FROM engineering_moves WHERE tool = 'remove_file'")
            assert move.edit is None
            assert move.result.startswith("You may not use 'remove_file'.")


async def test_its_model_and_its_budget_are_its_own(server: EmbeddedServer, tmp_path: Path) -> None:
    async with serving(engineer) as model:
        access = {
            "openai_api_key": "k",
            "openai_base_url": model.base_url,
            "openai_model": "small",
            "openai_other_models": "gpt-4o=100/1000",
        }
        async with operations(server, tmp_path, ACME, **access) as place:
            said = await configured(place, "use gpt-4o for the backend engineer")
            assert "model gpt-4o (it was: as its role has it)" in said
            await configured(place, "give the backend engineer a budget of $0.15 a story")
            await put_on(place)
            (work,) = await place.until(BLOCKED, lambda rows: rows and rows[0].blocked)
            assert work.blocked == "The story's budget for its model ran out: its budget of 0.15 USD is spent."
            assert {body["model"] for body in model.requests} == {"gpt-4o"}
            assert len(model.requests) == 3, "of six cents each; the fourth would be over"
            (used,) = await place.rows(
                "SELECT count(*) AS calls, sum(input_tokens + output_tokens) AS tokens, sum(cost) AS cost"
                " FROM model_uses"
            )
            assert (used.calls, used.tokens, str(used.cost)) == (3, 450, "0.180000")
            shown = await place.say("amanda", "/configure_agent how is the backend engineer configured?")
            assert "$0.18" in str(shown.cards)


async def test_a_months_budget_counts_all_of_its_stories(server: EmbeddedServer, tmp_path: Path) -> None:
    async with serving(engineer) as model:
        prices = {"openai_input_price": "100", "openai_output_price": "1000"}
        access = {"openai_api_key": "k", "openai_base_url": model.base_url, **prices}
        async with operations(server, tmp_path, ACME, **access) as place:
            await configured(place, "at most 100 dollars a month for the backend engineer")
            async with place.installation.database.transaction(place.tenant) as tx:
                columns = "(subject, role, model, input_tokens, output_tokens, cost)"
                spent = "('rn_x', 'backend_engineer', 'gpt', 9, 9, 99.95)"
                await tx.execute(text(f"INSERT INTO model_uses {columns} VALUES {spent}"))
            await put_on(place)
            (work,) = await place.until(BLOCKED, lambda rows: rows and rows[0].blocked)
            assert work.blocked.endswith("its budget of 100.00 USD for this month is spent.")
            assert len(model.requests) == 1


async def test_a_paused_agents_story_waits_says_so_and_goes_on_by_itself(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    async with serving(engineer) as model:
        access = {"openai_api_key": "k", "openai_base_url": model.base_url}
        async with operations(server, tmp_path, ACME, **access) as place:
            await configured(place, "pause the backend engineer because it loops")
            await put_on(place)
            await place.shows("The backend engineer agent is paused by Amanda Reyes-Holt (it loops)")
            assert model.requests == []
            await configured(place, "let the backend engineer go on")
            await place.until(
                "SELECT 1 FROM effects WHERE action_type = 'code.push_branch' AND state = 'done'", bool
            )


async def test_on_ask_the_director_approves_what_the_matrix_would_let_it_do(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    async with serving(engineer) as model:
        access = {"openai_api_key": "k", "openai_base_url": model.base_url}
        async with operations(server, tmp_path, ACME, **access) as place:
            await configured(place, "the backend engineer asks before everything")
            await put_on(place)
            query = "SELECT approval FROM effects WHERE action_type = 'code.push_branch' AND state = 'parked'"
            (row,) = await place.until(query, bool)
            assert await pushed(place) == []
            shown = f"SELECT 1 FROM outbox WHERE reply::text LIKE '%{row[0]}%' AND posted IS NOT NULL"
            await place.until(shown, bool)
            await place.chat.decide("amanda", row[0], "approve", {})
            await place.until(
                "SELECT 1 FROM effects WHERE action_type = 'code.push_branch' AND state = 'done'", bool
            )
            assert len(await pushed(place)) == 1
