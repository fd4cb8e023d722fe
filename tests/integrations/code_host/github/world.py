"""A fake GitHub with two empty repositories, and the vendor opened onto it over HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from jsonschema import Draft202012Validator

from integrations.code_host.vendors.github import GitHubSettings
from integrations.code_host.vendors.github.host import GitHub
from integrations.integration import Integration, Surroundings, find_vendors
from simulators.github import Exchange, FakeGitHub
from storage.database import Database
from tests.integrations import github_descriptions as descriptions

OWNER = "acme"
SECRET = "a-webhook-secret-of-ours"


@cache
def key_pair() -> tuple[str, str]:
    """An App's private key and its public half, in PEM."""
    key = generate_private_key(65537, 2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


def vendor() -> Integration:
    return find_vendors(shipped=()).chosen({"code_host": "github"})["code_host"]


def settings(fake: FakeGitHub, **other: Any) -> GitHubSettings:
    said = {
        "github_app_id": fake.app_id,
        "github_app_slug": fake.slug,
        "github_app_private_key": key_pair()[0].replace("\n", "\\n"),
        "github_installation_id": fake.installation,
        "github_webhook_secrets": SECRET,
        "github_api_url": f"{fake.url}/api/v3",
        "github_url": fake.url,
    }
    return GitHubSettings(_env_file=None, **{**said, **other})


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[FakeGitHub]:
    """The fake, with `acme/orders` and `acme/empty`."""
    fake = FakeGitHub(folder, key_pair()[1])
    for name in ("orders", "empty"):
        fake.add(f"{OWNER}/{name}")
    async with TestServer(fake.app()) as server:
        fake.url = str(server.make_url("")).rstrip("/")
        yield fake


@asynccontextmanager
async def opened(
    fake: FakeGitHub, database: Database, tenant: str, var: Path, **other: Any
) -> AsyncIterator[GitHub]:
    """The vendor, which does not wait long for what was not heard of."""
    around = Surroundings(database, tenant, Path(), {}, var, settings(fake, **other))
    port: GitHub = vendor().open(around)
    try:
        yield port
    finally:
        await vendor().close(port)


class Named:
    """A port whose repositories are called without their owner, as the contract calls them."""

    def __init__(self, port: GitHub) -> None:
        self.port, self.login, self.reviews_for_people = port, port.login, port.reviews_for_people

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.port, name)

        async def called(*given: Any, **named: Any) -> Any:
            there = [_owned(one, place, name) for place, one in enumerate(given)]
            return _unowned(await method(*there, **named))

        return called


_REPOSITORY_FIRST = frozenset(
    {"repository", "branch", "file", "merge_result", "checkout", "commit_tree", "pull_request", "coverage"}
)


def _owned(value: Any, place: int, method: str) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        changed = {}
        if getattr(value, "repository", None) is not None:
            changed["repository"] = _named(value.repository)  # type: ignore[attr-defined]
        if re.fullmatch(r"orders#\d+|orders|empty", getattr(value, "after", None) or ""):
            changed["after"] = _named(value.after)  # type: ignore[attr-defined]
        return replace(value, **changed)
    is_repository = method != "what_happened" and place == (0 if method in _REPOSITORY_FIRST else 1)
    return _named(value) if is_repository and isinstance(value, str) else value


def _named(repository: str) -> str:
    return f"{OWNER}/{repository}"


def _unowned(value: Any) -> Any:
    if type(value) is str:
        return value.removeprefix(f"{OWNER}/").replace(f" {OWNER}/", " ")
    if isinstance(value, tuple):
        return tuple(map(_unowned, value))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: _unowned(getattr(value, one.name)) for one in fields(value)})
    return value


@cache
def _published() -> Mapping[str, Any]:
    read: Mapping[str, Any] = json.loads(descriptions.OPENAPI.read_text("utf-8"))
    return read


def faults_of(exchange: Exchange) -> list[str]:
    """What of an exchange is not as GitHub's published description has it."""
    path = next((one for one in _published()["paths"] if _pattern(one).fullmatch(exchange.path)), None)
    if path is None:
        return [f"there is no {exchange.path}"]
    operation = _published()["paths"][path].get(exchange.method.lower())
    if operation is None:
        return [f"there is no {exchange.method} {exchange.path}"]
    asked = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    found = [] if asked is None or exchange.body is None else _wrong(exchange.body, asked)
    described = operation["responses"].get(str(exchange.status))
    if described is None and exchange.status < 400:
        return [*found, f"{exchange.method} {path} never answers {exchange.status}"]
    if described is None:  # errors that GitHub gives and its description does not list
        described = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/basic-error"}}}}
    content = _resolved(described).get("content", {}).get("application/json", {})
    return [*found, *(_wrong(exchange.answer, content["schema"]) if "schema" in content else ())]


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path))


def _resolved(part: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in part:
        return part
    _, kind, name = part["$ref"].removeprefix("#/").split("/")
    found: Mapping[str, Any] = _published()["components"][kind][name]
    return found


def _wrong(value: Any, schema: Mapping[str, Any]) -> list[str]:
    whole = {**_plain(schema), "components": _plain(_published()["components"])}
    errors = Draft202012Validator(whole).iter_errors(value)
    return [f"{'/'.join(map(str, one.absolute_path))}: {one.message[:200]}" for one in errors]


def _plain(schema: Any) -> Any:
    """OpenAPI 3.0's `nullable` as JSON Schema says it."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    read = {key: _plain(one) for key, one in schema.items()}
    if read.pop("nullable", False):
        return {"anyOf": [read, {"type": "null"}]}
    return read
