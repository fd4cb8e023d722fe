"""What Jira's vendor is told: where, as whom, and which project, board and status is what here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from integrations.alerts.reading import Secrets
from integrations.integration import VendorSettings, https_address
from integrations.tracker import Priority, StoryStatus

_KEY = re.compile(r"[A-Z][A-Z0-9_]{0,19}")
_PLACE = re.compile(r"(?P<project>[A-Z][A-Z0-9_]{0,19})(?:/(?P<board>\d{1,12}))?")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is in Jira: its project, and a board if there is one of its own."""

    project: str
    board: int | None = None


def pairs(written: str) -> dict[str, str]:
    """`one=two, three=four`, in that order. Raises ValueError."""
    found: dict[str, str] = {}
    for part in filter(None, (one.strip() for one in written.split(","))):
        name, sign, value = (one.strip() for one in part.partition("="))
        if not (name and sign and value):
            raise ValueError(f"must be name=value, with commas: {part[:50]} is not")
        found[name] = value
    return found


def places(written: str) -> dict[str, Place]:
    """`alpha=SHOP/12, beta=SHOP`, in that order. Raises ValueError."""
    found = {}
    for name, value in pairs(written).items():
        place = _PLACE.fullmatch(value)
        if place is None:
            raise ValueError(
                f"must name a project, and a board’s number behind a stroke: {value[:50]} does not"
            )
        found[name] = Place(place["project"], int(place["board"]) if place["board"] else None)
    return found


class JiraSettings(VendorSettings):
    """Which site, as whom, and what its projects, statuses and priorities are to us."""

    jira_url: str = Field(description="The site: `https://acme.atlassian.net`.")
    jira_email: str | None = Field(default=None, description="The account that the API token belongs to.")
    jira_api_token: SecretStr | None = Field(
        default=None, description="The account’s API token; needed unless JIRA_CLIENT_ID is given."
    )
    jira_client_id: str | None = Field(
        default=None, description="A service account’s OAuth 2.0 client id, instead of an API token."
    )
    jira_client_secret: SecretStr | None = Field(default=None, description="Belongs to JIRA_CLIENT_ID.")
    jira_cloud_id: str | None = Field(
        default=None,
        pattern=r"^[0-9a-zA-Z-]{1,64}$",
        description="The site’s cloud id; needed with JIRA_CLIENT_ID.",
    )
    jira_gateway_url: str = Field(
        default="https://api.atlassian.com", description="Where Atlassian takes OAuth 2.0 requests."
    )
    jira_auth_url: str = Field(
        default="https://auth.atlassian.com", description="Where Atlassian gives out OAuth 2.0 tokens."
    )
    jira_projects: str = Field(
        description="The projects’ keys, with commas: `SHOP, PAY`. No other is looked at."
    )
    jira_teams: str = Field(
        default="",
        description="Teams by their project, and board: `alpha=SHOP/12, beta=SHOP/13`. The first of a project"
        " has what no label names another team for. Without a word each project is a team, by its key.",
    )
    jira_products: str = Field(
        default="",
        description="Products by their project: `checkout=SHOP, search=SHOP`; else as of teams.",
    )
    jira_statuses: str = Field(
        default="",
        description="What a status in Jira is here, where its name and category do not say: `Ready=scheduled,"
        " On hold=blocked`.",
    )
    jira_priorities: str = Field(
        default="", description="What a priority in Jira is here, where its name does not say: `Urgent=P0`."
    )
    jira_hours_per_point: float = Field(
        default=8.0,
        gt=0,
        le=1000,
        allow_inf_nan=False,
        description="Agent-hours that a story point stands for.",
    )
    jira_webhook_secrets: Secrets | None = Field(
        default=None,
        description="The webhook’s secret; several with commas while one is exchanged. Without it Jira tells"
        " nothing by itself.",
    )

    @field_validator("jira_url", "jira_gateway_url", "jira_auth_url")
    @classmethod
    def _encrypted(cls, written: str) -> str:
        return https_address(written)

    @field_validator("jira_projects")
    @classmethod
    def _keys(cls, written: str) -> str:
        keys = [one.strip() for one in written.split(",") if one.strip()]
        if not keys or any(_KEY.fullmatch(one) is None for one in keys):
            raise ValueError("must be projects’ keys, with commas")
        return ",".join(dict.fromkeys(keys))

    @field_validator("jira_teams", "jira_products")
    @classmethod
    def _places(cls, written: str) -> str:
        places(written)
        return written

    @field_validator("jira_statuses")
    @classmethod
    def _statuses(cls, written: str) -> str:
        for value in pairs(written).values():
            StoryStatus(value)
        return written

    @field_validator("jira_priorities")
    @classmethod
    def _priorities(cls, written: str) -> str:
        for value in pairs(written).values():
            Priority(value)
        return written

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        by_token = self.jira_email and self.jira_api_token
        by_client = self.jira_client_id and self.jira_client_secret and self.jira_cloud_id
        if bool(by_token) == bool(by_client):
            raise ValueError(
                "needs JIRA_EMAIL and JIRA_API_TOKEN, or else JIRA_CLIENT_ID, JIRA_CLIENT_SECRET, JIRA_CLOUD_ID"
            )
        known = set(self.projects)
        for place in (*places(self.jira_teams).values(), *places(self.jira_products).values()):
            if place.project not in known:
                raise ValueError(f"JIRA_PROJECTS does not name {place.project}")
        return self

    @property
    def projects(self) -> tuple[str, ...]:
        """Their keys; new work of nobody's own goes into the first."""
        return tuple(self.jira_projects.split(","))

    @property
    def teams(self) -> Mapping[str, Place]:
        """By their ids."""
        return _with_each_project(places(self.jira_teams), self.projects)

    @property
    def products(self) -> Mapping[str, Place]:
        """By their names."""
        return _with_each_project(places(self.jira_products), self.projects)

    @property
    def statuses(self) -> Mapping[str, StoryStatus]:
        """Jira's names of statuses, in small letters, that are said."""
        return {name.casefold(): StoryStatus(value) for name, value in pairs(self.jira_statuses).items()}

    @property
    def priorities(self) -> Mapping[str, Priority]:
        """Jira's names of priorities, in small letters, that are said."""
        return {name.casefold(): Priority(value) for name, value in pairs(self.jira_priorities).items()}


def _with_each_project(said: dict[str, Place], projects: tuple[str, ...]) -> Mapping[str, Place]:
    named = {place.project for place in said.values()}
    return said | {key.lower(): Place(key) for key in projects if key not in named}
