"""An engineer's moves as rows: whatever a model writes can be kept, and one worker writes them."""

from __future__ import annotations

import asyncio
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from agents.engineering.conversation import Brief, Move, messages
from agents.engineering.criteria import unproven
from agents.engineering.story_rows import keep_move, moves_of
from agents.engineering.story_text import neutral
from agents.engineering.tools import Hands, use
from agents.engineering.workspace import Edit, NotPossible, Workspace
from agents.engineering.writing import Made
from agents.work.heartbeat import Stopped
from integrations.sandbox import Command, Environment, Ran, Sandbox
from tests.agents.engineering.stories import Town, town

__all__ = ["town"]


def made(number: int, tool: str = "write_file", **given: Any) -> Made:
    edit = Edit("a.py", str(given.get("text", "")))
    return Made(number, Move(tool, given, "Done.\0"), edit, "digest", 1, 1, Decimal("0.01"))


async def test_what_no_row_can_hold_is_replaced_in_what_is_kept(town: Town) -> None:
    async with town.at_work() as stories:
        run = await stories.begin(await stories.story())
        async with stories.database.transaction(stories.tenant) as tx:
            move = made(1, "tool\0", path="a\ud800", text="x", more=[{"k\0": float("nan")}])
            await keep_move(tx, run, move)
            (kept,) = await moves_of(tx, run)
        assert kept.move.tool == "tool\N{REPLACEMENT CHARACTER}"
        assert kept.move.arguments["path"] == "a\N{REPLACEMENT CHARACTER}"


async def test_a_second_worker_at_the_same_story_does_not_overwrite_a_move(town: Town) -> None:
    async with town.at_work() as stories:
        run = await stories.begin(await stories.story())
        async with stories.database.transaction(stories.tenant) as tx:
            await keep_move(tx, run, made(1, text="first"))
        with pytest.raises(Stopped):
            async with stories.database.transaction(stories.tenant) as tx:
                await keep_move(tx, run, made(1, text="second"))
        async with stories.database.transaction(stories.tenant) as tx:
            assert [one.move.arguments["text"] for one in await moves_of(tx, run)] == ["first"]


@pytest.mark.parametrize("edit", [Edit("a.py", "nul \0"), Edit("a.py", "half \ud800"), Edit("a\ud800", "x")])
def test_a_text_that_cannot_be_kept_is_no_edit(tmp_path: Path, edit: Edit) -> None:
    with pytest.raises(NotPossible):
        Workspace(tmp_path).apply(edit)


class Slow:
    """Files and commands that take until somebody else has had a turn on the event loop."""

    def __init__(self) -> None:
        self.turned = threading.Event()

    def waits(self, *_given: object) -> str:
        asyncio_runs = self.turned.wait(timeout=20)
        return "others had their turn" if asyncio_runs else "nobody else had a turn"


@pytest.mark.parametrize(
    ("tool", "method", "given"),
    [
        ("search", "search", {"text": "x"}),
        ("list_files", "list", {}),
        ("read_file", "read", {"path": "a.py"}),
    ],
)
async def test_looking_at_files_leaves_the_event_loop_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: str, method: str, given: dict[str, Any]
) -> None:
    slow = Slow()
    monkeypatch.setattr(Workspace, method, lambda _self, *args: slow.waits(*args))
    hands = Hands(Workspace(tmp_path), cast(Sandbox, None), Environment())
    asyncio.get_running_loop().call_soon(slow.turned.set)
    assert (await use(hands, tool, given)).answer == "others had their turn"


async def test_a_command_leaves_nothing_behind_however_it_locked_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, scratch = tmp_path / "files", tmp_path / "scratch"
    root.mkdir()
    scratch.mkdir()
    (root / "a.py").write_text("a\n")
    monkeypatch.setattr("tempfile.tempdir", str(scratch))

    class Locks:
        async def run(self, command: Command) -> Ran:
            deep = command.tree
            for name in "abc" * 120:  # deeper than a path may be long for one call
                deep = deep / name
            (command.tree / "shut").mkdir()
            (command.tree / "shut" / "x").write_text("x")
            (command.tree / "shut").chmod(0)
            return Ran(0, None, "", command.tree, 0.1, None, None)

    answer = await use(Hands(Workspace(root), cast(Sandbox, Locks()), Environment()), "run", {"command": "x"})
    assert answer.answer.startswith("The command ended with 0")
    assert list(scratch.iterdir()) == []


def test_a_tools_name_that_no_server_takes_back_is_not_sent_back() -> None:
    brief = Brief("CARD-1", "t", "d", (), "orders", "", "")
    names = ("read_file", "rm -rf /", "x" * 65, "naïve", "")
    shown = messages("p", brief, [Move(name, {}, f"There is no tool {name!r}.") for name in names])
    called = [one.tool_calls[0]["name"] for one in shown if getattr(one, "tool_calls", None)]
    assert called == ["read_file", *["unknown_tool"] * 4]
    assert "rm -rf" in str(shown[5].content), "the answer says the name"


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("Thanks @kofi and @acme/team", ("@kofi", "@acme")),
        ("Fixes #12, closes: acme/orders#3", ("#12", "#3")),
        ("resolves GH-7", ("GH-7",)),
        ("Fixes https://github.com/acme/orders/issues/1", ("Fixes https",)),
    ],
)
def test_nobody_is_called_and_nothing_closed_by_others_words(text: str, calls: tuple[str, ...]) -> None:
    said = neutral(text)
    assert not any(call in said for call in calls)
    assert said.replace("\u200b", "") == text


OUTCOMES = {
    "tests.test_book::test_pieces": "passed",
    "tests.test_book.Totals::test_sum[1]": "passed",
    "tests.test_book.Totals::test_sum[2]": "failed",
    "tests.test_other::test_skipped": "skipped",
}


@pytest.mark.parametrize(
    ("tests", "wrong"),
    [
        ({"1": "tests/test_book.py::test_pieces"}, ""),
        ({"1": "test_pieces"}, ""),
        ({"1": "tests.test_book.test_pieces"}, ""),
        ({}, "Criterion 1 (“Pieces are counted.”) has no test"),
        ({"2": "test_pieces"}, "has no test"),
        ({"1": " "}, "has no test"),
        (
            {"1": "tests/test_book.py::test_never_written"},
            "no test tests/test_book.py::test_never_written was run",
        ),
        ({"1": "test_book.Totals.test_sum"}, "test_book.Totals.test_sum failed"),
        ({"1": "tests/test_book.py"}, "tests/test_book.py failed"),
        ({"1": "test_pieces, test_skipped"}, "test_skipped skipped"),
        ({"1": "pieces"}, "no test pieces was run"),
    ],
)
def test_each_criterion_has_a_test_that_passed(tests: dict[str, str], wrong: str) -> None:
    said = unproven(("Pieces are counted.",), tests, OUTCOMES)
    assert (wrong in said[0]) if wrong else said == ()


def test_where_nothing_was_run_a_name_is_enough() -> None:
    assert unproven(("One.", "Two."), {"1": "test_one", "2": "test_two"}, {}) == ()
    assert len(unproven(("One.", "Two."), {"1": "test_one"}, {})) == 1
