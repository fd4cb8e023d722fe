"""Requests to functions: a WSGI application over a table of routes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

MOST_BODY = 64 * 1024


class Refused(Exception):
    """A request that is answered with `status` and one sentence."""

    def __init__(self, status: HTTPStatus, says: str) -> None:
        super().__init__(says)
        self.status, self.says = status, says


@dataclass(frozen=True)
class Request:
    """What was asked for: `parts` are the path's, `query` what stands behind the question mark."""

    parts: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True)
class Answer:
    """What is answered, as JSON."""

    body: Any
    status: HTTPStatus = HTTPStatus.OK


Handler = Callable[[Request], Answer]


class Application:
    """Routes are written `GET /orders/{order}`."""

    def __init__(self, routes: Mapping[str, Handler]) -> None:
        self._routes = [(*_compiled(route), handler) for route, handler in routes.items()]

    def answer(self, method: str, path: str, **asked: Any) -> Answer:
        """What a request is answered with, refusals too."""
        try:
            handler, parts = self._find(method, path)
            return handler(Request(parts, **asked))
        except Refused as refused:
            return Answer({"error": refused.says}, refused.status)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        query = {name: values[-1] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        headers = {
            name[5:].replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        try:
            body = _body(environ)
        except ValueError:
            answer = Answer({"error": "The body is no JSON."}, HTTPStatus.BAD_REQUEST)
        else:
            method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
            answer = self.answer(method, path, query=query, headers=headers, body=body)
        said = json.dumps(answer.body).encode()
        lines = [("Content-Type", "application/json"), ("Content-Length", str(len(said)))]
        start(f"{answer.status.value} {answer.status.phrase}", lines)
        return [said]

    def _find(self, method: str, path: str) -> tuple[Handler, Mapping[str, str]]:
        allowed = False
        for wanted, pattern, handler in self._routes:
            found = pattern.fullmatch(path)
            if found and wanted == method:
                return handler, found.groupdict()
            allowed = allowed or found is not None
        if allowed:
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "This cannot be done here.")
        raise Refused(HTTPStatus.NOT_FOUND, "There is nothing at this address.")


def _compiled(route: str) -> tuple[str, re.Pattern[str]]:
    method, _, path = route.partition(" ")
    return method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))


def _body(environ: Mapping[str, Any]) -> Any:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > MOST_BODY:
        raise ValueError("too long")
    return json.loads(environ["wsgi.input"].read(length)) if length else None
