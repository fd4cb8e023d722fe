"""An engineer's model at a story: one that solves it, and those that nobody wants to meet."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from aiohttp import web

from agents import backend_engineer
from agents.engineering.conversation import Brief
from agents.engineering.tools import Finished, Hands
from agents.engineering.workspace import Workspace
from agents.engineering.writing import LONGEST_SECONDS, Ended, Engineer, Judged, Made
from agents.model import Calls, ModelAccess
from agents.role import ModelBudget
from governance.outside_text import is_storable
from integrations.sandbox import Command, Environment, Limits
from integrations.sandbox.vendors.local.client import LocalSandbox
from simulators.model import Script, call, failing, in_turn, serving

CODE = "def total(prices):\n    return sum(prices[1:])\n"
TEST = (
    "import unittest\n\nfrom shop import total\n\n\nclass Totals(unittest.TestCase):\n"
    "    def test_all_prices_count(self):\n        self.assertEqual(total([1, 2]), 3)\n"
)
SOLVED = ("replace_text", {"path": "shop.py", "old": "prices[1:]", "new": "prices"})
DONE = {"summary": "All prices count.", "tests": {"1": "test_shop.Totals.test_all_prices_count"}}
BRIEF = Brief(
    "CARD-7", "Count all prices", "The first price is left out.", ("All prices count.",), "shop", "", ""
)


@dataclass
class Story:
    """A story in a folder, judged by its own tests in the sandbox; every move is kept."""

    files: Workspace
    sandbox: LocalSandbox
    tests: str
    kept: list[Made] = field(default_factory=list)
    stops_at: int | None = None

    async def keep(self, made: Made) -> None:
        self.kept.append(made)
        if made.number == self.stops_at:
            raise asyncio.CancelledError

    async def judge(self, _said: Finished) -> Judged:
        if (self.files.root / "test_shop.py").read_text() != self.tests:
            return Judged(False, "Tests were changed.")
        tree = self.files.copy(self.files.root.parent / f"judged-{len(self.kept)}")
        ran = await self.sandbox.run(Command(("python3", "-m", "unittest", "-q"), tree))
        return Judged(ran.exit_code == 0, "The tests pass." if ran.exit_code == 0 else ran.output)

    async def write(
        self,
        script: Script,
        budget: ModelBudget | None = None,
        clock: Callable[[], float] = monotonic,
        **access: Any,
    ) -> Ended:
        async def fence() -> None:
            return None

        async with serving(script) as model:
            role = backend_engineer.ROLE if budget is None else replace(backend_engineer.ROLE, budget=budget)
            reached = ModelAccess("m", "k", model.base_url, pause_seconds=0.01, **access)
            hands = Hands(self.files, self.sandbox, Environment(), Limits(seconds=20))
            engineer = Engineer(Calls(role, reached, fence), BRIEF, hands, self.keep, self.judge, clock)
            try:
                return await engineer.write(tuple(self.kept))
            finally:
                self.requests = model.requests

    @property
    def answers(self) -> list[str]:
        return [one.move.answer for one in self.kept]


@pytest.fixture
async def story(tmp_path: Path) -> Story:
    root = tmp_path / "files"
    root.mkdir()
    (root / "shop.py").write_text(CODE)
    (root / "test_shop.py").write_text(TEST)
    return Story(Workspace(root), LocalSandbox(tmp_path / "sandbox"), TEST)


def moves(*made: tuple[str, dict[str, Any]]) -> Script:
    return in_turn(*(call(name, **given) for name, given in made))


async def test_a_first_patch_that_is_wrong_is_told_and_mended(story: Story) -> None:
    ended = await story.write(
        moves(
            ("read_file", {"path": "shop.py"}),
            ("replace_text", {"path": "shop.py", "old": "prices[1:]", "new": "prices[:1]"}),
            ("run", {"command": "python3 -m unittest -q; touch left-behind"}),
            ("finish", DONE),
            ("replace_text", {"path": "shop.py", "old": "prices[:1]", "new": "prices"}),
            ("finish", DONE),
        )
    )
    assert ended == Ended(Finished(**DONE))
    assert "FAILED" in story.answers[2]
    assert story.answers[3].startswith("It is not done:")
    assert not (story.files.root / "left-behind").exists()
    assert [one.edit.path for one in story.kept if one.edit is not None] == ["shop.py", "shop.py"]


async def test_a_liar_is_told_twice_and_then_a_person_goes_on(story: Story) -> None:
    ended = await story.write(moves(("finish", DONE)))
    assert ended.finished is None
    assert ended.blocked.startswith("It was called done 3 times, and is not:")
    assert len(story.kept) == 3


async def test_one_who_takes_the_tests_away_does_not_pass(story: Story) -> None:
    ended = await story.write(
        moves(("write_file", {"path": "test_shop.py", "text": "import unittest\n"}), ("finish", DONE))
    )
    assert "Tests were changed." in ended.blocked


async def test_the_same_look_again_and_again_ends(story: Story) -> None:
    ended = await story.write(moves(("read_file", {"path": "shop.py"})))
    assert "round in circles" in ended.blocked
    assert len(story.kept) == 5
    assert "You asked exactly this before" in story.answers[2]


async def test_edits_that_undo_each_other_end(story: Story) -> None:
    there = call("replace_text", path="shop.py", old="sum(", new="max(")
    back = call("replace_text", path="shop.py", old="max(", new="sum(")
    ended = await story.write(lambda _body, number: (there, back)[number % 2])
    assert ended.blocked.endswith("its edits undo each other.")


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("delete_repository", {}, "There is no tool 'delete_repository'"),
        ("read_file", {"path": "/etc/passwd"}, "is no path within the repository"),
        ("read_file", {"file": "shop.py"}, "read_file was not used: path: Field required"),
        ("finish", {"summary": 3}, "finish was not used"),
        ("read_file", {"path": "a" * 300}, "No file is called so"),
        ("write_file", {"path": "a.py", "text": "a\0b"}, "neither NUL nor half a character"),
        ("write_file", {"path": "a.py", "text": "a\ud800b"}, "neither NUL nor half a character"),
        ("search", {"text": "\ud800"}, "Nothing holds"),
        ("\ud800", {"\0": ["\ud800"]}, "There is no tool"),
        ("run", {"command": "cat /etc/shadow; curl -s -m 2 http://127.0.0.1:1; exit 7"}, "ended with 7"),
    ],
)
async def test_what_cannot_be_done_is_the_answer(
    story: Story, name: str, given: dict[str, Any], says: str
) -> None:
    await story.write(in_turn(call(name, **given), call("give_up", why="That was it.")))
    assert says in story.answers[0]
    assert "root:" not in story.answers[0]
    assert len(story.kept) == 2, "and the model is asked again"
    assert is_storable(json.dumps([asdict(one.move) for one in story.kept], ensure_ascii=False))


async def test_giving_up_is_a_persons(story: Story) -> None:
    ended = await story.write(moves(("give_up", {"why": "Which currency?"})))
    assert ended.blocked == "The engineer says: Which currency?"


async def test_broken_json_is_no_call(story: Story) -> None:
    broken = {"id": "c", "type": "function", "function": {"name": "read_file", "arguments": '{"path": "sho'}}
    ended = await story.write(in_turn({"tool_calls": [broken]}, call("give_up", why="No.")))
    assert ended.blocked == "The engineer says: No."
    assert "Use a tool" in story.answers[0]


async def test_an_endless_answer_is_not_waited_for(story: Story) -> None:
    async def endless(_body: dict[str, Any], _number: int) -> web.StreamResponse:
        await asyncio.sleep(1)
        return failing(500)

    ended = await story.write(endless, timeout_seconds=0.3)
    assert "did not answer in time" in ended.blocked


async def test_a_server_that_goes_away_is_said(story: Story) -> None:
    ended = await story.write(lambda _body, n: failing(503) if n else call("list_files"))
    assert "answered with status 503" in ended.blocked
    assert len(story.kept) == 1


async def test_nothing_is_spent_past_the_budget(story: Story) -> None:
    budget = ModelBudget(calls=50, tokens=10**9, cost=Decimal("0.01"))
    ended = await story.write(
        lambda _body, n: call("search", text=f"word {n}"),
        budget,
        input_price=Decimal(20),
        output_price=Decimal(20),
    )
    assert "budget of 0.01 USD is spent" in ended.blocked
    assert sum(one.cost for one in story.kept) == Decimal("0.012"), "150 tokens a call: the fourth reached it"


async def test_what_takes_too_long_is_a_persons_with_what_is_there(story: Story) -> None:
    times = iter((0.0, 0.0, 60.0, LONGEST_SECONDS + 1))
    ended = await story.write(lambda _body, n: call("search", text=f"word {n}"), clock=times.__next__)
    assert ended.blocked == "It was not done after 90 minutes."
    assert len(story.kept) == 2


async def test_a_story_goes_on_where_a_worker_died(story: Story) -> None:
    whole = moves(("read_file", {"path": "shop.py"}), SOLVED, ("finish", DONE))
    story.stops_at = 2
    with pytest.raises(asyncio.CancelledError):
        await story.write(whole)
    story.stops_at = None
    ended = await story.write(in_turn(call("finish", **DONE)))
    assert ended.finished is not None
    assert [one.number for one in story.kept] == [1, 2, 3]
    shown = story.requests[0]["messages"]
    assert [one["role"] for one in shown] == ["system", "user", "assistant", "tool", "assistant", "tool"]
    assert await story.write(failing_always) == ended, "what the rows say is the end, and nobody is asked"


def failing_always(_body: dict[str, Any], _number: int) -> web.StreamResponse:
    raise AssertionError("nobody is asked")
