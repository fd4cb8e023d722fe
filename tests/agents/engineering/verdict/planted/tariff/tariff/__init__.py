"""Energy tariffs: what a meter reading costs."""

from tariff.rates import Band, NoBand, bill, cheapest
from tariff.settings import Settings, read_settings

__all__ = ["Band", "NoBand", "Settings", "bill", "cheapest", "read_settings"]
