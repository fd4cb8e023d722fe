"""Slots with a closed list of values: priority, environment, role, version."""

from __future__ import annotations

import re

from governance.people import Role
from handlers.language.words import plain
from integrations.tracker import Priority

_PRIORITY_WORDS = (
    (re.compile(r"\b(?:urgent(?:ly)?|critical|asap|immediately|top priority|highest priority)\b"), Priority.P0),
    (re.compile(r"\bhigh(?:er)?[ -]priority\b|\bpriority:? high\b|\bimportant\b"), Priority.P1),
    (re.compile(r"\b(?:medium|normal)[ -]priority\b|\bpriority:? (?:medium|normal)\b"), Priority.P2),
    (
        re.compile(r"\b(?:low(?:er|est)?)[ -]priority\b|\bpriority:? low\b|\bnice to have\b|\bsome day\b"),
        Priority.P3,
    ),
)


def read_priority(text: str) -> Priority | None:
    """P0 to P3, said so or in words ("urgent" is P0). A denied word ("not urgent") says nothing."""
    said = plain(text)
    if written := re.search(r"\bp ?([0-3])\b|\b(?:priority|prio) ([0-3])\b", said):
        return Priority(f"P{written[1] or written[2]}")
    said = re.sub(r"\b(?:not|isn't|less|no longer) (?:so |that |as )?\w+", "", said)
    return next((priority for words, priority in _PRIORITY_WORDS if words.search(said)), None)


_SYSTEM = r"(?:environment|env|system|cluster)\b"
_ENVIRONMENTS = (
    ("production", re.compile(r"\b(?:production|prod|live)\b")),
    ("staging", re.compile(r"\b(?:staging|stage|pre-?prod(?:uction)?)\b")),
    ("test", re.compile(rf"\b(?:test|testing|qa|uat) {_SYSTEM}|\b(?:to|on|in) (?:test|qa|uat)\b")),
    ("development", re.compile(rf"\b(?:dev|development) {_SYSTEM}|\b(?:to|on|in) dev\b")),
)


def read_environment(text: str) -> str | None:
    """`production`, `staging`, `test` or `development`; where two are named, the one after "to" or "on"."""
    said = re.sub(r"\bpre-prod", "preprod", plain(text))
    found = [
        (match.start(), name, match) for name, pattern in _ENVIRONMENTS for match in pattern.finditer(said)
    ]
    aimed = [one for one in found if re.search(r"\b(?:to|on|onto|in|into|against)(?: the)? ?$", said[: one[0]])]
    return min(aimed or found)[1] if found else None


_VERSION = re.compile(
    r"(?<![\w.$€£-])(?:v(?:ersion)? ?(?P<named>\d+(?:\.\d+){0,3}(?:[-+][\w.]+)?)"
    r"|(?P<dotted>\d+\.\d+(?:\.\d+){0,2}(?:[-+][a-z][\w.]*)?))"
    r"(?![\w%]|\.\d| ?(?:percent|hours?|h|k|m|dollars?|euros?|seconds?|ms|days?|x)\b)"
)


def read_version(text: str) -> str | None:
    """A version as it is written, without a leading v: `2.4.1`, `v3`, `version 1.9-rc1`."""
    found = _VERSION.search(plain(text))
    return (found["named"] or found["dotted"]) if found else None


_ROLES = (
    (Role.PRODUCT_OWNER, r"product (?:owner|manager)s?|\bpos?\b|\bpm\b"),
    (Role.ENGINEERING_DIRECTOR, r"(?:engineering )?directors?|head of engineering"),
    (Role.COMPLIANCE_OFFICER, r"(?:compliance|security)(?: and security| & security)?(?: officers?)?|ciso"),
    (Role.CUSTOMER_SUCCESS, r"customer success(?: managers?)?|\bcsms?\b"),
    (Role.SRE_LEAD, r"\bsres?\b(?: leads?)?|site reliability(?: engineers?| lead)?|devops(?: leads?)?"),
    (Role.ARCHITECT, r"(?:senior |software )?architects?"),
    (Role.EXECUTIVE, r"executives?|\bcto\b|\bceo\b|\bvp\b|c-level"),
    (Role.AUDITOR, r"auditors?"),
    (Role.ENGINEER, r"(?:software |backend |frontend )?(?:engineers?|developers?)"),
)


def read_role(text: str) -> Role | None:
    """The first role that is named."""
    said = plain(text)
    found = [
        (match.start(), order, role)
        for order, (role, words) in enumerate(_ROLES)
        if (match := re.search(rf"\b(?:{words})\b", said))
    ]
    return min(found)[2] if found else None
