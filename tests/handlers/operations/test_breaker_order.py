"""What is to be done with a breaker: read from plain words, and asked back from others."""

from __future__ import annotations

import pytest

from handlers.operations.breaker.order import Order, order_of


@pytest.mark.parametrize(
    ("words", "order"),
    [
        ("trip the breaker", Order.OPEN),
        ("put its breaker in the open position", Order.OPEN),
        ("have it refuse everything that comes in", Order.OPEN),
        ("make calls to it fail fast", Order.OPEN),
        ("turn on the breaker", Order.OPEN),
        ("cut it off for 5 minutes", Order.OPEN),
        ("shed the low priority requests", Order.SHED),
        ("only let the urgent calls through, turn the rest away", Order.SHED),
        ("drop its background requests", Order.SHED),
        ("breaker: closed please", Order.CLOSE),
        ("take the circuit breaker off", Order.CLOSE),
        ("turn the breaker off", Order.CLOSE),
        ("switch off load shedding", Order.CLOSE),
        ("stop rejecting requests, it can take them all again", Order.CLOSE),
        ("no need to shed its background requests any more, let them in", Order.CLOSE),
        ("reset the breaker", Order.CLOSE),
        ("breaker", None),
        ("circuit breaker please", None),
        ("open the breaker and close it again", None),
    ],
)
def test_words_say_one_thing_or_are_asked_back(words: str, order: Order | None) -> None:
    assert order_of(words) is order
