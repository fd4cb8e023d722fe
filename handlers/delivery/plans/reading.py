"""How a plan's document was read: a line on the card, the whole list on request, and corrections of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import cast

from agents.planning.draft import DraftStory, PassageRead, PlanDraft
from agents.planning.reading.judge import Sense
from agents.plans.corrections import correct
from agents.plans.rows import changes_of, draft_of, plan_by_id
from agents.plans.tables import PlanRow
from governance.visibility import scope_of
from handlers.conversation.cards import Block, Button, Buttons, Card, Reply, Table, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import known
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import listed, quoted
from handlers.delivery.plans.formats import reading_text
from handlers.delivery.plans.modify import open_proposal, read_again
from handlers.delivery.preconditions import demand_agents

SHOWN_AS: Mapping[str, str] = {
    "requirement": "Asked for",
    "constraint": "Binds how it is built",
    "later": "For later",
    "out of scope": "Ruled out",
    "detail": "Part of the one above",
    "order": "Says what comes first",
    "question": "A question",
    "context": "Tells, asks for nothing",
    "goal": "A goal or how it is accepted",
    "date": "A date, money or the plan",
    "not read": "Not read",
}
_GROUPS = (
    ("What is asked for", ("requirement", "constraint", "detail")),
    ("For later, and ruled out", ("later", "out of scope")),
    ("Not taken for a requirement", ("order", "question", "goal", "date", "context", "not read")),
)
_LATER = r"(?:for )?later|for another (?:time|release)|for the next release|for v ?2|not now"
_OUT = r"out(?: of scope)?|ruled out|not to be built|not part of (?:it|this)|not ours"
_REQUIREMENT = r"a requirement|requirements|asked for|in(?: scope)?|to be built"
_PHRASES: tuple[tuple[Sense, str], ...] = (
    ("in", rf"(?:really |surely )?(?:{_REQUIREMENT})|not (?:{_LATER}|{_OUT})"),
    ("later", _LATER),
    ("out", rf"{_OUT}|not (?:in scope|asked for)"),
    ("constraint", r"(?:only )?(?:a )?constraints?"),
    (
        "none",
        r"(?:no|not a|not) requirements?|(?:only |just )?(?:a remark|context|a comment|an example|background)",
    ),
)
"""What somebody says that a statement is, as all that they say of it: `R7 is in review` says none of these, and
a `not` is never left out."""
_SENSES = tuple(
    (sense, re.compile(rf"\s*(?:{words})\s*(?:please)?[.!]*\s*$", re.IGNORECASE)) for sense, words in _PHRASES
)
WORDS: Mapping[Sense, str] = {
    "later": "for later",
    "out": "ruled out",
    "constraint": "a constraint",
    "none": "no requirement",
    "in": "asked for",
    "detail": "a detail",
}
_IS = re.compile(r"\b(?:is|are|should be)\b", re.IGNORECASE)
_LONGEST_QUOTE = 160

NUMBERED_AGAIN = "Stories are numbered again then: what is left out, moved or put in order is to be said again."
"""What has to be said where earlier changes name stories by their keys."""
_MORE = r"\d+(?:(?:,| and|, and|,? or) {mark}\d+)*"
_LINES = re.compile(rf"\blines? (?P<numbers>{_MORE.format(mark='')})", re.IGNORECASE)
_STORIES = re.compile(rf"\bstor(?:y|ies) (?P<numbers>{_MORE.format(mark='s?')})", re.IGNORECASE)
_KEY = re.compile(r"\bs(\d+)\b", re.IGNORECASE)
_ID = re.compile(r"[\w.-]*\w")


async def show_reading(turn: Turn, desk: Desk) -> Reply:
    """The button: every statement of the document, what it was read as, and why."""
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    plan = await plan_by_id(desk.tx, turn.what.subject)
    draft = draft_of(plan)
    if turn.person is None or not scope_of(turn.person).everything:
        raise CannotAnswer("A plan's document is for the department's people.")
    if draft is None or not draft.readings:
        raise CannotAnswer(
            "There is no list of what was read for this plan. Ask for the plan again to get one."
        )
    cards = tuple(card for title, accounts in _GROUPS if (card := _card(draft, title, accounts)) is not None)
    text = f"How I read {draft.document}: {reading_text(draft)}. {_HOW_TO_CORRECT}"
    return Reply(text=text, cards=(Card(f"How I read {draft.document}", (Text((text,)),)), *cards))


_HOW_TO_CORRECT = (
    "What is wrong you can say in the plan's thread: “R7 is for later”, “line 31 is a requirement”, “FR-3 is"
    " out of scope”, “S3 and S4 are one story”, “split S5”. It holds when the document is read again."
)


def _card(draft: PlanDraft, title: str, accounts: Sequence[str]) -> Card | None:
    rows = tuple(
        (str(read.line), read.requirement or "–", SHOWN_AS[read.account], _quote(read.text), read.why)
        for read in draft.readings
        if read.account in accounts
    )
    if not rows:
        return None
    return Card(title, (Table(("Line", "Id", "Read as", "What it says", "Because"), rows, "right"),))


def _quote(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST_QUOTE else flat[: _LONGEST_QUOTE - 1].rsplit(" ", 1)[0] + " …"


def correction_wished(text: str, plan: PlanRow, draft: PlanDraft, approval: str) -> Reply | None:
    """What a message says that statements of the document are: old and new, with the button that reads it so.

    None where it names no statement, or says nothing of what it is.
    """
    verb = _IS.search(text)
    named = named_readings(text[: verb.start()], draft) if verb else ()
    sense = next((sense for sense, words in _SENSES if verb and words.match(text[verb.end() :])), None)
    if not named or sense is None or text.rstrip().endswith("?"):
        return None
    lead = f"Read {quoted(draft.document)} like this? Nothing is changed or approved yet."
    lines = [
        f"Line {read.line}, “{_quote(read.text)}”: {WORDS[sense]} (now: {SHOWN_AS[read.account].lower()})."
        for read in named
    ]
    if changes_of(plan).names_stories:
        lines.append(NUMBERED_AGAIN)
    chosen = {sense: [draft.readings.index(read) for read in named]}
    button = Button(
        "Read it like that", "correct_reading", correction_subject(approval, plan.version, chosen), "primary"
    )
    told: list[Block] = [Text((line,)) for line in (lead, *lines)]
    return Reply(
        text=" ".join((lead, *lines)),
        cards=(Card("Correct the reading?", (*told, Buttons((button,))), "waiting"),),
    )


def correction_subject(approval: str, version: int, corrections: Mapping[Sense, Sequence[int]]) -> str:
    """What a button stands for that reads statements, by their places in the draft's list, as these senses."""
    chosen = (f"{sense}={','.join(map(str, places))}" for sense, places in corrections.items())
    return " ".join((approval, str(version), *chosen))


async def correct_reading(turn: Turn, desk: Desk) -> Reply:
    """The button under a correction: it is kept, and the plan worked out again."""
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    approval, version, *chosen = turn.what.subject.split(" ")
    plan, person = await open_proposal(desk, approval), known(turn)
    draft = draft_of(plan)
    if draft is None or str(plan.version) != version:
        raise CannotAnswer(
            "There is a newer proposal of this plan; say again what should be read in another way."
        )
    corrections = [(sense, _at(places, draft)) for sense, _, places in (each.partition("=") for each in chosen)]
    what = "; ".join(
        f"lines {listed(str(r.line) for r in reads)} are {WORDS[cast(Sense, sense)]}"
        for sense, reads in corrections
    )
    desk.demand_order(f"read {draft.document} in another way: {what}")
    demand_agents(desk, f"“{plan.title}” stands as it was proposed; correct it when they go on.")
    for sense, reads in corrections:
        statements = (read.statement for read in reads)
        await correct(desk.tx, plan.document, statements, cast(Sense, sense), person.id, desk.now)
    return await read_again(turn, desk, plan, f"read in another way: {what}")


def _at(places: str, draft: PlanDraft) -> list[PassageRead]:
    return [draft.readings[int(place)] for place in places.split(",")]


def named_readings(said: str, draft: PlanDraft) -> tuple[PassageRead, ...]:
    """The statements that are named by their ids or their lines, or through stories that fulfil them."""
    words = {word.upper() for word in _ID.findall(said)}
    found = _LINES.search(said)
    lines = {int(line) for line in re.findall(r"\d+", found["numbers"])} if found else set()
    fulfilled = {name for story in _named_stories(said, draft) for name in story.requirements}
    return tuple(
        read
        for read in draft.readings
        if read.statement
        and (
            read.line in lines
            or (read.requirement and (read.requirement.upper() in words or read.requirement in fulfilled))
        )
    )


def _named_stories(said: str, draft: PlanDraft) -> tuple[DraftStory, ...]:
    """The stories whose keys are named; where the document calls a requirement so itself, that is meant."""
    own = {requirement.id.upper() for requirement in draft.requirements}
    found = _STORIES.search(said)
    numbers = set(re.findall(r"\d+", found["numbers"])) if found else set()
    keys = {f"S{number}" for number in numbers}
    keys |= {key for number in _KEY.findall(said) if (key := f"S{number}") not in own}
    return tuple(story for story in draft.stories if story.key in keys)
