"""Mood: what somebody does with a message. Only a request, or its correction, asks for anything to be done."""

from __future__ import annotations

import re
from enum import StrEnum

from handlers.language.slots.words import visible


class Mood(StrEnum):
    """What a part of a message does."""

    REQUEST = "request"
    QUESTION = "question"
    NEGATION = "negation"
    REPORT = "report"
    CONDITION = "condition"
    QUOTATION = "quotation"
    WISH = "wish"
    CORRECTION = "correction"
    SMALL_TALK = "small talk"
    OTHER = "other"


ORDERING = frozenset({Mood.REQUEST, Mood.CORRECTION})
"""The moods in which something is asked to be done."""

_LEAD = r"^\W*(?:(?:hey|hi|hello|so|ok|okay|and|but|um|uh|well|also|btw|quick one|question|hallo|oye|dis)\W+)*"


def _any(*words: str, before: str = r"\b") -> re.Pattern[str]:
    """Any of `words` (patterns, two spaces between them) as whole words, whatever their case."""
    listed = "  ".join(words).split("  ")
    return re.compile(rf"{before}(?:{'|'.join(filter(None, listed))})\b", re.IGNORECASE)


_ASKS = _any(
    "what  who  whom  whose  which  why  when  where  how  is",
    "are  am  was  were  do  does  did  has  have  had",
    "should  shall  may  might  whats  whos  hows  wheres  whys  isnt  arent  any(?:one|body)",
    r"(?:can|could|would|will) (?!you\b|u\b|someone\b|somebody\b)\w+",
    "soll(?:en)?  wer  wie  wann  warum  wo  wieso  darf  ist  sind  hat  haben  kann (?:ich|man|er|sie)",
    "quién  quien  cómo  como  cuándo  por qué  hay  puedo  qui  quand  pourquoi  comment  est-ce  peut-on",
    before=_LEAD,
)
_WONDERS = _any(
    r"wonder\w*  not sure  unsure  whether",
    r"do you think  does anyone  what (?:if|happens|would)  curious  asking",
    "explain  tell me (?:if|who|when|what|why|how)  or not  should (?:we|i)  shall (?:we|i)  sollen wir",
    "or something  maybe  perhaps  vielleicht  quizás  peut-être",
)
_DENIES = _any(
    r"not  \w+n't  (?:do|does|did|wo|ca|is|are|should|must|need)nt  cannot  never",
    r"no (?:need|reason|longer|one|more|halt|freeze|stop\w*)  nobody  none  nothing  neither  without  leave",
    r"rather than  instead of  hold off  nicht  kein\w*  nie  niemand  nunca  ningun\w*  ningún  tampoco",
    r"pas  aucun\w*  jamais  personne  sin  sans",
)
_SAYS_NO = re.compile(r"^\W*(?:no|nope|nah|nein|non)\b", re.IGNORECASE)
_CONDITIONS = _any(
    "if  once  unless  when  whenever  as soon as  in case  provided  assuming  until then",
    "the moment  should (?:it|they|the)  wenn  falls  sobald  sofern",
    "cuando  en cuanto  si  dès que  lorsque  quand  au cas",
)
_QUOTES = re.compile(
    r"[“”«»„\"]|(?<!\w)'[^']{3,}'(?!\w)"
    r"|\b(?:says?|said|saying|wrote|written|writes|quote\w*|typo|autocorrect\w*|reads|means?|meant|called|titled"
    r"|the (?:word|phrase|button|label|command|card|runbook|docs?|wiki|policy)"
    r"|schreibt|sagte|dice|dijo|dit)\b",
    re.IGNORECASE,
)
_TELLS = _any(
    "was  were  had  did  has been  have been  just (?:stopped|froze|halted|rolled|deployed|lifted)  yesterday",
    "ago  already  last (?:week|night|time|month|friday|monday)  earlier  fyi  told  used to",
    r"gestern  wurde\w*  war  hatte  ayer  fue  hier  a été",
)
_WISHES = _any(
    r"wish\w*  hope\w*  would be (?:nice|great|good|lovely)  would(?:n'?t)? (?:love|mind)  ought  if only",
    r"some ?day  one day  dream\w*  ojalá  hätte gern  schön wäre",
)
_CUES: tuple[tuple[Mood, re.Pattern[str]], ...] = (
    (Mood.QUESTION, _ASKS),
    (Mood.QUESTION, _WONDERS),
    (Mood.NEGATION, _DENIES),
    (Mood.NEGATION, _SAYS_NO),
    (Mood.CONDITION, _CONDITIONS),
    (Mood.QUOTATION, _QUOTES),
    (Mood.REPORT, _TELLS),
    (Mood.WISH, _WISHES),
)


def cues(text: str) -> frozenset[Mood]:
    """Moods other than a request of which the words bear a sign. A question mark is one of a question.

    A sign is no proof ("could you please stop them?"): what is dangerous is not done where there is one.
    """
    said = visible(text).replace("’", "'")
    found = {mood for mood, pattern in _CUES if pattern.search(said)}
    if "?" in said:
        found.add(Mood.QUESTION)
    return frozenset(found)
