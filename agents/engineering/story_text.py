"""What agents write for people on pull requests: what was done, what code saw of it, and who answers for it.

Stories, files and models' words come into it, which others wrote: nobody is called by a mention in them, and no
other issue is named or closed by them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agents.engineering.judging import Judgement
from agents.engineering.tables import StoryWorkRow
from agents.engineering.verdict.changes import Finding
from integrations.tracker.lines import plain_line, plain_text

MOST_TEXT = 8_000
_MOST_KINDS = 4
"""Of findings, on the card that asks for a merge."""
_MOST_TITLE = 200
_GAP = "\N{ZERO WIDTH SPACE}"
_CALLS = re.compile(r"@(?=\w)|#(?=\d)|\b(?i:gh-)(?=\d)")
_CLOSES = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b(?=\s*:?\s*https?://)", re.IGNORECASE)
_OBEYED = re.compile(r"\[(?=(?:skip|no)[ -]?(?:ci|actions)|(?:ci|actions)[ -]skip)|^/(?=[a-z])", re.I | re.M)
"""Of GitHub: mentions, references and closing keywords (docs.github.com/en/get-started/writing-on-github),
skipped workflow runs, and the commands of bots that begin a line with a slash."""


def neutral(text: str) -> str:
    """Words of others as words alone: a code host reads no mention, reference, closing keyword, left-out check
    or command in them."""
    said = plain_text(text)
    for obeyed in (_CALLS, _CLOSES, _OBEYED):
        said = obeyed.sub(rf"\g<0>{_GAP}", said)
    return said


def title_of(work: StoryWorkRow) -> str:
    """The pull request's title: it names the story."""
    return plain_line(f"{work.story}: {neutral(work.brief['title'])}", _MOST_TITLE)


def commit_text(work: StoryWorkRow, summary: str) -> str:
    """The message of a commit."""
    return f"{plain_line(neutral(work.brief['title']), 72)}\n\n{neutral(summary)}\n\nStory: {work.story}"


def pull_request_text(work: StoryWorkRow, result: Mapping[str, Any], answers: str) -> str:
    """The pull request's own text; `answers` is the name of who answers for it."""
    tests = result.get("tests", {})
    criteria = [
        f"| {n} | {_cell(one)} | {_cell(tests.get(str(n), 'no test was named'))} |"
        for n, one in enumerate(work.brief["acceptance"], start=1)
    ]
    table = "\n".join(["| # | Acceptance criterion | Test |", "|---|---|---|", *criteria]) if criteria else ""
    wrote = "It was written by rule, without a model" if work.brief.get("by_rule") else "An agent wrote it"
    stands = (
        f"Story {work.story}. {wrote}; {neutral(answers)} answers for it. Whether it may be merged is"
        " worked out by code, which reports at each commit."
    )
    said = f"{neutral(result['summary'])}\n\n{table}"
    return f"{said[: MOST_TEXT - len(stands)].rstrip()}\n\n{stands}"


def taken_up_text(work: StoryWorkRow) -> str:
    """The text of a pull request that agents open for what a person pushed."""
    return (
        f"Story {work.story}, as it was pushed to {work.branch}. It is judged and reviewed like any other;"
        " whether it may be merged is worked out by code, which reports at each commit."
    )


def check_text(judged: Judgement) -> str:
    """The verdict as a check says it."""
    return neutral(judged.says)[:MOST_TEXT]


def review_text(given: Mapping[str, Any]) -> str:
    """The review as it stands on the pull request."""
    word = "Approved" if given["verdict"] == "approved" else "Changes requested"
    missing = (
        f"\n\nNot read: {given['left_out']} A person decides whether it is merged."
        if given["left_out"] and given["verdict"] == "approved"
        else ""
    )
    said = neutral(f"{word}, by {given['by']}: {given['says']}")
    return f"{said[: MOST_TEXT - len(missing)]}{neutral(missing)}"


def merge_text(story: str, judged: Judgement) -> str:
    """Why it is to be merged, for whoever is asked: each kind of finding once. All of them stand in the check
    on its pull request."""
    if not judged.findings:
        return plain_text(f"{story} is written and reviewed. {judged.says}")[:MOST_TEXT]
    kinds = dict.fromkeys(one.what for one in judged.findings)
    said = [
        _kind(what, [one for one in judged.findings if one.what == what]) for what in [*kinds][:_MOST_KINDS]
    ]
    more = len(kinds) - len(said)
    rest = f" And {more} further kinds of findings." if more > 0 else ""
    lead = f"{story} is written and reviewed, and a person has to look at it:"
    return plain_text(f"{lead} {' '.join(said)}{rest} Its pull request says where each is.")[:MOST_TEXT]


def _kind(what: str, findings: Sequence[Finding]) -> str:
    """One kind of finding, with its first example."""
    first = findings[0]
    at = f" ({first.where})" if first.where else ""
    more = f"; {len(findings) - 1} more such" if len(findings) > 1 else ""
    return f"{what}{at}: {first.why[:200]}{more}."


def _cell(text: str) -> str:
    return " ".join(neutral(text).split()).replace("|", "\\|")[:300]
