"""The reference of all settings, made from `bot.settings`: `python -m bot.configuration_reference` writes it.

`tests/docs/test_configuration.py` fails while the page is not what this makes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from bot.settings import Settings
from integrations.integration import find_vendors

PAGE = Path("docs/configuration.md")
"""Where the reference stands, from the project's folder."""

_HEAD = """\
# Settings

<!-- Made by `python -m bot.configuration_reference` from bot/settings.py. Change it there. -->

Settings are read from the environment, and from a file `.env` in the folder that Countersign is started in; the
environment comes first. `.env.example` is such a file, with every setting of Countersign’s own in it; what
single vendors want stands at the end of this page. None is needed to try the
sample department. What is wrong is named at the start, without its value, and `python -m bot doctor` looks at
the rest.

A *secret* stays one: errors and the doctor name the setting and never its value. Addresses are shown without
the user and the password in them.
"""

_COLUMNS = "| setting | kind | unless given | what it is for |\n|---|---|---|---|\n"

_SECTIONS = (
    ("env", "Where it runs"),
    ("database_url", "Database and files"),
    ("host", "Web server"),
    ("department", "Department"),
    ("openai_api_key", "Model"),
    ("audit_signing_key", "Audit log"),
    ("public_url", "Dashboard, keys, and what processes share"),
    ("slack_signing_secret", "Slack"),
    ("teams_app_id", "Teams and Entra"),
    ("worker_concurrency", "Work and logs"),
)
"""The setting that each section begins with, in the order of `Settings`; what follows it belongs to it."""

_KINDS: dict[object, str] = {
    str: "text",
    int: "number",
    float: "seconds",
    Decimal: "amount",
    bool: "true or false",
    Path: "path",
    SecretStr: "secret",
    frozenset[str]: "list",
    tuple[tuple[str, Decimal, Decimal], ...]: "list",
}


def reference() -> str:
    """The whole page, as Markdown."""
    return _HEAD + "".join(_lines())


def _lines() -> Iterator[str]:
    headings, heading = dict(_SECTIONS), ""
    shown: dict[tuple[str, str, str], str] = {}
    for name, field in Settings.model_fields.items():
        if name in headings:
            heading = headings[name]
            yield f"\n## {heading}\n\n{_COLUMNS}"
        shown[_same(name, field)] = heading
        yield _row(name, field)
    for kind, vendors in sorted(find_vendors(shipped=()).found.items()):
        for vendor in vendors.values():
            if vendor.settings is not None:
                heading = f"{kind.replace('_', ' ').capitalize()}: {vendor.title}"
                yield f"\n## {heading}\n\n"
                yield from _of_vendor(heading, vendor.settings.model_fields, shown)


def _of_vendor(
    heading: str, fields: Mapping[str, FieldInfo], shown: dict[tuple[str, str, str], str]
) -> Iterator[str]:
    """A vendor's settings; those that stand above under another heading are named. `shown` says where each
    stands, and is added to."""
    new = [_row(name, field) for name, field in fields.items() if _same(name, field) not in shown]
    if new:
        yield _COLUMNS
        yield from new
    above: dict[str, list[str]] = {}
    for name, field in fields.items():
        if (at := shown.setdefault(_same(name, field), heading)) != heading:
            above.setdefault(at, []).append(f"`{name.upper()}`")
    for at, names in above.items():
        if new:
            yield "\n"
        yield f"{', '.join(names)}: as for “{at}”.\n"


def _row(name: str, field: FieldInfo) -> str:
    return (
        f"| `{name.upper()}` | {_kind(name, field)} | {_default(field)} | {_cell(field.description or '')} |\n"
    )


def _same(name: str, field: FieldInfo) -> tuple[str, str, str]:
    """What makes it one setting, whoever reads it and however they describe it."""
    return name, _kind(name, field), _default(field)


def _default(field: FieldInfo) -> str:
    default = field.default
    if default is PydanticUndefined:
        return "(must be given)"
    if isinstance(default, bool):
        default = str(default).lower()
    return f"`{default}`" if default not in (None, frozenset()) else "-"


def _kind(name: str, field: FieldInfo) -> str:
    """What a value may be, in a word or two, with its limits."""
    kind = _bare(field.annotation)
    if get_origin(kind) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(kind))
    bounds = {
        rule_name: bound
        for rule in field.metadata
        for rule_name in ("ge", "le")
        if (bound := _of(rule, rule_name)) is not None
    }
    spelt = "days" if name.endswith("_days") else _KINDS[kind]
    words = spelt + (", from {ge}".format_map(bounds) if "ge" in bounds else "")
    return words + (" to {le}".format_map(bounds) if "le" in bounds else "")


def _bare(annotation: Any) -> Any:
    """The type without what is annotated to it, and without None."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
    if type(None) in get_args(annotation) and len(kinds) == 1:
        return _bare(kinds[0])
    return annotation


def _of(rule: object, name: str) -> object:
    return getattr(rule, name, None)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
