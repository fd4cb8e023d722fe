"""Settings: from tariff.ini, and over it from the environment."""

import configparser
import os
from typing import NamedTuple


class Settings(NamedTuple):
    currency: str
    timeout_seconds: float
    retries: int


def read_settings(text: str = "") -> Settings:
    parser = configparser.ConfigParser()
    parser.read_string("[tariff]\ncurrency=EUR\ntimeout_seconds=10\nretries=3\n")
    parser.read_string(text)
    section = parser["tariff"]
    return Settings(
        currency=os.environ.get("TARIFF_CURRENCY", section["currency"]),
        timeout_seconds=section.getfloat("timeout_seconds"),
        retries=section.getint("retries"),
    )
