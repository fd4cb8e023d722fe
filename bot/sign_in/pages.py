"""The dashboard in production: signing in, coming back from a provider, signing out; and without the chat that
lets anyone choose who they are."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from aiohttp import web

from bot.console.dashboard.pages import add_dashboard
from bot.console.dashboard.verifying import AuditTrail
from bot.console.frame import static_url, theme_of
from bot.console.protection import NOT_IN_PRODUCTION, Handler, Route, add_guarded
from bot.console.render import render
from bot.console.residents import ReadResidents
from bot.console.visit import RECEPTION, Reception
from bot.settings import Settings
from bot.sign_in import sessions
from bot.sign_in.authentication import (
    SessionAuthentication,
    admitted,
    linked_as,
    record_failure,
    record_sign_in,
    record_sign_out,
)
from bot.sign_in.configuration import SignInSettings, own_path, sign_in_settings
from bot.sign_in.errors import SignInFailed
from bot.sign_in.providers import EntraProvider, Provider, SlackProvider
from bot.sign_in.sessions import PendingSignIn, new_token
from storage.database import Database

_log = structlog.get_logger()

SIGN_IN: web.AppKey[SessionAuthentication] = web.AppKey("sign_in", SessionAuthentication)

_NOT_BEGUN_HERE = (
    "This sign-in was not begun in this browser, was finished already, or took longer than ten minutes."
    " Nobody was signed in. Begin again."
)
_SIGNED_OUT = {"out": "You are signed out.", "everywhere": "You are signed out everywhere."}


async def sign_in(request: web.Request) -> web.Response:
    """The ways of signing in, each with the page to go on to."""
    message = _SIGNED_OUT.get(request.query.get("signed", ""))
    return await _page(request, own_path(request.query.get("next")), message=message)


async def begin(request: web.Request) -> web.Response:
    """Send the browser to the provider."""
    authentication, provider = _provider(request)
    state, browser = new_token(), authentication.browser.read(request) or new_token()
    then = own_path(request.query.get("next"))
    try:
        begun = await provider.begin(state, authentication.address.callback(provider.name))
    except SignInFailed as failed:
        return await _page(request, then, problem=failed)
    reception = request.app[RECEPTION]
    sign_in = PendingSignIn(begun.stored, then)
    async with reception.database.transaction(reception.tenant) as tx:
        await sessions.store_sign_in(
            tx, sign_in, way=provider.name, state=state, browser=browser, now=datetime.now(UTC)
        )
    answer = web.Response(status=303, headers={"Location": begun.address})
    authentication.browser.set(answer, browser)
    return answer


async def finish(request: web.Request) -> web.Response:
    """Take the browser back from the provider, and begin a session for whom it proves."""
    authentication, provider = _provider(request)
    reception = request.app[RECEPTION]
    state, browser = request.query.get("state", ""), authentication.browser.read(request) or ""
    async with reception.database.transaction(reception.tenant) as tx:
        begun = await sessions.take_sign_in(
            tx, way=provider.name, state=state, browser=browser, now=datetime.now(UTC)
        )
    if begun is None:
        failed = SignInFailed(_NOT_BEGUN_HERE, why="not_begun_here", status=400)
        _log.warning("sign_in_failed", way=provider.name, why=failed.why)
        return await _page(request, own_path(None), problem=failed)
    try:
        identity = await provider.finish(begun.stored, request.query)
        token = await _begin_session(request, provider, identity)
    except SignInFailed as failed:
        _log.warning("sign_in_failed", way=provider.name, why=failed.why)
        async with reception.database.transaction(reception.tenant) as tx:
            await record_failure(tx, provider.name, failed)
        return await _page(request, begun.then, problem=failed)
    answer = web.Response(status=303, headers={"Location": begun.then})
    authentication.session.set(answer, token)
    return answer


async def sign_out(request: web.Request) -> web.Response:
    """End this browser's session."""
    return await _sign_out(request, everywhere=False)


async def sign_out_everywhere(request: web.Request) -> web.Response:
    """End all sessions of the person who has this one."""
    return await _sign_out(request, everywhere=True)


async def _begin_session(request: web.Request, provider: Provider, identity: str) -> str:
    reception, authentication = request.app[RECEPTION], request.app[SIGN_IN]
    before = authentication.session.read(request)
    async with reception.database.transaction(reception.tenant) as tx:
        identity = await linked_as(tx, identity, provider)
        person = await admitted(tx, identity, provider)
        if before is not None:
            await sessions.end_session(tx, before)
        await record_sign_in(tx, person, identity)
        return await sessions.begin_session(tx, identity, person, datetime.now(UTC))


async def _sign_out(request: web.Request, *, everywhere: bool) -> web.Response:
    reception, authentication = request.app[RECEPTION], request.app[SIGN_IN]
    token = authentication.session.read(request)
    async with reception.database.transaction(reception.tenant) as tx:
        ended = await sessions.end_session(tx, token) if token else None
        if ended is not None and sessions.is_alive(ended, datetime.now(UTC)):
            others = await sessions.end_sessions(tx, ended.person) if everywhere else 0
            await record_sign_out(tx, ended, 1 + others)
    how = "everywhere" if everywhere else "out"
    answer = web.Response(status=303, headers={"Location": f"/sign-in?signed={how}"})
    # Files and pages that the browser kept are the reader's no more.
    answer.headers["Clear-Site-Data"] = '"cache"'
    authentication.session.clear(answer)
    return answer


def _provider(request: web.Request) -> tuple[SessionAuthentication, Provider]:
    authentication = request.app[SIGN_IN]
    provider = authentication.providers.get(request.match_info["way"])
    if provider is None:
        raise web.HTTPNotFound(text="There is no such way to sign in here.")
    return authentication, provider


async def _page(
    request: web.Request, then: str, *, message: str | None = None, problem: SignInFailed | None = None
) -> web.Response:
    reception = request.app[RECEPTION]
    async with reception.database.transaction(reception.tenant) as tx:
        residents = await reception.residents(tx)
    html = render(
        "sign_in/sign_in.html",
        residents=residents,
        providers=request.app[SIGN_IN].providers.values(),
        then=then,
        message=message,
        problem=problem,
        theme=theme_of(request),
        static=static_url,
    )
    return web.Response(text=html, content_type="text/html", status=problem.status if problem else 200)


_ROUTES: tuple[Route, ...] = (
    ("GET", "/sign-in", sign_in),
    ("POST", "/sign-in/out", sign_out),
    ("POST", "/sign-in/out/everywhere", sign_out_everywhere),
    ("GET", "/sign-in/{way}", begin),
    ("GET", "/sign-in/{way}/callback", finish),
)

_ONE_YEAR = "max-age=31536000"


def add_production_pages(
    app: web.Application,
    settings: Settings,
    database: Database,
    tenant: str,
    residents: ReadResidents,
    trail: AuditTrail,
) -> None:
    """Serve the dashboard behind sign-in from `app`; without any sign-in, its addresses say what to set."""
    app.router.add_get("/", _to_dashboard)
    app.router.add_route("*", "/console/{rest:.*}", _no_console)
    configured = sign_in_settings(settings)
    authentication = _authentication(configured)
    if authentication is None:
        for path in ("/dashboard", "/files", "/sign-in"):
            app.router.add_route("*", path, _not_configured(configured))
            app.router.add_route("*", f"{path}/{{rest:.*}}", _not_configured(configured))
        return
    app[SIGN_IN] = authentication
    if authentication.address.is_https:
        app.on_response_prepare.append(_https_only)
    add_dashboard(app, Reception(database, tenant, residents, authentication), trail)
    add_guarded(app, _ROUTES)


def _authentication(configured: SignInSettings) -> SessionAuthentication | None:
    providers: list[Provider] = []
    if configured.slack is not None:
        providers.append(SlackProvider(configured.slack))
    if configured.entra is not None:
        providers.append(EntraProvider(configured.entra))
    if configured.address is None or not providers:
        return None
    return SessionAuthentication(configured.address, {each.name: each for each in providers})


async def _https_only(_request: web.Request, response: web.StreamResponse) -> None:
    """Signal handler for `on_response_prepare`: browsers come by https alone from now on."""
    response.headers.setdefault("Strict-Transport-Security", _ONE_YEAR)


async def _to_dashboard(_request: web.Request) -> web.Response:
    return web.Response(status=303, headers={"Location": "/dashboard"})


async def _no_console(_request: web.Request) -> web.Response:
    raise web.HTTPForbidden(text=NOT_IN_PRODUCTION)


def _not_configured(configured: SignInSettings) -> Handler:
    missing = "; ".join(configured.problems)

    async def answer(_request: web.Request) -> web.Response:
        raise web.HTTPServiceUnavailable(text=f"Nobody can sign in to the dashboard yet: {missing}.")

    return answer
