"""Sentences that forbid, and sentences with a `not` or a `no` in them that forbid nothing."""

from __future__ import annotations

import pytest

from agents.planning.reading.polarity import forbids

FORBIDS = (
    "The kiosk must not print receipts.",
    "Receipts must never be printed twice.",
    "The clerk may not open the till alone.",
    "Visitors cannot see each other's bookings.",
    "Guests can't delete a booking that is paid.",
    "No receipt is printed.",
    "Nobody may open the till alone.",
    "No one sees the keys.",
    "Never send a reminder at night.",
    "Do not store card numbers.",
    "Don't ask for a birthday.",
    "Avoid pop-ups.",
    "Card numbers are not stored.",
    "Orders from minors are refused.",
    "Bookings in the past are rejected.",
    "It is impossible to book two rooms at once.",
    "As a guest, I want my address never to be shown to other guests so that I feel safe.",
    "When the till is open, the drawer must not lock.",
    "If a parcel is lost, it should not be billed.",
    "The kiosk sends no mail.",
    "The register must contain no addresses.",
    "Keys must not leave the building, even if the office closes.",
    "Under no circumstances is the key handed out.",
    "The service shall not be reachable from outside.",
    "The log must no longer hold names.",
)
ALLOWS = (
    "The kiosk must print receipts.",
    "The list shows no more than 20 bookings.",
    "A reminder comes not later than two days before.",
    "Guests do not have to sign in.",
    "Nobody has to sign in to read the list.",
    "The app goes on without a network.",
    "The clerk must be told if a parcel is not paid.",
    "The page lists parcels that are not collected.",
    "Show every booking whether or not it is paid.",
    "The kiosk must warn when the drawer does not close.",
    "As a guest, I want a reminder so that I do not forget my booking.",
    "The driver sees which doors cannot be opened.",
    "A parcel that nobody collects goes back.",
    "If the card is not read, the kiosk must ask for cash.",
    "The list has at least 5 and at most 9 entries.",
    "A clerk must be able to refund what was not delivered.",
    "The office should learn why a door would not open.",
    "The gate must open unless it is not locked.",
    "The report must count not only parcels but letters too.",
    "Until a clerk has not confirmed it, the booking must be shown in grey.",
    "The kiosk must print how many parcels are not paid.",
    "Guests need not register.",
    "The clerk can block a card.",
    "Staff must be able to reject a booking.",
    "The answer must come in less than a second, because guests do not wait.",
)


@pytest.mark.parametrize("text", FORBIDS)
def test_it_forbids(text: str):
    assert forbids(text)


@pytest.mark.parametrize("text", ALLOWS)
def test_it_forbids_nothing(text: str):
    assert not forbids(text)
