from datetime import UTC, datetime
from decimal import Decimal

import pytest
from dashboard.app import Visitor, application
from dashboard.figures import Figure, Figures

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PERIOD = {"since": "2026-11-01", "until": "2026-11-30"}
SESSIONS = {
    "admin": Visitor("acme", ("account_administrator",)),
    "ours": Visitor("northwind", ("customer_success",)),
    "other": Visitor("other", ("account_administrator",)),
}


@pytest.fixture
def app():
    figures = Figures()
    figures.store([Figure("acme", "order_value", NOON, Decimal("19.90"), NOON)])
    return application(figures, SESSIONS.get)


def ask(app, session="admin", metric="order_value", query=PERIOD):
    path, headers = f"/accounts/acme/figures/{metric}", {"authorization": f"Bearer {session}"}
    return app.answer("GET", path, query=query, headers=headers)


def test_figures_are_by_day(app):
    (point,) = ask(app).body["points"]
    assert point == {"day": "2026-11-20", "value": "19.90", "computed": NOON.isoformat()}


@pytest.mark.parametrize(("token", "status"), [("admin", 200), ("ours", 200), ("other", 403), ("", 403)])
def test_an_accounts_figures_are_its_own(app, token, status):
    assert ask(app, token).status == status


def test_an_unknown_metric_is_not_found(app):
    assert ask(app, metric="profit").status == 404


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"since": "2026-11-01"},
        {"since": "x", "until": "y"},
        {"since": "2026-11-30", "until": "2026-11-01"},
        {"since": "2024-01-01", "until": "2026-11-01"},
    ],
)
def test_what_is_no_period_is_refused(app, query):
    assert ask(app, query=query).status == 422
