"""What every service of the sample does alike: it serves, calls others, and counts both for `/metrics`."""

import asyncio
import os
import sys
from time import perf_counter
from typing import ClassVar

import prometheus_client
from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web

NAMES = {"service": os.environ["SERVICE"], "version": os.environ["VERSION"]}
_BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_CALL_SECONDS = 5.0
_UNCOUNTED = ("/healthz", "/metrics")

prometheus_client.disable_created_metrics()
_REQUESTS = prometheus_client.Counter("http_requests", "Requests", [*NAMES, "route", "code"])
_DURATIONS = prometheus_client.Histogram(
    "http_request_duration_seconds", "Time to answer", [*NAMES, "route"], buckets=_BUCKETS
)
_CALLS = prometheus_client.Counter("http_client_requests", "Calls to others", [*NAMES, "callee", "code"])
_CALL_DURATIONS = prometheus_client.Histogram(
    "http_client_request_duration_seconds", "Time that others took", [*NAMES, "callee"], buckets=_BUCKETS
)


class Unavailable(Exception):
    """Something that an answer needs is not there; the caller is told 503."""


class Callee:
    """Another service, at the address that the environment has for it."""

    _sessions: ClassVar[list[ClientSession]] = []

    def __init__(self, name: str) -> None:
        self._name = name
        self._url = os.environ[f"{name.replace('-', '_').upper()}_URL"]
        self._session: ClientSession | None = None

    @classmethod
    async def close(cls, _app: web.Application) -> None:
        """Let go of every connection."""
        for session in cls._sessions:
            await session.close()

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, dict]:
        """The code, which is under 500, and what is said where it is under 400. Raises Unavailable for
        everything else."""
        if self._session is None:
            self._session = ClientSession(
                connector=TCPConnector(limit=0), timeout=ClientTimeout(total=_CALL_SECONDS)
            )
            self._sessions.append(self._session)
        began, code = perf_counter(), "none"
        try:
            async with self._session.request(method, f"{self._url}{path}", json=body) as answer:
                code = str(answer.status)
                if answer.status >= 500:
                    raise Unavailable(f"{self._name} answered {code}")
                return answer.status, await answer.json() if answer.status < 400 else {}
        except (ClientError, TimeoutError, ValueError) as away:
            raise Unavailable(f"{self._name} did not answer ({type(away).__name__})") from away
        finally:
            _CALLS.labels(**NAMES, callee=self._name, code=code).inc()
            _CALL_DURATIONS.labels(**NAMES, callee=self._name).observe(perf_counter() - began)


@web.middleware
async def _counted(request: web.Request, handler) -> web.StreamResponse:
    resource = request.match_info.route.resource
    route = resource.canonical if resource else "unknown"
    if route in _UNCOUNTED:
        return await handler(request)
    began, code = perf_counter(), 499  # who asked went away
    try:
        answer = await _answered(request, handler, route)
        code = answer.status
        return answer
    finally:
        _REQUESTS.labels(**NAMES, route=route, code=code).inc()
        _DURATIONS.labels(**NAMES, route=route).observe(perf_counter() - began)


_said: set[str] = set()


async def _answered(request: web.Request, handler, route: str) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as answer:
        return web.json_response({"error": (answer.text or "").strip()}, status=answer.status)
    except Unavailable as away:
        return web.json_response({"error": str(away)}, status=503)
    except Exception as wrong:  # noqa: BLE001 — whatever is wrong with one request is its answer
        words = f"{NAMES['service']} {NAMES['version']} {route}: {type(wrong).__name__}: {wrong}"
        if type(wrong).__name__ + route not in _said:  # once, or a log of it would fill the disk
            _said.add(type(wrong).__name__ + route)
            print(words, file=sys.stderr, flush=True)  # noqa: T201
        return web.json_response({"error": "internal error"}, status=500)


async def _who(_request: web.Request) -> web.Response:
    return web.json_response({**NAMES, "stage": os.environ["STAGE"]})


async def _metrics(_request: web.Request) -> web.Response:
    return web.Response(body=prometheus_client.generate_latest(), content_type="text/plain")


def number(request: web.Request, name: str) -> int:
    """A whole number of the path; 404 where it is none."""
    word = request.match_info[name]
    if not (word.isascii() and word.isdigit() and len(word) < 10):
        raise web.HTTPNotFound(text="There is no such thing.\n")
    return int(word)


async def body_of(request: web.Request) -> dict:
    """The JSON object that was sent; 400 where it is none."""
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="A JSON object is wanted.\n")
    return body


def serve(routes: list[web.RouteDef], before=()) -> None:
    """Answer at PORT until told to end. Nothing is answered until `before`, which are given the application,
    have done their part."""
    app = web.Application(middlewares=[_counted], client_max_size=64 * 1024)
    app.add_routes([web.get("/", _who), web.get("/healthz", _who), web.get("/metrics", _metrics), *routes])
    app.cleanup_ctx.extend(before)
    app.on_cleanup.append(Callee.close)
    web.run_app(
        app,
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        print=None,
        access_log=None,
        shutdown_timeout=2.0,
        loop=asyncio.new_event_loop(),
    )
