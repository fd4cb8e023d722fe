"""The quick reader reads what the settings read, or leaves it to them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.command_protocol import NotPlain, installation_of, read_quick_settings
from bot.settings import SettingsUnusable, read_settings

NAMES = ("ENV", "DATABASE_URL", "VAR_FOLDER", "DEPARTMENT", "TENANT")


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.upper() in NAMES:
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("environment", "file"),
    [
        ({}, None),
        ({"TENANT": "other"}, None),
        ({"tenant": "lower"}, "TENANT=file"),
        (
            {},
            "TENANT=file\nVAR_FOLDER=there # a note\nexport DEPARTMENT='examples/small one'\nENV=production",
        ),
        ({"DATABASE_URL": "postgresql://me:p%40@h/x"}, "DATABASE_URL=postgresql://other/y"),
        ({"DATABASE_URL": "postgres://me@h/x", "VAR_FOLDER": ""}, None),
        ({"ENV": "production"}, "ENV=local"),
        ({}, "TENANT=${USER_OF_NOBODY}a\nODD\n=x"),
        # what is wrong is left to the settings
        ({"ENV": "prod"}, None),
        ({"ENV": ""}, None),
        ({"TENANT": "no name"}, None),
        ({"TENANT": ""}, None),
        ({"DATABASE_URL": "mysql://x/y"}, None),
        ({"VAR_FOLDER": "a\x07b"}, None),
    ],
)
def test_it_reads_what_the_settings_read_or_nothing(
    environment: dict[str, str], file: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    if file is not None:
        Path(".env").write_text(file)
    try:
        settings = read_settings()
    except SettingsUnusable:
        with pytest.raises(NotPlain):
            read_quick_settings()
        return
    quick = read_quick_settings()
    for name in NAMES:
        assert getattr(quick, name.lower()) == getattr(settings, name.lower()), name
    assert quick.postgres_folder == settings.postgres_folder.resolve()
    told = settings.database_url, settings.var_folder, settings.tenant, settings.department
    assert quick.installation == installation_of(*told)


def test_an_unreadable_file_is_left_to_the_settings() -> None:
    Path(".env").write_bytes(b"TENANT=\xff\xfe")
    with pytest.raises(NotPlain):
        read_quick_settings()
