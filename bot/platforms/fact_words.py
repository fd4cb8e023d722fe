"""How the value of a fact is read."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation

from governance.facts import FactValue
from governance.moments import day_text


def fact_value(value: FactValue) -> str:
    """A fact's value as people read it: thousands set apart, days as they are said, yes and no, "not known"."""
    match value:
        case None:
            return "not known"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float() | Decimal():
            written = f"{value:,f}"
            return written.rstrip("0").rstrip(".") if "." in written else written
        case str():
            return _exact(value)


def _exact(text: str) -> str:
    # Days and decimals come back from storage as strings.
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return _day(text)
    if not re.fullmatch(r"-?\d{1,15}\.\d{1,10}", text):
        return text
    try:
        return f"{Decimal(text):,f}"
    except InvalidOperation:
        return text


def _day(text: str) -> str:
    try:
        return day_text(date.fromisoformat(text))
    except ValueError:
        return text
