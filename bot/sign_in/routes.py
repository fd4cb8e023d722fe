"""The dashboard in production: behind sign-in, and without the chat that lets anyone choose who they are."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web

from bot.console.dashboard.routes import add_dashboard
from bot.console.dashboard.verifying import AuditTrail
from bot.console.guard import Handler, Route, add_guarded
from bot.console.protection import NOT_IN_PRODUCTION
from bot.console.residents import ReadResidents
from bot.console.visit import Reception
from bot.settings import Settings
from bot.sign_in import pages
from bot.sign_in.configuration import SignInSettings, sign_in_settings
from bot.sign_in.door import SignInDoor
from bot.sign_in.entra import EntraWay
from bot.sign_in.pages import SIGN_IN
from bot.sign_in.slack import SlackWay
from bot.sign_in.ways import Way
from storage.database import Database

_ROUTES: tuple[Route, ...] = (
    ("GET", "/sign-in", pages.sign_in),
    ("POST", "/sign-in/out", pages.sign_out),
    ("POST", "/sign-in/out/everywhere", pages.sign_out_everywhere),
    ("GET", "/sign-in/{way}", pages.begin),
    ("GET", "/sign-in/{way}/callback", pages.finish),
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
    door = _door(configured)
    if door is None:
        for path in ("/dashboard", "/files", "/sign-in"):
            app.router.add_route("*", path, _not_configured(configured))
            app.router.add_route("*", f"{path}/{{rest:.*}}", _not_configured(configured))
        return
    app[SIGN_IN] = door
    app.cleanup_ctx.append(_ways_closed)
    if door.address.is_https:
        app.on_response_prepare.append(_https_only)
    add_dashboard(app, Reception(database, tenant, residents, door), trail)
    add_guarded(app, _ROUTES)


def _door(configured: SignInSettings) -> SignInDoor | None:
    ways: list[Way] = []
    if configured.slack is not None:
        ways.append(SlackWay(configured.slack))
    if configured.entra is not None:
        ways.append(EntraWay(configured.entra))
    if configured.address is None or not ways:
        return None
    return SignInDoor(configured.address, {way.name: way for way in ways})


async def _ways_closed(app: web.Application) -> AsyncIterator[None]:
    yield
    for way in app[SIGN_IN].ways.values():
        await way.close()


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
