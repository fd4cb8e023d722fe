"""The coverage of all repositories on a card, the least covered first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from agents.engineering.coverage import Covered, Point
from governance.people import Person
from governance.visibility import EVERYTHING
from handlers.conversation.cards import Block, Bold, Buttons, Card, Chart, Reply, Small, Table, Text
from handlers.conversation.charts import draw_shares
from handlers.conversation.desk import Desk
from handlers.conversation.turn import Turn
from handlers.conversation.wording import counted, listed, moment_text
from handlers.delivery.test_coverage.figures import (
    HOW,
    Limit,
    called,
    coverage_facts,
    coverage_text,
    is_current,
    run_button,
    share_of,
    tests_text,
    trend,
)

_MOST_BUTTONS = 5


async def all_reply(turn: Turn, desk: Desk, found: Sequence[Covered], limit: Limit | None) -> Reply:
    """Every repository, the least covered first; what was not measured is said, and can be."""
    measured = ((share_of(one), one, one.newest) for one in found)
    known = sorted(
        ((share, one, point) for share, one, point in measured if share is not None and point is not None),
        key=lambda each: each[0],
    )
    unknown = [one for one in found if share_of(one) is None]
    shown = [each for each in known if limit is None or limit.holds(each[0])]
    lead = _lead(shown, known, unknown, limit, turn.person)
    blocks: list[Block] = [Text((lead,))]
    if shown:
        blocks += await _bars(desk, shown)
        rows = tuple(_row(one, point, turn.person) for _, one, point in shown)
        blocks.append(
            Table(("Service", "Lines run", "Since first measured", "Measured", "Tests"), rows, "lrrll")
        )
    if unknown:
        names = listed(called(one.repository) for one in unknown)
        blocks.append(Text((Bold("Not measured: "), f"{names}. No suite was run over what is there.")))
    stale = [*unknown, *(one for _, one, _ in known if not is_current(one))]
    if stale:
        blocks.append(Buttons(tuple(run_button(one.repository) for one in stale[:_MOST_BUTTONS])))
    blocks.append(Small((HOW,)))
    facts = tuple(
        fact for number, (_, one, _) in enumerate(shown, 1) for fact in coverage_facts(f"c{number}", one)
    )
    return Reply(text=lead, cards=(Card("Test coverage", tuple(blocks)),), facts=facts)


def _lead(
    shown: Sequence[tuple[float, Covered, Point]],
    known: Sequence[tuple[float, Covered, Point]],
    unknown: Sequence[Covered],
    limit: Limit | None,
    person: Person | None,
) -> str:
    if not known:
        return "I do not know: no suite was run over what is there now, of any of them. Run the tests to see."
    measured = f"{len(known)} of {counted(len(known) + len(unknown), 'repository', 'repositories')} measured."
    if limit is not None:
        which = listed(f"{called(one.repository)} ({share:.1f} %)" for share, one, _ in shown)
        said = f"{which} {'has' if len(shown) == 1 else 'have'}" if shown else "None that is measured has"
        return f"{said} {limit} of lines covered. {measured}"
    _, worst, _ = shown[0]
    return f"Least covered is {coverage_text(worst, person)} {measured}"


def _row(one: Covered, point: Point, person: Person | None) -> tuple[str, ...]:
    moved = trend(one)
    way = "-" if moved is None else "the same" if abs(moved) < 0.05 else f"{moved:+.1f} points"
    lines = f"{point.share:.1f} % ({point.covered} of {point.total})"
    when = moment_text(point.at, person) + ("" if is_current(one) else ", not the newest")
    return called(one.repository), lines, way, f"{point.commit[:7]}, {when}", tests_text(point)


async def _bars(desk: Desk, shown: Sequence[tuple[float, Covered, Point]]) -> list[Block]:
    shares = [(called(one.repository), share) for share, one, _ in shown]
    png = await asyncio.to_thread(draw_shares, shares, title="Lines that tests run")
    file = await desk.files.put(desk.tx, "coverage.png", "image/png", png, EVERYTHING)
    each = ", ".join(f"{name} {share:.1f} %" for name, share in shares)
    return [Chart(file, f"Bars of test coverage: {each}.", f"Test coverage: {each}.")]
