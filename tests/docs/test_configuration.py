"""The reference of settings is what the settings are, and the example of a file names them all."""

from __future__ import annotations

import re

import pytest

from bot import configuration_reference
from bot.settings import Settings
from tests.architecture.source import ROOT

EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")


def test_the_page_is_made_anew_whenever_settings_change() -> None:
    page = (ROOT / configuration_reference.PAGE).read_text(encoding="utf-8")
    assert page == configuration_reference.reference(), "run: python -m bot.configuration_reference"


def test_every_setting_stands_under_a_heading() -> None:
    rows = [line for line in configuration_reference.reference().splitlines() if line.startswith("| `")]
    named = [row.split("`")[1] for row in rows]
    assert len(named) == len(set(named)), "a setting that two vendors read stands once"
    own = [name.upper() for name in Settings.model_fields]
    assert named[: len(own)] == own
    assert "KEEPER_IDLE_SECONDS" in named[len(own) :]  # a vendor’s
    assert "\n## " in configuration_reference.reference().partition("| `")[0]
    assert all(re.fullmatch(r"\| `\w+` \| .+ \| .+ \| .+ \|", row) for row in rows)


def test_every_heading_begins_with_a_setting_that_exists() -> None:
    begins = [name for name, _ in configuration_reference._SECTIONS]
    assert begins == [name for name in Settings.model_fields if name in begins]


def test_the_example_names_every_setting_and_no_other() -> None:
    named = re.findall(r"^#?([A-Z][A-Z_]+)=", EXAMPLE, re.MULTILINE)
    assert sorted(named) == sorted(name.upper() for name in Settings.model_fields)


def test_what_the_example_sets_is_what_holds_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    assert Settings(_env_file=ROOT / ".env.example") == Settings(_env_file=None)
