"""Department files: what is read, what is refused, on which line, and what to do about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance.department import AgentRole, Department, Discipline
from governance.department_file import DepartmentError, parse_department, read_department
from governance.people import Role
from governance.places import Audience

SMALL = """\
id: tiny
name: Tiny Works
currency: EUR
calendar: office
folders: {documents: documents, services: services, history: history, customers: customers.yaml}
sprints: {first: 2026-01-05, weeks: 2}
calendars:
  - id: office
    time_zone: Europe/Dublin
    days: [monday, tuesday]
    start: "09:00"
    end: "17:30"
    holidays:
      - {day: 2026-12-25, name: Christmas Day}
people:
  - {id: ann, name: Ann, title: Boss, email: ann@example.com, roles: [product_owner], calendar: office}
  - id: ben
    name: Ben
    title: Helper
    email: ben@example.com
    roles: [customer_success, product_owner]
    calendar: office
    deputy: ann
teams:
  - id: red
    name: Red
    lead: ann
    mission: All
    capacity: {backend: 20}
    agents:
      - {role: backend_engineer, count: 2, weekly_hours: 25, hourly_cost: "6.20"}
products:
  - {id: thing, name: Thing, owner: ann, teams: [red]}
channels:
  - {name: lobby, audience: public, purpose: Everybody}
account_owners: {first-customer: ben}
"""


def _line_with(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


def _faults(text: str) -> list[tuple[int, str]]:
    with pytest.raises(DepartmentError) as caught:
        parse_department(text)
    return [(fault.line, str(fault)) for fault in caught.value.faults]


def test_reads_what_stands_there() -> None:
    department = parse_department(SMALL)
    assert department.team("red").budget(Discipline.BACKEND) == 25
    assert department.audience_of("#lobby") is Audience.PUBLIC
    assert department.audience_of("nobody-knows-it") is Audience.PUBLIC
    assert department.calendar_of("ann").end.hour == 17
    ben = {person.id: person for person in department.as_people("t1")}["ben"]
    assert ben.tenant == "t1"
    assert ben.time_zone == "Europe/Dublin"
    assert ben.accounts == {"first-customer"}
    assert ben.roles == {Role.CUSTOMER_SUCCESS, Role.PRODUCT_OWNER}


def test_comes_back_equal_from_json() -> None:
    department = parse_department(SMALL)
    assert Department.model_validate_json(department.model_dump_json()) == department


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("lead: ann", "lead: anna", "no active person `anna`; did you mean `ann`?"),
        ("lead: ann", "leed: ann", "`leed` is not known here; did you mean `lead`?"),
        ("Europe/Dublin", "Europe/Dubln", "is no time zone"),
        ("audience: public", "audience: publick", "write public, department"),
        ("purpose: Everybody", "purpose: Everybody, members: [anna]", "no active person `anna`"),
        ('"17:30"', "17:30", "in quotes"),
        ('end: "17:30"', 'end: "08:00"', "ends before it starts"),
        ('hourly_cost: "6.20"', "hourly_cost: 6.20", "in quotes"),
        ('hourly_cost: "6.20"', 'hourly_cost: "0"', "this has to be more than 0"),
        ("first: 2026-01-05", "first: 2026-01-06", "Monday"),
        ("deputy: ann", "deputy: ben", "nobody is their own deputy"),
        ("capacity: {backend: 20}", "capacity: {backend: 30}", "30 hours are planned"),
        ("capacity: {backend: 20}", "capacity: {painting: 20}", "write backend, frontend"),
        ("first-customer: ben", "first-customer: ann", "not in customer success"),
        ("first-customer: ben", "first-customer: zoe", "no active person `zoe`"),
        ("roles: [product_owner], calendar: office", "roles: [], calendar: office", "write at least one entry"),
        (
            "roles: [product_owner], calendar: office",
            "roles: [boss], calendar: office",
            "“boss” is no role that I know. Write one or more of: product owner, ",
        ),
        ("ben@example.com", "ANN@example.com", "belongs to `ann`"),
        ("calendar: office\n    deputy", "calendar: home\n    deputy", "no calendar `home`"),
        ("teams: [red]", "teams: [blue]", "no team `blue`"),
        ("- id: ben", "- id: ann", "`ann` is taken already"),
        ("id: tiny", "id: ../tiny", "small letters and digits"),
        ("name: Tiny Works", "name: Tiny Works\nname: Other", "stands here twice"),
        ("name: Tiny Works", "name: [unclosed", "not YAML"),
        ("name: Tiny Works", "name: &n Tiny\nother: *n", "alias"),
        pytest.param("name: Tiny Works", f"name: {'[' * 400_000}", "nested too deeply", id="deep"),
        ("name: Tiny Works", "name: Tiny \x01 Works", "control character"),
        ("name: Tiny Works", 'name: "Tiny \\0 Works"', "control character"),
        ("name: Tiny Works", 'name: "Tiny \\x9f Works"', "control character"),
        ("name: Tiny Works", '"name\\0": Tiny Works', "control character"),
        (
            "sprints: {first: 2026-01-05, weeks: 2}",
            "sprints: {first: 2026-01-05, weeks: '2'}",
            "write a whole number here, without quotes",
        ),
    ],
)
def test_says_what_is_wrong_and_what_to_do(right: str, wrong: str, says: str) -> None:
    assert SMALL.count(right) >= 1
    faults = _faults(SMALL.replace(right, wrong, 1))
    assert any(says in text for _, text in faults), faults


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("lead: ann", "lead: anna"),
        ("mission: All", "misson: All"),
        ('hourly_cost: "6.20"', 'hourly_cost: "much"'),
        ("deputy: ann", "deputy: zoe"),
    ],
)
def test_names_the_line(right: str, wrong: str) -> None:
    text = SMALL.replace(right, wrong, 1)
    assert _line_with(text, wrong) in [line for line, _ in _faults(text)]


def test_names_the_line_of_what_cannot_be_read_whatever_stands_before_it() -> None:
    text = "# " + "ü" * 300 + "\n" + SMALL.replace("name: Tiny Works", "name: Tiny \x01 Works", 1) + "\n" * 300
    assert [line for line, _ in _faults(text)] == [_line_with(text, "\x01")]


def test_reports_every_fault_at_once_in_order() -> None:
    lines = [
        line for line, _ in _faults(SMALL.replace("lead: ann", "lead: x").replace("deputy: ann", "deputy: y"))
    ]
    assert len(lines) == 2
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    "text", ["", "just words", "- a\n- list", "\x00", "a: \x07b", "{" * 1_200, "[" * 1_200]
)
def test_refuses_what_is_no_department(text: str) -> None:
    assert _faults(text)


def test_refuses_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DepartmentError, match="cannot be read"):
        read_department(tmp_path / "missing.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"id: a\nname: caf\xe9\n")
    with pytest.raises(DepartmentError, match=r"line 2: this is not UTF-8"):
        read_department(tmp_path / "latin.yaml")
    (tmp_path / "huge.yaml").write_bytes(b"#" * 2_000_001)
    with pytest.raises(DepartmentError, match="at most"):
        read_department(tmp_path / "huge.yaml")


def test_an_inactive_person_owns_and_leads_nothing() -> None:
    text = SMALL.replace("calendar: office}\n  - id: ben", "calendar: office, active: false}\n  - id: ben")
    assert any("no active person `ann`" in told for _, told in _faults(text))


def test_agents_that_plan_have_no_discipline() -> None:
    assert AgentRole.PROJECT_MANAGER.discipline is None
    assert {role.discipline for role in AgentRole} - {None} == set(Discipline)
