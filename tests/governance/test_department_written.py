"""Files in people's words: what may be left out, how roles and names are understood, all faults at once."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.countries import country_of
from governance.department import Department, Discipline, Weekday
from governance.department_file import DepartmentError, parse_department
from governance.department_staffing import can_change_roles
from governance.people import Role
from governance.people_words import id_from, role_of
from governance.places import Audience

LEAST = """\
name: Two Lamps
people:
  - {name: Ann Test, address: ann@example.com, roles: Product Owner}
  - {name: Ben Test, address: ben@example.com, roles: [SRE lead, director]}
"""


def _faults(text: str) -> list[str]:
    with pytest.raises(DepartmentError) as caught:
        parse_department(text)
    return [str(fault) for fault in caught.value.faults]


def _free(department: Department, calendar: str) -> dict[date, str]:
    (found,) = [one for one in department.calendars if one.id == calendar]
    return {holiday.day: holiday.name for holiday in found.holidays}


def test_a_name_and_people_are_enough() -> None:
    department = parse_department(LEAST)
    assert (department.id, department.teams, department.products, department.channels) == (
        "two-lamps",
        (),
        (),
        (),
    )
    ann, ben = department.people
    assert (ann.id, ann.email, ann.title) == ("ann-test", "ann@example.com", "Product owner")
    assert ann.roles == {Role.PRODUCT_OWNER}
    assert ben.roles == {Role.SRE_LEAD, Role.ENGINEERING_DIRECTOR}
    calendar = department.calendar_of(ann.id)
    assert (calendar.time_zone, len(calendar.days), calendar.holidays) == ("UTC", 5, ())
    assert Department.model_validate_json(department.model_dump_json()) == department


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("product owner", Role.PRODUCT_OWNER),
        ("Director of Engineering", Role.ENGINEERING_DIRECTOR),
        ("head of IT", Role.ENGINEERING_DIRECTOR),
        ("SRE Lead", Role.SRE_LEAD),
        ("sre_lead", Role.SRE_LEAD),
        ("SRE", Role.ENGINEER),
        ("developer", Role.ENGINEER),
        ("DPO", Role.COMPLIANCE_OFFICER),
        ("ceo", Role.EXECUTIVE),
    ],
)
def test_roles_are_understood_as_people_say_them(said: str, meant: Role) -> None:
    assert role_of(said) is meant


def test_ids_come_from_names_in_any_script() -> None:
    assert id_from("Zoë Müller-Øst") == "zoe-muller-ost"
    text = LEAST.replace("Ann Test", "李娜").replace("ann@", "na.li@")
    assert parse_department(text).people[0].id == "na-li"


def test_a_country_brings_holidays_working_days_and_its_time_zone() -> None:
    department = parse_department(LEAST + "country: Germany\nregion: Bayern\n")
    calendar = department.calendar_of(None)
    assert calendar.time_zone == "Europe/Berlin"
    assert _free(department, calendar.id)[date(2026, 1, 6)] == "Epiphany"
    assert date(2026, 1, 6) not in _free(parse_department(LEAST + "country: DE\n"), "de")
    israel = parse_department(LEAST + "country: IL\n").calendar_of(None)
    assert (israel.days[0], israel.time_zone) == (Weekday.MONDAY, "Asia/Jerusalem")
    assert Weekday.SUNDAY in israel.days
    assert Weekday.FRIDAY not in israel.days


def test_own_days_stand_beside_the_public_ones() -> None:
    own = (
        "country: IE\nstart: '08:00'\ndays: [monday, tuesday]\nworks_on: [2026-03-17]\n"
        "holidays:\n  - {day: 2026-12-25, name: Ours}\n  - {day: 2026-07-10, name: Summer party}\n"
    )
    department = parse_department(LEAST + own)
    free = _free(department, "ie")
    assert free[date(2026, 12, 25)] == "Ours"
    assert free[date(2026, 7, 10)] == "Summer party"
    assert date(2026, 3, 17) not in free
    assert date(2027, 3, 17) in free
    assert (department.calendar_of(None).start.hour, len(department.calendar_of(None).days)) == (8, 2)


def test_whoever_works_elsewhere_has_a_calendar_of_their_own() -> None:
    text = LEAST.replace("roles: Product Owner", "roles: Product Owner, country: IN")
    text = (
        text.replace("director]", "director], region: BY")
        + "country: DE\nholidays: [{day: 2026-07-10, name: X}]\n"
    )
    department = parse_department(text)
    assert department.calendar_of("ann-test").time_zone == "Asia/Kolkata"
    assert department.calendar_of("ben-test").id == "de-by"
    assert department.calendar_of(None).id == "de"
    assert all(date(2026, 7, 10) in _free(department, one.id) for one in department.calendars)


def test_bare_codes_that_yaml_takes_for_yes_and_no_are_understood() -> None:
    assert parse_department(LEAST + "country: NO\n").calendar_of(None).time_zone == "Europe/Oslo"
    ontario = parse_department(LEAST + "country: CA\nregion: ON\ntime_zone: America/Toronto\n")
    assert ontario.calendar_of(None).time_zone == "America/Toronto"


def test_a_team_needs_a_name_and_no_more() -> None:
    text = LEAST + "teams:\n  - {name: Red Team, members: [Ben]}\n  - name: Blue\n"
    department = parse_department(text)
    red, blue = department.teams
    assert (red.id, red.lead, blue.lead) == ("red-team", "ben-test", "ben-test")
    assert department.person("ben-test").team == "red-team"
    assert all(0 < hours <= red.budget(discipline) for discipline, hours in red.capacity.items())
    assert Discipline.BACKEND in red.capacity
    (product,) = department.products
    assert (product.name, product.owner, product.teams) == ("Two Lamps", "ann-test", ("red-team", "blue"))


def test_people_are_meant_by_their_names() -> None:
    text = LEAST + (
        "teams:\n  - {name: Red, lead: Ann Test}\nproducts:\n  - {name: Lamp, owner: ann}\n"
        "channels:\n  - {name: '#lobby', members: [Ben]}\n  - name: all\n"
    )
    department = parse_department(text)
    assert (department.team("red").lead, department.product("lamp").owner) == ("ann-test", "ann-test")
    assert department.audience_of("lobby") is Audience.RESTRICTED
    assert department.channels[0].members == ("ben-test",)
    assert department.audience_of("all") is Audience.DEPARTMENT


def test_everything_wrong_is_said_at_once_with_its_line() -> None:
    text = """\
name: Wrong in Many Ways
country: Spain
people:
  - {name: Ann, address: ann, roles: boss}
  - {name: Ben, roles: [director], deputy: Zoe, teem: red}
  - {name: Cem, address: cem@example.com, roles: [engineer], deputy: Nobody}
teams:
  - {name: Red, lead: Dan}
  - {lead: Ann}
"""
    faults = _faults(text)
    expected = [
        "line 2, country: ES has several time zones; add `time_zone:` beside it, such as Europe/Madrid",
        "line 4, email of Ann: “ann” is no mail address",
        "line 4, roles of Ann: “boss” is no role that I know. Write one or more of: product owner,",
        "line 5, email of Ben: add `address:`",
        "line 5, teem of Ben: `teem` is not known here; did you mean `team`?",
        "line 6, deputy of Cem: there is no active person `nobody`",
        "line 8, lead of Red: there is no active person `dan`",
        "line 9, name of number 2 of teams: add `name:`",
    ]
    assert [one for one in expected if not any(one in fault for fault in faults)] == []
    assert len(faults) == len(expected)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("country: Narnia\n", "I know no public holidays of “Narnia”"),
        ("country: DE\nregion: Cork\n", "DE has no region “Cork”. Write one of"),
        ("country: IE\nregion: Cork\n", "Leave `region` out"),
        ("region: BY\n", "add `country:` beside it"),
        ("country: US\n", "US has several time zones; add `time_zone:`"),
        ("country: IE\nworks_on: soon\n", "write days here"),
        ("country: IE\nholidays: none\n", "write a list here"),
        ("calendars: [{id: here}]\n", "add `country:` or `time_zone:` to this calendar"),
        ("teams: [{name: Red, members: [Zoe]}]\n", "there is nobody called “Zoe” under `people:`"),
        ("teams: Red\n", "write a list here, each entry after a dash"),
        ("currency: eur\n", "“eur” is no currency's code, such as EUR"),
    ],
)
def test_what_is_wrong_is_said_in_words(more: str, says: str) -> None:
    faults = _faults(LEAST + more)
    assert [fault for fault in faults if says in fault], faults
    assert len(faults) == 1, faults


def test_a_country_with_one_clock_in_several_zones_has_a_time_zone() -> None:
    assert country_of("DE").time_zone == "Europe/Berlin"  # with Busingen beside it
    assert country_of("PT").time_zone is None


_scalars = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.text("ab{}-é ", max_size=4), st.dates())
_anything = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(("id", "name", "roles", "address", "country", "day", "lead")), inner),
    ),
    max_leaves=6,
)
_PARTS = (*Department.model_fields, "country", "region", "time_zone", "days", "start", "holidays", "works_on")
_ENTRY = ("id", "name", "address", "roles", "team", "country", "lead", "members", "agents", "owner", "deputy")


@settings(max_examples=400)
@given(
    st.dictionaries(st.sampled_from(_PARTS), _anything, max_size=5),
    st.dictionaries(st.sampled_from(_ENTRY), _anything, max_size=5),
    st.sampled_from(("people", "teams", "products", "channels", "calendars")),
)
def test_whatever_stands_there_is_read_or_refused_in_words(
    parts: dict[str, Any], entry: dict[str, Any], section: str
) -> None:
    written = yaml.safe_load(LEAST) | parts
    entries = written.get(section)
    written[section] = [*(entries if isinstance(entries, list) else ()), entry]
    with suppress(DepartmentError):
        parse_department(yaml.safe_dump(written, allow_unicode=True))


def test_the_department_that_the_documents_show_is_one() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "department.md").read_text(encoding="utf-8")
    (shown,) = [block for block in page.split("```") if block.startswith("yaml\nname: ")]
    department = parse_department(shown.removeprefix("yaml\n"))
    assert can_change_roles(department.as_people("t"))
    assert department.calendar_of(None).time_zone == "Europe/Dublin"
