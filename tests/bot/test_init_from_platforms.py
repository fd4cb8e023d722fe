"""`init --from slack` and `--from entra`: people are chosen from the platform's list, over HTTP."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import pytest

from bot.beginning import platform_people, slack_people
from bot.beginning.platform_people import Listed, chosen
from bot.command_line import Exit, Stop
from bot.command_line.arguments import parse as arguments_of
from bot.command_line.init import run
from bot.settings import Settings
from governance.department_file import read_department
from governance.people import Role
from simulators.slack.server import FakeSlack
from simulators.teams.server import FakeTeams
from simulators.teams.world import object_id

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "xoxb-of-the-test"
OURS = ("DEPARTMENT", "TENANT", "SLACK_BOT_TOKEN", "ENTRA_TENANTS", "TEAMS_APP_ID", "TEAMS_APP_PASSWORD")


@dataclass
class Beginning:
    """`init` in a fresh folder, with the platform's address in its environment."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    async def run(self, *arguments: str, said: list[str]) -> subprocess.CompletedProcess[str]:
        place = [str(self.folder / "mine"), "--env-file", str(self.folder / ".env")]
        environment = {name: value for name, value in os.environ.items() if name not in OURS}
        return await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "bot", "init", *place, *arguments],
            input="\n".join([*said, ""]),
            cwd=ROOT,
            env=environment | self.environment,
            capture_output=True,
            text=True,
            timeout=90,
        )

    async def refused(self, *arguments: str, said: list[str]) -> str:
        """What `init` stops with, in this process: most of one of its own would be starting."""
        place = [str(self.folder / "mine"), "--env-file", str(self.folder / ".env")]
        _, args = arguments_of(["init", *place, *arguments])
        given = {name.lower(): value for name, value in self.environment.items()}
        with (
            mock.patch("builtins.input", side_effect=said),
            mock.patch.object(sys, "stdin", io.StringIO()),
            pytest.raises(Stop) as stopped,
        ):
            await run(Settings(_env_file=None, **given), args)  # type: ignore[call-arg, arg-type]
        assert stopped.value.code == Exit.REFUSED
        assert not self.department.exists()
        return str(stopped.value)

    @property
    def department(self) -> Path:
        return self.folder / "mine" / "department.yaml"


@pytest.fixture
async def slack(tmp_path: Path) -> AsyncIterator[tuple[FakeSlack, Beginning]]:
    slack = await FakeSlack.start(token=TOKEN)
    slack.admin.adds("gone", deleted=True)
    slack.admin.adds("robot", is_bot=True)
    slack.admin.adds("guest", is_restricted=True)
    yield slack, Beginning(tmp_path, {"SLACK_API_URL": slack.api_url})
    await slack.stop()


@pytest.fixture
async def teams(tmp_path: Path) -> AsyncIterator[tuple[FakeTeams, Beginning]]:
    async with await FakeTeams.start() as teams:
        teams.world.add_person("gone", is_enabled=False)
        teams.world.add_person("guest", is_guest=True)
        teams.world.groups["Lamp makers"] = ["amanda", "carlos", "gone"]
        urls = teams.settings()
        yield teams, Beginning(tmp_path, {name: urls[name] for name in ("ENTRA_AUTHORITY", "GRAPH_URL")})


def _secrets(teams: FakeTeams) -> list[str]:
    return [teams.world.tenant, teams.app_id, teams.app_password]


async def test_people_are_chosen_from_slack_and_linked_by_its_ids(slack: tuple[FakeSlack, Beginning]) -> None:
    fake, beginning = slack
    for number in range(250):
        fake.admin.adds(f"extra{number}", name=f"Extra Person {number}")
    chosen = ["Nobody-like-this", "9999", "extra person", "amanda", "carlos", "", "boss", "carlos: king"]
    roles = ["Amanda: product owner, compliance officer", "carlos: director", ""]
    ended = await beginning.run("--from", "slack", said=["Two Lamps", "IE", TOKEN, *chosen, *roles, "The Team"])
    assert (ended.returncode, ended.stderr) == (0, "")
    for told in (
        "Nobody is called that",
        "The list goes from 1 to",
        "Several are called that",
        "“king” is no role",
    ):
        assert told in ended.stdout
    for absent in ("gone@example.com", "robot@example.com", "guest@example.com"):
        assert absent not in ended.stdout
    assert sum(call.method == "users.list" for call in fake.calls) == 2
    department = read_department(beginning.department)
    amanda, carlos = (fake.user(name).user for name in ("amanda", "carlos"))
    assert {one.name: one.identities for one in department.people} == {
        amanda.name: (f"slack:{fake.team_id}/{amanda.id}",),
        carlos.name: (f"slack:{fake.team_id}/{carlos.id}",),
    }
    roles_of = {one.name: one.roles for one in department.people}
    assert roles_of[amanda.name] == {Role.PRODUCT_OWNER, Role.COMPLIANCE_OFFICER}
    assert roles_of[carlos.name] == {Role.ENGINEERING_DIRECTOR}
    assert TOKEN not in beginning.department.read_text(encoding="utf-8")


async def test_all_of_a_group_are_chosen_from_entra(teams: tuple[FakeTeams, Beginning]) -> None:
    fake, beginning = teams
    for number in range(1100):
        fake.world.add_person(f"member{number}")
        fake.world.groups["Lamp makers"].append(f"member{number}")
    said = ["Two Lamps", "IE", *_secrets(fake), "amanda", "1-2, 4", "", "amanda: PO", "", ""]
    ended = await beginning.run("--from", "entra", "--group", "Lamp makers", said=said)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "1,042 more: write a part of a name" in ended.stdout  # 1,102 of them, 60 are shown
    department = read_department(beginning.department)
    assert len(department.people) == 3  # Amanda is number 1
    (amanda,) = [one for one in department.people if one.name.startswith("Amanda")]
    assert amanda.identities == (f"teams:{fake.world.tenant}/{object_id('amanda.people')}",)
    assert amanda.roles == {Role.PRODUCT_OWNER}
    assert {one.roles for one in department.people if one is not amanda} == {frozenset({Role.ENGINEER})}


async def test_everybody_is_chosen_from_entra_in_pages(teams: tuple[FakeTeams, Beginning]) -> None:
    fake, beginning = teams
    for number in range(1000):
        fake.world.add_person(f"member{number}")
    ended = await beginning.run("--from", "entra", said=["Lamps", "IE", *_secrets(fake), "all", "", ""])
    assert (ended.returncode, ended.stderr) == (0, "")
    assert fake.faults.count("graph") == 2
    expected = [one for one in fake.world.people.values() if one.is_enabled and not one.is_guest]
    assert len(read_department(beginning.department).people) == len(expected) > 1000


async def test_slack_refusals_say_how_to_go_on(
    slack: tuple[FakeSlack, Beginning], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, beginning = slack

    async def said_of(token: str = TOKEN) -> str:
        return await beginning.refused("--from", "slack", said=["Two Lamps", "IE", token])

    ended = await beginning.run("--from", "slack", said=["Two Lamps", "IE", "xoxb-wrong"])
    assert (ended.returncode, ended.stdout.count("wrote")) == (1, 0)
    assert "does not take this token" in ended.stderr
    assert "does not take this token (invalid_auth). Copy the Bot User OAuth Token" in await said_of(
        "xoxb-wrong"
    )
    fake.faults.rate_limit("users.list", retry_after=17)
    assert "Run this again in 17 seconds." in await said_of()
    fake.faults.server_error("users.list", status=503)
    assert "Run this again in a few minutes." in await said_of()
    (installed,) = fake.state.installations
    installed.scopes = frozenset({"chat:write"})
    assert "lacks the scope users:read. Add it under" in await said_of()
    installed.scopes = frozenset({"users:read"})
    assert "lacks the scope users:read.email. Add it under" in await said_of()
    installed.scopes = None
    for module in (platform_people, slack_people):
        monkeypatch.setattr(module, "MOST", 300)
    for number in range(301):
        fake.admin.adds(f"p{number}")
    assert "more than 300 people" in await said_of()


async def test_entra_refusals_say_how_to_go_on(teams: tuple[FakeTeams, Beginning]) -> None:
    fake, beginning = teams

    async def said_of(*arguments: str, secrets: list[str] | None = None) -> str:
        said = ["Two Lamps", "IE", *(secrets or _secrets(fake))]
        return await beginning.refused("--from", "entra", *arguments, said=said)

    tenant, app, _ = _secrets(fake)
    assert "does not take this application and secret (invalid_client)" in await said_of(
        secrets=[tenant, app, "no"]
    )
    assert "“here” is no tenant id" in await said_of(secrets=["here", app, "no"])
    fake.faults.add("graph", 429, retry_after="21")
    assert "Run this again in 21 seconds." in await said_of()
    assert "No group in Entra is called “Nobody”" in await said_of("--group", "Nobody")
    assert "There is no such group" in await said_of("--group", object_id("nobody.groups"))
    fake.graph.forbidden = {"users", "groups"}
    assert "lacks the permission User.Read.All (Authorization_RequestDenied)" in await said_of()
    assert "lacks the permission GroupMember.Read.All" in await said_of("--group", "Lamp makers")
    fake.graph.forbidden = set()
    for number in range(10_001):
        fake.world.add_person(f"p{number}")
    assert "more than 10,000 people" in await said_of()


PEOPLE = tuple(Listed(f"Ann {letter}", f"{letter}@example.com", letter) for letter in "abcde")


@pytest.mark.parametrize(
    ("said", "meant"),
    [("all", "abcde"), ("1", "a"), ("2, 4-5", "bde"), ("3 3", "c"), ("C@example", "c"), ("ann", "abcde")],
)
def test_whom_an_answer_means(said: str, meant: str) -> None:
    assert "".join(one.identity for one in chosen(said, PEOPLE)) == meant


@pytest.mark.parametrize("said", ["0", "6", "4-9", "5-4", "zoe", ""])
def test_an_answer_that_means_nobody(said: str) -> None:
    with pytest.raises(ValueError, match=r"list goes from 1 to 5|Nobody is called that"):
        chosen(said, PEOPLE)
