"""A title for what a requirement asks: whole, specific, sounding like work, and never without its `not`."""

from __future__ import annotations

import re

LONGEST = 110
"""Characters; longer ones lose what stands beside the main clause, never a part of it."""

_BRACKETS = re.compile(
    r"\s*[(\[][^()\[\]]*(?:team|squad|crew|guild|after|needs|once|before|labour|law|"
    r"prerequisite|depends|see)[^()\[\]]*[)\]]|\s*\[[^\]]*\]\s*$|\s*`[^`]*`\s*$",
    re.I,
)
_TAIL = re.compile(
    r"\s+(?:—|–|-|->|→)\s+(?:needed|needs|after|before|once|builds|see|not\b|agreed|labour|law).*$",
    re.IGNORECASE,
)
_STORY = re.compile(
    r"^as an?\s+(?P<who>[^,]{2,60}?),?\s+I\s+(?:want|need|would like|wish|expect|can|must|"
    r"should|like|'d like)\s*(?P<to>to\b)?\s*(?P<what>.+?)(?:[,.]?\s+so (?:that|I)\b.*|"
    r",?\s+in order to\b.*|,?\s+because\b.*)?$",
    re.IGNORECASE | re.DOTALL,
)
_REFUSES = re.compile(r"\b(?:no|not|never|without|only|refuse\w*|avoid\w*|forbid\w*)\b|n['’]t\b", re.IGNORECASE)
_TOLD_STORY = re.compile(
    r"^as an?\s+(?P<who>[^,]{2,40}?),?\s+I\s+(?P<to>)(?P<what>(?!am\b|have\b)\w.+?)"
    r"(?:[,.]?\s+so (?:that|I)\b.*)?$",
    re.IGNORECASE | re.DOTALL,
)
"""`As a reporter I point my phone at the code`: what somebody does, not what they want."""
_SYSTEM = (
    r"(?:the |our |this )?(?:system|service|product|app|application|platform|software|"
    r"register|gateway|controller|portal|"
    r"website|site|tool|solution|server|backend|bot|intake|api|pipeline|interface|component|module)"
)
_MODAL = (
    r"(?:must|shall|should|will|can|may|needs? to|ha(?:s|ve) to|(?:is|are) (?:able|"
    r"required|expected|allowed) to|ought to)"
)
_BY_SYSTEM = re.compile(
    rf"^{_SYSTEM}\s+{_MODAL}(?P<not>\s+(?:not|never))?\s+(?:be able to\s+)?(?P<what>\w.*)$",
    re.IGNORECASE | re.DOTALL,
)
_BY_PEOPLE = re.compile(
    rf"^(?:the |an? |each |every |all |any )?(?P<who>[a-z][\w'’ "
    rf"-]{{2,40}}?)\s+(?:{_MODAL})\s+(?:be able to\s+)?(?P<what>(?!be\b|not\b|never\b|have "
    rf"been\b|only be\b)\w.*)$",
    re.IGNORECASE | re.DOTALL,
)
_BESIDE = re.compile(
    r",?\s+(?:so that|in order to|because|since|"
    r"(?:(?:about|after|at|by|for|from|in|of|on|to|under|with)\s+)?which|where|whereas|even (?:if|when)|"
    r"unless|although|so they|so it)\b.*$|;.*$|,\s+(?:and|but|or) (?:the|an?|it|"
    r"they)\b.*$|\s+\([^)]*\)",
    re.IGNORECASE | re.DOTALL,
)
_PEOPLE = re.compile(
    r"(?:users?|customers?|admins?|administrators?|people|person|staff|members?|managers?|"
    r"guests?|readers?|visitors?|parents?|keepers?|depots?|clerks?|"
    r"[a-z]{3,}(?:ers?|ors?|ists?|ants?|ians?|yees?|ents?))$",
    re.IGNORECASE,
)


def title_of(text: str, heading: str = "", *, forbids: bool = False) -> str:
    """The title. `heading` is one that the document gives; of what `forbids`, only one that says so."""
    if len(heading.split()) > 1 and (not forbids or _REFUSES.search(heading)):
        return _capital(_plain(heading))
    said = _plain(text)
    return _capital(_short(_as_work(said)))


def _plain(text: str) -> str:
    """Without markup, brackets that give a team or an order, and the full stop."""
    said = re.sub(r"<[^>]+>|[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}", "", text)
    said = re.sub(r"^\s*[(\[][^)\]]{1,14}[)\]]\s*", "", said)
    said = _TAIL.sub("", _BRACKETS.sub("", re.sub(r"\s+", " ", said)))
    return said.strip(" .;:,–—-")


def _as_work(said: str) -> str:
    """What is to be done, where the sentence says it: a story's wish, what a system shall or people can do."""
    if story := _STORY.match(said) or _TOLD_STORY.match(said):
        return _of_story(story)
    if by_system := _BY_SYSTEM.match(said):
        return f"{'Do not ' if by_system['not'] else ''}{by_system['what']}"
    by_people = _BY_PEOPLE.match(said)
    if by_people and _PEOPLE.search(by_people["who"].strip()) and len(by_people["who"].split()) <= 4:
        return f"Let {by_people['who'].strip().lower()} {by_people['what']}"
    return said


def _of_story(story: re.Match[str]) -> str:
    what = story["what"].strip(" ,.")
    if re.search(r"\b(?:not|never)\b", what) and not story["to"]:
        return f"For a {story['who'].strip()}: {what}"
    return (
        what
        if story["to"]
        else f"Give a {story['who'].strip()} {what}"
        if re.match(r"(?:an?|the|one|my|\d)\b", what)
        else what
    )


def _short(said: str) -> str:
    """Within LONGEST, by leaving out whole clauses that stand beside the main one."""
    while len(said) > LONGEST:
        shorter = _BESIDE.sub("", said, count=1).strip(" ,;")
        if shorter == said or len(shorter.split()) < 3:
            break
        said = shorter
    return said


def _capital(said: str) -> str:
    return said[:1].upper() + said[1:]
