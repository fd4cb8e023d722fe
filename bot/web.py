"""The web server: one application for health, metrics, the console and its dashboard."""

from __future__ import annotations

import logging
import re
import secrets
import time
from pathlib import Path

import structlog
from aiohttp import web, web_response, web_urldispatcher
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.console.dashboard.pages import add_dashboard
from bot.console.dashboard.verifying import AuditTrail
from bot.console.frame import add_frame, error_page
from bot.console.pages import add_console
from bot.console.personas import PersonaDoor, Session
from bot.console.protection import demand_local
from bot.console.residents import ReadResidents
from bot.console.visit import Reception
from bot.health import HEALTH, Health, healthz, metrics, readyz
from bot.listener import Listener
from bot.settings import Settings
from bot.sign_in.pages import add_production_pages
from governance.audit.signed_note import VerifierKey
from governance.outside_text import is_storable
from storage.database import Database, is_disk_full

_log = structlog.get_logger()
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

LONGEST_PATH = 250
"""Bytes of a path that are looked up: a name of a file takes 255, and nothing here is called so."""

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
    """Answer refusals as a sentence: JSON to a script, a page to a reader. A fault of ours is one too."""
    try:
        return await handler(request)
    except ConnectionError:
        raise  # nobody is there any more
    except Exception as failed:
        if request.writer.output_size > 0:
            raise  # what has begun cannot be answered anew
        return _said(request, failed)


@web.middleware
async def sound_address(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse addresses that are longer than any of ours, or hold what no row does: nobody looks them up."""
    parts = (request.path, *request.query.keys(), *request.query.values())
    if not all(is_storable(part) for part in parts):
        raise web.HTTPBadRequest(text="This address holds characters that no address here has.")
    if len(request.path.encode()) > LONGEST_PATH:
        raise web.HTTPNotFound(text="There is nothing at this address.")
    return await handler(request)


def _said(request: web.Request, failed: Exception) -> web.StreamResponse:
    match failed:
        case web.HTTPRequestEntityTooLarge():
            return _answer(
                request, 413, "That is too much at once: one megabyte is the most. Nothing was sent."
            )
        case web.HTTPException() if failed.status < 400:
            raise failed
        case web.HTTPException():
            own = failed.text if failed.text and not failed.text.startswith(f"{failed.status}:") else None
            return _answer(request, failed.status, own or f"{failed.reason}.")
        case web.RequestPayloadError():
            return _answer(request, 400, "What was sent cannot be read.")
        case OperationalError() if is_disk_full(failed):
            _log.error("disk_full")
            full = "The database's disk is full, so nothing can be kept."
            return _answer(request, 503, f"{full} Whoever runs Countersign here must make room.")
        case OperationalError() | InterfaceError() | PoolTimeout():
            _log.debug("database_away", why=type(failed).__name__)  # the request's own line says 503
            return _answer(request, 503, "The database does not answer just now. Try again in a moment.")
        case DataError():
            _log.warning("value_refused", why=type(failed.orig).__name__)
            return _answer(request, 400, "This holds a value that cannot be kept, so nothing was done.")
        case _:
            _log.error("request_failed", exc_info=failed)
            return _answer(request, 500, "Something went wrong on our side, and is in the log. Try again.")


def _answer(request: web.Request, status: int, sentence: str) -> web.Response:
    if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
        return web.Response(status=status, text=error_page(status, sentence), content_type="text/html")
    return web.json_response({"error": sentence}, status=status)


def prepare_library() -> None:
    """Name no versions, answer any Expect header with a sentence, and log no fault that is a stranger's.

    All of this is done before a request has a handler or a middleware, so nothing of ours could do it there.
    """
    web_response.SERVER_SOFTWARE = "Countersign"  # type: ignore[attr-defined]
    web_urldispatcher._default_expect_handler = _expected
    logging.getLogger("aiohttp.server").addFilter(_is_fault_of_ours)


async def _expected(request: web.Request) -> None:
    """aiohttp's own repeats in its refusal what was expected, which may be no text."""
    if request.headers.get("Expect", "").lower() != "100-continue":
        raise web.HTTPExpectationFailed(text="Only 100-continue can be expected here.")
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0  # the answer itself has not begun


def _is_fault_of_ours(record: logging.LogRecord) -> bool:
    """Filter: nobody need look at what was no HTTP, cannot be read, or came from somebody who has left."""
    failed = record.exc_info[1] if record.exc_info else None
    return not isinstance(failed, HttpProcessingError | web.RequestPayloadError | ConnectionError)


LARGEST_BODY = 1_000_000
"""Bytes of one request; a larger one is answered with 413."""


def make_app(
    *,
    database: Database,
    listener: Listener,
    settings: Settings,
    tenant: str,
    residents: ReadResidents,
    session_key: bytes,
    log_key: VerifierKey,
    checkpoint_file: Path | None,
) -> web.Application:
    """The application: the console and its dashboard here, the dashboard behind sign-in in production.

    `listener` must be running (in this loop) and listening on `bot.console.adapter.NEWS`; `residents`
    reads the department anew for each request; `session_key` signs the console's cookie. `log_key` is
    the public half of the audit log's key, `checkpoint_file` where its checkpoints are kept outside.
    Raises ConsoleRefused for a server that is neither in production nor on this machine alone.
    """
    prepare_library()
    passed = [request_id, access_log, sentences, sound_address]
    app = web.Application(middlewares=passed, client_max_size=LARGEST_BODY)
    app[HEALTH] = Health(
        database,
        tenant,
        folder=settings.postgres_folder if settings.database_url is None else None,
        is_local=settings.env == "local",
        public_url=settings.public_url,
    )
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    add_frame(app)
    trail = AuditTrail(log_key, checkpoint_file)
    if settings.env == "production":
        add_production_pages(app, settings, database, tenant, residents, trail)
        return app
    demand_local(settings)
    session = Session(session_key)
    add_dashboard(app, Reception(database, tenant, residents, PersonaDoor(session)), trail)
    add_console(app, session, listener)
    return app
