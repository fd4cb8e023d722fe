"""GitHub's settings, what the doctor says of them, and what is asked there, against what GitHub publishes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema, parse, validate
from pydantic import ValidationError

from integrations.code_host.vendors.github.credentials import WRITES
from integrations.integration import Surroundings
from simulators.github import FakeGitHub
from storage.database import Database
from tests.integrations.code_host.github import world
from tests.integrations.github_descriptions import SCHEMA, queries

DOCUMENT = Path(__file__).resolve().parents[4] / "docs" / "github.md"


async def checked(
    fake: FakeGitHub, database: Database, tenant: str, var: Path, **other: Any
) -> list[tuple[str, str]]:
    around = Surroundings(database, tenant, Path(), {}, var, world.settings(fake, **other))
    return [(one.state, one.says) for one in await world.vendor().check(around)]


async def test_the_doctor_says_what_stands(
    fake: FakeGitHub, database: Database, tenant: str, tmp_path: Path
) -> None:
    well = ("well", "it answers as acme-countersign[bot], which sees 2 repositories")
    assert await checked(fake, database, tenant, tmp_path) == [well]
    fake.repositories["acme/orders"].size_kb = 3 * 1024**2
    fake.access.permissions |= {"administration": "write", "workflows": "write"}
    assert await checked(fake, database, tenant, tmp_path, github_webhook_secrets=None) == [
        well,
        ("advice", "the App may do more than is needed: administration: write, workflows: write"),
        ("advice", "larger than GITHUB_MOST_REPOSITORY_MB, and left alone: acme/orders"),
        ("advice", "tells nothing by itself: set GITHUB_WEBHOOK_SECRETS to let it post to /code/github"),
    ]


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"github_app_slug": "acme"}, "the App is called acme-countersign; set GITHUB_APP_SLUG to that"),
        ({"github_app_id": "1"}, "GitHub says: Integration not found"),
        ({"github_installation_id": 78}, "Our installation at GitHub is there no more: somebody removed it."),
    ],
)
async def test_the_doctor_says_what_is_wrong(
    fake: FakeGitHub, database: Database, tenant: str, tmp_path: Path, other: dict[str, Any], says: str
) -> None:
    assert await checked(fake, database, tenant, tmp_path, **other) == [("wrong", says)]


async def test_the_doctor_says_that_nobody_answers(
    fake: FakeGitHub, database: Database, tenant: str, tmp_path: Path
) -> None:
    ((state, says),) = await checked(fake, database, tenant, tmp_path, github_api_url="http://127.0.0.1:9")
    assert (state, "cannot be reached" in says) == ("wrong", True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"github_app_private_key": "no key"},
        {"github_app_private_key": "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"},
        {"github_app_slug": "Acme Countersign"},
        {"github_installation_id": 0},
        {"github_webhook_secrets": "short"},
        {"github_api_url": "http://github.example.com/api/v3"},
        {"github_url": "https://user:word@github.example.com"},
    ],
)
async def test_settings_that_cannot_be_are_refused_without_their_value(
    fake: FakeGitHub, wrong: dict[str, Any]
) -> None:
    ((name, value),) = wrong.items()
    with pytest.raises(ValidationError) as refused:
        world.settings(fake, **wrong)
    assert name in str(refused.value)
    assert str(value) not in str(refused.value)


def test_the_documentation_names_each_permission() -> None:
    written = DOCUMENT.read_text("utf-8")
    for name, leave in WRITES.items():
        said = name.replace("_", " ").capitalize() if name != "statuses" else "Commit statuses"
        assert f"| {said} | {'read and write' if leave == 'write' else 'read'} |" in written


@pytest.mark.parametrize("name", sorted(queries()))
def test_what_is_asked_is_in_the_published_schema(name: str) -> None:
    assert validate(build_schema(SCHEMA.read_text("utf-8")), parse(queries()[name])) == []
