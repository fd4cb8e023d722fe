"""Text that comes from outside: what a row can hold of it, and what of it is read as words.

Everything that comes in passes here: pages, chat platforms, the command line, files that people write.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_KEPT_CONTROLS = frozenset("\n\t")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co"})


def is_storable(text: str) -> bool:
    """Whether a row can hold `text`: PostgreSQL takes neither NUL nor lone surrogates."""
    return _UNSTORABLE.search(text) is None


def storable(text: str) -> str:
    """`text` with U+FFFD for what no row can hold. Replaced, never left out: an id with something in it that no
    id has must not turn into another one."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def storable_json(value: Any) -> Any:
    """A JSON value whose every string and key is storable; numbers that are not finite become null.

    Raises RecursionError for what is nested too deeply to be read.
    """
    match value:
        case str():
            return storable(value)
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {storable(str(name)): storable_json(item) for name, item in value.items()}
        case list():
            return [storable_json(item) for item in value]
        case _:
            return value


def clean(text: str) -> str:
    """Words without control, format (direction-changing), surrogate and private characters, and without space
    around them.

    Emoji joiners go too: they change how a name looks, never what a request asks for.
    """
    kept = (
        character
        for character in text
        if character in _KEPT_CONTROLS or unicodedata.category(character) not in _INVISIBLE
    )
    return "".join(kept).strip()
