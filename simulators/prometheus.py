"""Prometheus at the wire, where it fails: for what a real one does not do when it is asked to.

It answers queries with `series` (labels, then values by their times), and before that with whatever `faults`
says, one after the other:

| fault        | what it does                                                  |
|--------------|---------------------------------------------------------------|
| slow         | answers after two seconds                                     |
| error        | 503 with its JSON, as when a query takes too long              |
| no json      | 200 with a page                                               |
| truncated    | closes the connection in the middle of the answer             |
| bad query    | 422 with its JSON, as when a query cannot be evaluated         |
| unauthorised | 401, and the page of whatever stands before it                |
| other shape  | 200 with JSON that is none of its answers                     |
| endless      | 200 with an answer that does not end                          |
| packed       | 200 with an answer that is packed, though nobody asked for it |
"""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Mapping
from typing import Any, Literal

from aiohttp import web

Fault = Literal[
    "slow",
    "error",
    "no json",
    "truncated",
    "bad query",
    "unauthorised",
    "other shape",
    "endless",
    "packed",
]


class FakePrometheus:
    """A server's state and its routes. `asked` keeps each request's parameters, `authorisations` its
    credentials."""

    def __init__(self) -> None:
        self.series: list[tuple[Mapping[str, str], Mapping[float, str]]] = []
        self.warnings: list[str] = []
        self.faults: list[Fault] = []
        self.asked: list[Mapping[str, str]] = []
        self.authorisations: list[str | None] = []

    def app(self) -> web.Application:
        """The server, below a prefix as behind a proxy."""
        app = web.Application()
        app.router.add_get("/metrics-store/api/v1/{query:query|query_range}", self._query)
        return app

    async def _query(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(dict(request.query))
        self.authorisations.append(request.headers.get("Authorization"))
        fault = self.faults.pop(0) if self.faults else None
        if fault == "slow":
            await asyncio.sleep(2)
        elif fault is not None:
            return await self._failed(request, fault)
        return web.json_response(self._answer(is_range="step" in request.query))

    def _answer(self, *, is_range: bool) -> dict[str, Any]:
        kind = "values" if is_range else "value"
        result = []
        for labels, values in self.series:
            pairs = [[at, value] for at, value in values.items()]
            result.append({"metric": dict(labels), kind: pairs if is_range else pairs[-1]})
        data = {"resultType": "matrix" if is_range else "vector", "result": result}
        return {"status": "success", "data": data, "warnings": self.warnings}

    async def _failed(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        match fault:
            case "error":
                return _refusal(503, "timeout", "query timed out in expression evaluation")
            case "bad query":
                return _refusal(422, "execution", "multiple matches for labels: many-to-one matching")
            case "unauthorised":
                return web.Response(status=401, text=f"<h1>{request.headers.get('Authorization')} may not</h1>")
            case "no json":
                return web.Response(text="<html>Sign in</html>", content_type="text/html")
            case "other shape":
                return web.json_response({"status": "success", "data": {"result": [{"metric": [1]}]}})
            case "packed":
                packed = gzip.compress(json.dumps(self._answer(is_range=True)).encode())
                return web.Response(body=packed, headers={"Content-Encoding": "gzip"})
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b'{"status": "success", "data": {"result": [')
        while fault == "endless":
            await answer.write(b" " * 1_000_000)
        assert request.transport is not None
        request.transport.close()
        return answer


def _refusal(status: int, kind: str, why: str) -> web.Response:
    return web.json_response({"status": "error", "errorType": kind, "error": why}, status=status)
