"""Dialogues: each turn through the product in one thread, judged by what changed at it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from bench.conversations.acts import Acts, read_acts
from bench.conversations.changes import Change
from bench.conversations.data import Dialogue, DialogueTurn
from bench.conversations.department import Department
from bench.conversations.expectations import is_fulfilled, referred_to, votes_changed
from bench.conversations.given import Scene, set_up
from bench.conversations.kinds import READS, fits, principal
from bench.conversations.messages import NOW, decided_to_act, is_doubled
from bench.conversations.proposals import Proposal
from bench.conversations.repair import put_right
from bench.conversations.talk import Heard, Talk
from handlers.catalogue import find_handlers
from handlers.conversation.outcome import Outcome

_TWICE = re.compile(r"\b(?:second|two|both|further|another)\b", re.IGNORECASE)
_LIFTS = re.compile(r"\blift", re.IGNORECASE)


@dataclass(frozen=True)
class Judged:
    """What became of one turn: what of it is wrong, what of that is forbidden, and what stood before it or
    could not be put right after it that is not there."""

    dialogue: Dialogue
    number: int
    turn: DialogueTurn
    heard: Heard
    wrong: tuple[str, ...]
    forbidden: tuple[str, ...]
    left: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        """Whether what had to change did, and nothing else."""
        return not self.wrong and not self.forbidden


async def judge_all(department: Department, dialogues: Sequence[Dialogue]) -> AsyncIterator[Judged]:
    """Every turn of every dialogue, each dialogue from a fresh start."""
    for dialogue in dialogues:
        async with department.undone(NOW) as held:
            scene = await set_up(await Talk.open(held), dialogue.speaker, dialogue.given)
            async for judged in _turns(scene, dialogue):
                yield judged


async def _turns(scene: Scene, dialogue: Dialogue) -> AsyncIterator[Judged]:
    talk, built = scene.talk, find_handlers()
    left = tuple(scene.standing.left)
    for number, turn in enumerate(dialogue.turns, 1):
        await talk.mark()
        heard = await talk.say(turn.speaker, turn.say, works=True)
        acts = read_acts(turn.expect.acts, turn.expect.intent)
        wrong, forbidden = judge(turn, acts, heard, scene, built)
        yield Judged(dialogue, number, turn, heard, wrong, forbidden, left)
        left = ()
        if wrong or forbidden:
            if heard.changes:
                await talk.back()
            missing = await put_right(scene, acts, turn.speaker)
            left = (f"not put right: {missing}",) if missing else ()
        _follow(scene, heard)


def _follow(scene: Scene, heard: Heard) -> None:
    """A proposal that another took the place of is that one from now on."""
    places = {
        change.row.get("supersedes"): change.row["id"] for change in heard.changes if _is_approval(change)
    }
    scene.standing.proposals[:] = [
        replace(one, approval=places.get(one.approval, one.approval)) for one in scene.standing.proposals
    ]


def _is_approval(change: Change) -> bool:
    return change.table == "approvals" and change.is_new and change.row.get("supersedes") is not None


def judge(
    turn: DialogueTurn, acts: Acts, heard: Heard, scene: Scene, built: Collection[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is wrong with a turn, and what of it is forbidden."""
    forbidden = tuple(_forbidden(turn, acts, heard, scene, built))
    if not heard.changes and not decided_to_act(heard, built) and acts.may_be_nothing:
        return (), forbidden
    return tuple(_wrong(turn, acts, heard, scene, built)), forbidden


def _wrong(turn: DialogueTurn, acts: Acts, heard: Heard, scene: Scene, built: Collection[str]) -> Iterator[str]:
    intent, told = turn.expect.intent, False
    demanded = [clause for clause in acts.clauses if clause.demands and not clause.optional] or [
        clause for clause in acts.clauses if clause.demands
    ]
    for clause in demanded:
        if clause.kind in built or clause.kind in READS:
            told = True
            if not is_fulfilled(clause, intent, heard.changes, scene, turn.speaker):
                yield f"not so: {clause.text}"
        elif clause.kind == heard.answer.intent or clause.kind == intent or len(demanded) == 1:
            told = True
            if not (heard.answer.intent == clause.kind and heard.answer.outcome is Outcome.ACT):
                yield f"not decided: {clause.text}"
    if demanded and not told and heard.answer.intent != intent:
        yield f"understood as {heard.answer.intent}"


def _forbidden(
    turn: DialogueTurn, acts: Acts, heard: Heard, scene: Scene, built: Collection[str]
) -> Iterator[str]:
    done = principal(heard.changes)
    must_not = "; ".join(turn.expect.must_not)
    if not acts.may_act:
        if heard.changes:
            yield f"changed {_tables(heard.changes)}, and nothing may change"
        elif decided_to_act(heard, built):
            yield f"would have done {heard.answer.intent}, and nothing may change"
        return
    kinds = {turn.expect.intent, *(clause.kind for clause in acts.clauses)}
    voted = votes_changed(heard.changes)
    meant = {one.approval for clause in acts.clauses if clause.demands for one in _meant(clause.text, scene)}
    if meant and any(
        {change.row.get("id"), change.row.get("supersedes")}.isdisjoint(meant) for change in voted
    ):
        yield "decided on what was to stay as it is"
    odd = [change for change in done if not any(fits(kind, change) for kind in kinds)]
    if odd and not voted:
        yield f"changed something else: {_tables(odd)}"
    if _TWICE.search(must_not) and is_doubled(heard):
        yield f"a second one stands: {must_not}"
    ended = [change for change in done if change.row.get("kind") == "freeze" and change.became("ended")]
    laid = [change for change in done if change.row.get("kind") == "freeze" and change.is_new]
    if _LIFTS.search(must_not) and ended and not laid and "unfreeze" not in kinds:
        yield f"lifted: {must_not}"


def _meant(text: str, scene: Scene) -> tuple[Proposal, ...]:
    return referred_to(text, scene.standing.proposals)


def _tables(changes: Sequence[Change]) -> str:
    return ", ".join(sorted({change.table for change in changes}))


def report(judged: Sequence[Judged]) -> Iterator[str]:
    """What was expected at each turn and what happened, for a person to read."""
    for one in judged:
        answer = one.heard.answer
        if one.number == 1:
            yield f"\n{one.dialogue.id}: {one.dialogue.given}"
        yield from (f"      (not set up: {each})" for each in one.left)
        marks = [*(f"FORBIDDEN {each}" for each in one.forbidden), *one.wrong]
        if one.heard.fault:
            marks.append(f"FAULT {one.heard.fault}")
        expect = one.turn.expect
        yield f"  {one.number} [{'; '.join(marks) or 'right'}] {one.turn.speaker}: {one.turn.say}"
        yield f"      expected {expect.intent}: {expect.acts}"
        changed = _tables(one.heard.changes) or "nothing"
        yield f"      was {answer.intent} {answer.mood} {answer.outcome}; changed {changed}"
        yield f"      must say {list(expect.answer_must)}, must not {list(expect.must_not)}"
        yield f"      {one.heard.text[:600]}"
