"""Short requests about what a thread is about: “pause it” means the plan there, whatever else can be paused."""

from __future__ import annotations

import re
from collections.abc import Mapping

_OF_A_PLAN = re.compile(
    r"(?:(?:please|pls|ok|okay|now|and|can you|could you|then) )*"
    r"(?:pause|resume|unpause|continue|go on with|replan|re-plan|cancel) (?:it|this|that|the plan|this plan)"
    r"(?: (?:please|pls|now|again|today|for now|then|thanks))*"
)


def request_about_it(said: str, topic: Mapping[str, str]) -> str | None:
    """The catalogue's name of what is asked for of “it”; None if it is not that plain. `said` is plain text."""
    if "plan" in topic and _OF_A_PLAN.fullmatch(said.strip(" .!?")):
        return "plan"
    return None
