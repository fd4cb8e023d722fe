"""Stories joined and cut in words: *S3 and S4 are one story*, *split S5*; one button plans it so."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.planning.clauses import clauses
from agents.planning.draft import DraftStory, PassageRead, PlanDraft
from agents.plans.corrections import group
from agents.plans.rows import changes_of, draft_of
from agents.plans.tables import PlanRow
from handlers.conversation.cards import Block, Button, Buttons, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import known
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import listed, quoted
from handlers.delivery.plans.modify import open_proposal, read_again
from handlers.delivery.plans.reading import NUMBERED_AGAIN, named_readings
from handlers.delivery.preconditions import demand_agents

_NAMES = r"(?P<names>\S.*?)"
_PLEASE = r"^(?:please |ok(?:ay)?,? |yes,? |can (?:you|we) |could (?:you|we) |i(?:'d| would) like to )*"
_SEVERAL = r"(?:two|three|four|2|3|4|several|separate|different|more than one)"
_BE = r"(?:is|are|should be|must be|ought to be|can be)(?: (?:all|really|just|only|both))?"
_JOIN = (
    re.compile(
        rf"{_PLEASE}{_NAMES} {_BE} (?:one|a single|the same)(?: and the same)? (?:story|thing|piece)\b", re.I
    ),
    re.compile(rf"{_PLEASE}{_NAMES} belong together\b", re.I),
    re.compile(
        rf"{_PLEASE}(?:join|merge|combine|put together) {_NAMES}\s*(?:please|into one.*|together)?[.!]*$", re.I
    ),
)
_CUT = (
    re.compile(
        rf"{_PLEASE}{_NAMES} {_BE} {_SEVERAL} (?:stories|things)\b",
        re.I,
    ),
    re.compile(
        rf"{_PLEASE}(?:split|cut|divide|break)(?: up)? {_NAMES}\s*(?:please|up|apart|in(?:to)? .*)?[.!]*$", re.I
    ),
)
_DENIED = re.compile(r"\b(?:not|never|don['’]?t|isn['’]?t|aren['’]?t)\b|\?\s*$", re.IGNORECASE)
_LONGEST = 120
_LONGEST_WISH = 300
"""Characters of a message; who says more says something else, and the patterns are not made for it."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the statements at these places of the reading are to be: one story, or, with `cut`, several."""

    cut: bool
    places: tuple[int, ...]


def grouping_wished(text: str, plan: PlanRow, draft: PlanDraft, approval: str) -> Reply | None:
    """What a message says of which stories are one: what would be planned, with the button that does it.

    None where it says nothing of that, asks or denies.
    """
    said = " ".join(text.split())
    if len(said) > _LONGEST_WISH:
        return None
    joined = next((found for words in _JOIN if (found := words.search(said))), None)
    cut = None if joined else next((found for words in _CUT if (found := words.search(said))), None)
    found = joined or cut
    if found is None or _DENIED.search(said):
        return None
    reads = tuple(read for read in named_readings(found["names"], draft) if read.requirement)
    if not reads:
        return Reply(
            text=f"Which stories of {quoted(draft.title)}? Name them by their keys or requirements: “S3 and S4"
            " are one story”, “R7 and R8 are one story”, “split S5”. Nothing is changed."
        )
    if (hindered := _hindered(draft, reads, cut is not None)) is not None:
        return Reply(text=hindered)
    wish = _Wish(cut is not None, tuple(draft.readings.index(read) for read in reads))
    lead = f"Plan {quoted(draft.title)} like this? Nothing is changed or approved yet."
    lines = [_becomes(draft, reads, wish.cut)]
    if changes_of(plan).names_stories:
        lines.append(NUMBERED_AGAIN)
    kind = "cut" if wish.cut else "join"
    chosen = ",".join(str(place) for place in wish.places)
    button = Button(
        "Plan it like that", "group_stories", f"{approval} {plan.version} {kind} {chosen}", "primary"
    )
    blocks: list[Block] = [*(Text((line,)) for line in (lead, *lines)), Buttons((button,))]
    title = "Cut the story?" if wish.cut else "Make them one story?"
    return Reply(text=" ".join((lead, *lines)), cards=(Card(title, tuple(blocks), "waiting"),))


def _hindered(draft: PlanDraft, reads: Sequence[PassageRead], cut: bool) -> str | None:
    """Why it cannot be planned like that, as a sentence; None if it can."""
    names = listed(read.requirement for read in reads)
    stories = _stories_of(draft, reads)
    if not cut:
        alone = len(stories) == 1 and set(stories[0].requirements) == {read.requirement for read in reads}
        return f"{names} {_are(reads)} one story already: {_called(stories[0])}." if alone else None
    if len(reads) > 1 or draft.worked_out == "model":
        return None
    (read,) = reads
    if len(stories) > 1:
        return f"{names} is {len(stories)} stories already: {listed(_called(story) for story in stories)}."
    criteria = stories[0].acceptance if stories else ()
    if len(clauses(_text(draft, read))) > 1 or len(criteria) > 1:
        return None
    return (
        f"I do not know where to cut {names}: it asks for one thing, in one sentence, with one acceptance"
        f" criterion. Write it as two requirements in {quoted(draft.document)}, and ask for the plan again."
    )


def _becomes(draft: PlanDraft, reads: Sequence[PassageRead], cut: bool) -> str:
    stories = _stories_of(draft, reads)
    now = listed(_called(story) for story in stories)
    if not cut:
        return (
            f"One story of {listed(_told(read) for read in reads)}, with the acceptance criteria of all of them"
            f" (now {now}). “Split” takes it back."
        )
    if len(reads) > 1:
        return f"A story for each of {listed(_told(read) for read in reads)} (now {now})."
    parts = clauses(_text(draft, reads[0]))
    if len(parts) == 1 and draft.worked_out != "model":
        parts = stories[0].acceptance
    into = "" if draft.worked_out == "model" else ": " + "; ".join(_short(part) for part in parts)
    return f"{now} becomes {'several' if not into else len(parts)} stories{into}."


def _stories_of(draft: PlanDraft, reads: Sequence[PassageRead]) -> tuple[DraftStory, ...]:
    names = {read.requirement for read in reads}
    return tuple(story for story in draft.stories if names & set(story.requirements))


def _text(draft: PlanDraft, read: PassageRead) -> str:
    return next((one.text for one in draft.requirements if one.id == read.requirement), read.text)


def _called(story: DraftStory) -> str:
    return f"{story.key} {quoted(story.title)}"


def _told(read: PassageRead) -> str:
    return f"{read.requirement} {quoted(_short(read.text))}"


def _are(reads: Sequence[PassageRead]) -> str:
    return "are" if len(reads) > 1 else "is"


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST else flat[: _LONGEST - 1].rsplit(" ", 1)[0] + " …"


async def group_stories(turn: Turn, desk: Desk) -> Reply:
    """The button: what was said of the stories is kept, and the plan worked out again."""
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    approval, version, kind, chosen = turn.what.subject.split(" ")
    plan, person = await open_proposal(desk, approval), known(turn)
    draft = draft_of(plan)
    if draft is None or str(plan.version) != version or kind not in ("join", "cut"):
        raise CannotAnswer("There is a newer proposal of this plan; say again which stories are one.")
    reads = [draft.readings[int(place)] for place in chosen.split(",")]
    names = listed(read.requirement for read in reads)
    what = f"{names} {_are(reads)} {'one story' if kind == 'join' else 'separate stories'}"
    desk.demand_order(f"plan {draft.document} in another way: {what}")
    demand_agents(desk, f"“{plan.title}” stands as it was proposed; change it when they go on.")
    alone = kind == "cut" and len(reads) == 1
    stories = _kept(reads, kind)
    await group(desk.tx, plan.document, stories, alone, person.id, desk.now)
    return await read_again(turn, desk, plan, f"planned in another way: {what}")


def _kept(reads: Sequence[PassageRead], kind: str) -> Mapping[str, str]:
    first = reads[0].statement
    return {read.statement: first if kind == "join" else read.statement for read in reads}
