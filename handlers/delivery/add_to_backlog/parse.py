"""A request for one story, read: its title, its priority, what else it says of itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from governance.department import Department
from handlers.delivery.whereabouts.kinds import product_things, team_things
from handlers.language.labels import read_priority
from handlers.language.matching import Resolved, find, find_all
from handlers.language.words import visible
from integrations.tracker import Priority

LONGEST_TITLE = 160
"""Characters; what is longer goes on in the description."""

_THING = (
    r"(?:user )?(?:stor(?:y|ies)|tickets?|issues?|bugs?|defects?|tasks?|chores?|(?:backlog )?items?|cards?"
    r"|improvements?|follow-ups?|tech(?:nical)? debt)"
)
_POLITE = re.compile(
    r"^(?:hi|hey|hello|ok(?:ay)?|and|then|also|so|please|pls|could you|can you|would you|will you|kindly"
    r"|i(?:'d| would) like (?:you )?to|i want (?:you )?to|let's|we should|we need to|you should|just"
    r"|remember to|don't forget to|make sure to)[\s,:]+",
    re.IGNORECASE,
)
_LEAD = re.compile(
    rf"^(?:(?:add|ad|create|make|open|file|raise|log|put|write(?: down)?|record|report|register|queue up|stick"
    rf"|jot down|note(?: down)?|enter|track|we need|i need|i found|there(?:'s| is)|i see)\s+)?(?:me\s+)?"
    rf"(?:an?(?:other)?\s+|the\s+|this\s+|that\s+|it\s+|as\s+|down\s+|new\s+|small\s+|p[0-3]\s+"
    rf"|(?:low|lower|high|top|medium|normal)[- ]priority\s+|urgent\s+)*{_THING}"
    r"(?:\s+in (?:the )?[\w-]+ team)?(?:\s+(?:linked|after|under|on|with)\b[^:]{0,60}(?=:))?(?: for later)?"
    r"\s*(?:$|:|–|—|\s-\s|\b(?:so )?that we don't forget to\b|\bto\b|\bfor\b|\babout\b|\bthat\b|\bin\b|,)\s*",
    re.IGNORECASE,
)
_DEFECT_IN = re.compile(r"\b(?:bug|defect) in\s*$", re.IGNORECASE)
_VERB = re.compile(
    r"^(?:add|ad|put|stick|log|file|note(?: for later)?|write down|record|register|queue up|jot down|create"
    r"|backlog|another one for the backlog|one more)\b\s*(?:that\s+)?[:,–—-]*\s*",
    re.IGNORECASE,
)
_TAIL = re.compile(
    rf"[\s,]*(?:\b(?:as|into) an? (?:new )?{_THING}|\bin there"
    r"|[,;] (?:and )?(?:please|can you|could you|pls)\b.*"
    r"|[,;] (?:and )?(?:record|note|track|file) (?:it|that|this))\s*$",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"^(?:backlog item|note for later|tech debt|bug|story|chore|task)\s*[:–—-]\s*", re.IGNORECASE
)
_BACKLOG = re.compile(
    r"[\s,]*\b(?:to|on(?:to)?|in(?:to)?) (?:the |our |their )?(?:product )?(?:backlog|list|board|tracker)\b",
    re.IGNORECASE,
)
_PRIORITY = re.compile(
    r"[\s,;(]*\b(?:as (?:an? )?|with (?:priority )?|at |prio(?:rity)?:? ?)?\bp ?[0-3]\b\)?"
    r"|[\s,]*\b(?:as|with|at) (?:an? )?(?:urgent|critical|high|top|medium|normal|low)(?:[ -]priority)?\b",
    re.IGNORECASE,
)
_FOR_TEAM = re.compile(
    r"[\s,]*\b(?:for|in|by|to) (?:the )?(?:team [\w-]+|[\w-]+ (?:team|squad))\b(?=[\s,.:;]|$)"
    r"|\s*[,;(]\s*(?:the )?(?:team [\w-]+|[\w-]+ (?:team|squad))\b\)?(?=\s*(?:[,.;]|$))",
    re.IGNORECASE,
)
_LINKED = re.compile(
    r"[\s,(]*\b(?:linked|link it|tied) to (?:the |an? |this )?incident\b\)?[\s,:]*", re.IGNORECASE
)
_ACCEPTANCE = re.compile(
    r"[\s.;,]*\b(?:acceptance(?: criteria)?|accepted when|done when)\s*[:=]?\s*(?P<criteria>.+)\Z",
    re.IGNORECASE | re.DOTALL,
)
_AS_A = re.compile(
    r"^as an? [^,]{2,60}?,? i (?:want|need|would like|can)(?: to)? (?P<what>.{3,})", re.IGNORECASE
)

_WORD = re.compile(r"\b[a-zA-Z]+\b")
_COURTESY = re.compile(
    r"[\s,]*\b(?:pls|plz|please|thx|thanks|thank you)\b(?=\s*(?:[:.,!?;]|$))|^\s*(?:pls|plz|please)\b[\s,:]*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class StorySaid:
    """What a message says of the story it asks for; an empty title says nothing of it. The `description` is the
    message without whose it is and how urgent: by these stories would be alike that are not."""

    title: str
    description: str
    priority: Priority | None
    team: str | None
    product: str | None
    acceptance: tuple[str, ...]
    for_incident: bool


def read_story(text: str, department: Department) -> StorySaid:
    """Take a request apart. Team and product are ids, where the words name one that there is."""
    said = " ".join(_spelt(visible(text)).split())
    rest, criteria = _acceptance(said)
    linked = _LINKED.search(rest) is not None
    bare = _BACKLOG.sub(" ", _PRIORITY.sub(" ", _FOR_TEAM.sub(" ", _LINKED.sub(" : ", rest))))
    title = _title(" ".join(bare.split()))
    names_team = re.search(r"\bteam\b|\bsquad\b", said, re.IGNORECASE) is not None
    team = find(said, team_things(department)) if names_team else None
    products = find_all(said, product_things(department))
    return StorySaid(
        title=title[:LONGEST_TITLE].rstrip(),
        description=" ".join(_PRIORITY.sub("", _FOR_TEAM.sub("", said)).split()),
        priority=read_priority(said),
        team=team.thing.id if isinstance(team, Resolved) else None,
        product=products[0].id if len(products) == 1 else None,
        acceptance=criteria,
        for_incident=linked or re.search(r"\bincident\b|\boutage\b", said, re.IGNORECASE) is not None,
    )


def _spelt(text: str) -> str:
    """Without words of courtesy, and with the backlog spelt as it is."""
    return _COURTESY.sub("", _WORD.sub(lambda word: "backlog" if _is_backlog(word[0]) else word[0], text))


def _is_backlog(word: str) -> bool:
    return 5 < len(word) < 9 and OSA.distance(word.casefold(), "backlog") <= 2


def _acceptance(said: str) -> tuple[str, tuple[str, ...]]:
    found = _ACCEPTANCE.search(said)
    if found is None:
        return said, ()
    criteria = (part.strip(" .") for part in re.split(r";|\s\d\.\s", found["criteria"]))
    return said[: found.start()], tuple(f"{part[:1].upper()}{part[1:]}." for part in criteria if part)


def _title(said: str) -> str:
    before = None
    while before != said:  # "please, could you add a story: …" has several beginnings
        before = said
        said = _POLITE.sub("", _TAIL.sub("", said), count=1)
    stripped = _NOTE.sub("", said, count=1)
    if stripped == said and (lead := _LEAD.match(said)):
        stripped = said[lead.end() :]
        if _DEFECT_IN.search(lead[0]):
            stripped = f"Defect in {stripped}"
    if stripped == said:
        stripped = _VERB.sub("", said, count=1)
    stripped = _TAIL.sub("", stripped).strip(" \t:,.;–—-!?\"“”'")
    stripped = re.sub(r"^(?:the|a|an) ", "", stripped, flags=re.IGNORECASE)
    if wish := _AS_A.match(stripped):
        stripped = wish["what"]
    if len(stripped) < 4 or re.fullmatch(
        rf"(?:an? |the |new |it|this|that|{_THING})*", stripped, re.IGNORECASE
    ):
        return ""
    return f"{stripped[:1].upper()}{stripped[1:]}"
