"""A story's first writing where a rule does it: the same way as an engineer's, moves and verdict included.

Its edits are kept as moves, all of them at once, so that a worker that dies leaves nothing or everything; an
engineer with a model goes on from there where a review asks for changes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from agents.engineering.by_rule.asked import RULE_WORK, RuleWork
from agents.engineering.by_rule.works import Place, do
from agents.engineering.conversation import Move
from agents.engineering.judging import judge
from agents.engineering.story_rows import keep_move
from agents.engineering.tables import StoryWorkRow
from agents.engineering.tools import Finished
from agents.engineering.workspace import Edit, NotPossible, Workspace
from agents.engineering.writing import Ended, Made
from agents.work.kinds import Worker
from integrations.sandbox.taking_back import TooMuchChanged, note, take_back

BY_RULE = "by_rule"
"""What stands as the tool of a rule's moves."""
_MOST_SUMMARY = 4_000


async def written_by_rule(
    work: StoryWorkRow, base: Path, files: Workspace, worker: Worker, before: Sequence[Made]
) -> Ended:
    """Do the story's work in the files. `before` are moves of an earlier attempt, whose edits the files have.
    Raises storage.look.Away, and what ends the work."""
    asked = RULE_WORK.validate_python(work.brief[BY_RULE])
    summary = next((one.move.answer for one in before if one.move.tool == BY_RULE and one.edit is None), None)
    if summary is None:
        await worker.tell(f"By rule: {asked.kind}.")
        try:
            written = await do(asked, Place(files, work.repository, work.base, worker.ports))
            edits = await asyncio.to_thread(_edits, base, files)
        except NotPossible as refused:
            return Ended(None, f"By rule it cannot be done: {refused}")
        summary = written.says[:_MOST_SUMMARY]
        async with worker.transaction() as tx:
            for made in _moves(asked, edits, summary, await asyncio.to_thread(files.digest)):
                await keep_move(tx, work.run, made)
    await worker.tell("The whole suite is run, and the change is judged.")
    found = await judge(worker.ports, base, files.root, base=work.base, head="", at=worker.now())
    if found.decision == "block":
        return Ended(None, f"It was done by rule. {found.says}")
    return Ended(Finished(summary=summary, tests={}))


def _edits(base: Path, files: Workspace) -> tuple[Edit, ...]:
    """What was changed. Raises NotPossible."""
    try:
        taken = take_back(files.root, note(base))
    except TooMuchChanged as much:
        raise NotPossible(str(much)) from None
    changed = [Edit(one.path, one.content.decode()) for one in taken.changed]
    return (*changed, *(Edit(path, None) for path in taken.removed))


def _moves(asked: RuleWork, edits: Sequence[Edit], summary: str, state: str) -> Iterator[Made]:
    for number, edit in enumerate(edits, start=1):
        move = Move(BY_RULE, {"path": edit.path}, f"{edit.path} is changed.")
        yield Made(number, move, edit, state, 0, 0, Decimal(0))
    arguments = RULE_WORK.dump_python(asked, mode="json")
    yield Made(len(edits) + 1, Move(BY_RULE, arguments, summary), None, state, 0, 0, Decimal(0))
