"""The cards of pull requests: a list of them, and one with its changes, reviews and checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.engineering.story_rows import merged_by_agents
from governance.facts import Fact, Source
from handlers.conversation.cards import (
    Block,
    Bold,
    Bullets,
    Button,
    Buttons,
    Card,
    Code,
    Fields,
    Inline,
    Link,
    Quote,
    Reply,
    Small,
    Table,
    Text,
    Tone,
)
from handlers.conversation.desk import Desk
from handlers.conversation.turn import Turn
from handlers.conversation.wording import counted, moment_text, names_of_people
from handlers.delivery.pull_requests.approval_details import show_button
from handlers.delivery.pull_requests.judged import Judged, judged_blocks, request_button
from handlers.delivery.pull_requests.saying import may_say
from integrations.code_host.contents import Diff, FileChange
from integrations.code_host.pull_requests import (
    Check,
    CheckState,
    Comment,
    Coverage,
    PullRequest,
    PullRequestState,
    Review,
    ReviewVerdict,
)
from integrations.pages import Page
from integrations.tracker.lines import plain_line, plain_text

MOST_BUTTONS = 5
_LONGEST_BODY = 1_500
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Seen:
    """A pull request and what is said of it; `diff` is None where its commits are not there any more."""

    pull: PullRequest
    diff: Diff | None
    reviews: tuple[Review, ...]
    comments: tuple[Comment, ...]
    checks: tuple[Check, ...]
    coverage: Coverage | None
    judged: Judged


async def list_reply(
    turn: Turn, desk: Desk, page: Page[PullRequest], repository: str | None, state: PullRequestState
) -> Reply:
    """Pull requests in a table, each with a button that shows it."""
    of = f" of {repository}" if repository else ""
    if not page.items:
        text = f"There are no {state} pull requests{of}."
        return Reply(text=text, cards=(Card(text),))
    more = page.after is not None
    many = counted(len(page.items), f"{state} pull request")
    title = f"{'The newest ' if more else ''}{many}{of}"
    names = await names_of_people(desk.tx)
    lines = tuple(
        (str(one), plain_line(one.title, _LONGEST_NAME), _by(desk, names, one.author), _stands(one, turn))
        for one in page.items
    )
    shown = tuple(show_button(one.repository, one.number) for one in page.items[:MOST_BUTTONS])
    said = "; ".join(f"{line[0]} “{line[1]}” by {line[2]}" for line in lines)
    source = Source("query", f"{state} pull requests{of} of the code host")
    fact = Fact("pull_requests", f"{state} pull requests".capitalize(), len(lines), "", desk.now, source)
    blocks = (Table(("", "Title", "By", "Stands"), lines), Buttons(shown))
    return Reply(text=f"{title}: {said}.", cards=(Card(title, blocks),), facts=(fact,))


async def one_reply(turn: Turn, desk: Desk, seen: Seen) -> Reply:
    """One pull request in full, as far as a card takes it."""
    pull, names = seen.pull, await names_of_people(desk.tx)
    title = f"{pull}, {_state(pull)}: {plain_line(pull.title)}"
    blocks: list[Block] = [
        Fields(
            (
                ("By", _by(desk, names, pull.author)),
                ("Since", moment_text(pull.created, turn.person)),
                ("From", plain_line(pull.head, _LONGEST_NAME) + ("" if pull.has_head else " (deleted)")),
                ("Into", plain_line(pull.base, _LONGEST_NAME)),
            )
        )
    ]
    sentences = _stands_in_words(seen)
    blocks.append(Text((" ".join(sentences),)))
    if seen.diff is not None and seen.diff.files:
        blocks.append(Bullets(tuple(_file(one) for one in seen.diff.files)))
        left = seen.diff.file_count - len(seen.diff.files)
        if left > 0:
            blocks.append(Small((f"and {counted(left, 'more file')}.",)))
    blocks += judged_blocks(pull, seen.judged, names)
    blocks += _said(desk, names, seen)
    if body := plain_text(pull.body).strip():
        cut = body if len(body) <= _LONGEST_BODY else f"{body[: _LONGEST_BODY - 1]}…"
        blocks.append(Quote(cut, f"{_by(desk, names, pull.author)}, in {pull}"))
    says, why_not = await may_say(desk, turn.person, pull)
    buttons = (*says, *request_button(seen.judged))
    if (run := await merged_by_agents(desk.tx, pull.repository, pull.number)) is not None:
        buttons = (*buttons, Button("Revert", "revert_story", run, "danger"))
    if buttons:
        blocks.append(Buttons(buttons))
    if why_not:
        blocks.append(Small((why_not,)))
    commit: tuple[Inline, ...] = ("It is at ", Code(pull.head_sha[:12]), ".")
    blocks.append(Small(commit if pull.address is None else (*commit, " ", Link("Open it", pull.address))))
    card = Card(title, tuple(blocks), _tone(seen))
    return Reply(text=f"{title}. {' '.join(sentences)}", cards=(card,), facts=_facts(desk, seen))


def _state(pull: PullRequest) -> str:
    return "a draft" if pull.is_draft and pull.state is PullRequestState.OPEN else pull.state.value


def _by(desk: Desk, names: Mapping[str, str], author: str) -> str:
    """Who that is: people by their names, and what agents work with."""
    return (
        "agents"
        if author == desk.ports.code_host.login
        else plain_line(names.get(author, author), _LONGEST_NAME)
    )


def _stands(pull: PullRequest, turn: Turn) -> str:
    if pull.state is not PullRequestState.OPEN:
        return f"{pull.state} {moment_text(pull.ended or pull.updated, turn.person)}"
    stands = "draft" if pull.is_draft else "in the merge queue" if pull.is_queued else "open"
    return f"{stands} since {moment_text(pull.created, turn.person)}"


def _stands_in_words(seen: Seen) -> list[str]:
    pull, diff = seen.pull, seen.diff
    said = []
    if diff is not None:
        files = counted(diff.file_count, "file")
        said.append(f"It changes {files}: {counted(diff.added, 'line')} added, {diff.removed:,} removed.")
    else:
        said.append("What it changes cannot be shown: its commits are not there any more.")
    if pull.merged_sha is not None:
        said.append(f"It was merged as {pull.merged_sha[:12]}.")
    elif pull.state is PullRequestState.OPEN and not pull.has_head:
        said.append("Its branch was deleted, so it cannot be merged.")
    elif pull.has_conflicts:
        said.append(f"It conflicts with {plain_line(pull.base, _LONGEST_NAME)}.")
    elif pull.has_conflicts is False:
        said.append("It can be merged without conflicts.")
    if seen.coverage is not None:
        covered = f"{seen.coverage.covered:,} of {seen.coverage.total:,} lines"
        said.append(f"Its tests run {covered} ({seen.coverage.share:.0%}).")
    return said


def _file(change: FileChange) -> tuple[Inline, ...]:
    path = Code(plain_line(change.path, 200))
    was = (f", before {plain_line(change.before, 200)}",) if change.before else ()
    counts = "binary" if change.is_binary else f"+{change.added:,} −{change.removed:,}"
    return (path, f": {change.change}, {counts}", *was)


def _said(desk: Desk, names: Mapping[str, str], seen: Seen) -> list[Block]:
    """Reviews, newest word of each; checks; how many comments there are."""
    blocks: list[Block] = []
    newest = {one.author: one for one in seen.reviews}
    if newest:
        blocks.append(Text((Bold("Reviews"),)))
        blocks.append(Bullets(tuple(_review(desk, names, seen.pull, one) for one in newest.values())))
    else:
        blocks.append(Text(("Nobody has reviewed it yet.",)))
    if seen.checks:
        blocks.append(Text((Bold("Checks"),)))
        blocks.append(Bullets(tuple(_check(one) for one in seen.checks)))
    else:
        blocks.append(Text(("No check has said anything of this commit.",)))
    if seen.comments:
        last = seen.comments[-1]
        source = f"{_by(desk, names, last.author)}, the last of {counted(len(seen.comments), 'comment')}"
        blocks.append(Quote(plain_text(last.body)[:_LONGEST_BODY], source))
    return blocks


def _review(desk: Desk, names: Mapping[str, str], pull: PullRequest, review: Review) -> tuple[Inline, ...]:
    old = "" if review.sha == pull.head_sha else ", of an earlier commit"
    said = plain_line(review.body, 200)
    return (f"{_by(desk, names, review.author)}: {review.verdict}{old}" + (f" – {said}" if said else ""),)


def _check(check: Check) -> tuple[Inline, ...]:
    said = plain_line(check.summary, 200)
    return (f"{plain_line(check.name, _LONGEST_NAME)}: {check.state}" + (f" – {said}" if said else ""),)


def _tone(seen: Seen) -> Tone:
    if seen.pull.state is PullRequestState.MERGED:
        return "good"
    failed = any(one.state is CheckState.FAILED for one in seen.checks)
    against = any(one.verdict is ReviewVerdict.CHANGES_REQUESTED for one in _newest(seen.reviews))
    return "warning" if failed or against or seen.pull.has_conflicts else "plain"


def _newest(reviews: Sequence[Review]) -> Sequence[Review]:
    return tuple({one.author: one for one in reviews if one.verdict is not ReviewVerdict.COMMENTED}.values())


def _facts(desk: Desk, seen: Seen) -> tuple[Fact, ...]:
    diff, pull = seen.diff, seen.pull
    if diff is None:
        return ()
    source = Source("file", f"{pull.repository}, {diff.merge_base[:12]} to {diff.head[:12]}")
    counted_ = {"files": diff.file_count, "lines added": diff.added, "lines removed": diff.removed}
    facts = [
        Fact(name.replace(" ", "_"), name.capitalize(), value, "", desk.now, source)
        for name, value in counted_.items()
    ]
    if seen.coverage is not None:
        of = Source("query", f"the newest check of {pull.head_sha[:12]} that says its coverage")
        facts.append(Fact("coverage", "Coverage", round(100 * seen.coverage.share, 1), "%", desk.now, of))
    return tuple(facts)
