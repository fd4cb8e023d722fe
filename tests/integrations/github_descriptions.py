"""Extracts of GitHub's published descriptions, which the fake and its answers are held against.

`python -m tests.integrations.github_descriptions <folder>` makes them anew from the npm packages
`@octokit/openapi` (`generated/api.github.com.json`) and `@octokit/graphql-schema` (`schema.graphql`), unpacked
in that folder as `openapi` and `graphql-schema`. Whole they have 14 MB; the extracts hold the operations and
fields that are used.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLScalarType,
    GraphQLUnionType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_schema,
    get_named_type,
    parse,
    specified_scalar_types,
    visit,
)

from integrations.code_host.vendors.github import documents

OPENAPI = Path("tests/integrations/github_openapi.json")
SCHEMA = Path("simulators/github/schema.graphql")
OPERATIONS = {
    "/app": ("get",),
    "/app/installations/{installation_id}/access_tokens": ("post",),
    "/installation/repositories": ("get",),
    "/repos/{owner}/{repo}/pulls": ("post",),
    "/repos/{owner}/{repo}/pulls/{pull_number}": ("patch",),
    "/repos/{owner}/{repo}/pulls/{pull_number}/merge": ("put",),
    "/repos/{owner}/{repo}/pulls/{pull_number}/reviews": ("post",),
    "/repos/{owner}/{repo}/issues/{issue_number}/comments": ("post",),
    "/repos/{owner}/{repo}/issues/{issue_number}/labels": ("post",),
    "/repos/{owner}/{repo}/check-runs": ("post",),
    "/repos/{owner}/{repo}/commits/{ref}/check-runs": ("get",),
}
_WORDS = ("description", "example", "examples", "externalDocs", "summary", "x-github", "tags", "operationId")
_NAMES_TOO = ("description", "summary", "tags")
"""Words of the description itself, unless they are the names of properties."""


def queries() -> Mapping[str, str]:
    """Every GraphQL document that the vendor sends, by its name."""
    every = {
        name: value for name, value in vars(documents).items() if name.isupper() and not name.startswith("_")
    }
    return {name: value for name, value in every.items() if isinstance(value, str)}


def openapi_extract(whole: Mapping[str, Any]) -> dict[str, Any]:
    """The operations in use, with what they refer to, without their words."""
    paths = {
        path: {method: _plain(whole["paths"][path][method]) for method in methods}
        for path, methods in OPERATIONS.items()
    }
    extract: dict[str, Any] = {
        "info": {"title": whole["info"]["title"], "version": whole["info"]["version"]},
        "source": "npm @octokit/openapi, generated/api.github.com.json (MIT)",
        "paths": paths,
        "components": {},
    }
    waiting, known = list(_references(paths)), set()
    while waiting:
        where = waiting.pop()
        if where in known:
            continue
        known.add(where)
        kind, name = where.removeprefix("#/components/").split("/", 1)
        part = _plain(whole["components"][kind][name])
        extract["components"].setdefault(kind, {})[name] = part
        waiting += _references(part)
    return extract


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _plain(one)
            for key, one in value.items()
            if key not in _WORDS or (key in _NAMES_TOO and not isinstance(one, str))
        }
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for one in value.values():
            yield from _references(one)
    elif isinstance(value, list):
        for one in value:
            yield from _references(one)


class _Used(Visitor):
    """The fields that documents ask for, with their arguments, and the types that they name otherwise."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self.info = info
        self.fields: dict[str, dict[str, set[str]]] = {}
        self.types: set[str] = set()

    def enter_field(self, node: Any, *_: Any) -> None:
        parent, field = self.info.get_parent_type(), self.info.get_field_def()
        if parent is None or field is None or node.name.value.startswith("__"):
            return
        asked = {argument.name.value for argument in node.arguments or ()}
        self.fields.setdefault(parent.name, {}).setdefault(node.name.value, set()).update(asked)
        self.types.add(get_named_type(field.type).name)
        self.types.update(get_named_type(field.args[name].type).name for name in asked)


def schema_extract(whole: str) -> str:
    """The types and fields that the vendor's documents ask for."""
    schema = build_schema(whole, assume_valid_sdl=True)
    info = TypeInfo(schema)
    used = _Used(info)
    for document in queries().values():
        visit(parse(document), TypeInfoVisitor(info, used))
    names: set[str] = set()
    waiting = [*used.types, *used.fields, "Bot", "User"]
    while waiting:
        name = waiting.pop()
        if name not in names:
            names.add(name)
            waiting += _inputs(schema.type_map[name])
    kept = [_sdl(schema.type_map[name], used, names) for name in sorted(names)]
    head = "# An extract of GitHub's published schema: npm @octokit/graphql-schema (MIT).\n\n"
    return head + "\n\n".join(filter(None, kept)) + "\n"


def _inputs(kind: Any) -> list[str]:
    if not isinstance(kind, GraphQLInputObjectType):
        return []
    return [get_named_type(field.type).name for field in kind.fields.values()]


def _sdl(kind: Any, used: _Used, names: set[str]) -> str:
    if isinstance(kind, GraphQLScalarType):
        return "" if kind.name in specified_scalar_types else f"scalar {kind.name}"
    if isinstance(kind, GraphQLEnumType):
        return _block(f"enum {kind.name}", kind.values)
    if isinstance(kind, GraphQLInputObjectType):
        return _block(f"input {kind.name}", [f"{name}: {one.type}" for name, one in kind.fields.items()])
    if isinstance(kind, GraphQLUnionType):
        return f"union {kind.name} = {' | '.join(one.name for one in kind.types if one.name in used.fields)}"
    asked = dict(used.fields.get(kind.name, {}))
    for one in kind.interfaces:
        if one.name in names:  # an implementation has its interface's fields
            asked |= {key: set() for key in used.fields.get(one.name, {}) or ["id"]}
    fields: Mapping[str, set[str]] = asked or {next(iter(kind.fields)): set()}  # no type is without one
    lines = [
        f"{name}{_arguments(kind.fields[name], fields[name])}: {kind.fields[name].type}"
        for name in sorted(fields)
    ]
    word = "interface" if isinstance(kind, GraphQLInterfaceType) else "type"
    interfaces = [one.name for one in kind.interfaces if one.name in names]
    return _block(f"{word} {kind.name}{' implements ' + ' & '.join(interfaces) if interfaces else ''}", lines)


def _block(head: str, lines: Iterable[str]) -> str:
    return "\n".join([f"{head} {{", *(f"  {line}" for line in lines), "}"])


def _arguments(field: Any, asked: set[str]) -> str:
    said = [f"{name}: {field.args[name].type}" for name in sorted(asked)]
    return f"({', '.join(said)})" if said else ""


if __name__ == "__main__":
    packages = Path(sys.argv[1])
    published = json.loads((packages / "openapi/generated/api.github.com.json").read_text("utf-8"))
    OPENAPI.write_text(json.dumps(openapi_extract(published), separators=(",", ":")) + "\n", "utf-8")
    SCHEMA.write_text(schema_extract((packages / "graphql-schema/schema.graphql").read_text("utf-8")), "utf-8")
