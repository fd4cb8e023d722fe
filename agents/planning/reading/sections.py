"""What a section is for, told from its heading: people name the same section in many ways."""

from __future__ import annotations

import re
from typing import Literal

SectionRole = Literal[
    "requirements", "quality", "goals", "out_of_scope", "later", "background", "acceptance", "dependencies",
    "questions", "timeline", "metadata", "actions", "example", "prohibitions", "other",
]  # fmt: skip

_ROLES: tuple[tuple[SectionRole, str], ...] = (
    ("example", r"examples?\b|how to (?:write|read)|template\b|sample (?:data|stor)"),
    ("actions", r"actions?\b(?! log)|action (?:items|points)|to[- ]?dos?\b|next steps|follow[- ]ups? (?:for|by)|homework"),
    (
        "later",
        r"(?:left )?(?:for )?later(?! than)\b(?! or)|deferred|postponed|future\b|next (?:year|season|version|release|phase)|"
        r"phase (?:two|three|four|[2-9])\b.*(?:perhaps|maybe|later|if)|perhaps|maybe|some ?day|v(?:ersion)? ?[2-9]|"
        r"roadmap beyond|after (?:the )?(?:pilot|launch|go-live|release|first)|put off|second project|20(?:2[89]|3\\d)|backlog,? (?:not|for later)|parked|wish ?list",
    ),
    (
        "prohibitions",
        r"promises|never\b|must not|may not|shall not|not allowed|forbidden|prohibit\w*|taboo|guard ?rails|red lines|"
        r"safeguards|prohibitions|what \w+ does(?: not|n['’]t)|restrictions",
    ),
    (
        "out_of_scope",
        r"out[- ]of[- ]scope|non[- ]?goals?|not (?:in|on|part|now|planned|doing|our|changed|covered|to be|needed|wanted|"
        r"included|going|at all|this|build|ours|here)\b|exclu(?:sions?|ded)|won'?t|will not|left out|leave out|"
        r"don['’]?t (?:build|do|want|need)|do not (?:build|do|want)|nope|said no\b|noise\b|no[- ]gos?|reject|refus|turned down|"
        r"declined|stays? (?:as|the)|unchanged|parking lot|what we (?:leave|drop|skip)|anti[- ]?goals?|limits of this|"
        r"someone else|elsewhere|dropped|and never$",
    ),
    ("acceptance", r"acceptance|definition of done|test (?:cases|plan)|verification|done when"),
    ("questions", r"open (?:questions|issues|points|items|topics)|questions|risks?\b|unknowns|to be (?:decided|clarified)|open\b$|undecided"),
    (
        "quality",
        r"non[- ]?functional|qualit|performance|availability|reliability|scalability|security|privacy|"
        r"compliance|accessibility|usability|observability|retention|capacity|operations|operational|operation\b|"
        r"data protection|compatibility|\bnfrs?\b|how (?:well|good|fast)|service levels?|\bslos?\b|latency|load\b|speed|"
        r"good enough|always\b|maintenance|recovery|how it has to be|how \\w+ (?:should|must|has to|ought to)|everywhere|for both|for all",
    ),
    ("dependencies", r"dependenc|assumptions|prerequisites|integrations?\b|interfaces|outside\b|order of work"),
    ("goals", r"goals?|objectives?|success|metrics|kpis?|outcomes?|targets|measuring|measurement"),
    (
        "background",
        r"background|problem|overview|context|introduction|motivation|research|personas?|"
        r"audience|why\b|history|current (?:state|situation)|rationale|vision|market|abstract|purpose|today|"
        r"who (?:uses|it is for|it's for|will use)|for whom|where we (?:are|stand)|measured (?:today|now)|as[- ]is|situation|the story so far|heard|said",
    ),
    (
        "metadata",
        r"document (?:information|control)|change ?log|revision|stakeholders|contacts|glossary|references|terms\b|"
        r"definitions?|abbreviations|about this|comments?\b|appendix: (?:links|sources)|contents\b|attendees|present\b",
    ),
    (
        "timeline",
        r"timeline|milestones?|dates?\b|roll[- ]?out|schedule|delivery plan|money|budget|costs?\b|deadlines?|when\b|plan$",
    ),
    (
        "requirements",
        r"requirements?|functional|features?|capabilit|user stor|stories|story\b|what we (?:will )?(?:build|need|want)|scope|"
        r"deliverables|limits|rights|permissions|who (?:sees|may|can|does)|what \w+ (?:gets?|can|needs?|does|must)|how \w+ works|"
        r"use cases|must[- ]haves?|should[- ]haves?|could[- ]haves?|nice[- ]to[- ]haves?|functions?\b|"
        r"specification|functionality|behaviou?r|solution|constraints|business rules|rules\b|backlog|epics?\b|"
        r"endpoints?|api\b|data\b|phases?|stages?|waves?|steps?\b|release|launch|ships?\b|now\b|next\b|decisions?|asks?\b|wants?\b|needs?\b",
    ),
    ("background", r"users?\b|summary"),
)


def role_of(heading: str) -> SectionRole | None:
    """What a section of this name is for, or None if the name does not say."""
    for role, pattern in _ROLES:
        if re.search(rf"(?<![a-z])(?:{pattern})", heading, re.IGNORECASE):
            return role
    return None
