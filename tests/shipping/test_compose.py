"""compose.yaml: the main rules of its schema, the Procfile's commands, and settings that exist."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from bot.settings import Settings
from tests.architecture.source import ROOT

WRITTEN = (ROOT / "compose.yaml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(WRITTEN)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROCFILE = dict(
    line.split(": ", 1) for line in (ROOT / "Procfile").read_text(encoding="utf-8").splitlines() if line.strip()
)
OURS = sorted(PROCFILE)

TOP_KEYS = {"name", "services", "networks", "volumes", "configs", "secrets", "include"}
SERVICE_KEYS = {
    *("build", "image", "command", "entrypoint", "environment", "env_file", "ports", "expose", "volumes"),
    *("tmpfs", "configs", "secrets", "depends_on", "healthcheck", "restart", "init", "read_only", "cap_drop"),
    *("security_opt", "user", "working_dir", "stop_grace_period", "networks", "labels", "profiles"),
}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
HEALTH_KEYS = {"test", "interval", "timeout", "retries", "start_period", "start_interval", "disable"}
NO_SETTINGS = {"POSTGRES_OWNER_PASSWORD"}
"""Emptied, so that processes that need it not do not have it."""


def test_top_and_services_have_only_keys_of_the_specification() -> None:
    assert {key for key in COMPOSE if not key.startswith("x-")} <= TOP_KEYS
    for name, service in SERVICES.items():
        assert re.fullmatch(r"[a-zA-Z0-9._-]+", name)
        assert set(service) <= SERVICE_KEYS, name
        assert {"image", "build"} & set(service), name
        assert set(service.get("healthcheck", {})) <= HEALTH_KEYS, name
        assert service.get("restart", "no") in ("no", "always", "on-failure", "unless-stopped")


def test_what_is_referred_to_is_declared() -> None:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] in CONDITIONS
            if how["condition"] == "service_healthy":
                assert "test" in SERVICES[other]["healthcheck"], f"{name} waits for {other}"
        for mount in service.get("volumes", []):
            assert mount["type"] in ("bind", "volume")
            assert mount["type"] == "bind" or mount["source"] in COMPOSE["volumes"]
        for config in service.get("configs", []):
            assert config["source"] in COMPOSE["configs"]


def test_there_is_a_service_for_each_line_of_the_procfile_and_a_database_and_redis() -> None:
    assert set(SERVICES) == {*PROCFILE, "postgres", "redis"}


@pytest.mark.parametrize("name", OURS)
def test_its_command_is_the_procfiles(name: str) -> None:
    assert SERVICES[name]["command"] == PROCFILE[name]


@pytest.mark.parametrize("name", OURS)
def test_its_environment_is_settings_that_are_taken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = SERVICES[name]["environment"]
    known = {field.upper() for field in Settings.model_fields}
    assert set(environment) - known <= NO_SETTINGS
    for field in known:
        monkeypatch.delenv(field, raising=False)
    for key, value in environment.items():
        assert isinstance(value, str), f"{key} is to be a string"
        monkeypatch.setenv(key, re.sub(r"\$\{\w+:\?[^}]*\}", "secret", value))
    settings = Settings(_env_file=None)
    assert settings.env == "production"
    assert settings.host == "0.0.0.0"


def test_only_release_knows_the_databases_owner() -> None:
    for name in OURS:
        told = {key: value for key, value in SERVICES[name]["environment"].items() if "OWNER" in key}
        assert ("DATABASE_OWNER_URL" in told) == (name == "release")
        assert told["POSTGRES_OWNER_PASSWORD"] == ""


def test_only_web_is_asked_how_it_is_and_reached_from_this_machine_alone() -> None:
    assert "healthcheck" not in SERVICES["web"]  # so the image's own holds
    (published,) = SERVICES["web"]["ports"]
    assert published.startswith("127.0.0.1:")
    assert published.endswith(f":{SERVICES['web']['environment']['PORT']}")
    for name in set(OURS) - {"web"}:
        assert SERVICES[name]["healthcheck"] == {"disable": True}
        assert "ports" not in SERVICES[name]
    assert "ports" not in SERVICES["postgres"]


def test_what_must_be_given_is_said_to_be_by_the_documents() -> None:
    demanded = set(re.findall(r"\$\{(\w+):\?", WRITTEN))
    assert demanded == {"POSTGRES_APP_PASSWORD", "POSTGRES_OWNER_PASSWORD"}
    for name in demanded:
        assert name in (ROOT / "docs/production.md").read_text(encoding="utf-8")
    assert set(re.findall(r"(?<!\$)\$\{(\w+)", WRITTEN)) == demanded | {"DEPARTMENT"}
