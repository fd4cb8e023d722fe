"""API documentation: the OpenAPI 3 document of a repository as one page of Markdown.

The same document is the same page, byte for byte. What others wrote in it is text: it is escaped, and its size
and depth have a bound.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from agents.engineering.by_rule.asked import Written
from agents.engineering.workspace import NotPossible, Workspace

PLACES = tuple(
    f"{folder}openapi.{ending}" for folder in ("", "docs/", "api/") for ending in ("yaml", "yml", "json")
)
"""Where an OpenAPI document is looked for."""
PAGE = "docs/api.md"
_MOST_LINES = 5_000
_DEEPEST = 4
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")
_BOUNDS = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern", "default")


def write_api_docs(files: Workspace) -> Written:
    """Write the page. Raises NotPossible. Blocking."""
    there = [place for place in PLACES if (files.root / place).is_file()]
    if len(there) != 1:
        said = (
            f"It has {len(there)} OpenAPI documents ({', '.join(there)})"
            if there
            else "It has no OpenAPI document"
        )
        raise NotPossible(f"{said}; one is wanted, such as openapi.yaml.")
    page = page_of(files.text(there[0]), there[0])
    if (files.root / PAGE).is_file() and files.text(PAGE) == page:
        raise NotPossible(f"{PAGE} says what {there[0]} says already.")
    files.write(PAGE, page)
    return Written(f"{PAGE} is written from {there[0]}; the same document gives the same page.")


def page_of(text: str, path: str) -> str:
    """The page of an OpenAPI 3 document. Raises NotPossible."""
    try:
        document = json.loads(text) if path.endswith(".json") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError, RecursionError):
        raise NotPossible(f"{path} cannot be read.") from None
    if not isinstance(document, Mapping) or not str(document.get("openapi", "")).startswith("3."):
        raise NotPossible(f"{path} is no OpenAPI 3 document.")
    lines: list[str] = []
    for line in _page(document, path):
        lines.append(line)
        if len(lines) > _MOST_LINES:
            raise NotPossible(f"The page of {path} would have more than {_MOST_LINES:,} lines.")
    return "\n".join(lines) + "\n"


def _page(document: Mapping[str, Any], path: str) -> Iterator[str]:
    info = _mapping(document.get("info"))
    yield f"# {_text(info.get('title', 'API'))} {_text(info.get('version', ''))}".rstrip()
    yield ""
    yield f"Written from `{path}`: change that file, and write this page again."
    if info.get("description"):
        yield from ("", _text(info["description"]))
    yield from ("", "## Operations")
    for place, operations in _mapping(document.get("paths")).items():
        shared = _mapping(operations)
        for method in _METHODS:
            if method in shared:
                yield from _operation(f"{method.upper()} {place}", _mapping(shared[method]), shared, document)
    schemas = _mapping(_mapping(document.get("components")).get("schemas"))
    if schemas:
        yield from ("", "## Schemas")
    for name, schema in schemas.items():
        yield from ("", f"### {_text(name)}", "")
        if _mapping(schema).get("description"):
            yield from (_text(_mapping(schema)["description"]), "")
        yield from _schema(_mapping(schema))


def _operation(
    title: str, operation: Mapping[str, Any], shared: Mapping[str, Any], document: Mapping[str, Any]
) -> Iterator[str]:
    yield from ("", f"### {_code(title)}", "")
    said = [_code(str(operation["operationId"]))] if "operationId" in operation else []
    said += ["**deprecated**"] if operation.get("deprecated") else []
    said += [_text(operation[key]) for key in ("summary", "description") if operation.get(key)]
    if said:
        yield from (". ".join(one.rstrip(".") for one in said) + ".", "")
    parameters = [
        _found(one, document) for one in (*_list(shared.get("parameters")), *_list(operation.get("parameters")))
    ]
    if parameters:
        yield from ("| Parameter | In | Type | Required | |", "|---|---|---|---|---|")
        for one in parameters:
            required = "yes" if one.get("required") else "no"
            cells = (_code(str(one.get("name"))), _text(one.get("in", "")), _type(_mapping(one.get("schema"))))
            yield f"| {' | '.join(cells)} | {required} | {_text(one.get('description', ''))} |"
        yield ""
    body = _found(operation.get("requestBody"), document)
    if body:
        yield f"Body{', required' if body.get('required') else ''}: {_bodies(body)}"
        yield from _inline(body)
        yield ""
    yield from ("| Answer | | Body |", "|---|---|---|")
    inner: list[str] = []
    for code, answer in _mapping(operation.get("responses")).items():
        given = _found(answer, document)
        yield f"| {_text(code)} | {_text(given.get('description', ''))} | {_bodies(given)} |"
        inner += _inline(given)
    yield from inner


def _bodies(given: Mapping[str, Any]) -> str:
    content = _mapping(given.get("content"))
    return ", ".join(
        f"{_code(str(kind))} {_type(_mapping(_mapping(one).get('schema')))}" for kind, one in content.items()
    )


def _inline(given: Mapping[str, Any]) -> list[str]:
    """The fields of bodies whose schemas have no name of their own."""
    rows = []
    for one in _mapping(given.get("content")).values():
        schema = _mapping(_mapping(one).get("schema"))
        if schema.get("properties"):
            rows += ["", *_schema(schema)]
    return rows


def _schema(schema: Mapping[str, Any]) -> Iterator[str]:
    if not schema.get("properties"):
        yield _type(schema)
        return
    yield from ("| Field | Type | Required | |", "|---|---|---|---|")
    yield from _fields(schema, "", 0)


def _fields(schema: Mapping[str, Any], before: str, depth: int) -> Iterator[str]:
    required = {str(one) for one in _list(schema.get("required"))}
    for name, given in _mapping(schema.get("properties")).items():
        field = _mapping(given)
        must = "yes" if str(name) in required else "no"
        says = _text(field.get("description", ""))
        yield f"| {_code(f'{before}{name}')} | {_type(field)} | {must} | {says} |"
        inside = _mapping(field.get("items")) if "items" in field else field
        if inside.get("properties") and depth < _DEEPEST:
            yield from _fields(inside, f"{before}{name}{'[]' if 'items' in field else ''}.", depth + 1)


def _type(schema: Mapping[str, Any], depth: int = 0) -> str:
    """What a schema lets through, in a few words."""
    reference = str(schema.get("$ref", ""))
    if reference:
        name = reference.rpartition("/")[2]
        named = reference.startswith("#/components/schemas/") and re.fullmatch(r"[\w.-]+", name)
        return f"[{_text(name)}](#{name.lower()})" if named else _code(reference)
    for key, word in (("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")):
        if key in schema:
            parts = (
                [_type(_mapping(one), depth + 1) for one in _list(schema[key])[:20]] if depth < _DEEPEST else []
            )
            return word.join(parts) or "anything"
    if "enum" in schema:
        return " or ".join(_code(json.dumps(one, default=str)) for one in _list(schema["enum"])[:50])
    if "const" in schema:
        return _code(json.dumps(schema["const"], default=str))
    kinds = schema.get("type", "object" if "properties" in schema else "anything")
    said = " or ".join(_text(one) for one in (_list(kinds) or [kinds]))
    if "items" in schema and depth < _DEEPEST:
        said = f"{said} of {_type(_mapping(schema['items']), depth + 1)}"
    said += f" ({_text(schema['format'])})" if "format" in schema else ""
    bounds = [f"{key} {_code(str(schema[key]))}" for key in _BOUNDS if key in schema]
    return ", ".join([said, *bounds])


def _found(given: Any, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """A part of the document, or what it refers to within it."""
    part = _mapping(given)
    reference = str(part.get("$ref", ""))
    if not reference.startswith("#/"):
        return part
    at: Any = document
    for step in reference[2:].split("/"):
        at = _mapping(at).get(step.replace("~1", "/").replace("~0", "~"))
    return _mapping(at)


def _mapping(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, Mapping) else {}


def _list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []


def _text(given: Any) -> str:
    """In one line, so that it is no Markdown."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(given).split()))


def _code(given: str) -> str:
    return f"`{' '.join(given.split()).replace('`', '’').replace('|', '¦')}`"
