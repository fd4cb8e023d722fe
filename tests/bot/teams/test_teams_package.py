"""The package that administrators upload: valid by Microsoft's schema, its icons what they must be."""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys
import tomllib
import zipfile
import zlib
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft4Validator, Draft7Validator

from bot.command_line import Stop
from bot.command_line.operating import teams_package as run
from bot.settings import Settings
from bot.teams.package import APP_VERSION, SCHEMA_VERSION, CannotPackage, manifest, teams_package
from handlers.catalogue import find_handlers

ID = "11111111-2222-3333-4444-555555555555"
URL = "https://countersign.example.com"
ROOT = Path(__file__).parents[3]
SCHEMA = Path(__file__).parent / "schema" / f"MicrosoftTeams.v{SCHEMA_VERSION}.schema.json"


def _settings(app_id: str | None = ID, public_url: str | None = URL) -> Settings:
    return Settings(teams_app_id=app_id, public_url=public_url, _env_file=None)  # type: ignore[call-arg]


def _files(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("url", [URL, f"{URL}/", "https://example.com:8443/countersign"])
def test_the_manifest_is_valid_by_the_schema(url: str) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    written = json.loads(_files(teams_package(_settings(public_url=url)))["manifest.json"])
    # The schema calls itself draft 4 and uses `const`, which later drafts check.
    for validator in (Draft4Validator, Draft7Validator):
        assert [error.message for error in validator(schema).iter_errors(written)] == []
    spoilt = manifest(ID, url) | {"manifestVersion": "1.0", "surplus": True}
    assert len(list(Draft7Validator(schema).iter_errors(spoilt))) == 2


def test_the_bot_speaks_in_every_scope_and_offers_commands_that_are_there() -> None:
    (bot,) = manifest(ID, URL)["bots"]
    assert bot["botId"] == ID
    assert bot["scopes"] == ["personal", "team", "groupChat"]
    assert bot["supportsFiles"] is True
    assert [scope for listed in bot["commandLists"] for scope in listed["scopes"]] == bot["scopes"]
    built = find_handlers()
    for listed in bot["commandLists"]:
        assert 1 <= len(listed["commands"]) <= 10
        for command in listed["commands"]:
            assert len(command["title"]) <= 32
            assert len(command["description"]) <= 128
            # A catalogue name in words is taken for that name.
            assert command["title"].replace(" ", "_") in built


def test_our_pages_are_the_only_domain() -> None:
    assert manifest(ID, f"{URL}/countersign")["validDomains"] == ["countersign.example.com"]


def test_both_parts_of_the_applications_entry_are_there() -> None:
    assert manifest(ID, URL)["webApplicationInfo"] == {"id": ID, "resource": f"api://botid-{ID}"}


def test_the_app_has_the_project_s_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == APP_VERSION


def test_the_icons_are_of_the_size_and_kind_that_teams_asks_for() -> None:
    files = _files(teams_package(_settings()))
    assert set(files) == {"manifest.json", "color.png", "outline.png"}
    color, outline = _pixels(files["color.png"]), _pixels(files["outline.png"])
    assert (color.shape, outline.shape) == ((192, 192, 4), (32, 32, 4))
    assert (color[..., 3] == 255).all()
    assert tuple(color[0, 0, :3]) == (0x2F, 0x4A, 0xB8)
    assert (outline[..., :3] == 255).all()
    inked = (outline[..., 3] > 128).sum()
    assert 60 < inked < 200
    assert outline[0, 0, 3] == 0
    # Halfway along each curve of the mark, and on the line below it.
    for x, y in ((10.9, 21.6), (17.1, 16), (22.5, 12.8), (20.75, 22.5)):
        assert color[round(y * 6), round(x * 6)].tolist() == [255] * 4
    # Both are the same mark.
    shrunk = color[..., 0].reshape(32, 6, 32, 6).mean(axis=(1, 3))
    assert np.corrcoef(shrunk.ravel(), outline[..., 3].ravel())[0, 1] > 0.95


def test_the_same_settings_make_the_same_package() -> None:
    assert teams_package(_settings()) == teams_package(_settings())


@pytest.mark.parametrize(
    ("app_id", "url", "named"),
    [
        (None, None, ["TEAMS_APP_ID is not set", "PUBLIC_URL is not set"]),
        (ID, None, ["PUBLIC_URL is not set"]),
        ("my-bot", URL, ["TEAMS_APP_ID is “my-bot”"]),
        (ID, "http://a.example", ["PUBLIC_URL is “http://a.example”"]),
    ],
)
async def test_what_is_missing_is_named(app_id: str | None, url: str | None, named: list[str]) -> None:
    settings = _settings(app_id, url)
    with pytest.raises(CannotPackage) as cannot:
        teams_package(settings)
    problems = str(cannot.value).splitlines()
    assert len(problems) == len(named)
    assert all(problem.startswith(name) for problem, name in zip(problems, named, strict=True))
    with pytest.raises(Stop, match=named[0].split()[0]):
        await run(settings, Namespace(to=Path("nowhere"), json=False))


def test_the_command_writes_the_package(tmp_path: Path) -> None:
    environment = {**os.environ, "TEAMS_APP_ID": ID, "PUBLIC_URL": URL, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "bot", "teams-package"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=60)
    assert (tmp_path / "dist" / "countersign-teams.zip").read_bytes() == teams_package(_settings())


def _pixels(png: bytes) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """A PNG's pixels, chunk by chunk: eight bits of red, green, blue and alpha, lines unfiltered."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks: dict[bytes, bytes] = {}
    place = 8
    while place < len(png):
        length, name = struct.unpack(">I4s", png[place : place + 8])
        body = png[place + 8 : place + 8 + length]
        assert struct.unpack(">I", png[place + 8 + length : place + 12 + length])[0] == zlib.crc32(name + body)
        chunks[name] = body
        place += 12 + length
    width, height, *kind = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert kind == [8, 6, 0, 0, 0]
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), dtype=np.uint8).reshape(height, 1 + width * 4)
    assert (lines[:, 0] == 0).all()
    return lines[:, 1:].reshape(height, width, 4)
