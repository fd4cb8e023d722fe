"""What HubSpot answers with, as far as it is read. Values of properties are texts, or nothing."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field

SEARCHED = 200
"""Records of one page of a search, at most."""

OWNERS = 500
"""People of one page, at most."""

RecordId = Annotated[str, Field(pattern=r"^\d{1,20}$", coerce_numbers_to_str=True)]


class Answered(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class Record(Answered):
    id: RecordId
    properties: dict[str, str | None]


class Records(Answered):
    results: Annotated[list[Record], Field(max_length=SEARCHED)]


class AssociationType(Answered):
    category: str = ""
    label: str | None = None


class Target(Answered):
    id: RecordId = Field(alias="toObjectId")
    types: Annotated[list[AssociationType], Field(alias="associationTypes", max_length=50)] = []

    def has(self, label: str) -> bool:
        """Whether one of its labels is this one, however it is written."""
        return any((one.label or "").casefold() == label.casefold() for one in self.types)


class Origin(Answered):
    id: RecordId


class Behind(Answered):
    after: str = Field(max_length=500)


class Paging(Answered):
    next: Behind | None = None


class Associated(Answered):
    origin: Origin = Field(alias="from")
    to: Annotated[list[Target], Field(max_length=1000)] = []
    paging: Paging | None = None


class Associations(Answered):
    results: Annotated[list[Associated], Field(max_length=1000)]


class Owner(Answered):
    id: RecordId
    email: str | None = Field(default=None, max_length=320)


class Owners(Answered):
    results: Annotated[list[Owner], Field(max_length=OWNERS)]
    paging: Paging | None = None


class Named(Answered):
    name: str


class Properties(Answered):
    results: Annotated[list[Named], Field(max_length=10_000)]


class Pipeline(Answered):
    id: str


class Pipelines(Answered):
    results: Annotated[list[Pipeline], Field(max_length=1000)]


class AccountDetails(Answered):
    currency: str | None = Field(alias="companyCurrency", default=None)


Shape = TypeVar("Shape", bound=Answered)
