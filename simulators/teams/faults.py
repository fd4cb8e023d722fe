"""Failures on demand: the next so many calls of a kind are answered otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web

Call = Literal["send", "update", "delete", "create", "members", "token", "graph", "keys", "upload"]


@dataclass
class Fault:
    """How a call goes wrong. With `taken` it is done all the same, and only its answer is lost. A status of 0
    cuts the connection; `says` is a body in place of the error, a page of somebody's in between."""

    status: int
    retry_after: str | None = None
    taken: bool = False
    code: str = "ServiceError"
    says: str | None = None


@dataclass
class Faults:
    """What is to go wrong, and every call that was made, by kind. A None among the coming goes well."""

    coming: dict[Call, list[Fault | None]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    def add(self, call: Call, status: int, *, after: int = 0, times: int = 1, **how: object) -> None:
        """The next `times` calls of a kind fail, but for the first `after` of them."""
        faults = [Fault(status, **how) for _ in range(times)]  # type: ignore[arg-type]
        self.coming.setdefault(call, []).extend([*[None] * after, *faults])

    def next(self, call: Call) -> Fault | None:
        """How this call goes wrong; None if it does not."""
        self.calls.append(call)
        waiting = self.coming.get(call)
        return waiting.pop(0) if waiting else None

    def count(self, call: Call) -> int:
        """How often a call was made."""
        return self.calls.count(call)


def answer(request: web.Request, fault: Fault) -> web.Response:
    """The failure as it is on the wire."""
    if fault.status == 0 and request.transport is not None:
        request.transport.abort()
    headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
    page = "<html>Bad gateway</html>" if fault.status in (502, 504) else None
    if said := fault.says or page:  # a gateway's page, not the service's JSON
        return web.Response(status=fault.status, text=said, content_type="text/html", headers=headers)
    error = {"error": {"code": fault.code, "message": "on demand"}}
    return web.json_response(error, status=fault.status or 500, headers=headers)
