"""Whether an OpenAPI 3 document still keeps what the old one promised to clients.

| what changed | breaks |
|---|---|
| path, operation, content type, answer's status or header removed | yes |
| parameter removed, or now required; a required one added; body now required | yes |
| schema of a parameter or body narrower; of an answer wider | yes (`schemas.py`) |
| `operationId`, `servers` changed; `security` changed | yes: generated clients, addresses, credentials |
| optional parameter, property, operation, path, 4xx or 5xx answer added; words | no |
| anything else that differs | unknown, so yes |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agents.engineering.verdict.changes import ChangeSet, Finding, line_of
from agents.engineering.verdict.schemas import Difference, compare

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_WORDS = {"description", "summary", "tags", "externalDocs", "deprecated", "example", "examples"}
_TOP = {"openapi", "info", "paths", "components", "servers", "security", *_WORDS}


def openapi(change: ChangeSet, path: str, old: Any, new: Any) -> Iterator[Finding]:
    """Differences of one OpenAPI file that break its clients."""
    for difference in differences(old, new):
        line = line_of(change.after.text(path), difference.at.partition(" ")[0])
        where, why = f"{path}:{line}", f"{difference.at}: {difference.why}"
        if difference.what == "security removed":
            yield Finding(
                "openapi", "block", "harmful", difference.what, where, why, "everybody whose data it guards"
            )
        else:
            yield Finding(
                "openapi", "ask", "breaking", difference.what, where, why, f"clients of {difference.at}"
            )


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    """What of a document breaks those who call what the old one promised."""
    roots = (old, new)
    if str(old.get("openapi", ""))[:2] != str(new.get("openapi", ""))[:2]:
        yield Difference("openapi", "version changed", "the document is of another version of OpenAPI")
    if old.get("servers") != new.get("servers"):
        yield Difference("servers", "address changed", "clients find the service elsewhere")
    yield from _security("security", old.get("security"), new.get("security"))
    for key in sorted({*old, *new} - _TOP):
        if old.get(key) != new.get(key):
            yield Difference(key, "unknown change", "differs, which is not known to be safe")
    components, others = old.get("components") or {}, new.get("components") or {}
    if components.get("securitySchemes") != others.get("securitySchemes"):
        yield Difference("securitySchemes", "security changed", "clients prove who they are in another way")
    for path, operations in (old.get("paths") or {}).items():
        other = (new.get("paths") or {}).get(path)
        if other is None:
            yield Difference(path, "path removed", "is no longer answered")
            continue
        for method in _METHODS:
            if method in operations and method not in other:
                yield Difference(f"{path} {method}", "operation removed", "is no longer answered")
            elif method in operations:
                before = {"parameters": operations.get("parameters"), **operations[method]}
                after = {"parameters": other.get("parameters"), **other[method]}
                yield from _operation(f"{path} {method}", before, after, roots)


def _security(at: str, old: Any, new: Any) -> Iterator[Difference]:
    if old == new:
        return
    if old and (not new or {} in new):
        yield Difference(at, "security removed", "is answered without credentials")
    else:
        yield Difference(at, "security changed", "demands other credentials")


def _operation(
    at: str, old: Mapping[str, Any], new: Mapping[str, Any], roots: tuple[Any, Any]
) -> Iterator[Difference]:
    if old.get("operationId") and old["operationId"] != new.get("operationId"):
        yield Difference(at, "operation renamed", "generated clients call it by another name")
    if "security" in old or "security" in new:
        yield from _security(at, old.get("security"), new.get("security"))
    yield from _parameters(at, old.get("parameters") or [], new.get("parameters") or [], roots)
    yield from _body(at, _at(old.get("requestBody"), roots[0]), _at(new.get("requestBody"), roots[1]), roots)
    yield from _answers(at, old.get("responses") or {}, new.get("responses") or {}, roots)
    known = {"operationId", "security", "parameters", "requestBody", "responses", *_WORDS}
    for key in sorted({*old, *new} - known):
        if old.get(key) != new.get(key):
            yield Difference(at, "unknown change", f"{key} differs, which is not known to be safe")


def _at(part: Any, root: Any) -> Any:
    if isinstance(part, Mapping) and str(part.get("$ref", "")).startswith("#/"):
        found: Any = root
        for step in part["$ref"][2:].split("/"):
            found = found.get(step) if isinstance(found, Mapping) else None
        return found or {"unresolved": part["$ref"]}
    return part


def _parameters(at: str, old: list[Any], new: list[Any], roots: tuple[Any, Any]) -> Iterator[Difference]:
    had = {(p.get("name"), p.get("in")): p for p in (_at(p, roots[0]) for p in old)}
    has = {(p.get("name"), p.get("in")): p for p in (_at(p, roots[1]) for p in new)}
    for key, parameter in has.items():
        if key not in had and parameter.get("required"):
            yield Difference(at, "parameter required", f"{key[0]} must now be sent")
    for key, parameter in had.items():
        other = has.get(key)
        if other is None:
            yield Difference(at, "parameter removed", f"{key[0]} is no longer read")
            continue
        if other.get("required") and not parameter.get("required"):
            yield Difference(at, "parameter required", f"{key[0]} must now be sent")
        yield from compare(parameter.get("schema", {}), other.get("schema", {}), "in", roots, f"{at} {key[0]}")
        for part in sorted({*parameter, *other} - {"name", "in", "required", "schema", *_WORDS}):
            if parameter.get(part) != other.get(part):
                yield Difference(at, "parameter changed", f"{part} of {key[0]} differs")


def _body(at: str, old: Any, new: Any, roots: tuple[Any, Any]) -> Iterator[Difference]:
    if old is None:
        if new is not None and new.get("required"):
            yield Difference(at, "body required", "a body must now be sent")
        return
    if new is None:
        yield Difference(at, "body removed", "the body is no longer read")
        return
    if new.get("required") and not old.get("required"):
        yield Difference(at, "body required", "a body must now be sent")
    yield from _content(f"{at} body", old.get("content") or {}, new.get("content") or {}, roots, answer=False)


def _answers(
    at: str, old: Mapping[str, Any], new: Mapping[str, Any], roots: tuple[Any, Any]
) -> Iterator[Difference]:
    had, has = ({str(code): answer for code, answer in answers.items()} for answers in (old, new))
    for code in has:
        if code not in had and not code.startswith(("4", "5")):
            yield Difference(f"{at} {code}", "status code changed", "is an answer that clients do not know")
    for code, given in had.items():
        if code not in has:
            yield Difference(f"{at} {code}", "status code changed", "is no longer answered")
            continue
        answer, other = _at(given, roots[0]), _at(has[code], roots[1])
        yield from _content(
            f"{at} {code}", answer.get("content") or {}, other.get("content") or {}, roots, answer=True
        )
        for name, header in (answer.get("headers") or {}).items():
            if name not in (other.get("headers") or {}):
                yield Difference(f"{at} {code}", "header removed", f"{name} is no longer sent")
            else:
                one, two = _at(header, roots[0]), _at(other["headers"][name], roots[1])
                yield from compare(
                    one.get("schema", {}), two.get("schema", {}), "out", roots, f"{at} {code} {name}"
                )


def _content(
    at: str, old: Mapping[str, Any], new: Mapping[str, Any], roots: tuple[Any, Any], *, answer: bool
) -> Iterator[Difference]:
    for kind, body in old.items():
        if kind not in new:
            yield Difference(at, "content type removed", f"{kind} is gone")
        else:
            direction = "out" if answer else "in"
            yield from compare(body.get("schema", {}), new[kind].get("schema", {}), direction, roots, at)  # type: ignore[arg-type]
    if answer and not old and new:
        yield Difference(at, "body added", "answers with a body where there was none")
