"""What every request passes through: an id, a line in the log, and refusals as sentences."""

from __future__ import annotations

import re
import secrets
import time

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.console.error_page import error_page

_log = structlog.get_logger()
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})


@web.middleware
async def request_id(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Name the request in every log line it causes, by the caller's `X-Request-ID` if it gave a sound one."""
    given = request.headers.get("X-Request-ID", "")
    name = given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
    with structlog.contextvars.bound_contextvars(request=name):
        response = await handler(request)
    if not response.prepared:
        response.headers["X-Request-ID"] = name
    return response


@web.middleware
async def access_log(request: web.Request, handler: Handler) -> web.StreamResponse:
    """One line a request: what was asked for and how it ended, and nothing of what was said."""
    began = time.perf_counter()
    status = 500
    try:
        response = await handler(request)
        status = response.status
        return response
    finally:
        log = _log.debug if request.path in _QUIET else _log.info
        log(
            "request",
            method=request.method,
            path=request.path,
            status=status,
            ms=round((time.perf_counter() - began) * 1000, 1),
        )


@web.middleware
async def sentences(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer refusals as a sentence: JSON to a script, a page to a reader."""
    try:
        return await handler(request)
    except web.HTTPRequestEntityTooLarge:
        return _answer(request, 413, "That is too much at once: one megabyte is the most. Nothing was sent.")
    except web.HTTPException as refused:
        if refused.status < 400:
            raise
        said = refused.text if refused.text and not refused.text.startswith(f"{refused.status}:") else None
        return _answer(request, refused.status, said or f"{refused.reason}.")
    except (OperationalError, InterfaceError, PoolTimeout) as away:
        _log.debug("database_away", why=type(away).__name__)  # the line of the request itself says 503
        return _answer(request, 503, "The database does not answer just now. Try again in a moment.")


def _answer(request: web.Request, status: int, sentence: str) -> web.Response:
    if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
        return web.Response(status=status, text=error_page(status, sentence), content_type="text/html")
    return web.json_response({"error": sentence}, status=status)
