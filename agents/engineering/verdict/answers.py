"""Whether one answer of the product is as good as another: the same, or more of what the code names.

Answers are what `inside` writes of them: type names and content. Another type, another value, an element more
or less in a sequence is another answer; a key more in a mapping is none, if the code names it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from agents.engineering.verdict.changes import ChangeSet

_CLOSE = 1e-9


def differs(was: Any, now: Any, change: ChangeSet, at: str) -> str:
    """How two canonical values differ; empty where the new one is as good as the old."""
    if was is None or now is None:
        return "" if was == now else f"{at} is there on one side only"
    (kinds, old), (others, new) = was, now
    if kinds[0] != others[0] and kinds[0] not in others and not _one_mapping(kinds, others):
        return f"{at} was a {kinds[0]} and is a {others[0]}"
    if isinstance(old, list) and isinstance(new, list):
        if old and all(
            isinstance(part, list) and len(part) == 2 and isinstance(part[0], str) for part in [*old, *new]
        ):
            return _mapping(dict(old), dict(new), change, at)
        if len(old) != len(new):
            return f"{at} held {len(old)} and holds {len(new)}"
        found = (
            differs(one, other, change, f"{at}[{place}]")
            for place, (one, other) in enumerate(zip(old, new, strict=True))
            if one != other
        )
        return next(filter(None, found), "")
    if old == new or _close(kinds, old, new):
        return ""
    if isinstance(old, str) and isinstance(new, str) and "str" in kinds:
        parsed = _json(old), _json(new)
        if isinstance(parsed[0], Mapping | list):
            return _plain(parsed[0], parsed[1], change, at)
    return f"{at} was {str(old)[:80]} and is {str(new)[:80]}"


def _one_mapping(kinds: list[str], others: list[str]) -> bool:
    return "dict" in kinds and "dict" in others


def _mapping(old: dict[str, Any], new: dict[str, Any], change: ChangeSet, at: str) -> str:
    if lost := [key for key in old if key not in new]:
        return f"{at} has no {lost[0]} any more"
    for key in new:
        if (
            key not in old
            and not any(key in text or key.replace("'", '"') in text for text in change.after.product.values())
            and not _is_field(key, change)
        ):
            return f"{at} has {key} too"
    return next(
        filter(
            None, (differs(old[key], new[key], change, f"{at}.{key}") for key in old if old[key] != new[key])
        ),
        "",
    )


def _is_field(key: str, change: ChangeSet) -> bool:
    """Whether a key is the name of a field or a column that the product writes."""
    bare = re.compile(rf"\b{re.escape(key.strip(chr(39)))}\b")
    return key.strip("'").isidentifier() and any(
        bare.search(change.after.text(path)) for path in change.changed
    )


def _close(kinds: list[str], old: Any, new: Any) -> bool:
    if "float" not in kinds:
        return False
    try:
        one, other = float(old), float(new)
    except (TypeError, ValueError):
        return False
    return (
        one == other
        or abs(one - other) <= _CLOSE * max(abs(one), abs(other))
        or (one != one and other != other)
    )


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _plain(old: Any, new: Any, change: ChangeSet, at: str) -> str:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        if lost := [key for key in old if key not in new]:
            return f"{at} has no {lost[0]!r} any more"
        return next(filter(None, (_plain(old[key], new[key], change, f"{at}.{key}") for key in old)), "")
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return next(
            filter(None, (_plain(one, other, change, f"{at}[]") for one, other in zip(old, new, strict=True))),
            "",
        )
    return "" if old == new and type(old) is type(new) else f"{at} was {str(old)[:60]} and is {str(new)[:60]}"


def no_longer_printed(was: str | None, now: str | None) -> str:
    """More lines may be printed; what was printed must still be."""
    rest = iter((now or "").splitlines())
    lost = [line for line in (was or "").splitlines() if line not in rest]
    return f"no longer prints {lost[0][:80]!r}" if lost or (bool(was) != bool(now) and was) else ""
