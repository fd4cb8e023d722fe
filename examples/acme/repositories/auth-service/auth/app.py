"""What the auth service answers over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from http import HTTPStatus

from auth.tokens import NoSession, Tokens
from auth.web import Answer, Application, Refused, Request


@dataclass(frozen=True)
class Person:
    """Who can sign in, with what, and what they are in their account."""

    secret: str
    account: str
    roles: tuple[str, ...]


def application(tokens: Tokens, people: Mapping[str, Person]) -> Application:
    """The service over the people that it knows."""

    def sign_in(request: Request) -> Answer:
        body = request.body if isinstance(request.body, dict) else {}
        person = people.get(str(body.get("person")))
        if person is None or body.get("secret") != person.secret:
            raise Refused(HTTPStatus.UNAUTHORIZED, "This person and secret do not belong together.")
        token = tokens.issue(str(body["person"]), person.account, person.roles)
        return Answer({"token": token}, HTTPStatus.CREATED)

    def session(request: Request) -> Answer:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            return Answer(asdict(tokens.read(token)))
        except NoSession as nobody:
            raise Refused(HTTPStatus.UNAUTHORIZED, "There is no such session.") from nobody

    return Application({"POST /sessions": sign_in, "GET /session": session})
