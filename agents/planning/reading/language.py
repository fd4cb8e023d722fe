"""Which language a document is in, told from its small words and its script."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

_SMALL_WORDS: Mapping[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "English": "the of and to is are in that for with be on as by not must shall should this it an "
        "from or when which",
        "German": "der die das und ist sind nicht mit für ein eine den dem des zu auf werden wird im "
        "von oder muss kann soll bei",
        "Spanish": "el la los las y es son no con para un una de del que se en por al debe puede o cuando su",
        "French": "le la les et est sont pas avec pour un une des du de que qui dans par au doit peut "
        "ou lorsque sur",
        "Italian": "il lo la gli e è sono non con per un una di del della che si in da al deve può o quando",
        "Portuguese": "o a os as e é são não com para um uma de do da que se em por ao deve pode ou quando",
        "Dutch": "de het en is zijn niet met voor een van te op worden wordt dat die moet kan of bij als",
        "Polish": "i w na z jest są nie do się że przez musi może lub oraz dla po od gdy",
    }.items()
}
_SCRIPTS: Mapping[str, re.Pattern[str]] = {
    "Japanese": re.compile(r"[\u3040-\u30ff]"),
    "Chinese": re.compile(r"[\u3400-\u9fff]"),
    "Korean": re.compile(r"[\uac00-\ud7af]"),
    "Russian or another language in Cyrillic": re.compile(r"[\u0400-\u04ff]"),
    "Greek": re.compile(r"[\u0370-\u03ff]"),
    "Arabic": re.compile(r"[\u0600-\u06ff]"),
    "Hebrew": re.compile(r"[\u0590-\u05ff]"),
}
ENGLISH = "English"
_LONG_ENOUGH = 12
"""Small words of a language from which it is told; shorter texts count as English."""


def language_of(text: str) -> str:
    """The name of the language that most of a text is in. Code and a few foreign words do not change it."""
    letters = len(re.findall(r"[^\W\d_]", text)) or 1
    for name, script in _SCRIPTS.items():
        if len(script.findall(text)) > letters * (0.05 if name == "Japanese" else 0.3):
            return name
    words = Counter(re.findall(r"[^\W\d_]+", text.lower()))
    counted = {name: sum(words[word] for word in small) for name, small in _SMALL_WORDS.items()}
    best = max(counted, key=lambda name: (counted[name], name == ENGLISH))
    return best if counted[best] >= _LONG_ENOUGH and counted[best] > 1.2 * counted[ENGLISH] else ENGLISH
