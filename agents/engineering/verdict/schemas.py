"""Whether one JSON schema may take another one's place, for who sends by it and for who reads by it.

`in` is what others send us (narrower breaks them), `out` what they get of us (wider breaks them), `both`
what is written and read by parties that we do not know, as events and stored documents are. Vocabulary:
JSON Schema 2020-12 and OpenAPI 3. A keyword that is not known here and differs counts as breaking.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from agents.engineering.verdict.changes import ChangeSet, Finding, line_of

Direction = Literal["in", "out", "both"]
Schema = Mapping[str, Any]

_WORDS = {
    "description",
    "title",
    "summary",
    "example",
    "examples",
    "externalDocs",
    "$comment",
    "deprecated",
    "xml",
}
_WORDS |= {"$id", "$schema", "$anchor", "definitions", "$defs"}
_UPPER = ("maximum", "maxLength", "maxItems", "maxProperties", "exclusiveMaximum")
_LOWER = ("minimum", "minLength", "minItems", "minProperties", "exclusiveMinimum")
_CHECKS = ("pattern", "format", "multipleOf", "uniqueItems", "propertyNames")
_DEPTH = 30


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference that breaks a promise: where in the schema, what kind, and the words for it."""

    at: str
    what: str
    why: str


def compare(
    old: Any, new: Any, direction: Direction, roots: tuple[Any, Any], at: str = "$"
) -> Iterator[Difference]:
    """Differences that break somebody. `roots` are the documents in which `$ref` is looked up."""
    old, new = _resolved(old, roots[0]), _resolved(new, roots[1])
    if old == new and "$ref" not in json.dumps(old):
        return
    if at.count(".") > _DEPTH:
        return
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        if old != new and not (direction == "in" and new is True) and not (direction == "out" and old is True):
            yield Difference(at, "schema changed", f"was {_short(old)} and is {_short(new)}")
        return
    yield from _values(old, new, direction, at)
    yield from _bounds(old, new, direction, at)
    yield from _object(old, new, direction, roots, at)
    yield from _parts(old, new, direction, roots, at)


def _resolved(schema: Any, root: Any) -> Any:
    for _ in range(_DEPTH):
        if not isinstance(schema, Mapping) or not isinstance(schema.get("$ref"), str):
            return schema
        found: Any = root
        for part in schema["$ref"].removeprefix("#").strip("/").split("/"):
            found = (
                found.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
            )
        if found is None or not schema["$ref"].startswith("#"):
            return {"unresolved": schema["$ref"]}
        schema = found
    return {"unresolved": "a circle"}


def _short(value: Any) -> str:
    return json.dumps(value, default=str)[:60]


def _types(schema: Schema) -> set[str] | None:
    given = schema.get("type")
    types = {given} if isinstance(given, str) else set(given) if isinstance(given, list) else None
    if types is not None and schema.get("nullable") is True:
        types.add("null")
    return types | {"integer"} if types and "number" in types else types


def _allowed(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _values(old: Schema, new: Schema, direction: Direction, at: str) -> Iterator[Difference]:
    for what, was, is_now in (("type", _types(old), _types(new)), ("enum", _allowed(old), _allowed(new))):
        if was == is_now:
            continue
        narrower = is_now is not None and (was is None or any(value not in is_now for value in was))
        wider = was is not None and (is_now is None or any(value not in was for value in is_now))
        if (narrower and direction != "out") or (wider and direction != "in"):
            why = f"took or gave {_listed(was)} and now {_listed(is_now)}"
            yield Difference(at, f"{what} changed", why)
    if "default" in old and old.get("default") != new.get("default"):
        yield Difference(
            at, "default changed", f"was {_short(old['default'])}, is {_short(new.get('default'))}"
        )


def _listed(values: Any) -> str:
    return "anything" if values is None else ", ".join(sorted(map(str, values)))


def _bounds(old: Schema, new: Schema, direction: Direction, at: str) -> Iterator[Difference]:
    for keys, sign in ((_UPPER, 1), (_LOWER, -1)):
        for key in keys:
            was, is_now = old.get(key), new.get(key)
            if was == is_now:
                continue
            narrower = is_now is not None and (was is None or sign * is_now < sign * was)
            if direction == "both" or narrower == (direction == "in"):
                yield Difference(at, "limit changed", f"{key} was {was} and is {is_now}")
    for key in _CHECKS:
        if old.get(key) != new.get(key) and not (
            (direction == "in" and key not in new) or (direction == "out" and key not in old)
        ):
            yield Difference(
                at, "limit changed", f"{key} was {_short(old.get(key))} and is {_short(new.get(key))}"
            )


def _object(
    old: Schema, new: Schema, direction: Direction, roots: tuple[Any, Any], at: str
) -> Iterator[Difference]:
    had, has = old.get("properties") or {}, new.get("properties") or {}
    for name in had:
        if name not in has:
            yield Difference(f"{at}.{name}", "property removed", f"{name} is gone")
        else:
            yield from compare(had[name], has[name], direction, roots, f"{at}.{name}")
    for name in has:
        if name not in had and direction != "in" and old.get("additionalProperties") is False:
            yield Difference(
                f"{at}.{name}",
                "property added to a closed object",
                f"{name} is refused by who reads by the old",
            )
    was, is_now = set(old.get("required") or ()), set(new.get("required") or ())
    if direction != "out" and (more := is_now - was):
        yield Difference(at, "property required", f"{_listed(more)} must now be sent")
    if direction != "in" and (fewer := was - is_now):
        yield Difference(at, "property no longer sure", f"{_listed(fewer)} may now be missing")
    closed = "additionalProperties"
    if old.get(closed, True) != new.get(closed, True):
        if isinstance(old.get(closed), Mapping) and isinstance(new.get(closed), Mapping):
            yield from compare(old[closed], new[closed], direction, roots, f"{at}.*")
        elif not (direction == "in" and new.get(closed, True) is True):
            yield Difference(at, "object closed or opened", f"{closed} was {_short(old.get(closed, True))}")


def _parts(
    old: Schema, new: Schema, direction: Direction, roots: tuple[Any, Any], at: str
) -> Iterator[Difference]:
    if "items" in old and "items" in new:
        yield from compare(old["items"], new["items"], direction, roots, f"{at}[]")
    for key in ("allOf", "anyOf", "oneOf"):
        was, is_now = old.get(key), new.get(key)
        if isinstance(was, list) and isinstance(is_now, list) and len(was) == len(is_now):
            for place, (one, other) in enumerate(zip(was, is_now, strict=True)):
                yield from compare(one, other, direction, roots, f"{at}.{key}{place}")
        elif was != is_now:
            yield Difference(at, "alternatives changed", f"{key} differs")
    known = {*_WORDS, *_UPPER, *_LOWER, *_CHECKS, "type", "nullable", "const", "enum", "default", "properties"}
    known |= {"required", "additionalProperties", "allOf", "anyOf", "oneOf"}
    for key in sorted({*old, *new}):
        one_sided = key == "items" and ("items" in old) != ("items" in new)
        if (key not in known and key != "items" and old.get(key) != new.get(key)) or one_sided:
            yield Difference(at, "schema changed", f"{key} differs, which is not known to be safe")


def is_schema(document: Any) -> bool:
    """Whether a parsed document is a JSON schema of its own."""
    if not isinstance(document, Mapping) or "openapi" in document:
        return False
    return "$schema" in document or ("type" in document and ("properties" in document or "items" in document))


def events(change: ChangeSet, path: str, old: Any, new: Any) -> Iterator[Finding]:
    """Differences of one schema file that break who writes or reads by it."""
    for difference in compare(old, new, "both", (old, new)):
        line = line_of(change.after.text(path), f'"{difference.at.rpartition(".")[2]}"')
        why = f"{difference.at}: {difference.why}"
        yield Finding(
            "schema",
            "ask",
            "breaking",
            difference.what,
            f"{path}:{line}",
            why,
            "who writes or reads by this schema",
        )
