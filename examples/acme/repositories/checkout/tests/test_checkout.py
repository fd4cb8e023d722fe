from decimal import Decimal

import pytest
from checkout.app import application
from checkout.steps import Checkout, Declined, Line, quote

CART = {"lines": [{"product": "lamp", "quantity": 2, "unit_price": "19.90"}]}
SIGNED_IN = {"authorization": "Bearer good"}


class Neighbours:
    """Auth, orders and payments, as far as they are asked."""

    def __init__(self, declines=None):
        self.declines, self.states, self.paid = declines, {}, {}

    def account(self, session):
        return "acme" if session == "good" else None

    def place(self, account, lines):
        number = len(self.states) + 1
        self.states[number] = "placed"
        return number

    def move(self, order, state):
        self.states[order] = state

    def pay(self, key, account, order, value):
        if self.declines:
            raise Declined(self.declines)
        self.paid[key] = value
        return "pay_1"


def served(**how):
    neighbours = Neighbours(**how)
    return neighbours, application(Checkout(neighbours, neighbours, neighbours))


def test_small_carts_pay_for_shipping():
    assert quote([Line("lamp", 2, Decimal("19.90"))]).total == Decimal("44.70")
    assert quote([Line("lamp", 1, Decimal("50.00"))]).shipping == 0
    assert quote([Line("lamp", 1, Decimal("49.99"))]).shipping == Decimal("4.90")


def test_a_cart_is_placed_and_paid():
    neighbours, app = served()
    done = app.answer("POST", "/checkouts", headers=SIGNED_IN, body=CART)
    assert (done.status, done.body) == (201, {"order": 1, "payment": "pay_1", "total": "44.70"})
    assert neighbours.states == {1: "paid"}
    assert neighbours.paid == {"order-1": Decimal("44.70")}


def test_a_declined_payment_leaves_no_order():
    neighbours, app = served(declines="expired_card")
    refused = app.answer("POST", "/checkouts", headers=SIGNED_IN, body=CART)
    assert (refused.status, refused.body) == (402, {"error": "expired_card"})
    assert neighbours.states == {1: "cancelled"}


def test_nobody_buys_without_a_session():
    neighbours, app = served()
    assert app.answer("POST", "/checkouts", headers={"authorization": "Bearer bad"}, body=CART).status == 401
    assert neighbours.states == {}


@pytest.mark.parametrize(("body", "status"), [(None, 400), ({"lines": [{}]}, 400), ({"lines": []}, 422)])
def test_what_is_no_cart_is_refused(body, status):
    assert served()[1].answer("POST", "/quotes", body=body).status == status


def test_a_quote_says_what_it_is_made_of():
    said = served()[1].answer("POST", "/quotes", body=CART).body
    assert said == {"goods": "39.80", "shipping": "4.90", "total": "44.70"}
