"""Forms: whether what somebody entered answers exactly what was asked for."""

from __future__ import annotations

from collections.abc import Mapping

from handlers.conversation.cards import Form

Values = Mapping[str, str | list[str]]


class FormIncomplete(Exception):
    """A form's answers that cannot be taken. The text says which and why; `input` names the field."""

    def __init__(self, why: str, input: str | None = None) -> None:
        super().__init__(why)
        self.input = input


def check_values(form: Form, values: Values) -> None:
    """Raises FormIncomplete unless the values answer exactly this form."""
    inputs = {entry.name: entry for entry in form.inputs}
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
