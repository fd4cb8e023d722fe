"""What the dashboard API answers over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus

from dashboard.figures import Figures, NoSuchMetric, TooLong
from dashboard.web import Answer, Application, Refused, Request

SEES_EVERY_ACCOUNT = "customer_success"


@dataclass(frozen=True)
class Visitor:
    """Whoever asks, as their session says."""

    account: str
    roles: tuple[str, ...]

    def sees(self, account: str) -> bool:
        return account == self.account or SEES_EVERY_ACCOUNT in self.roles


ReadSession = Callable[[str], Visitor | None]
"""Whose token this is; None where it is nobody's."""


def application(figures: Figures, session: ReadSession) -> Application:
    """The service over its figures."""

    def by_day(request: Request) -> Answer:
        account, metric = request.parts["account"], request.parts["metric"]
        _demand_seen(session, request, account)
        since, until = _period(request)
        try:
            points = figures.by_day(account, metric, since, until)
        except NoSuchMetric as unknown:
            raise Refused(HTTPStatus.NOT_FOUND, "There is no such metric.") from unknown
        except TooLong as refused:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "A period has 24 months at most.") from refused
        shown = [
            {"day": one.day.isoformat(), "value": str(one.value), "computed": one.computed.isoformat()}
            for one in points
        ]
        return Answer({"account": account, "metric": metric, "points": shown})

    return Application({"GET /accounts/{account}/figures/{metric}": by_day})


def _demand_seen(session: ReadSession, request: Request, account: str) -> None:
    visitor = session(request.headers.get("authorization", "").removeprefix("Bearer "))
    if visitor is None or not visitor.sees(account):
        raise Refused(HTTPStatus.FORBIDDEN, "These are another account's figures.")


def _period(request: Request) -> tuple[date, date]:
    try:
        since, until = (date.fromisoformat(request.query[name]) for name in ("since", "until"))
    except (KeyError, ValueError) as wrong:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "A period has a since and an until.") from wrong
    if until < since:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "A period ends after it begins.")
    return since, until
