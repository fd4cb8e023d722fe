"""What is wrong with a value in a department's file, in the words of whoever wrote it."""

from __future__ import annotations

import re

from pydantic_core import ErrorDetails

from governance.marked_yaml import KeyPath
from governance.people_words import roles_listed

_WANTED = {
    "name": "add `name:`",
    "email": "add `address:`, the mail address that they have in chat",
    "roles": f"add `roles:`, one or more of: {roles_listed()}",
    "people": "add `people:`, each with a name, an address and roles",
    "lead": "add `lead:`, somebody of the department",
    "owner": "add `owner:`, a product owner; nobody holds that role here",
    "teams": "add `teams:` to the department first, for a product is built by one",
    "day": "add `day:`, as 2026-12-24",
    "id": "add `id:`, a short name in small letters",
}
"""By field: what to do where it is missing."""

_SHAPED = {
    "email": "is no mail address, such as ann@example.com",
    "currency": "is no currency's code, such as EUR",
}
"""By field: what a text is not that has not its shape."""

_PLAIN = {
    "string_type": 'write a text here; put a number, a date or yes and no in quotes, as "12"',
    "string_too_short": "this is empty; write something here",
    "int_type": "write a whole number here, without quotes",
    "int_parsing": "write a whole number here",
    "float_type": "write a number here, without quotes",
    "bool_type": "write true or false here",
    "date_type": "write a day here, as 2026-12-24",
    "date_parsing": "write a day here, as 2026-12-24",
    "date_from_datetime_inexact": "write a day here, as 2026-12-24",
    "decimal_parsing": 'write an amount here in quotes, as "6.20"',
    "time_parsing": 'write a time here in quotes, as "17:30"',
    "model_type": "write `name: …` and the like here, one a line",
    "dict_type": "write `name: value` here, one a line",
    "mapping_type": "write `name: value` here, one a line",
    "tuple_type": "write a list here, each entry after a dash",
    "list_type": "write a list here, each entry after a dash",
    "frozen_set_type": "write a list here, each entry after a dash, as [engineer]",
}
"""By the kind of problem, where neither the field nor the limit matters."""


def in_words(problem: ErrorDetails, path: KeyPath) -> str:
    """What to do about it."""
    field = next((part for part in reversed(path) if isinstance(part, str)), "")
    limits = problem.get("ctx", {})
    kind = problem["type"]
    if kind == "missing":
        return _WANTED.get(field, f"add `{field}:`; it is needed here")
    if kind == "value_error":
        return problem["msg"].removeprefix("Value error, ")
    if kind == "enum":
        known = re.sub(r"'|_", lambda quote: "" if quote[0] == "'" else " ", str(limits["expected"]))
        return f"“{problem['input']}” is not known here; write {known}"
    if kind == "string_pattern_mismatch":
        shape = _SHAPED.get(field, "has to be small letters and digits, with dashes or dots between them")
        return f"“{problem['input']}” {shape}"
    if kind in ("too_short", "too_long", "string_too_long"):
        return _of_length(kind, limits)
    if kind in ("greater_than", "greater_than_equal", "less_than_equal"):
        words = {"greater_than": "more than {gt}", "greater_than_equal": "at least {ge}"}.get(
            kind, "at most {le}"
        )
        return f"this has to be {words.format(**limits)}"
    return _PLAIN.get(kind, problem["msg"][:1].lower() + problem["msg"][1:])


def _of_length(kind: str, limits: dict[str, object]) -> str:
    if kind == "too_short":
        return "this is empty; write at least one entry"
    most = limits["max_length"]
    return f"this is too long; write at most {most} {'characters' if kind == 'string_too_long' else 'entries'}"
