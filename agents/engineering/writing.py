"""One engineer at one story: moves, one after the other, until the verdict lets it end or a person is needed.

Every move is a row before the next is asked for, so that a worker that dies costs the one that was under way.
It ends only through the verdict: a model that says it is done while checks are red is told so, twice; then the
story is a person's.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from time import monotonic
from typing import Any

from agents.engineering.conversation import Brief, Move, messages
from agents.engineering.tools import (
    FINISH,
    GIVE_UP,
    TOOLS,
    Finished,
    GaveUp,
    Hands,
    read_arguments,
    tools_of,
    use,
)
from agents.engineering.workspace import Edit, NotPossible
from agents.model import BudgetSpent, Calls, ModelFailed, Usage
from governance.outside_text import storable, storable_json

TOLD_RED = 2
"""Times that a model is told that what it calls done is not; the next time a person goes on."""
_REPEATS_TOLD, _REPEATS_END = 3, 5
_UNDONE_END = 3
SAID_NOTHING = "say"
LONGEST_SECONDS = 90 * 60.0
"""Of one attempt: then a person goes on with what is there. A step that is ended commits nothing."""


@dataclass(frozen=True, slots=True)
class Made:
    """A move that was made: its number, what it changed, the digest of all files afterwards, what it used."""

    number: int
    move: Move
    edit: Edit | None
    state: str
    input_tokens: int
    output_tokens: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Judged:
    """What the verdict says of the files as they are: whether they may go on to people and the matrix, and what
    is wrong, in sentences."""

    passes: bool
    says: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How the writing ended: `finished` is what the model says of a change that passed; otherwise `blocked` is
    why a person goes on."""

    finished: Finished | None
    blocked: str = ""


Keep = Callable[[Made], Awaitable[None]]
"""Writes a move down; raises whatever ends the work (a halt, a pause)."""
Judge = Callable[[Finished], Awaitable[Judged]]


@dataclass(frozen=True, slots=True)
class Engineer:
    """What an engineer works with; the files have the edits of its earlier attempts. `clock` counts seconds."""

    calls: Calls
    brief: Brief
    hands: Hands
    keep: Keep
    judge: Judge
    clock: Callable[[], float] = monotonic

    async def write(self, before: Sequence[Made]) -> Ended:
        """Go on until the end. Raises Halted and what `keep` raises."""
        made, until = list(before), self.clock() + LONGEST_SECONDS
        self._resume(made)
        while True:
            if (end := _end_of(made)) is not None:
                return end
            if self.clock() > until:
                return Ended(None, f"It was not done after {LONGEST_SECONDS / 60:.0f} minutes.")
            try:
                name, given, used = await self._asked(made)
            except BudgetSpent as spent:
                return Ended(None, f"The story's budget for its model ran out: {spent}.")
            except ModelFailed as failed:
                return Ended(None, f"The model could not be used: {failed}.")
            answer, edit = await self._done(name, given, made)
            state = await asyncio.to_thread(self.hands.files.digest)
            kept = storable_json(given)
            move = Move(name, kept, _with_warning(storable(answer), name, kept, made))
            one = Made(len(made) + 1, move, edit, state, *used)
            await self.keep(one)
            made.append(one)

    def _resume(self, made: Sequence[Made]) -> None:
        """What earlier attempts used counts."""
        usage = self.calls.usage
        usage.calls += len(made)
        usage.input_tokens += sum(one.input_tokens for one in made)
        usage.output_tokens += sum(one.output_tokens for one in made)

    async def _asked(self, made: Sequence[Made]) -> tuple[str, dict[str, Any], tuple[int, int, Decimal]]:
        """The next call to a tool, and what asking for it used."""
        before = Usage(0, self.calls.usage.input_tokens, self.calls.usage.output_tokens)
        model = self.calls.chat().bind_tools(
            [tool.schema for tool in tools_of(self.calls.role).values()], parallel_tool_calls=False
        )
        shown = messages(self.calls.role.prompt, self.brief, [one.move for one in made])
        answer = await self.calls.call(lambda: model.ainvoke(shown), lambda message: [message])
        usage = self.calls.usage
        read, written = usage.input_tokens - before.input_tokens, usage.output_tokens - before.output_tokens
        used = read, written, self.calls.access.price(read, written)
        for call in answer.tool_calls[:1]:
            return storable(str(call["name"])), dict(call["args"]), used
        said = str(answer.text)[:2_000]
        return SAID_NOTHING, {"text": said}, used

    async def _done(self, name: str, given: dict[str, Any], made: Sequence[Made]) -> tuple[str, Edit | None]:
        if name == SAID_NOTHING:
            return "Use a tool: finish when it is done, give_up where a person is needed.", None
        if name not in (FINISH, GIVE_UP):
            done = await use(self.hands, name, given, tools_of(self.calls.role))
            return done.answer, done.edit
        try:
            said = read_arguments(TOOLS[name], given)
        except NotPossible as wrong:
            return str(wrong), None
        if isinstance(said, GaveUp):
            return GIVEN_UP, None
        judged = await self.judge(said)
        if judged.passes:
            return PASSED, None
        told = sum(one.move.tool == FINISH and one.move.answer.startswith(RED) for one in made)
        last = " This was the last time: a person goes on from here." if told >= TOLD_RED else ""
        return f"{RED} {judged.says}{last}", None


PASSED, GIVEN_UP, RED = "It passes.", "A person goes on.", "It is not done:"


def _end_of(made: Sequence[Made]) -> Ended | None:
    """Whether the moves so far are the end, by nothing but the rows."""
    if not made:
        return None
    last = made[-1].move
    if last.tool == FINISH and last.answer == PASSED:
        return Ended(Finished.model_validate(last.arguments))
    if last.tool == GIVE_UP and last.answer == GIVEN_UP:
        return Ended(None, f"The engineer says: {GaveUp.model_validate(last.arguments).why}")
    red = [one.move.answer for one in made if one.move.tool == FINISH and one.move.answer.startswith(RED)]
    if len(red) > TOLD_RED:
        return Ended(
            None, f"It was called done {len(red)} times, and is not: {red[-1].removeprefix(RED)[:600]}"
        )
    if _repeats(made, last) >= _REPEATS_END:
        return Ended(
            None, f"The engineer goes round in circles: {last.tool} with the same answer again and again."
        )
    if _undone(made) >= _UNDONE_END:
        return Ended(None, "The engineer goes round in circles: its edits undo each other.")
    return None


def _repeats(made: Sequence[Made], move: Move) -> int:
    return sum(_same(one.move, move) for one in made)


def _same(a: Move, b: Move) -> bool:
    if a.tool != b.tool or json.dumps(a.arguments, sort_keys=True) != json.dumps(b.arguments, sort_keys=True):
        return False
    return a.answer.removesuffix(_WARNING) == b.answer.removesuffix(_WARNING)


def _undone(made: Sequence[Made]) -> int:
    """How often an edit led back to files that had been so before."""
    seen: list[str] = []
    times = 0
    for one in made:
        if one.edit is None:
            continue
        times += one.state in seen
        seen.append(one.state)
    return times


_WARNING = "\nYou asked exactly this before, and the answer was the same. Do something else, or give up."


def _with_warning(answer: str, name: str, given: dict[str, Any], made: Sequence[Made]) -> str:
    again = _repeats(made, Move(name, given, answer)) + 1 >= _REPEATS_TOLD
    return f"{answer}{_WARNING}" if again and name != FINISH else answer
