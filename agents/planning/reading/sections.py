"""What a section is for, told from its heading: people name the same section in many ways."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

import yaml

SectionRole = Literal[
    "requirements", "quality", "goals", "out_of_scope", "later", "background", "acceptance", "dependencies",
    "questions", "timeline", "metadata", "actions", "example", "prohibitions", "other",
]  # fmt: skip


@cache
def _roles() -> tuple[tuple[SectionRole, re.Pattern[str]], ...]:
    raw = yaml.safe_load((Path(__file__).parent / "sections.yaml").read_text(encoding="utf-8"))
    return tuple(
        (told["role"], re.compile(rf"(?<![a-z])(?:{'|'.join(told['headings'])})", re.IGNORECASE))
        for told in raw
    )


@lru_cache(maxsize=2_000)
def role_of(heading: str) -> SectionRole | None:
    """What a section of this name is for, or None if the name does not say."""
    return next((role for role, pattern in _roles() if pattern.search(heading)), None)
