"""The signs by which a statement was read, in people's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_PLAIN: Mapping[str, str] = {
    "has an id": "it has an id",
    "has a lead": "it has a title of its own",
    "a question": "it asks something",
    "begins with a verb": "it begins with what to do",
    "says what happens": "it says what happens",
    "no verb": "it only names a thing",
    "under an item": "it stands under an item",
    "later in an item": "it follows the first sentence of its item",
    "ends in a colon": "it leads to what comes after",
    "a step": "it is a step of a scenario",
    "speaker": "somebody says it in the text",
    "quoted": "it is quoted",
    "before any heading": "it stands before any heading",
    "rank: refused": "its rank says no",
    "rank: later": "its rank says later",
    "kind: row": "it is a row of a table",
    "kind: item": "it is an item of a list",
    "label: DECISION": "it is marked as decided",
    "a modal in capitals": "it has a MUST, SHOULD or MAY",
}
_SAYS: Mapping[str, str] = {
    "must or shall": "it says must or shall",
    "have to": "it says have to",
    "should": "it says should",
    "can or may": "it says can or may",
    "will": "it says will",
    "has not": "it has a no or not",
    "today": "it tells of today",
    "past": "it tells of the past",
    "later": "it speaks of later",
    "out": "it says no to something",
    "we": "it speaks of us",
    "document": "it speaks of the document itself",
    "task for people": "it is a task for people",
    "wish": "it is a wish",
    "story": "it is a user story",
    "figure": "it has a figure",
    "a bound": "it sets a limit",
    "money or date only": "it gives money or a date",
    "a date": "it gives a date",
    "vague": "it says how it should feel",
    "needs another": "it says what comes first",
    "opinion": "it is an opinion",
    "definition": "it explains a word",
}
_SECTIONS: Mapping[str, str] = {
    "requirements": "requirements",
    "quality": "how well it has to work",
    "goals": "goals",
    "out_of_scope": "what is ruled out",
    "later": "what is for later",
    "background": "background",
    "acceptance": "acceptance",
    "dependencies": "dependencies",
    "questions": "open questions",
    "timeline": "dates and money",
    "metadata": "the document itself",
    "actions": "tasks",
    "example": "examples",
    "prohibitions": "what must not happen",
}
_AROUND: Mapping[str, str] = {
    "asked": "what stands around it is asked for",
    "edge": "what stands around it is for later or ruled out",
    "none": "what stands around it asks for nothing",
}


def in_words(signs: Iterable[str], most: int = 3) -> str:
    """The loudest signs that people can follow, at most `most` of them."""
    told = dict.fromkeys(words for sign in signs if (words := _in_words(sign)))
    return ", ".join(list(told)[:most]) or "by all of its signs together"


def _in_words(sign: str) -> str:
    """Empty for a sign that means nothing by itself: a word, a place on the page, two signs together."""
    if sign in _PLAIN:
        return _PLAIN[sign]
    kind, _, what = sign.partition(": ")
    if " and " in sign and ": " in what:
        return ""
    if kind == "says":
        return _SAYS.get(what, "")
    if kind in ("section", "outer section", "column", "box about"):
        return f"its section is for {_SECTIONS[what]}" if what in _SECTIONS else ""
    if kind in ("section around", "passage around", "next to", "owner"):
        return _AROUND.get(what, "")
    return f"its heading speaks of {what}" if kind == "section says" and what in ("later", "today") else ""
