"""Departments unlike the sample, as their people would write them down. All of it is test data."""

from __future__ import annotations

TWO_PEOPLE = """\
name: Two Lamps
country: IE
people:
  - {name: Ann Testperson, address: ann@example.com, roles: "product owner, compliance officer, executive"}
  - {name: Ben Testperson, address: ben@example.com, roles: [director, SRE lead, architect]}
"""

_PLACES = (
    ("DE", "BY", None, "Munich Test Team"),
    ("IN", None, None, "Pune Test Team"),
    ("US", "CA", "America/Los_Angeles", "California Test Team"),
)
_LEADING = (
    "director",
    "director",
    "product owner",
    "product manager",
    "compliance officer",
    "DPO",
    "SRE lead",
    "operations manager",
    "software architect",
    "customer success manager",
    "CEO",
    "auditor",
)


def forty_people() -> str:
    """Forty people in three countries, in a team for each."""
    lines = ["name: Forty Lamps", "country: Germany", "region: Bayern", "currency: EUR", "people:"]
    for number in range(40):
        country, region, zone, team = _PLACES[number % 3]
        role = _LEADING[number] if number < len(_LEADING) else ("developer", "tester")[number % 2]
        place = f"country: {country}" + (f", region: {region}" if region else "")
        place += f", time_zone: {zone}" if zone else ""
        lines.append(
            f"  - {{name: Testperson {number:02}, address: p{number:02}@example.com, roles: {role},"
            f" {place}, team: {team}}}"
        )
    teams = [f"  - {{name: {team}}}" for *_, team in _PLACES]
    return "\n".join([*lines, "teams:", *teams, "channels:", "  - name: engineering", ""])


HOSPITAL = """\
name: St. Test's Hospital IT
country: Switzerland
region: Zürich
currency: CHF
days: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]
start: "06:00"
end: "22:00"
works_on: [2026-12-25]
holidays:
  - {day: 2026-09-10, name: Emergency exercise}
people:
  - {name: Dr. Cleo Testhead, address: cleo@example.org, roles: head of IT, title: Chief Information Officer}
  - {name: Dev Testdeputy, address: dev@example.org, roles: IT director, deputy: Dr. Cleo Testhead}
  - {name: Eva Testcare, address: eva@example.org, roles: product manager, title: Nurse informatics}
  - {name: Fay Testdata, address: fay@example.org, roles: data protection officer}
  - {name: Gil Testops, address: gil@example.org, roles: head of operations}
  - {name: Hal Testops, address: hal@example.org, roles: [ops lead, sysadmin]}
  - {name: Ida Testaudit, address: ida@example.org, roles: internal auditor}
teams:
  - name: Clinical Systems
    members: [Eva Testcare, Gil Testops]
    agents:
      - {role: backend_engineer, count: 1, weekly_hours: 20, hourly_cost: "6.20"}
      - {role: qa, count: 1, weekly_hours: 10, hourly_cost: "4.80"}
  - name: Infrastructure
    lead: Gil Testops
products:
  - {name: Patient Portal, owner: Eva Testcare, teams: [Clinical Systems], aliases: [portal]}
  - {name: Ward Network, owner: Eva Testcare, teams: [Infrastructure]}
channels:
  - {name: "#incidents", members: [Gil Testops, Hal Testops, Dr. Cleo Testhead]}
"""

DOCUMENT = """\
# PRD-Lamp: Switch the lamp on

## Functional requirements

**FR-1 Switch.** The service switches the lamp on within 2 seconds of a request.
- A request with an unknown lamp is refused with an error.

**FR-2 History.** The service stores when each lamp was switched on, for 30 days.
- Entries older than 30 days are deleted every night.
"""
