"""The dashboard's door in production: a visitor is whoever signed in, as the directory knows them now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.console.posts import posted_form, refusal
from bot.console.residents import Residents
from bot.console.visit import RECEPTION, NobodyKnown, Visit, Visitor
from bot.sign_in import sessions
from bot.sign_in.address import PublicAddress
from bot.sign_in.cookies import Cookie
from bot.sign_in.record import note_put_out
from bot.sign_in.tokens import csrf_token
from bot.sign_in.under_way import WITHIN
from bot.sign_in.ways import Way
from governance.directory import person_by_identity

CSRF_FIELD = "csrf"
CSRF_HEADER = "X-CSRF-Token"


@dataclass(frozen=True, slots=True)
class SignInDoor:
    """Lets in by session. `ways` are those of signing in, by name."""

    address: PublicAddress
    ways: Mapping[str, Way]

    @property
    def session(self) -> Cookie:
        """The cookie that holds a session's token."""
        return Cookie("session", sessions.LONGEST, self.address.is_https)

    @property
    def browser(self) -> Cookie:
        """The cookie that binds a sign-in to the browser that began it."""
        return Cookie("browser", WITHIN + timedelta(minutes=1), self.address.is_https)

    async def admit(self, request: web.Request) -> None:
        """Raises HTTPForbidden for a foreign host, and for a post that none of this session's pages made.

        The Origin stops other sites. The page's token, made from the session's, stops a page that was left
        open from acting for whoever signed in since; and it holds where a proxy rewrites the Origin.
        """
        if not self.address.is_host(request.host):
            raise web.HTTPForbidden(text=f"Countersign answers only at {self.address.origin}.")
        if request.method in ("GET", "HEAD"):
            return
        if request.headers.get("Origin") != self.address.origin:
            raise web.HTTPForbidden(text="This was sent from another site's page, so nothing was done.")
        token = self.session.read(request)
        if token is not None and not compare_digest(await _sent_token(request), csrf_token(token).encode()):
            raise web.HTTPForbidden(text="This page is from another session. Load it again.")

    async def visitor(self, request: web.Request, tx: AsyncSession, residents: Residents) -> Visitor:
        """Who signed in, if the identity is still that of the same active person. Raises NobodyKnown.

        It must still be one that may sign in, too: a workspace that was taken off the list is out.
        """
        token = self.session.read(request)
        row = await sessions.find(tx, token, datetime.now(UTC)) if token else None
        if row is None or not self._is_ours(row.identity):
            raise NobodyKnown
        person = await person_by_identity(tx, row.identity)
        if person is None or person.id != row.person:
            raise NobodyKnown
        resident = residents.find(person.id)
        return Visitor(person, resident.title if resident else "", row.identity)

    async def ask(self, request: web.Request) -> web.StreamResponse:
        """Where to sign in. A session that leads to nobody ends here."""
        token = self.session.read(request)
        if token is not None:
            await _put_out(request, token)
        if request.method == "GET":
            query = urlencode({"next": request.path_qs})
            answer = web.Response(status=303, headers={"Location": f"/sign-in?{query}"})
        else:
            answer = refusal(401, "You are not signed in any more. Load the page again to sign in.")
        self.session.take_back(answer)
        return answer

    async def surroundings(self, request: web.Request, visiting: Visit) -> Mapping[str, Any]:
        """Who is signed in, with what, and how to sign out."""
        return {
            "layout": "layout.html",
            "bar": "sign_in/bar.html",
            "way": self._way_of(visiting.reader.identity),
            CSRF_FIELD: csrf_token(self.session.read(request) or ""),
        }

    def _is_ours(self, identity: str) -> bool:
        way = self._way_of(identity)
        return way is not None and way.is_ours(identity)

    def _way_of(self, identity: str) -> Way | None:
        platform = identity.partition(":")[0]
        return next((way for way in self.ways.values() if way.platform == platform), None)


async def _put_out(request: web.Request, token: str) -> None:
    reception = request.app[RECEPTION]
    async with reception.database.transaction(reception.tenant) as tx:
        ended = await sessions.end(tx, token)
        if ended is not None and sessions.is_alive(ended, datetime.now(UTC)):
            await note_put_out(tx, ended)


async def _sent_token(request: web.Request) -> bytes:
    header = request.headers.get(CSRF_HEADER)
    sent = header if header is not None else str((await posted_form(request)).get(CSRF_FIELD, ""))
    return sent.encode(errors="surrogateescape")
