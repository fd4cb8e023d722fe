"""What a dialogue says must be changed at a turn, read from its prose."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Clause:
    """One thing that must be so afterwards. `kind` is the request that brings it about; `demands` says whether
    anything must change for it, `optional` whether not doing it is right as well."""

    text: str
    kind: str
    demands: bool
    optional: bool


@dataclass(frozen=True)
class Acts:
    """All of it. Without clauses nothing may change."""

    clauses: tuple[Clause, ...]

    @property
    def may_be_nothing(self) -> bool:
        """Whether it is right to change nothing."""
        return not any(clause.demands and not clause.optional for clause in self.clauses)

    @property
    def may_act(self) -> bool:
        """Whether anything may change at all."""
        return any(clause.demands for clause in self.clauses)


_NONE = re.compile(r"^\s*(?:none|nothing)\b(?P<rest>.*)$", re.IGNORECASE | re.DOTALL)
_ALTERNATIVE = re.compile(r"^\W*or\s+(?P<or>.+)$", re.IGNORECASE | re.DOTALL)
_ASKS = re.compile(r"\b(?:ask(?:s|ed|ing)?|questions?)\b", re.IGNORECASE)
_TAIL = re.compile(
    r",?\s+or\s+(?:(?:the bot|it|he|she|they|\w+) (?:asks?|shows?|says?|is (?:told|said|asked))\b"
    r"|is told\b|a question\b|only\b|asks?\b|shows?\b|says?\b|nothing\b).*$",
    re.IGNORECASE | re.DOTALL,
)
_VERBS = (
    r"(?:is|are|was|were|stays?|goes|go|comes|hears|becomes?|ends?|starts?|moves?|gets?|decides?|holds?|waits?"
    r"|stands?|remains?)"
)
_PARTS = re.compile(rf"\s*;\s*|,\s+(?!or\b)(?=(?:and\s+)?[^,;]*\b{_VERBS}\b)")
_KEEPS = re.compile(r"\b(?:stays?|remains?|keeps?)\b|\bnothing\b|\bnever\b|\bdoes not\b|\bdo not\b|\bis not\b")
_AND_KEEPS = re.compile(r"\band (?:still|stays?|remains?)\b.*$")

_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(words, re.IGNORECASE))
    for kind, words in (
        ("emergency_deploy", r"\bemergency deploy\w*"),
        ("resume_agents", r"\bagents (?:go on|run|are running|work|resume)\b"),
        ("halt_agents", r"\bhalted\b|\bagents (?:are stopped|stop)\b"),
        (
            "approvals",
            r"\b(?:approved|denied|declined|rejected|countersigned|voted|approval is counted|the vote)\b"
            r"|(?<!for )\ba vote\b|\bproposals?\b.*\b(?:taken back|withdrawn)\b",
        ),
        ("unfreeze", r"\b(?:lifted|unfrozen)\b|\bfreeze\b[^;]*\bends\b(?!.*\d)|\bno longer frozen\b"),
        ("freeze", r"\b(?:frozen|freeze)\b"),
        ("window", r"\b(?:window|(?:demo|planning|audit|incident) mode)\b"),
        ("delegate", r"\bdelegation\b|\bdecides? for\b|\bvotes go\b"),
        ("overrule_agent", r"\breversed\b|\boverruled\b|\bpinned\b"),
        ("subscribe", r"\bhears?\b|\bis told (?:when|of)\b|\bnotice comes\b|\bsubscri\w+"),
        ("feature_request", r"\bfeature request\b"),
        ("require_review", r"\bmandatory\b"),
        ("allocate_agents", r"\bagents?\b.*\b(?:move|on|to)\b.*\b(?:proposed|displaces?)\b|\btwo agents\b"),
        ("schedule_meeting", r"\bmeeting\b|\binvited\b"),
        ("notify_customer", r"\bdrafts?\b|\bmessage to\b"),
        ("rollback", r"\brollback\b|\bgoes back to \d+\.\d|\brolled back\b"),
        ("deploy", r"\bdeploy\w*"),
        ("scale", r"\bpods?\b|\breplicas?\b|\bgoes (?:back )?to \d+$"),
        ("incident", r"\bincident\b is\b"),
        ("prioritise", r"\bcomes first\b|\bpriority\b|\bmoves? up\b|\bahead of\b"),
        ("add_to_backlog", r"\bstory\b"),
        ("plan", r"\bplan\b.*\b(?:paused|goes on|cancelled|resumed|replanned|runs)\b"),
        ("build_feature", r"\bplanning\b|\bbudget limit\b"),
        ("access", r"\broles?\b"),
    )
)


def read_acts(acts: str, intent: str) -> Acts:
    """What `acts` demands at a turn about `intent`, which every clause is about that says nothing else."""
    none = _NONE.match(acts)
    if none is None:
        return Acts(tuple(_clause(part, intent) for part in _parts(acts)))
    alternative = _ALTERNATIVE.match(none["rest"])
    if alternative is None or _ASKS.search(alternative["or"]):
        return Acts(())  # to ask is to change nothing
    return Acts((Clause(alternative["or"].strip(), _kind(alternative["or"], intent), True, True),))


def _parts(acts: str) -> list[str]:
    plain = re.sub(r"\s*\([^()]*\)", "", acts)
    return [part.strip() for part in _PARTS.split(plain) if part.strip()]


def _clause(part: str, intent: str) -> Clause:
    told = _TAIL.sub("", part).strip()
    only_asks = bool(_ASKS.search(told)) and re.search(r"\b(?:is|are) asked (?:for|about)\b", told) is not None
    what = _AND_KEEPS.sub("", told)
    demands = not _KEEPS.search(what) and not only_asks
    return Clause(told, _kind(told, intent), demands, optional=told != part)


def _kind(text: str, intent: str) -> str:
    own = dict(_KINDS).get(intent)
    if own is not None and own.search(text):
        return intent
    return next((kind for kind, words in _KINDS if words.search(text)), intent)
