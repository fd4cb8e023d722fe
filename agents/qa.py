"""The QA engineer: holds a change to its story's acceptance criteria, each to a test by name."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from agents.engineering.criteria import Proof, proofs
from agents.engineering.engineer import engineer
from agents.engineering.verdict.changes import Tree

ROLE = engineer(
    "qa",
    "QA Engineer",
    "tests of what others wrote: you write the tests that acceptance criteria still lack, and change nothing"
    " else than tests; where a test shows that the code is wrong, give up and say what is wrong",
)


async def by_rule(acceptance: Sequence[str], named: Mapping[str, str], tree: Tree) -> tuple[Proof, ...]:
    """The tests of each criterion, off the event loop."""
    return await asyncio.to_thread(proofs, acceptance, named, tree)
