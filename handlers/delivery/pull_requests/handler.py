"""`pull_requests`: those that are open, of one repository or all; or one: what it changes, who says what."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.engineering.repositories import known_repositories, named
from governance.permissions import KNOWN_BUT_CUSTOMER_SUCCESS
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler
from handlers.conversation.turn import Turn
from handlers.conversation.wording import listed
from handlers.delivery.pull_requests.card import Seen, list_reply, one_reply
from handlers.delivery.pull_requests.judged import judged
from handlers.delivery.pull_requests.reverting import press_revert
from handlers.delivery.pull_requests.saying import (
    APPROVE,
    ASK,
    COMMENT,
    press_approve,
    press_ask,
    press_comment,
)
from integrations.code_host import CheckQuery, DiffQuery, PullRequestQuery, UnderQuery
from integrations.code_host.pull_requests import PullRequest, PullRequestState
from integrations.code_host.refusals import CodeHostError

MOST_OFFERED = 5
MOST_NUMBERED = 200
"""Pull requests among which one is looked for that is named by its number alone."""
MOST_SHOWN = 20
MOST_FILES = 12
MOST_SAID = 50

_NUMBER = re.compile(
    r"(?:\b(?:pr|pull\s+request|merge\s+request|mr|number|no\.?)\s*#?\s*|#\s*)(\d{1,9})\b", re.I
)
_STATES = (
    (re.compile(r"\bmerged\b", re.IGNORECASE), PullRequestState.MERGED),
    (re.compile(r"\b(?:closed|rejected|abandoned)\b", re.IGNORECASE), PullRequestState.CLOSED),
)


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """One pull request where a number is said, otherwise a list of them."""
    try:
        repository = await _repository(desk, asked.text)
        number = _NUMBER.search(asked.text)
        if number is not None:
            return await one_reply(
                turn, desk, await _seen(desk, await _meant(desk, repository, int(number[1])))
            )
        state = next((state for said, state in _STATES if said.search(asked.text)), PullRequestState.OPEN)
        query = PullRequestQuery(repository, state, limit=MOST_SHOWN)
        page = await desk.ports.code_host.pull_requests(query)
        return await list_reply(turn, desk, page, repository, state)
    except CodeHostError as refused:
        raise CannotAnswer(str(refused)) from refused


async def _repository(desk: Desk, text: str) -> str | None:
    found = named(_NUMBER.sub(" ", text), await known_repositories(desk.ports))
    if len(found) > 1:
        several = listed((one.repository.id for one in found[:MOST_OFFERED]), "or")
        raise CannotAnswer(f"Which repository do you mean: {several}?")
    return found[0].repository.id if found else None


async def _meant(desk: Desk, repository: str | None, number: int) -> PullRequest:
    """The pull request of this number. Raises CannotAnswer where several have it, CodeHostError."""
    if repository is not None:
        return await desk.ports.code_host.pull_request(repository, number)
    page = await desk.ports.code_host.pull_requests(PullRequestQuery(limit=MOST_NUMBERED))
    found = [one for one in page.items if one.number == number]
    shown = [one for one in found if one.state is PullRequestState.OPEN] or found
    if len(shown) == 1:
        return await desk.ports.code_host.pull_request(shown[0].repository, number)
    if not shown:
        raise CannotAnswer(
            f"I know no pull request {number}. Say of which repository, as in “PR {number} of orders”."
        )
    raise CannotAnswer(f"Which one: {_named(shown)}? Say it with its repository.")


def _named(found: Sequence[PullRequest]) -> str:
    return listed((str(one) for one in found[:5]), "or")


async def _seen(desk: Desk, pull: PullRequest) -> Seen:
    """A pull request with all that is said of it."""
    host, under = desk.ports.code_host, UnderQuery(pull.repository, pull.number, limit=MOST_SAID)
    try:
        diff = await host.diff(DiffQuery(pull.repository, pull.base_sha, pull.head_sha, limit=MOST_FILES))
    except CodeHostError:  # its commits are gone, or have nothing in common: it is shown without
        diff = None
    return Seen(
        pull,
        diff,
        (await host.reviews(under)).items,
        (await host.comments(under)).items,
        () if diff is None else (await host.checks(CheckQuery(pull.repository, pull.head_sha))).items,
        await host.coverage(pull.repository, pull.head_sha),
        await judged(desk, pull),
    )


HANDLER = Handler(
    name="pull_requests",
    purpose="Pull requests: those that are open, and what one of them changes",
    example="show the open pull requests",
    group=Group.SEE,
    permission=KNOWN_BUT_CUSTOMER_SUCCESS,
    answer=answer,
    presses={
        "revert_story": press_revert,
        APPROVE: press_approve,
        ASK: press_ask,
        COMMENT: press_comment,
    },
)
