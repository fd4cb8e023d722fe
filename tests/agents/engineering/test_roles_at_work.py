"""Each role at a story over the sample repositories: a scripted model, the real sandbox, the real verdict."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from agents import (
    backend_engineer,
    data_engineer,
    documentation,
    frontend_engineer,
    ml_engineer,
    qa,
)
from agents.engineering.conversation import Brief
from agents.engineering.fields import outside
from agents.engineering.judging import Judgement, judge
from agents.engineering.tools import Finished, Hands
from agents.engineering.trees import folder
from agents.engineering.workspace import Workspace
from agents.engineering.writing import Ended, Engineer, Judged, Made
from agents.model import Calls, ModelAccess
from integrations.environments.vendors.local.client import LocalEnvironments
from integrations.environments.vendors.local.node import NodePackages
from integrations.environments.vendors.local.python import PythonPackages
from integrations.sandbox import Limits
from integrations.sandbox.vendors.local.client import LocalSandbox
from simulators.model import call, in_turn, serving
from tests.integrations.sandbox.conftest import place

__all__ = ["place"]

REPOSITORIES = Path(__file__).parents[3] / "examples" / "acme" / "repositories"
NOWHERE = "http://127.0.0.1:9"

pytestmark = [pytest.mark.sandbox, pytest.mark.processes, pytest.mark.timeout(300)]


@dataclass(frozen=True)
class Example:
    """A story, who writes it, and the moves in which a model does; `shows` is what a run of tests said."""

    role: ModuleType
    repository: str
    title: str
    criterion: str
    moves: Sequence[dict[str, Any]]
    changed: frozenset[str]
    shows: str
    decision: str = "merge"


def finish(summary: str, test: str) -> dict[str, Any]:
    return call("finish", summary=summary, tests={"1": test})


ORDER_TOTAL = """    @property
    def total(self) -> Decimal:
        return sum((item.total for item in self.items), Decimal(0))
"""
BACKEND = Example(
    backend_engineer,
    "orders",
    "Orders say how many pieces they have",
    "Pieces are counted over all items.",
    (
        call("read_file", path="orders/book.py"),
        call(
            "replace_text",
            path="orders/book.py",
            old=ORDER_TOTAL,
            new=f"{ORDER_TOTAL}\n    @property\n    def pieces(self) -> int:\n"
            '        """How many pieces were ordered."""\n'
            "        return sum(item.quantity for item in self.items)\n",
        ),
        call(
            "write_file",
            path="tests/test_pieces.py",
            text="from decimal import Decimal\n\nfrom orders.book import Book, Item\n\n\n"
            "def test_pieces_are_counted_over_all_items():\n"
            '    items = [Item("lamp", 2, Decimal("1")), Item("bulb", 3, Decimal("1"))]\n'
            '    assert Book().place("acme", items).pieces == 5\n',
        ),
        call("run", command="python -m pytest -q -p no:cacheprovider"),
        finish("An order says how many pieces it has.", "test_pieces_are_counted_over_all_items"),
    ),
    frozenset({"orders/book.py", "tests/test_pieces.py"}),
    "passed",
)

FRONTEND = Example(
    frontend_engineer,
    "customer-dashboard",
    "Say how a metric moved",
    "A metric that rose, fell or stayed says so in a word.",
    (
        call("search", text="staleBanner"),
        call(
            "write_file",
            path="src/trend.js",
            text="// How a metric moved, in a word: colour alone says nothing.\n\n"
            "/** `up`, `down` or `steady`, from the first day to the last; null of fewer than two days. */\n"
            "export function trend(points) {\n  if (points.length < 2) return null;\n"
            "  const moved = Number(points.at(-1).value) - Number(points[0].value);\n"
            '  return moved > 0 ? "up" : moved < 0 ? "down" : "steady";\n}\n',
        ),
        call(
            "write_file",
            path="tests/trend.test.js",
            text='import assert from "node:assert/strict";\nimport { test } from "node:test";\n'
            'import { trend } from "../src/trend.js";\n\n'
            "const points = (...values) => values.map((value) => ({ value }));\n\n"
            'test("a metric says how it moved", () => {\n'
            '  assert.equal(trend(points("1", "2")), "up");\n  assert.equal(trend(points("2", "1")), "down");\n'
            '  assert.equal(trend(points("1", "9", "1")), "steady");\n'
            '  assert.equal(trend(points("1")), null);\n});\n',
        ),
        call("run", command="node --test tests/"),
        finish("A metric says in a word how it moved.", "tests/trend.test.js"),
    ),
    frozenset({"src/trend.js", "tests/trend.test.js"}),
    "# fail 0",
    decision="ask",
)

TAKE = "    def figures(self, account: str, hour: datetime) -> list[Figure]:\n"
DATA = Example(
    data_engineer,
    "analytics-pipeline",
    "Say which hours an account has events in",
    "The hours come in their order, each once.",
    (
        call("read_file", path="pipeline/hours.py"),
        call(
            "replace_text",
            path="pipeline/hours.py",
            old=TAKE,
            new="    def hours(self, account: str) -> list[datetime]:\n"
            '        """The hours in which an account has events, in their order."""\n'
            "        return sorted(hour for owner, hour in self._events if owner == account)\n\n" + TAKE,
        ),
        call(
            "write_file",
            path="tests/test_hours.py",
            text="from datetime import UTC, datetime\n\nfrom pipeline.events import read\n"
            "from pipeline.hours import Hours\n\n\n"
            "def seen(number, at, account='acme'):\n"
            "    return read({'id': f'e{number}', 'kind': 'order_placed', 'account': account, 'at': at})\n\n\n"
            "def test_hours_come_in_their_order_each_once():\n    hours = Hours()\n"
            "    late, early = '2026-11-20T10:15:00+00:00', '2026-11-20T09:15:00+00:00'\n"
            "    hours.take([seen(1, late), seen(2, early), seen(3, early), seen(4, late, 'other')])\n"
            "    assert hours.hours('acme') == [datetime(2026, 11, 20, h, tzinfo=UTC) for h in (9, 10)]\n",
        ),
        call("run", command="python -m pytest -q -p no:cacheprovider"),
        finish("Hours says which hours an account has.", "test_hours_come_in_their_order_each_once"),
    ),
    frozenset({"pipeline/hours.py", "tests/test_hours.py"}),
    "passed",
)

ML = Example(
    ml_engineer,
    "analytics-pipeline",
    "Forecast the next hour, and say how far off it was",
    "A forecast that repeats yesterday is exact over days that are alike.",
    (
        call("list_files"),
        call(
            "write_file",
            path="pipeline/forecast.py",
            text='"""The next hour of a metric: what it was a day before (a seasonal naive forecast)."""\n\n'
            "from __future__ import annotations\n\nfrom collections.abc import Sequence\n\nDAY = 24\n\n\n"
            "def forecast(values: Sequence[float]) -> float | None:\n"
            '    """The next value; None before a whole day was seen."""\n'
            "    return values[-DAY] if len(values) >= DAY else None\n\n\n"
            "def mean_absolute_error(values: Sequence[float]) -> float | None:\n"
            '    """Of every forecast that could have been made, each from what came before it alone."""\n'
            "    off = [abs(values[n] - values[n - DAY]) for n in range(DAY, len(values))]\n"
            "    return sum(off) / len(off) if off else None\n",
        ),
        call(
            "write_file",
            path="tests/test_forecast.py",
            text="from pipeline.forecast import forecast, mean_absolute_error\n\n"
            "DAY = [float(hour) for hour in range(24)]\n\n\n"
            "def test_a_forecast_repeats_yesterday():\n    assert forecast(DAY) == 0.0\n"
            "    assert forecast(DAY[:-1]) is None\n\n\n"
            "def test_it_is_exact_over_days_that_are_alike():\n    assert mean_absolute_error(DAY * 3) == 0.0\n"
            "    assert mean_absolute_error(DAY + [hour + 2 for hour in DAY]) == 2.0\n"
            "    assert mean_absolute_error(DAY) is None\n",
        ),
        call("run", command="python -m pytest -q -p no:cacheprovider"),
        finish(
            "A seasonal naive forecast, evaluated on what came before.",
            "test_it_is_exact_over_days_that_are_alike",
        ),
    ),
    frozenset({"pipeline/forecast.py", "tests/test_forecast.py"}),
    "passed",
)

QA = Example(
    qa,
    "checkout",
    "Test where shipping becomes free",
    "A cart of exactly 50.00 is shipped for nothing, and one of 49.99 is not.",
    (
        call("read_file", path="checkout/steps.py"),
        call("replace_text", path="checkout/steps.py", old='Decimal("50.00")', new='Decimal("49.00")'),
        call(
            "write_file",
            path="tests/test_shipping.py",
            text="from decimal import Decimal\n\nimport pytest\nfrom checkout.steps import Line, quote\n\n\n"
            '@pytest.mark.parametrize(("price", "shipping"), [("50.00", "0"), ("49.99", "4.90")])\n'
            "def test_shipping_is_free_from_fifty(price, shipping):\n"
            '    assert quote([Line("lamp", 1, Decimal(price))]).shipping == Decimal(shipping)\n',
        ),
        finish("Shipping is free from 50.00.", "test_shipping_is_free_from_fifty"),
        call("replace_text", path="checkout/steps.py", old='Decimal("49.00")', new='Decimal("50.00")'),
        call("run", command="python -m pytest -q -p no:cacheprovider"),
        finish("Shipping is free from 50.00.", "test_shipping_is_free_from_fifty"),
    ),
    frozenset({"tests/test_shipping.py"}),
    "passed",
)

DOCUMENTATION = Example(
    documentation,
    "orders",
    "Say in the README which states an order has",
    "The states, and what each may become.",
    (
        call("search", text="_NEXT ="),
        call(
            "replace_text",
            path="README.md",
            old="    python -m pytest",
            new="An order is placed, then paid, then shipped; before it is shipped it can be cancelled.\n\n"
            "    python -m pytest",
        ),
        call("run", command="python -m pytest -q -p no:cacheprovider"),
        finish("The README says which states an order has.", "tests/test_book.py"),
    ),
    frozenset({"README.md"}),
    "passed",
)


@dataclass
class Desk:
    """What an engineer's loop needs, over a copy of a sample repository."""

    sandbox: LocalSandbox
    environments: LocalEnvironments
    root: Path

    async def write(self, example: Example) -> tuple[Ended, list[Made], Workspace, list[Judgement]]:
        base = Path(shutil.copytree(REPOSITORIES / example.repository, self.root / "base"))
        files = Workspace(Workspace(base).copy(self.root / "files"))
        ports: Any = SimpleNamespace(sandbox=self.sandbox, environments=self.environments)
        made: list[Made] = []
        verdicts: list[Judgement] = []

        async def fence() -> None:
            return None

        async def keep(one: Made) -> None:
            made.append(one)

        async def judged(_said: Finished) -> Judged:
            if says := outside(example.role.ROLE.name, base, files.root):
                return Judged(False, says)
            found = await judge(ports, base, files.root, base="b", head="h", at=datetime.now(UTC))
            verdicts.append(found)
            return Judged(found.decision != "block", found.says)

        brief = Brief("CARD-1", example.title, "", (example.criterion,), example.repository, "", files.list())
        async with serving(in_turn(*example.moves)) as model:
            access = ModelAccess("m", "k", model.base_url)
            hands = Hands(files, self.sandbox, await self.environments.of(base), Limits(seconds=120))
            engineer = Engineer(Calls(example.role.ROLE, access, fence), brief, hands, keep, judged)
            ended = await engineer.write(())
            assert example.role.ROLE.title.lower() in model.requests[0]["messages"][0]["content"]
        return ended, made, files, verdicts


@pytest.fixture
async def desk(place: Path) -> Desk:
    environments = LocalEnvironments(
        place / "environments", PythonPackages(f"{NOWHERE}/simple"), NodePackages(NOWHERE), 2**33, 30.0
    )
    async with folder() as root:
        yield Desk(LocalSandbox(place / "sandbox"), environments, root)  # type: ignore[misc]


@pytest.mark.parametrize(
    "example",
    [BACKEND, FRONTEND, DATA, ML, QA, DOCUMENTATION],
    ids=lambda one: one.role.ROLE.name,
)
async def test_a_role_brings_a_story_to_its_verdict(desk: Desk, example: Example) -> None:
    ended, made, files, verdicts = await desk.write(example)
    assert ended.finished is not None, ended.blocked
    ran = [one.move.answer for one in made if one.move.tool == "run"]
    assert all("ended with 0" in one and example.shows in one for one in ran), ran
    base = Workspace(desk.root / "base")
    paths = {one.edit.path for one in made if one.edit is not None}
    changed = {path for path in paths if not (base.root / path).exists() or base.text(path) != files.text(path)}
    assert changed == example.changed
    assert verdicts[-1].decision == example.decision, verdicts[-1].says


async def test_qa_is_told_that_code_is_not_its_own(desk: Desk) -> None:
    _, made, _, _ = await desk.write(QA)
    told = [one.move.answer for one in made if one.move.tool == "finish"]
    assert told[0] == "It is not done: You change tests alone: take back what you changed of checkout/steps.py."
    assert told[1] == "It passes."
