"""API documents for people, from an OpenAPI document: Markdown, one section an operation.

What the OpenAPI document says is its authors' text: it is escaped, bounded, and nothing in it is obeyed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_MOST_OPERATIONS, _MOST_PROPERTIES, _LARGEST, _LONGEST_EXAMPLE = 400, 60, 1_000_000, 2_000
_MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\`*_[]<>|#!"})


class NotAnApi(ValueError):
    """It is no OpenAPI document that can be read. The text says why, in a sentence."""


def api_documents(text: str, service: str, source: str) -> str:
    """The documents of a service; `source` is where the OpenAPI document stands. Raises NotAnApi."""
    if len(text) > _LARGEST:
        raise NotAnApi(f"It has more than {_LARGEST:,} characters.")
    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError:
        raise NotAnApi("It is neither YAML nor JSON.") from None
    if not isinstance(read, dict) or not isinstance(read.get("paths"), dict):
        raise NotAnApi("It names no paths.")
    return "\n".join(_lines(read, service, source)).strip() + "\n"


def _lines(read: Mapping[str, Any], service: str, source: str) -> Iterator[str]:
    info = _mapping(read.get("info"))
    yield f"# {_said(info.get('title') or service)} {_said(info.get('version') or '')}".rstrip()
    yield ""
    if info.get("description"):
        yield from (_said(info["description"]), "")
    yield from (f"Generated from `{source}`.", "")
    count = 0
    for path, operations in read["paths"].items():
        for method in _METHODS:
            operation = _mapping(operations).get(method)
            if isinstance(operation, dict):
                count += 1
                if count > _MOST_OPERATIONS:
                    yield f"There are more than {_MOST_OPERATIONS} operations; the rest stands in `{source}`."
                    return
                yield from _operation(str(path), method, _mapping(operations), operation, read)


def _operation(
    path: str, method: str, shared: Mapping[str, Any], operation: Mapping[str, Any], root: Mapping[str, Any]
) -> Iterator[str]:
    yield from (f"## {method.upper()} {_said(path)}", "")
    for name in ("summary", "description"):
        if operation.get(name):
            yield from (_said(operation[name]), "")
    parameters = [
        _at(one, root) for one in [*_list(shared.get("parameters")), *_list(operation.get("parameters"))]
    ]
    if parameters:
        yield from ("| parameter | in | required | type |", "|---|---|---|---|")
        for one in parameters:
            needed = "yes" if one.get("required") else "no"
            kind = _type(one.get("schema"), root)
            yield f"| {_said(one.get('name'))} | {_said(one.get('in'))} | {needed} | {kind} |"
        yield ""
    body = _at(operation.get("requestBody"), root)
    if body:
        yield from ("Body:", "")
        yield from _content(body, root)
    for code, answer in _mapping(operation.get("responses")).items():
        found = _at(answer, root)
        yield from (f"**{_said(code)}** {_said(found.get('description') or '')}".rstrip(), "")
        yield from _content(found, root)


def _content(part: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[str]:
    for kind, media in _mapping(part.get("content")).items():
        schema = _at(_mapping(media).get("schema"), root)
        properties = _mapping(schema.get("properties"))
        required = {str(one) for one in _list(schema.get("required"))}
        yield from (f"`{str(kind).replace('`', '')[:100]}`: {_type(schema, root)}", "")
        if properties:
            yield from ("| property | type | required |", "|---|---|---|")
            for name, value in list(properties.items())[:_MOST_PROPERTIES]:
                yield f"| {_said(name)} | {_type(value, root)} | {'yes' if str(name) in required else 'no'} |"
            yield ""
        example = _mapping(media).get("example", schema.get("example"))
        if example is not None:
            told = json.dumps(example, indent=2, default=str).replace("```", "")[:_LONGEST_EXAMPLE]
            yield from ("```json", told, "```", "")


def _type(schema: Any, root: Mapping[str, Any]) -> str:
    found = _at(schema, root)
    kind = found.get("type")
    if kind == "array":
        return f"list of {_type(found.get('items'), root)}" if found.get("items") is not schema else "list"
    if isinstance(kind, list):
        return _said(" or ".join(map(str, kind)))
    choices = _list(found.get("enum"))
    if choices:
        return f"one of {_said(', '.join(map(str, choices[:12])))}"
    return _said(kind or "any")


def _at(part: Any, root: Mapping[str, Any], depth: int = 0) -> Mapping[str, Any]:
    """What a part is, its reference within the document followed."""
    reference = part.get("$ref") if isinstance(part, dict) else None
    if not isinstance(reference, str) or depth > 5:
        return _mapping(part)
    found: Any = root
    for step in reference.removeprefix("#/").split("/"):
        found = found.get(step) if isinstance(found, dict) else None
    return _at(found, root, depth + 1)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _said(text: Any) -> str:
    return " ".join(str(text if text is not None else "").split())[:1_000].translate(_MARKDOWN)
