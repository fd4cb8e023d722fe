"""Work of people that nobody is named for: passives without a doer (ISO/IEC/IEEE 29148: say who)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agents.planning.draft import Flag
from agents.planning.lexicon import lexicon
from agents.planning.statements import Statement

_DOER = re.compile(
    r"\bby (?:the |an? |our |their |its |each |every )?[a-z]|\bautomatic|\bsystem\b", re.IGNORECASE
)


def passives(statements: tuple[Statement, ...]) -> Iterator[Flag]:
    """One flag a sentence that asks for such work."""
    for statement in statements:
        match = lexicon().nobodys_work.search(statement.text)
        if statement.binding and match and not _DOER.search(statement.text, match.end()):
            yield Flag(
                "missing",
                statement.text[:300],
                statement.line,
                f"“{match[0]}” by whom is not said",
                "Name the role that does it, and by when.",
            )
