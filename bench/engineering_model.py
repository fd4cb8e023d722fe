"""The model of the engineering benchmark: it writes stories with a patch that is wrong at first, and reviews.

A story is known by its id in the task, and gets a module and a test of its own, so that any number of them fit
into one repository. What it was asked and when is noted: between its answer and the next question lies what the
department needs for a move.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from simulators.model import Answer, FakeModel, call, failing, serving

_TASK = re.compile(r"Write story (\S+) in the repository (\S+)\.")
_CRITERION = re.compile(r"^(\d+)\. ", re.MULTILINE)
_PACKAGE = re.compile(r"^([a-z_]+)/__init__\.py ", re.MULTILINE)
_CODE = '''"""What story {story} asks for."""

from __future__ import annotations

from collections.abc import Sequence


def {name}_total(amounts: Sequence[int]) -> int:
    """The sum of all amounts."""
    return sum({amounts})
'''
_TEST = """from {package}.{name} import {name}_total


def test_every_amount_of_{name}_counts():
    assert {name}_total([1, 2, 3]) == 6


def test_nothing_of_{name}_is_nothing():
    assert {name}_total([]) == 0
"""
QUICK = frozenset({"read_file", "write_file", "list_files"})
"""Moves that take the department no work of their own: no command, no suite."""


@dataclass
class StoryModel:
    """Answers as the engineers' model and as the reviewer's. `asked` are the times at which it was asked,
    `gaps` the seconds from an answer to the next question of the same story, by the move between them."""

    asked: list[float] = field(default_factory=list)
    gaps: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    busy: float = 0.0
    _answered: dict[str, tuple[str, float]] = field(default_factory=dict)

    def serving(self) -> AbstractAsyncContextManager[FakeModel]:
        """Its server, on a free port."""
        return serving(self.answer)

    def answer(self, body: Mapping[str, Any], _number: int) -> Answer:
        """The next move of whatever story is asked about."""
        began = monotonic()
        self.asked.append(began)
        tools = {one["function"]["name"] for one in body.get("tools", ())}
        if "SecurityReviewed" in tools:
            return call("SecurityReviewed", concerns=[], not_looked_at="")
        if "Reviewed" in tools:
            return call("Reviewed", verdict="approved", says="It does what the story asks, and no more.")
        task = _TASK.search(str(body["messages"][1]["content"])) if "finish" in tools else None
        if task is None:  # planning and the like: it goes on by rule
            return failing(400, "this model only writes stories")
        story, done = task[1], sum(one["role"] == "tool" for one in body["messages"])
        if (before := self._answered.pop(story, None)) is not None:
            self.gaps[before[0]].append(began - before[1])
        move = _moves(story, str(body["messages"][1]["content"]))[done:][:1]
        answer = move[0] if move else call("give_up", why="There is nothing left to do.")
        name = answer["tool_calls"][0]["function"]["name"]
        self._answered[story] = name, monotonic()
        self.busy += monotonic() - began
        return answer

    def quick_gaps(self) -> list[float]:
        """Seconds that the department took for moves of which nothing had to be run."""
        return [gap for name in QUICK for gap in self.gaps[name]]


def _moves(story: str, task: str) -> list[dict[str, Any]]:
    found = _PACKAGE.search(task)
    if found is None:
        return [call("give_up", why="This repository has no Python package.")]
    package, name = found[1], "s" + re.sub(r"[^a-z0-9]+", "_", story.lower())
    code, test = f"{package}/{name}.py", f"tests/test_{name}.py"
    wrong, right = (
        _CODE.format(story=story, name=name, amounts=amounts) for amounts in ("amounts[1:]", "amounts")
    )
    tests = _TEST.format(package=package, name=name)
    return [
        call("read_file", path="README.md"),
        call("write_file", path=code, text=wrong),
        call("write_file", path=test, text=tests),
        call("run", command=f"python -m pytest -q {test}"),
        call("write_file", path=code, text=right),
        call("run", command=f"python -m pytest -q {test}"),
        call("finish", summary="Every amount counts.", tests=dict.fromkeys(_CRITERION.findall(task), test)),
    ]
