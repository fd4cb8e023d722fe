import io
import json

import pytest
from orders.app import application
from orders.book import Book

LAMPS = {"product": "lamp", "quantity": 2, "unit_price": "19.90"}
NEW = {"account": "acme", "items": [LAMPS], "site": "berlin"}


@pytest.fixture
def app():
    return application(Book())


def test_an_order_is_placed_and_read(app):
    placed = app.answer("POST", "/orders", body=NEW)
    assert placed.status == 201
    assert placed.body["total"] == "39.80"
    assert app.answer("GET", "/orders/1").body == placed.body
    assert placed.body["site"] == "berlin"


@pytest.mark.parametrize("body", [None, {}, {"account": "acme", "items": []}, {"account": "a", "items": [{}]}])
def test_what_is_no_order_is_refused(app, body):
    assert app.answer("POST", "/orders", body=body).status == 400


@pytest.mark.parametrize("number", ["7", "x", "-1"])
def test_an_unknown_order_is_not_found(app, number):
    assert app.answer("GET", f"/orders/{number}").status == 404


def test_an_order_comes_into_another_state(app):
    app.answer("POST", "/orders", body=NEW)
    assert app.answer("PATCH", "/orders/1", body={"state": "paid"}).body["state"] == "paid"
    assert app.answer("PATCH", "/orders/1", body={"state": "placed"}).status == 409
    assert app.answer("PATCH", "/orders/1").status == 409


def test_history_has_a_limit(app):
    for _ in range(3):
        app.answer("POST", "/orders", body=NEW)
    shown = app.answer("GET", "/accounts/acme/orders", query={"limit": "2"}).body["orders"]
    assert [order["number"] for order in shown] == [3, 2]
    for limit in ("0", "51", "many"):
        assert app.answer("GET", "/accounts/acme/orders", query={"limit": limit}).status == 422


def test_it_speaks_wsgi(app):
    said = json.dumps(NEW).encode()
    began = []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/orders",
        "CONTENT_LENGTH": str(len(said)),
        "wsgi.input": io.BytesIO(said),
    }
    (body,) = app(environ, lambda status, headers: began.append(status))
    assert began == ["201 Created"]
    assert json.loads(body)["number"] == 1


def test_other_addresses_and_methods_are_refused(app):
    assert app.answer("GET", "/").status == 404
    assert app.answer("DELETE", "/orders/1").status == 405
