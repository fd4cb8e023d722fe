"""Releases that are built of commits: made once, named by their commit, run confined."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from integrations.deployments import ReleaseQuery, Stage, Target
from integrations.deployments.builds import Build, Builds, NotRunnable
from integrations.deployments.vendors.local.client import LocalDeployments
from integrations.deployments.vendors.local.releases import ReleaseUnreadable, Shelves
from tests.integrations.local_platform import grant

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]

SHA = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
PEEKS = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import packaged

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        seen = [one for one in os.environ["PEEKS"].split(":") if os.path.exists(one)]
        body = json.dumps({"version": os.environ["VERSION"], "seen": seen, "said": packaged.SAID}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass

ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture
def platform(tmp_path: Path) -> LocalDeployments:
    (tmp_path / "releases").mkdir()
    return LocalDeployments(tmp_path / "keeper", tmp_path / "releases", ready_seconds=20.0, idle_seconds=3.0)


def build(tmp_path: Path, **changed: object) -> Build:
    tree, packages = tmp_path / "tree", tmp_path / "packages"
    if not tree.exists():
        tree.mkdir()
        packages.mkdir()
        (packages / "packaged.py").write_text('SAID = "packed"\n')
        (tree / "server.py").write_text(PEEKS)
        (tree / "pyproject.toml").write_text('[project]\nname = "peeks"\nversion = "2.1.0"\n')
        peeks = f"{tmp_path / 'releases'}:/etc/shadow:{Path.cwd()}/pyproject.toml"
        said = f'command: ["{{python}}", "server.py"]\nenvironment: {{PEEKS: "{peeks}"}}\n'
        (tree / "release.yaml").write_text(said)
    given = {
        "service": "peeks",
        "tree": tree,
        "packages": packages,
        "commit": SHA,
        "built": datetime(2026, 11, 30, tzinfo=UTC),
        "author": "agents",
        "story": "CARD-7",
        "notes": "It peeks.",
    }
    return Build(**{**given, **changed})  # type: ignore[arg-type]


async def test_it_is_named_by_its_commit_and_made_once(platform: LocalDeployments, tmp_path: Path) -> None:
    assert isinstance(platform, Builds)
    made = await platform.build(build(tmp_path))
    assert (made.version, made.commit, made.story) == ("2.1.0-g1a2b3c4d5e", SHA, "CARD-7")
    (tmp_path / "tree" / "server.py").write_text("another")
    assert await platform.build(build(tmp_path)) == made, "the same commit is the release that is there"
    assert [one.version for one in (await platform.releases(ReleaseQuery("peeks"))).items] == [made.version]
    assert await platform.services() == ("peeks",)
    left = [one.name for one in (tmp_path / "keeper" / "built").iterdir() if one.name.startswith(".")]
    assert left == []


async def test_packages_that_are_gone_are_there_again_with_the_next_build(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    made = await platform.build(build(tmp_path))
    shutil.rmtree(tmp_path / "keeper" / "built" / "_shared")
    assert await platform.build(build(tmp_path)) == made


async def test_it_runs_and_sees_nothing_of_this_machine(platform: LocalDeployments, tmp_path: Path) -> None:
    made = await platform.build(build(tmp_path))
    shutil.rmtree(tmp_path / "tree")
    target = Target("peeks", Stage.STAGING)
    status = await platform.deploy(grant("one"), target, made.version, made.digest, 2, before=None)
    assert status.stable is not None
    assert status.stable.ready == 2
    async with httpx.AsyncClient() as client:
        said = (await client.get(f"{status.address}/")).json()
    assert said == {"version": made.version, "seen": [], "said": "packed"}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("release.yaml", None, "Nothing says how it is run"),
        ("release.yaml", "command: []\n", "command"),
        ("release.yaml", 'command: ["x"]\nuses: [auth]\n', "uses"),
        ("pyproject.toml", '[project]\nversion = "../../x"\n', "is no version"),
        ("release.yaml", "x" * 70_000, "longer than"),
        ("release.yaml", 'command: ["x"]\nserves: {/x: .nan}\n', "serves"),
        ("release.yaml", 'command: ["x"]\nserves: {x: 1}\n', "serves"),
        ("release.yaml", 'command: ["x"]\nwarm_up: [x]\n', "warm_up"),
        ("release.yaml", 'command: ["x"]\ncalls: [../auth]\n', "calls"),
        ("release.yaml", 'command: ["a\\0b"]\n', "command"),
        ("release.yaml", "- command\n", "release.yaml cannot be read"),
        ("release.yaml", "{1: 2}\n", "release.yaml cannot be read"),
        ("release.yaml", "[" * 20_000, "nested too deeply"),
        ("release.yaml", "command: 2026-99-99\n", "release.yaml cannot be read"),
        *(
            ("release.yaml", f'command: ["x"]\nenvironment: {{{name}: x}}\n', says)
            for name, says in (
                ("PORT", "PORT is told to every service"),
                ("DATABASE_URL", "DATABASE_URL is told"),
                ("PAYMENT_SERVICE_URL", "told"),
                ("STAGE", "told"),
                ("LD_PRELOAD", "LD_PRELOAD changes which programs are loaded"),
                ("PYTHONSTARTUP", "changes which"),
                ('"A=B"', "no name of a variable"),
            )
        ),
        ("pyproject.toml", "project = 3\n", "pyproject.toml, `project`, cannot be read"),
        ("pyproject.toml", "project = [\n", "pyproject.toml cannot be read"),
        ("pyproject.toml", "x = " + "[" * 20_000, "pyproject.toml cannot be read"),
        ("pyproject.toml", "[project]\nversion = {a = 1}\n", "is no version"),
    ],
)
async def test_what_cannot_be_run_is_no_release(
    platform: LocalDeployments, tmp_path: Path, name: str, content: str | None, says: str
) -> None:
    given = build(tmp_path)
    (given.tree / name).unlink()
    if content is not None:
        (given.tree / name).write_text(content)
    with pytest.raises(NotRunnable, match=says):
        await platform.build(given)
    assert await platform.services() == ()


@pytest.mark.parametrize("content", ["[]", "[" * 20_000, "{", '{"version": ["1"]}', "\ufeff3"])
async def test_an_odd_package_is_no_release(platform: LocalDeployments, tmp_path: Path, content: str) -> None:
    given = build(tmp_path)
    (given.tree / "pyproject.toml").unlink()
    (given.tree / "package.json").write_text(content)
    with pytest.raises(NotRunnable, match=r"package\.json cannot be read|is no version"):
        await platform.build(given)


async def test_one_that_cannot_be_read_does_not_hide_the_others(
    platform: LocalDeployments, tmp_path: Path
) -> None:
    made = await platform.build(build(tmp_path))
    bad = tmp_path / "keeper" / "built" / "peeks" / "2.0.0-gbad"
    bad.mkdir()
    (bad / "release.yaml").write_text("command: 3\n")
    with capture_logs() as logged:
        listed = await platform.releases(ReleaseQuery("peeks"))
    assert [one.version for one in listed.items] == [made.version]
    assert f"{bad}/release.yaml cannot be read as a release (command" in logged[0]["why"]
    shelves = Shelves.of(tmp_path / "keeper", tmp_path / "releases")
    assert [str(bad) in str(one) for one in shelves.unreadable()] == [True]
    with pytest.raises(ReleaseUnreadable):
        await platform.release("peeks", "2.0.0-gbad")


async def test_a_link_is_not_followed_into_a_release(platform: LocalDeployments, tmp_path: Path) -> None:
    given = build(tmp_path)
    (given.tree / "secrets").symlink_to("/etc/passwd")
    with pytest.raises(NotRunnable, match="secrets is a link"):
        await platform.build(given)
