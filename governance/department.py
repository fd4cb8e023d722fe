"""The department as its file describes it: people, teams, agents, products, channels, calendars.

Frozen data, and complete: `governance/department_file.py` reads it from `department.yaml`, where most of it may
be left out, and checks its references.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_serializer

from governance.incident_rules import IncidentRules
from governance.objectives import Objectives
from governance.people import Person, Role
from governance.places import Audience
from governance.plan_rules import PlanRules
from governance.release_rules import ReleaseRules
from governance.retention_rules import RetentionRules


class Discipline(StrEnum):
    """What kind of work a story is; a team's capacity is planned per discipline."""

    BACKEND = "backend"
    FRONTEND = "frontend"
    DATA = "data"
    ML = "ml"
    QA = "qa"
    SRE = "sre"
    SECURITY = "security"
    DOCUMENTATION = "documentation"
    DESIGN = "design"


class AgentRole(StrEnum):
    """What an agent does."""

    PRODUCT_OWNER = "product_owner"
    PROJECT_MANAGER = "project_manager"
    ARCHITECT = "architect"
    BACKEND_ENGINEER = "backend_engineer"
    FRONTEND_ENGINEER = "frontend_engineer"
    DATA_ENGINEER = "data_engineer"
    ML_ENGINEER = "ml_engineer"
    QA = "qa"
    SRE = "sre"
    SECURITY = "security"
    DOCUMENTATION = "documentation"

    @property
    def discipline(self) -> Discipline | None:
        """The discipline whose stories this agent works on; None for those who plan and coordinate."""
        return _DISCIPLINES.get(self)


_DISCIPLINES = {
    AgentRole.ARCHITECT: Discipline.DESIGN,
    AgentRole.BACKEND_ENGINEER: Discipline.BACKEND,
    AgentRole.FRONTEND_ENGINEER: Discipline.FRONTEND,
    AgentRole.DATA_ENGINEER: Discipline.DATA,
    AgentRole.ML_ENGINEER: Discipline.ML,
    AgentRole.QA: Discipline.QA,
    AgentRole.SRE: Discipline.SRE,
    AgentRole.SECURITY: Discipline.SECURITY,
    AgentRole.DOCUMENTATION: Discipline.DOCUMENTATION,
}


class Weekday(StrEnum):
    """A day of the week, by its English name."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


def is_time_zone(name: str) -> bool:
    """Whether this is an IANA time zone, such as Europe/Dublin."""
    return name in available_timezones()


def _time_zone(name: str) -> str:
    if not is_time_zone(name):
        raise ValueError(f"`{name}` is no time zone; write an IANA name such as Europe/Dublin")
    return name


def _monday(day: date) -> date:
    if day.weekday() != 0:
        raise ValueError(f"{day} is a {day:%A}; sprints start on a Monday")
    return day


def _quoted(written: Any) -> Any:
    if not isinstance(written, str | time):
        raise ValueError('write the time in quotes, as "17:30"')
    return written


def _exact_money(written: Any) -> Any:
    if not isinstance(written, str | Decimal):
        raise ValueError('write the amount in quotes, as "6.20", so that it stays exact')
    return written


Id = Annotated[str, Field(pattern=r"^[a-z0-9]+([-.][a-z0-9]+)*$", max_length=64)]
Name = Annotated[str, Field(min_length=1, max_length=120)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Clock = Annotated[time, BeforeValidator(_quoted), Field(strict=False)]
Money = Annotated[Decimal, BeforeValidator(_exact_money), Field(strict=False, gt=0)]
Hours = Annotated[float, Field(ge=0, le=10_000)]
Loose = Field(strict=False)
"""For tuples and enums, which YAML writes as lists and strings."""


class Described(BaseModel):
    """A part of the file: frozen, and what it does not know it refuses."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Holiday(Described):
    """A day on which nobody works."""

    day: date
    name: Name


class Calendar(Described):
    """When people work: days, hours (local, end after start) and holidays of one place."""

    id: Id
    time_zone: TimeZone
    days: Annotated[tuple[Annotated[Weekday, Loose], ...], Field(strict=False, min_length=1)]
    start: Clock
    end: Clock
    holidays: Annotated[tuple[Holiday, ...], Loose] = ()


class Absence(Described):
    """Days on which a person is away: `since` and `until` are both included."""

    since: date
    until: date


class PersonEntry(Described):
    """A person as the file gives them. `identities` are chat identities (`slack:E1/T1/U1`)."""

    id: Id
    name: Name
    title: Name
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
    roles: Annotated[frozenset[Annotated[Role, Loose]], Field(strict=False, min_length=1)]
    team: Id | None = None
    calendar: Id
    away: Annotated[tuple[Absence, ...], Loose] = ()
    deputy: Id | None = None
    identities: Annotated[tuple[str, ...], Loose] = ()
    active: bool = True

    @field_serializer("roles")
    def _in_order(self, roles: frozenset[Role]) -> list[str]:
        # A set has another order in each process, and a department is compared by what it is written as.
        return sorted(role.value for role in roles)


class Agents(Described):
    """A team's agents of one role. `weekly_hours` is their budget together; `hourly_cost` is in the
    department's currency."""

    role: Annotated[AgentRole, Loose]
    count: Annotated[int, Field(ge=1, le=100)]
    weekly_hours: Hours
    hourly_cost: Money


class Team(Described):
    """A team: its lead, its agents, and how many agent-hours a week can be planned per discipline."""

    id: Id
    name: Name
    lead: Id
    mission: Name
    capacity: Mapping[Annotated[Discipline, Loose], Hours]
    agents: Annotated[tuple[Agents, ...], Loose]

    def budget(self, discipline: Discipline) -> float:
        """Agent-hours a week that the agents of this discipline may work; capacity stays within it."""
        return sum(agents.weekly_hours for agents in self.agents if agents.role.discipline is discipline)


class Product(Described):
    """A product: who owns it, which teams build it (the first one leads), and other names it goes by."""

    id: Id
    name: Name
    owner: Id
    teams: Annotated[tuple[Id, ...], Field(strict=False, min_length=1)]
    aliases: Annotated[tuple[str, ...], Loose] = ()


class Channel(Described):
    """A channel and who reads it. `name` is without the `#`; `members` are a restricted channel's readers."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    audience: Annotated[Audience, Loose]
    purpose: Name
    members: Annotated[tuple[Id, ...], Loose] = ()


class Folders(Described):
    """Where the department keeps its files, relative to the department file."""

    documents: Name
    services: Name
    history: Name
    customers: Name


class Sprints(Described):
    """Sprints of `weeks` weeks each, counted from the Monday `first`: without one, from the Monday after the
    department's start."""

    first: Annotated[date, AfterValidator(_monday)] | None = None
    weeks: Annotated[int, Field(ge=1, le=6)]


class Department(Described):
    """A department. Its references hold: every person, team and calendar that it names is in it."""

    id: Id
    name: Name
    sample: bool = False
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    calendar: Id
    folders: Folders
    sprints: Sprints
    calendars: Annotated[tuple[Calendar, ...], Field(strict=False, min_length=1)]
    people: Annotated[tuple[PersonEntry, ...], Field(strict=False, min_length=1)]
    teams: Annotated[tuple[Team, ...], Loose]
    products: Annotated[tuple[Product, ...], Loose]
    channels: Annotated[tuple[Channel, ...], Loose]
    account_owners: Mapping[Id, Id]
    integrations: Mapping[Id, Id | Annotated[tuple[Id, ...], Field(strict=False, min_length=1)]] = Field(
        default_factory=dict
    )
    releases: ReleaseRules = Field(default_factory=ReleaseRules)
    objectives: Objectives = Field(default_factory=Objectives)
    incidents: IncidentRules = Field(default_factory=IncidentRules)
    retention: RetentionRules = Field(default_factory=RetentionRules)
    plans: PlanRules = Field(default_factory=PlanRules)

    def person(self, person: str) -> PersonEntry:
        """The person with this id. Raises KeyError."""
        return _with_id(self.people, person)

    def team(self, team: str) -> Team:
        """The team with this id. Raises KeyError."""
        return _with_id(self.teams, team)

    def product(self, product: str) -> Product:
        """The product with this id. Raises KeyError."""
        return _with_id(self.products, product)

    def calendar_of(self, person: str | None) -> Calendar:
        """When this person works; the department's own calendar for nobody in particular. Raises KeyError."""
        return _with_id(self.calendars, self.calendar if person is None else self.person(person).calendar)

    def absent_at(self, moment: datetime) -> frozenset[str]:
        """Who is away at `moment`, by the days of their own place."""
        return frozenset(entry.id for entry in self.people if self._is_away(entry, moment))

    def _is_away(self, entry: PersonEntry, moment: datetime) -> bool:
        today = moment.astimezone(ZoneInfo(self.calendar_of(entry.id).time_zone)).date()
        return any(absence.since <= today <= absence.until for absence in entry.away)

    def audience_of(self, channel: str) -> Audience:
        """Who reads this channel (with or without `#`); a channel that the file does not name is public."""
        name = channel.removeprefix("#")
        return next((known.audience for known in self.channels if known.name == name), Audience.PUBLIC)

    def as_people(self, tenant: str) -> tuple[Person, ...]:
        """Everybody, as the rulings know people."""
        return tuple(self._as_person(tenant, entry) for entry in self.people)

    def _as_person(self, tenant: str, entry: PersonEntry) -> Person:
        return Person(
            tenant=tenant,
            id=entry.id,
            name=entry.name,
            roles=entry.roles,
            team=entry.team,
            time_zone=self.calendar_of(entry.id).time_zone,
            accounts=frozenset(account for account, owner in self.account_owners.items() if owner == entry.id),
            active=entry.active,
        )


_Entry = TypeVar("_Entry", PersonEntry, Team, Product, Calendar)


def _with_id(entries: tuple[_Entry, ...], wanted: str) -> _Entry:
    for entry in entries:
        if entry.id == wanted:
            return entry
    raise KeyError(wanted)
