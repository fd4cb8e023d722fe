"""Forms: what somebody entered, cleaned, and whether it answers exactly what was asked for."""

from __future__ import annotations

from collections.abc import Mapping

from governance.outside_text import clean
from handlers.conversation.cards import Form, Input

Values = Mapping[str, str | list[str]]


class FormIncomplete(Exception):
    """A form's answers that cannot be taken. The text says which and why; `input` names the field."""

    def __init__(self, why: str, input: str | None = None) -> None:
        super().__init__(why)
        self.input = input


def check_values(form: Form, values: Values) -> dict[str, str | list[str]]:
    """The values as they are taken: what was written is cleaned as what is said is, and what was chosen is one
    of the choices. Raises FormIncomplete unless they answer exactly this form."""
    inputs = {entry.name: entry for entry in form.inputs}
    taken = {name: _taken(inputs.get(name), value) for name, value in values.items()}
    _demand_answers(form, inputs, taken)
    return taken


def _taken(entry: Input | None, value: str | list[str]) -> str | list[str]:
    if isinstance(value, list) or entry is None or entry.type in ("choice", "choices"):
        return value
    return clean(value)


def _demand_answers(form: Form, inputs: Mapping[str, Input], values: Values) -> None:
    for name, value in values.items():
        entry = inputs.get(name)
        if entry is None:
            raise FormIncomplete(f"“{form.title}” does not ask for “{name}”.")
        if (entry.type == "choices") != isinstance(value, list):
            raise FormIncomplete(f"“{entry.label}” was answered in another form than it asks for.", name)
        allowed = {choice for choice, _ in entry.options}
        chosen = value if isinstance(value, list) else [value]
        if entry.type in ("choice", "choices") and not allowed.issuperset(filter(None, chosen)):
            raise FormIncomplete(f"“{entry.label}” offers no such choice.", name)
    for entry in form.inputs:
        if entry.required and not values.get(entry.name):
            raise FormIncomplete(f"“{entry.label}” is needed.", entry.name)
