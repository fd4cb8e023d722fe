"""What a request says of priorities: a level, up or down, or what comes first."""

from __future__ import annotations

import re
from dataclasses import dataclass

from handlers.language.words import plain, tokens
from integrations.tracker import Priority

WORDS = frozenset(
    tokens(
        "priority priorities prioritize prioritise prioritized prioritised prioritizing reprioritize"
        " reprioritise deprioritise deprioritize prio priortise bump raise lower increase decrease push pull"
        " move put treat make set escalate change drop top bottom number up down first last next before"
        " after ahead above below than over urgent urgently critical important high higher highest low"
        " lowest normal medium p0 p1 p2 p3 0 1 2 3 please could we can would like as should be comes come"
        " more most less sooner later earlier instead chance list backlog rank by swap then everything"
        " else among let lets want need needs ask po product owner into under p level ticket tickets"
        " rather same so not asap immediately back there any get if possible s"
    )
)
"""Words of a request about priorities that name nothing."""

_LEVEL = re.compile(r"\bp ?(?P<a>[0-3])\b|\b(?:priority|prio) (?P<b>[0-3])\b")
_TOP = re.compile(
    r"\btop (?:priority|of)\b|\bhighest\b|\bnumber one\b|\burgent(?:ly)?\b|\bcritical\b"
    r"|\basap\b|\bimmediately\b"
)
_BOTTOM = re.compile(r"\bbottom\b|\blowest\b|\bsome day\b|\blast of all\b|\bnice to have\b")
_DOWN = re.compile(
    r"\blower\b|\bde-?prioriti[sz]e\w*|\bdecrease\b|\bless (?:urgent|important)\b|\bdown\b"
    r"|\bdrop\b|\bpostpone\b|\blater\b"
)
_RANK = re.compile(
    r"\brank\b|\b(?:in )?(?:what|which) order\b|\border (?:the|of|my|our|them)\b"
    r"|\bcomes? first\b|\bcome first\b|\bmost important\b|\bmatter most\b"
    r"|\bwork on next\b|\breprioriti[sz]e"
    r"|\bahead of\b|\bbefore\b|\bthan\b|\bswap\b|\bfirst,? then\b|\bwhat'?s next\b|\bwhich .* first\b"
)


@dataclass(frozen=True, slots=True)
class PrioritySaid:
    """What is asked for. `level` is the priority that was named; else `up` says in which direction, by one
    step or, with `all_the_way`, to the end. `ranks` asks what comes first and sets nothing."""

    level: Priority | None
    up: bool
    all_the_way: bool
    ranks: bool

    def target(self, now: Priority) -> Priority:
        """The priority that something of priority `now` is to have."""
        if self.level is not None:
            return self.level
        steps = list(Priority)
        if self.all_the_way:
            return steps[0] if self.up else steps[-1]
        at = steps.index(now) + (-1 if self.up else 1)
        return steps[min(max(at, 0), len(steps) - 1)]


def read_priorities(text: str) -> PrioritySaid:
    """Take a request apart."""
    said = plain(text)
    level = _LEVEL.search(said)
    down = _DOWN.search(said) is not None or _BOTTOM.search(said) is not None
    ranks = level is None and _RANK.search(said) is not None
    return PrioritySaid(
        level=Priority(f"P{level['a'] or level['b']}") if level else None,
        up=not down,
        all_the_way=_TOP.search(said) is not None or _BOTTOM.search(said) is not None,
        ranks=ranks,
    )
