"""Serve payments on this machine, at PORT."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import make_server

from payments.app import application
from payments.till import Till

Wsgi = Callable[..., Iterable[bytes]]


def with_health(asked: Wsgi) -> Wsgi:
    """The service, and a word that it is there."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/healthz":
            return asked(environ, start)
        start("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")])
        return [b"{}"]

    return answer


with make_server("127.0.0.1", int(os.environ.get("PORT", "8080")), with_health(application(Till()))) as server:
    server.serve_forever()
