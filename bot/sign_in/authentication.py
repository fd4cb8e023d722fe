"""Who is let in: by a proved identity at sign-in, then by a session; always as the directory has them now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.console.access import note
from bot.console.posts import posted_form, refusal
from bot.console.residents import Residents
from bot.console.visit import RECEPTION, NobodyKnown, Visit, Visitor
from bot.sign_in import sessions
from bot.sign_in.configuration import PublicAddress
from bot.sign_in.errors import NotActive, NotLinked, SignInFailed
from bot.sign_in.providers import Provider
from bot.sign_in.sessions import SIGN_IN_LASTS, Cookie, csrf_token
from bot.sign_in.tables import WebSessionRow
from governance.audit.entries import EntryKind
from governance.directory import person_by_identity
from governance.people import Actor, Person
from governance.tables import IdentityRow


async def linked_as(tx: AsyncSession, identity: str, provider: Provider) -> str:
    """The identity under which the department knows the account that was proved: this one; or, where it is
    nobody's, another of the same account, if all that are linked are one person's."""
    row = IdentityRow.identity
    parts = provider.elsewhere(identity)
    if parts is None or (await tx.execute(select(row).where(row == identity))).scalar() is not None:
        return identity
    beginning, end = parts
    same = row.startswith(beginning, autoescape=True), row.endswith(end, autoescape=True)
    found = (await tx.execute(select(row, IdentityRow.person).where(*same).order_by(row))).all()
    return found[0].identity if len({each.person for each in found}) == 1 else identity


async def admitted(tx: AsyncSession, identity: str, provider: Provider) -> Person:
    """The person who may come in with this identity. Raises NotLinked and NotActive."""
    person = await person_by_identity(tx, identity)
    if person is not None:
        return person
    linked = await tx.execute(select(exists().where(IdentityRow.identity == identity)))
    if linked.scalar_one():
        raise NotActive(identity)
    raise NotLinked(identity, provider.label, provider.chat)


async def record_sign_in(tx: AsyncSession, person: Person, identity: str) -> None:
    """Somebody signed in."""
    actor = Actor("person", person.id, identity=identity)
    await note(tx, EntryKind.ACCESS, "sign_in.done", actor)


async def record_failure(tx: AsyncSession, way: str, failed: SignInFailed) -> None:
    """Somebody came back from a provider and was not let in."""
    actor = Actor("person", "unknown", identity=failed.identity)
    await note(tx, EntryKind.REFUSAL, "sign_in.refused", actor, details={"with": way, "why": failed.why})


async def record_sign_out(tx: AsyncSession, session: WebSessionRow, sessions: int) -> None:
    """Somebody ended their own session, or all of theirs (`sessions` says how many)."""
    actor = Actor("person", session.person, identity=session.identity)
    await note(tx, EntryKind.ACCESS, "sign_in.out", actor, details={"sessions": sessions})


async def record_put_out(tx: AsyncSession, session: WebSessionRow) -> None:
    """A session ended because its identity is no longer that of the same active person."""
    actor = Actor("person", session.person, identity=session.identity)
    await note(tx, EntryKind.REFUSAL, "sign_in.put_out", actor)


CSRF_FIELD = "csrf"
CSRF_HEADER = "X-CSRF-Token"


@dataclass(frozen=True, slots=True)
class SessionAuthentication:
    """Knows visitors by their session. `providers` are by name."""

    address: PublicAddress
    providers: Mapping[str, Provider]

    @property
    def session(self) -> Cookie:
        """The cookie that holds a session's token."""
        return Cookie("session", sessions.LONGEST, self.address.is_https)

    @property
    def browser(self) -> Cookie:
        """The cookie that binds a sign-in to the browser that began it."""
        return Cookie("browser", SIGN_IN_LASTS + timedelta(minutes=1), self.address.is_https)

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
        row = await sessions.find_session(tx, token, datetime.now(UTC)) if token else None
        if row is None or not self._is_ours(row.identity):
            raise NobodyKnown
        person = await person_by_identity(tx, row.identity)
        if person is None or person.id != row.person:
            raise NobodyKnown
        resident = residents.find(person.id)
        return Visitor(person, resident.title if resident else "", row.identity)

    async def challenge(self, request: web.Request) -> web.StreamResponse:
        """Where to sign in. A session that leads to nobody ends here."""
        token = self.session.read(request)
        if token is not None:
            await _put_out(request, token)
        if request.method == "GET":
            query = urlencode({"next": request.path_qs})
            answer = web.Response(status=303, headers={"Location": f"/sign-in?{query}"})
        else:
            answer = refusal(401, "You are not signed in any more. Load the page again to sign in.")
        self.session.clear(answer)
        return answer

    async def page_context(self, request: web.Request, visiting: Visit) -> Mapping[str, Any]:
        """Who is signed in, with what, and how to sign out."""
        return {
            "layout": "layout.html",
            "bar": "sign_in/bar.html",
            "provider": self._provider_of(visiting.reader.identity),
            CSRF_FIELD: csrf_token(self.session.read(request) or ""),
        }

    def _is_ours(self, identity: str) -> bool:
        provider = self._provider_of(identity)
        return provider is not None and provider.is_ours(identity)

    def _provider_of(self, identity: str) -> Provider | None:
        platform = identity.partition(":")[0]
        return next((each for each in self.providers.values() if each.platform == platform), None)


async def _put_out(request: web.Request, token: str) -> None:
    reception = request.app[RECEPTION]
    async with reception.database.transaction(reception.tenant) as tx:
        ended = await sessions.end_session(tx, token)
        if ended is not None and sessions.is_alive(ended, datetime.now(UTC)):
            await record_put_out(tx, ended)


async def _sent_token(request: web.Request) -> bytes:
    header = request.headers.get(CSRF_HEADER)
    sent = header if header is not None else str((await posted_form(request)).get(CSRF_FIELD, ""))
    return sent.encode(errors="surrogateescape")
