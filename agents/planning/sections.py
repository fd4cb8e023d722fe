"""What a section is for, told from its heading: people name the same section in many ways."""

from __future__ import annotations

import re
from typing import Literal

SectionRole = Literal[
    "requirements", "quality", "goals", "out_of_scope", "background", "acceptance", "dependencies",
    "questions", "timeline", "metadata", "other",
]  # fmt: skip

_ROLES: tuple[tuple[SectionRole, str], ...] = (
    (
        "out_of_scope",
        r"out[- ]of[- ]scope|non[- ]?goals?|not in (?:scope|this|the)|exclu(?:sions?|ded)|not included|won'?t|"
        r"will not|deferred|later releases?|future (?:work|releases?|versions?|ideas)|left out|"
        r"not (?:now|part|planned|doing|in [\w.]+)|for later|later$",
    ),
    ("acceptance", r"acceptance|definition of done|test (cases|plan)|verification"),
    ("questions", r"open (questions|issues|points|items)|questions|risks?\b|unknowns|to be decided"),
    (
        "quality",
        r"non[- ]?functional|quality|performance|availability|reliability|scalability|security|privacy|"
        r"compliance|accessibility|usability|observability|retention|capacity|operations|operational|"
        r"data protection|compatibility|\bnfrs?\b",
    ),
    ("dependencies", r"dependenc|assumptions|prerequisites|integrations?\b|interfaces"),
    ("goals", r"goals?|objectives?|success|metrics|kpis?|outcomes?|targets|measuring|measurement"),
    ("timeline", r"timeline|milestones?|release|roll[- ]?out|schedule|launch|phases?|delivery plan"),
    (
        "metadata",
        r"document (information|control)|change ?log|revision|stakeholders|contacts|glossary|references",
    ),
    (
        "requirements",
        r"requirements?|functional|features?|capabilit|user stor|stories|what we (will )?build|scope|"
        r"deliverables|limits|rights|permissions|who (?:sees|may|can|does)|what we want|how \w+ works|"
        r"use cases|must[- ]haves?|should[- ]haves?|could[- ]haves?|nice[- ]to[- ]haves?|"
        r"specification|functionality|behaviou?r|solution|constraints|business rules|backlog|epics?\b",
    ),
    (
        "background",
        r"background|problem|overview|context|introduction|summary|motivation|research|personas?|users?|"
        r"audience|why\b|history|current (state|situation)|rationale|vision|market|abstract|purpose",
    ),
)


def role_of(heading: str) -> SectionRole | None:
    """What a section of this name is for, or None if the name does not say."""
    for role, pattern in _ROLES:
        if re.search(rf"(?<![a-z])(?:{pattern})", heading, re.IGNORECASE):
            return role
    return None
