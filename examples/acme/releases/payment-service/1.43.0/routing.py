"""Which acquirer takes a payment: the first two in turn."""

from acquirers import ACQUIRERS, Acquirer


def acquirer_of(payment: int) -> Acquirer:
    return ACQUIRERS[payment % 2]
