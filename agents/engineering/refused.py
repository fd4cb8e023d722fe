"""What the outside world refuses, as the end of a story's step: in its own words, or put off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TypeVar

from agents.engineering.verdict.changes import TreeTooLarge
from agents.work.kinds import Later, Step, StepFailed, Worker
from integrations.code_host.refusals import CodeHostError, NotNow
from integrations.environments import EnvironmentsError
from integrations.sandbox import SandboxError
from integrations.services import CatalogueError
from integrations.tracker import TrackerError

T = TypeVar("T")
_REFUSALS = (CodeHostError, EnvironmentsError, SandboxError, TrackerError, CatalogueError, TreeTooLarge)


def in_words(done: Callable[[Step, Worker], Awaitable[T]]) -> Callable[[Step, Worker], Awaitable[T]]:
    """`done`, so that a refusal ends its step with a sentence for people, and a host that takes no more of us
    for a while is asked again when it does. Who does not answer (Away) is the engine's to ask again."""

    @wraps(done)
    async def told(step: Step, worker: Worker) -> T:
        try:
            return await done(step, worker)
        except NotNow as later:
            raise Later(str(later), later.until) from later
        except _REFUSALS as refused:
            raise StepFailed(str(refused)) from refused

    return told
