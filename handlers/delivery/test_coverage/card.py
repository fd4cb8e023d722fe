"""The coverage of one repository on a card: how it moved, and what is least covered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from agents.engineering.coverage import Covered, changed_lines, covered, history, lines_of
from agents.engineering.verdict.line_coverage import LineCoverage
from agents.work.runs import steps_of
from agents.work.tables import RunRow
from governance.facts import Fact, Source
from governance.people import Person
from governance.visibility import EVERYTHING
from handlers.conversation.cards import (
    Block,
    Button,
    Buttons,
    Card,
    Chart,
    Reply,
    Small,
    Table,
    Text,
    Tone,
)
from handlers.conversation.charts import Line, draw_lines
from handlers.conversation.desk import Desk
from handlers.conversation.run_card import run_reply
from handlers.conversation.turn import Turn
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
)
from integrations.code_host import PullRequestQuery
from integrations.code_host.contents import Commit, Repository
from integrations.code_host.pull_requests import PullRequest, PullRequestState
from integrations.tracker.lines import plain_line

_MOST_BUTTONS = 5
_MOST_PULLS = 10
_MOST_LEAST = 5


async def one_reply(turn: Turn, desk: Desk, repository: Repository, limit: Limit | None) -> Reply:
    """One repository: its coverage, how that moved, what is least covered, and its open pull requests."""
    return await _one(desk, repository, limit, turn.person)


async def _one(desk: Desk, repository: Repository, limit: Limit | None, person: Person | None) -> Reply:
    query = PullRequestQuery(repository.id, PullRequestState.OPEN, limit=_MOST_PULLS)
    commits, pulls = await asyncio.gather(
        history(desk.ports.code_host, repository), desk.ports.code_host.pull_requests(query)
    )
    found = await covered(desk.tx, repository, commits)
    lead = _answered(found, limit, person)
    blocks: list[Block] = [Text((lead,))]
    blocks += await _over_time(desk, found)
    lines = await _newest_lines(desk, found, commits)
    if lines is not None:
        blocks += _least(lines)
    changed = await changed_lines(desk.tx, pulls.items)
    blocks += _pulls(pulls.items, changed)
    if buttons := _buttons(found, pulls.items, changed):
        blocks.append(Buttons(buttons))
    blocks.append(Small((HOW,)))
    facts = (
        *coverage_facts("c", found),
        *_file_facts(found, lines),
        *_pull_facts(pulls.items, changed, desk.now),
    )
    title = f"Test coverage of {called(repository.id)}"
    return Reply(text=lead, cards=(Card(title, tuple(blocks), _tone(found)),), facts=facts)


def _answered(found: Covered, limit: Limit | None, person: Person | None) -> str:
    if found.head is None:
        return f"{called(found.repository)} has no default branch with a commit: there is nothing to measure."
    share = share_of(found)
    if share is None:
        ran = found.points[-1] if found.points else None
        said = (
            f"Its suite ran at {ran.commit[:7]} ({tests_text(ran)}), and which lines it ran was not measured."
            if ran is not None
            else f"No suite was run at {found.head[:7]}, the newest of {found.branch}, nor lately before."
        )
        return f"I do not know the test coverage of {called(found.repository)}. {said} Run the tests to see."
    text = coverage_text(found, person)
    if limit is None:
        return text
    if limit.holds(share):
        return f"Yes, {called(found.repository)} has {limit}. {text}"
    return f"No, {called(found.repository)} has {Limit(limit.percent, is_most=not limit.is_most)}. {text}"


def _tone(found: Covered) -> Tone:
    point = found.newest
    return "plain" if point is None else "warning" if point.failed else "plain"


async def _over_time(desk: Desk, found: Covered) -> list[Block]:
    measured = [(point.at, point.share) for point in found.points if point.share is not None]
    if len(measured) < 2:
        return []
    times, shares = zip(*measured, strict=True)
    name = called(found.repository)
    line = Line(name, times, shares, accent=True)
    png = await asyncio.to_thread(draw_lines, (line,), title=f"Test coverage of {name}", unit="% of lines")
    file = await desk.files.put(desk.tx, "coverage.png", "image/png", png, EVERYTHING)
    summary = f"From {shares[0]:.1f} % to {shares[-1]:.1f} % over {len(shares)} commits that were measured."
    return [Chart(file, f"Line of the test coverage of {name} over time. {summary}", summary)]


async def _newest_lines(desk: Desk, found: Covered, commits: Sequence[Commit]) -> LineCoverage | None:
    point = found.newest
    tree = next((one.tree for one in commits if point is not None and one.sha == point.commit), None)
    return None if tree is None else await lines_of(desk.tx, found.repository, (tree,))


def _least(lines: LineCoverage) -> list[Block]:
    """Files and functions with the most lines that no test runs."""
    files = sorted(
        (one for one in lines.files if one.covered < one.total), key=lambda one: one.covered - one.total
    )
    if not files:
        return [Text(("Its tests run every line.",))]
    rows = tuple(
        (plain_line(one.path), f"{one.covered} of {one.total}", f"{100 * one.covered / one.total:.0f} %")
        for one in files[:_MOST_LEAST]
    )
    blocks: list[Block] = [Table(("Least covered files", "Lines run", ""), rows, "lrr")]
    functions = sorted(
        ((one, file.path) for file in files for one in file.functions),
        key=lambda each: each[0].covered - each[0].total,
    )
    if functions:
        rows = tuple(
            (plain_line(one.name), f"{plain_line(path)}:{one.line}", f"{one.covered} of {one.total}")
            for one, path in functions[:_MOST_LEAST]
        )
        blocks.append(Table(("Least covered functions", "Where", "Lines run"), rows, "llr"))
    return blocks


def _pulls(pulls: Sequence[PullRequest], changed: dict[str, tuple[int, int]]) -> list[Block]:
    if not pulls:
        return []
    rows = tuple(
        (f"#{pull.number} {plain_line(pull.title)[:80]}", _changed_text(changed.get(str(pull))))
        for pull in pulls
    )
    return [Table(("Open pull requests", "Changed lines that tests run"), rows, "lr")]


def _changed_text(ran: tuple[int, int] | None) -> str:
    if ran is None:
        return "not measured"
    return f"{ran[0]} of {ran[1]}" if ran[1] else "none can run"


def _buttons(
    found: Covered, pulls: Sequence[PullRequest], changed: dict[str, tuple[int, int]]
) -> tuple[Button, ...]:
    buttons = [] if is_current(found) or found.head is None else [run_button(found.repository)]
    unmeasured = [pull for pull in pulls if str(pull) not in changed]
    buttons += [run_button(pull.repository, pull.number) for pull in unmeasured]
    return tuple(buttons[:_MOST_BUTTONS])


def _file_facts(one: Covered, lines: LineCoverage | None) -> tuple[Fact, ...]:
    point = one.newest
    if lines is None or point is None:
        return ()
    source = Source("computation", f"the suite over {point.commit}, line by line")
    gaps = sorted(
        (file for file in lines.files if file.covered < file.total), key=lambda f: f.covered - f.total
    )
    return tuple(
        Fact(
            f"f{number}",
            f"Lines of {plain_line(file.path)} run",
            file.covered,
            f"of {file.total} lines",
            point.measured,
            source,
        )
        for number, file in enumerate(gaps[:_MOST_LEAST], 1)
    )


def _pull_facts(
    pulls: Sequence[PullRequest], changed: dict[str, tuple[int, int]], now: datetime
) -> tuple[Fact, ...]:
    facts = []
    for pull in pulls:
        if (ran := changed.get(str(pull))) is not None:
            source = Source("computation", f"the verdict on {pull.head_sha}, line by line")
            name = f"Changed lines of {pull} run"
            facts.append(Fact(f"p{pull.number}", name, ran[0], f"of {ran[1]} lines", now, source))
    return tuple(facts)


async def suite_reply(desk: Desk, run: RunRow) -> Reply:
    """A suite that somebody had run: how far it is, or what it covered."""
    if run.state != "done":
        return await run_reply(desk, run)
    (step,) = await steps_of(desk.tx, run.id)
    reply = await _one(desk, await desk.ports.code_host.repository(step.args["repository"]), None, None)
    return Reply(text=reply.text, cards=reply.cards, facts=reply.facts, key=f"run:{run.id}")
