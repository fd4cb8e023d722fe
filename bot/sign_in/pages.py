"""Signing in, coming back from a provider, and signing out."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from aiohttp import web

from bot.console.frame import static_url, theme_of
from bot.console.render import render
from bot.console.visit import RECEPTION
from bot.sign_in import sessions, under_way
from bot.sign_in.address import own_path
from bot.sign_in.admission import admitted, linked_as
from bot.sign_in.door import SignInDoor
from bot.sign_in.record import note_failure, note_sign_in, note_sign_out
from bot.sign_in.tokens import new_token
from bot.sign_in.under_way import UnderWay
from bot.sign_in.ways import SignInFailed, Way

_log = structlog.get_logger()

SIGN_IN: web.AppKey[SignInDoor] = web.AppKey("sign_in", SignInDoor)

_NOT_BEGUN_HERE = (
    "This sign-in was not begun in this browser, was finished already, or took longer than ten minutes."
    " Nobody was signed in. Begin again."
)
_SAID = {"out": "You are signed out.", "everywhere": "You are signed out everywhere."}


async def sign_in(request: web.Request) -> web.Response:
    """The ways of signing in, each with the page to go on to."""
    said = _SAID.get(request.query.get("signed", ""))
    return await _page(request, own_path(request.query.get("next")), said=said)


async def begin(request: web.Request) -> web.Response:
    """Send the browser to the provider."""
    door, way = _way(request)
    state, browser = new_token(), door.browser.read(request) or new_token()
    then = own_path(request.query.get("next"))
    try:
        begun = await way.begin(state, door.address.callback(way.name))
    except SignInFailed as failed:
        return await _page(request, then, problem=failed)
    reception = request.app[RECEPTION]
    sign_in = UnderWay(begun.kept, then)
    async with reception.database.transaction(reception.tenant) as tx:
        await under_way.keep(tx, sign_in, way=way.name, state=state, browser=browser, now=datetime.now(UTC))
    answer = web.Response(status=303, headers={"Location": begun.address})
    door.browser.give(answer, browser)
    return answer


async def finish(request: web.Request) -> web.Response:
    """Take the browser back from the provider, and begin a session for whom it proves."""
    door, way = _way(request)
    reception = request.app[RECEPTION]
    state, browser = request.query.get("state", ""), door.browser.read(request) or ""
    async with reception.database.transaction(reception.tenant) as tx:
        begun = await under_way.take(tx, way=way.name, state=state, browser=browser, now=datetime.now(UTC))
    if begun is None:
        failed = SignInFailed(_NOT_BEGUN_HERE, why="not_begun_here", status=400)
        _log.warning("sign_in_failed", way=way.name, why=failed.why)
        return await _page(request, own_path(None), problem=failed)
    try:
        identity = await way.finish(begun.kept, request.query)
        token = await _let_in(request, way, identity)
    except SignInFailed as failed:
        _log.warning("sign_in_failed", way=way.name, why=failed.why)
        async with reception.database.transaction(reception.tenant) as tx:
            await note_failure(tx, way.name, failed)
        return await _page(request, begun.then, problem=failed)
    answer = web.Response(status=303, headers={"Location": begun.then})
    door.session.give(answer, token)
    return answer


async def sign_out(request: web.Request) -> web.Response:
    """End this browser's session."""
    return await _sign_out(request, everywhere=False)


async def sign_out_everywhere(request: web.Request) -> web.Response:
    """End all sessions of the person who has this one."""
    return await _sign_out(request, everywhere=True)


async def _let_in(request: web.Request, way: Way, identity: str) -> str:
    reception, door = request.app[RECEPTION], request.app[SIGN_IN]
    before = door.session.read(request)
    async with reception.database.transaction(reception.tenant) as tx:
        identity = await linked_as(tx, identity, way)
        person = await admitted(tx, identity, way)
        if before is not None:
            await sessions.end(tx, before)
        await note_sign_in(tx, person, identity)
        return await sessions.begin(tx, identity, person, datetime.now(UTC))


async def _sign_out(request: web.Request, *, everywhere: bool) -> web.Response:
    reception, door = request.app[RECEPTION], request.app[SIGN_IN]
    token = door.session.read(request)
    async with reception.database.transaction(reception.tenant) as tx:
        ended = await sessions.end(tx, token) if token else None
        if ended is not None and sessions.is_alive(ended, datetime.now(UTC)):
            others = await sessions.end_all(tx, ended.person) if everywhere else 0
            await note_sign_out(tx, ended, 1 + others)
    how = "everywhere" if everywhere else "out"
    answer = web.Response(status=303, headers={"Location": f"/sign-in?signed={how}"})
    # Files and pages that the browser kept are the reader's no more.
    answer.headers["Clear-Site-Data"] = '"cache"'
    door.session.take_back(answer)
    return answer


def _way(request: web.Request) -> tuple[SignInDoor, Way]:
    door = request.app[SIGN_IN]
    way = door.ways.get(request.match_info["way"])
    if way is None:
        raise web.HTTPNotFound(text="There is no such way to sign in here.")
    return door, way


async def _page(
    request: web.Request, then: str, *, said: str | None = None, problem: SignInFailed | None = None
) -> web.Response:
    reception = request.app[RECEPTION]
    async with reception.database.transaction(reception.tenant) as tx:
        residents = await reception.residents(tx)
    html = render(
        "sign_in/sign_in.html",
        residents=residents,
        ways=request.app[SIGN_IN].ways.values(),
        then=then,
        said=said,
        problem=problem,
        theme=theme_of(request),
        static=static_url,
    )
    return web.Response(text=html, content_type="text/html", status=problem.status if problem else 200)
