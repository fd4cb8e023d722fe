"""How well services are tested, asked in chat: nothing measured, measured on a button, and risen by a merge."""

from __future__ import annotations

from pathlib import Path

import pytest

from integrations.code_host.pull_requests import PullRequestDraft
from storage.embedded import EmbeddedServer
from tests.integrations.code_host.effects_contract import grant
from tests.integrations.code_host.workshop import Workshop
from tests.scenarios.operations import Operations, operations

ACME = Path(__file__).parents[2] / "examples" / "acme"

pytestmark = [pytest.mark.processes, pytest.mark.sandbox, pytest.mark.timeout(600)]

LATE = "\n\ndef never(orders):\n    found = [one for one in orders if one.total]\n    return found or None\n"
NEVER_TESTED = "from orders.never import never\n\n\ndef test_never():\n    assert never([]) is None\n"


def clone_of(folder: Path) -> Workshop:
    clone = Workshop(folder / "clone", next(folder.rglob("orders.git")))
    clone.git("fetch", "--quiet", "origin")
    return clone


async def measured(place: Operations, subject: str, runs: int) -> None:
    """Amanda presses the button, and it is done."""
    await place.press("amanda", "run_tests", subject)
    query = "SELECT state, why FROM runs WHERE kind = 'suite' AND state <> 'running'"
    found = await place.until(query, lambda rows: len(rows) == runs)
    assert {row.state for row in found} == {"done"}, found


async def test_what_was_not_measured_is_said_measured_and_seen_to_move(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    async with operations(server, tmp_path, ACME, look_seconds=60) as place:
        asked = await place.say("amanda", "/test_coverage what's the test coverage of orders?")
        assert "I do not know the test coverage of orders. No suite was run at" in asked.as_text()
        worst = await place.say("amanda", "/test_coverage which service has the worst coverage?")
        assert "I do not know: no suite was run" in worst.as_text()

        await measured(place, "orders", 1)
        shown = await place.shows("% of")
        assert "orders: " in shown
        assert "Least covered files" in shown
        (row,) = await place.rows("SELECT tree, passed, failed, covered, total FROM suite_runs")
        assert row.passed > 5
        assert row.failed == 0
        assert 0 < row.covered < row.total

        clone = clone_of(tmp_path)
        clone.git("checkout", "--quiet", "main")
        clone.commit("Add what no test runs", {"orders/never.py": LATE})
        clone.git("push", "--quiet", "origin", "main")
        stale = await place.say("amanda", "/test_coverage coverage of orders")
        assert "Since then main moved on, unmeasured." in stale.as_text()
        await measured(place, "orders", 2)
        moved = await place.say(
            "amanda", "/test_coverage which service has the worst coverage and is it getting better?"
        )
        assert "Least covered is orders: " in moved.as_text()
        assert "Down " in moved.as_text()
        assert "1 of 8 repositories measured." in moved.as_text()
        card = str((await place.say("amanda", "/test_coverage coverage of orders")).cards)
        assert "orders/never.py" in card
        assert "'chart'" in card

        clone.commit("Test it", {"tests/test_never.py": NEVER_TESTED})
        clone.git("push", "--quiet", "origin", "main")
        await measured(place, "orders", 3)
        up = await place.say("amanda", "/test_coverage is the coverage of orders above 99%?")
        assert up.as_text().startswith("No, orders has less than 99 %."), up.as_text()


async def test_a_pull_request_says_how_much_of_what_it_changes_is_tested(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    async with operations(server, tmp_path, ACME, look_seconds=60) as place:
        await place.say("amanda", "/test_coverage coverage of orders")
        clone = clone_of(tmp_path)
        clone.git("checkout", "--quiet", "-B", "late", "origin/main")
        head = clone.commit("Add what no test runs", {"orders/never.py": LATE})
        clone.git("push", "--quiet", "origin", "late")
        host = place.installation.ports(place.tenant).code_host
        draft = PullRequestDraft("Never", "", "late", head, "main")
        await host.open_pull_request(grant(host, "g1"), "orders", draft)
        before = str((await place.say("amanda", "/test_coverage coverage of orders")).cards)
        assert "not measured" in before
        await measured(place, "orders#1", 1)
        after = str((await place.say("amanda", "/test_coverage coverage of orders")).cards)
        assert "0 of 3" in after, after
        clone.git("checkout", "--quiet", "-B", "main", "origin/main")
        clone.git("merge", "--quiet", "--no-ff", "--message", "Merge it", "late")
        clone.git("push", "--quiet", "origin", "main")
        merged = (await place.say("amanda", "/test_coverage coverage of orders")).as_text()
        assert "orders: " in merged, "what the merge was judged by counts for its commit"
        assert "unmeasured" not in merged


async def test_who_may_not_see_it_is_told_who_may(server: EmbeddedServer, tmp_path: Path) -> None:
    async with operations(server, tmp_path, ACME, look_seconds=60) as place:
        refused = await place.say("rachel", "/test_coverage what's the test coverage of orders?")
        assert "engineering director" in refused.as_text().lower()
        assert "%" not in refused.as_text()
