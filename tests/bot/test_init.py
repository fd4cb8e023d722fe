"""`init`: what is asked, what is written and how, and that it ends with the doctor content."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from bot.beginning.answers import Answers, AnswersUnusable, NewPerson, read_answers
from bot.beginning.people_list import people_in, person_in
from bot.beginning.texts import department_text, env_text
from bot.settings import Settings
from governance.department_file import parse_department, read_department
from governance.people import Role

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parents[2]
ANSWERS = """\
name: "Test: Lamps & Co"
country: NO
people:
  - {name: Ann Testperson, address: ann@example.com, roles: "product owner, compliance officer"}
  - {name: Ben Testperson, address: ben@example.com, roles: [director, SRE lead], team: Red}
teams: [Red, Blue]
chat: slack
"""


@dataclass(frozen=True)
class Beginning:
    """`init` as somebody runs it, with all of its files in a folder of the test's."""

    folder: Path

    @property
    def department(self) -> Path:
        return self.folder / "mine" / "department.yaml"

    @property
    def env(self) -> Path:
        return self.folder / ".env"

    def run(self, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-m",
            "bot",
            "init",
            str(self.department.parent),
            "--env-file",
            str(self.env),
        ]
        environment = {
            name: value for name, value in os.environ.items() if name not in ("DEPARTMENT", "TENANT")
        }
        return subprocess.run(
            [*command, *arguments],
            input=said,
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def answered(self, text: str = ANSWERS) -> str:
        (self.folder / "answers.yaml").write_text(text, encoding="utf-8")
        return str(self.folder / "answers.yaml")


@pytest.fixture
def beginning(tmp_path: Path) -> Beginning:
    return Beginning(tmp_path)


def test_answers_from_a_file_become_a_department_that_the_doctor_finds_well(beginning: Beginning) -> None:
    ended = beginning.run("--answers", beginning.answered())
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "FIX" not in ended.stdout
    assert "ok    department: Test: Lamps & Co, 2 people, 2 teams" in ended.stdout
    department = read_department(beginning.department)
    assert department.calendar_of(None).time_zone == "Europe/Oslo"
    assert [person.id for person in department.people] == ["ann", "ben"]
    assert department.person("ben").roles == {Role.ENGINEERING_DIRECTOR, Role.SRE_LEAD}
    assert department.person("ben").team == "red"
    assert beginning.env.stat().st_mode & 0o777 == 0o600
    settings = Settings(_env_file=beginning.env)
    assert (settings.tenant, settings.department) == ("test-lamps-co", beginning.department.parent)
    assert not settings.speaks_slack
    assert "#SLACK_BOT_TOKEN=\n" in beginning.env.read_text(encoding="utf-8")
    for name in ("documents", "services"):
        assert (beginning.department.parent / name / "README.md").is_file()


def test_what_is_there_is_not_written_over_without_being_told(beginning: Beginning) -> None:
    beginning.env.write_text("SECRET=1\n", encoding="utf-8")
    ended = beginning.run("--answers", beginning.answered())
    assert ended.returncode == 1
    assert f"{beginning.env} is there already, and nothing was written." in ended.stderr
    assert not beginning.department.exists()
    assert beginning.env.read_text(encoding="utf-8") == "SECRET=1\n"
    assert beginning.run("--answers", beginning.answered(), "--overwrite").returncode == 0
    assert "TENANT" in beginning.env.read_text(encoding="utf-8")
    assert (beginning.folder / ".env.before").read_text(encoding="utf-8") == "SECRET=1\n"


def test_five_questions_are_asked_and_asked_again_where_the_answer_is_not_understood(
    beginning: Beginning,
) -> None:
    said = [
        "Two Lamps",
        "Narnia",
        "Spain",
        "Madrid",
        "Europe/Madrid",
        "Ann Testperson, ann@example.com, boss",
        "Ann Testperson, ann@example.com, product owner, compliance officer",
        "Ben Testperson, ann@example.com, director",
        "Ben Testperson, ben@example.com, director",
        "",
        "",
        "fax",
        "Teams",
    ]
    ended = beginning.run(said="\n".join([*said, ""]))
    assert (ended.returncode, ended.stderr) == (0, "")
    for told in (
        "I know no public holidays of “Narnia”",
        "“Madrid” is no time zone",
        "“boss” is no role that I know",
        "ann@example.com is somebody else's already",
        "Write slack, teams or console.",
        "teams: none, so nothing can be planned",
        "Nobody could approve what Ben Testperson asks for",
    ):
        assert told in ended.stdout
    department = read_department(beginning.department)
    assert (department.name, len(department.people), department.teams) == ("Two Lamps", 2, ())
    assert department.calendar_of(None).time_zone == "Europe/Madrid"
    assert "#TEAMS_APP_ID=" in beginning.env.read_text(encoding="utf-8")


def test_people_come_from_a_list(beginning: Beginning) -> None:
    people = beginning.folder / "people.csv"
    people.write_text(
        "\ufeffFull name;E-Mail;Role;Team;Country\n"
        "Ann Testperson;ann@example.com;product manager, DPO;Red;\n"
        "Ann Otherperson;other@example.com;head of IT;Red;India\n\n",
        encoding="utf-8",
    )
    answers = beginning.answered("name: Listed\ncountry: IE\n")
    ended = beginning.run("--answers", answers, "--people", str(people))
    assert (ended.returncode, ended.stderr) == (0, "")
    department = read_department(beginning.department)
    assert [person.id for person in department.people] == ["ann-testperson", "ann-otherperson"]
    assert department.calendar_of("ann-otherperson").time_zone == "Asia/Kolkata"
    assert [team.id for team in department.teams] == ["red"]


def test_all_that_is_wrong_with_a_list_is_said_with_its_lines(tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("name,address,roles\nAnn,ann,boss\n,ben@example.com,\n", encoding="utf-8")
    with pytest.raises(AnswersUnusable) as wrong:
        people_in(people)
    said = str(wrong.value).splitlines()
    assert [line.split(": ")[0][-6:] for line in said] == ["line 2", "line 2", "line 3", "line 3"]
    people.write_text("who,where\nAnn,there\n", encoding="utf-8")
    with pytest.raises(AnswersUnusable, match=r"there is no column name, address, roles"):
        people_in(people)
    people.write_bytes(b"name,address,roles\nAn\xe9,a@example.com,SRE\n")
    with pytest.raises(AnswersUnusable, match="CSV UTF-8"):
        people_in(people)


def test_answers_that_describe_no_department_write_nothing(beginning: Beginning) -> None:
    ended = beginning.run("--answers", beginning.answered(ANSWERS.replace("country: NO", "country: US")))
    assert ended.returncode == 1
    assert "Nothing was written." in ended.stderr
    assert "country: US has several time zones; add `time_zone:` beside it" in ended.stderr
    assert not beginning.department.parent.exists()
    assert not beginning.env.exists()


def test_answers_are_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text("people: [{name: Ann}]\nchat: fax\ncolour: red\n", encoding="utf-8")
    with pytest.raises(AnswersUnusable) as wrong:
        read_answers(path)
    said = str(wrong.value)
    assert "name: say this, too" in said
    assert "people, number 1, address: say this, too" in said
    assert "chat: write slack, teams or console" in said
    assert "colour: this is not asked for; remove it" in said


@pytest.mark.parametrize(
    "name", ["no", "12", "a: b", "- x", "{x}", "“Q” #1", "O'Brien & Söhne", "x\\y", '"', "~"]
)
def test_any_name_comes_back_from_the_file_as_it_was_said(name: str) -> None:
    person = NewPerson(name=name, address="ann@example.com", roles=("engineer",), team=name)
    answers = Answers(name=name, people=(person,), teams=(name,))
    department = parse_department(department_text(answers))
    assert (department.name, department.people[0].name, department.teams[0].name) == (name, name, name)


def test_everything_in_the_comments_can_be_taken_up(tmp_path: Path) -> None:
    text = department_text(Answers(name="Two", country="IE", people=(person_in("Ann, ann@example.com, PO"),)))
    uncommented = "".join(
        line.removeprefix("#") if not line.startswith("# ") or line.startswith("#  ") else line
        for line in text.splitlines(keepends=True)
    )
    department = parse_department(
        uncommented.replace("NAME, NAME", "Ann")
        .replace("owner: NAME", "owner: Ann")
        .replace("[NAME]", "[Platform]")
    )
    assert (department.currency, department.channels[1].members) == ("EUR", ("ann",))
    for chat in ("slack", "teams"):
        env = env_text(Answers(name="Two", chat=chat), tmp_path / "a folder's").replace("\n#", "\n")
        settings = yaml.safe_dump(env)  # it is text, and names only settings that there are
        assert settings
        names = [line.partition("=")[0] for line in env.splitlines() if "=" in line]
        assert [name for name in names if name.lower() not in Settings.model_fields] == []
    (tmp_path / ".env").write_text(env_text(Answers(name="Two"), tmp_path / "a folder's"), encoding="utf-8")
    assert Settings(_env_file=tmp_path / ".env").department == tmp_path / "a folder's"
