"""Names that a word beside them announces: "the billing service", "team Zulu", "for Globex"."""

from __future__ import annotations

import re
from collections.abc import Collection

from handlers.language.calendar_words import in_calendar_words
from handlers.language.kinds import Kind
from handlers.language.local_time import MONTHS, WEEKDAYS
from handlers.language.words import plain, tokens, visible

_ARTICLES = frozenset(
    tokens("the our a an this that my your their which what whose any every each all no some another one")
)
_NOT_NAMES = _ARTICLES | frozenset(
    tokens(
        "of for in on to at by with from and or but is are was were be been has have had do does did will"
        " can could should would not it its we i you he she they them there here same whole entire first"
        " second third last latest new current old other next previous only right wrong main big small"
        " proposed standing running paused approved whatever s two three both few many more most best better"
        " own shared single late early success support lead leads manager managers owner owners account"
        " accounts request requests needs wants facing said says asked asks wait waits waiting called named"
        " please pls now today value values satisfaction impact demand demands feedback revenue data list"
        " base segment health experience work"
    )
)
_WORD = re.compile(r"[\w&.'-]*[\w&']")
_CAPITALISED = re.compile(
    r"[A-ZÀ-Þ][\w&.'-]*[a-zß-ÿ][\w&'-]*(?: (?:[A-ZÀ-Þ][\w&'-]+|& [A-Z][\w'-]+|Corp|Inc|Ltd|GmbH|AG)\b)*",
)
_LONGEST = 3


def announced_name(text: str, kind: Kind, besides: Collection[str] = ()) -> str | None:
    """The name beside a word that announces this kind, as it is written; None if there is none.

    Behind an article a name may have several words ("the card vault service"), without one it has one. A verb
    that begins the text is no name ("freeze service").
    """
    said = " ".join(visible(text).replace("’", "'").split())
    for word in kind.behind:
        for found in re.finditer(rf"(?<![\w-]){word}s?(?![\w-])", said, re.IGNORECASE):
            name = _before(said[: found.start()], besides)
            if name is not None:
                return name
    for word in kind.before:
        for found in re.finditer(rf"(?<![\w-]){word}:? ", said, re.IGNORECASE):
            name = _after(said[: found.start()], said[found.end() :], besides)
            if name is not None:
                return name
    return None


def capitalised_after(text: str, words: Collection[str]) -> str | None:
    """A capitalised name behind one of these words, which is no day or month; an abbreviation in capitals is
    none either.
    """
    said = " ".join(visible(text).split())
    for found in re.finditer(rf"\b(?:{'|'.join(words)}) (?=[A-ZÀ-Þ])", said):
        name = _CAPITALISED.match(said, found.end())
        if name is not None and in_calendar_words(name[0]).split()[0] not in (*WEEKDAYS, *MONTHS):
            return name[0].rstrip(".").removesuffix("'s")
    return None


def _before(said: str, besides: Collection[str]) -> str | None:
    words = (
        _WORD.findall(re.split(r"[,;:.!?()“”\"]", said)[-1]) if not said.rstrip().endswith(("”", '"')) else []
    )
    quoted = re.search(r"[“\"]([^“”\"]+)[”\"]\s*$", said)
    if quoted:
        return quoted[1]
    name: list[str] = []
    for word in reversed(words):
        if plain(word) in _ARTICLES and name:
            return " ".join(reversed(name))
        if plain(word) in _NOT_NAMES or word.casefold() in besides or len(name) == _LONGEST:
            break
        name.append(word)
    is_verb = len(name) >= 1 and len(name) == len(words) == 1
    return None if not name or is_verb else name[0]


def _after(before: str, said: str, besides: Collection[str]) -> str | None:
    quoted = re.match(r"[“\"]([^“”\"]+)[”\"]", said)
    if quoted:
        return quoted[1]
    capitalised = _CAPITALISED.match(said) or re.match(r"[A-Z][A-Z0-9&-]+\b", said)
    if capitalised:
        return None if plain(capitalised[0]).split()[0] in _NOT_NAMES else capitalised[0].removesuffix("'s")
    word = _WORD.match(said)
    article = _WORD.findall(before)[-1:]
    is_last = (
        word is not None and re.match(r"[\s.,;!?]*(?:$|[,;.!?]|and\b|or\b)", said[word.end() :]) is not None
    )
    if word is None or not is_last or (article and plain(article[0]) in _ARTICLES):
        return None
    return None if plain(word[0]) in _NOT_NAMES or word[0].casefold() in besides else word[0]
