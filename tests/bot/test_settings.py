"""Settings that are wrong are sentences with their name, and say nothing of what was given."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from bot.settings import Settings, SettingsUnusable, read_settings


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)  # where no .env lies


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "x"),
        ("PORT", "65536"),
        ("ENV", "staging"),
        ("LOG_LEVEL", "loud"),
        ("WORKER_CONCURRENCY", "0"),
        ("OPENAI_INPUT_PRICE", "nan"),
        ("TOKEN_KEY", "bad-secret"),
        ("AUDIT_SIGNING_KEY", "bad-secret"),
        ("TENANT", "a tenant"),
        ("TENANT", ""),
        ("DATABASE_URL", "postgresql://me:bad-secret@db:port/x"),
        ("DATABASE_URL", "postgresql://me:bad-secret/x@db/x"),
        ("DATABASE_URL", "postgresql://me:bad-secret@db/x?nosuch=1"),
        ("DATABASE_URL", "mysql://me:bad-secret@db/x"),
        ("DATABASE_OWNER_URL", ""),
        ("REDIS_URL", "127.0.0.1:6379"),
        ("OPENAI_BASE_URL", "http://me:bad-secret@host:port/v1"),
        ("CHECKPOINT_WEBHOOK", "https://"),
        ("SLACK_API_URL", "slack.com"),
        ("GRAPH_URL", "https://a:99999/"),
        ("GRAPH_URL", "https://me:bad-secret@a/"),
        ("PUBLIC_URL", "http://["),
        ("VAR_FOLDER", "\udcff"),
        ("OPENAI_MODEL", "a\x01b"),
    ],
)
def test_a_setting_that_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsUnusable) as unusable:
        read_settings()
    (problem,) = str(unusable.value).splitlines()
    assert problem.startswith(f"{name} ")
    assert "bad-secret" not in problem
    assert "pydantic" not in problem


def test_all_that_are_wrong_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("TOKEN_KEY", "bad")
    with pytest.raises(SettingsUnusable) as unusable:
        read_settings()
    assert [name for name, _ in unusable.value.problems] == ["PORT", "TOKEN_KEY"]


def test_a_file_of_settings_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"PORT=\xff\n")
    with pytest.raises(SettingsUnusable, match=r"^\.env cannot be read"):
        read_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOKEN_KEY", base64.urlsafe_b64encode(bytes(range(32))).decode()),
        ("AUDIT_SIGNING_KEY", base64.b64encode(bytes(range(32))).decode()),
        ("DATABASE_URL", "postgresql://me:p%40ss@db.example.com:5432/x?sslmode=require"),
        ("DATABASE_URL", "postgres://countersign_app:@/x?host=/tmp/a"),
        ("REDIS_URL", "rediss://:word@127.0.0.1/0"),
        ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1"),
        ("PUBLIC_URL", ""),
    ],
)
def test_a_setting_that_is_right_is_taken(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    read_settings()
