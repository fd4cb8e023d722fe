"""Serve the dashboard API on this machine, at PORT."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import make_server

from dashboard.app import Visitor, application
from dashboard.figures import Figures

Wsgi = Callable[..., Iterable[bytes]]


def session(token: str) -> Visitor | None:
    """Whose token the auth service says that this is."""
    ask = urllib.request.Request(  # noqa: S310 - the address is the platform's
        os.environ["AUTH_SERVICE_URL"] + "/session", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(ask, timeout=2) as answer:  # noqa: S310
            said = json.load(answer)
        return Visitor(str(said["account"]), tuple(said["roles"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def with_health(asked: Wsgi) -> Wsgi:
    """The service, and a word that it is there."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/healthz":
            return asked(environ, start)
        start("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")])
        return [b"{}"]

    return answer


with make_server(
    "127.0.0.1", int(os.environ.get("PORT", "8080")), with_health(application(Figures(), session))
) as server:
    server.serve_forever()
