"""What Microsoft Graph answers with, as far as it is read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, NaiveDatetime

from integrations.calendar import MOST_EVENTS

AT_ONCE = 20
"""Calendars that `getSchedule` is asked for at once."""


class Answered(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class At(Answered):
    date_time: NaiveDatetime = Field(alias="dateTime")
    time_zone: Literal["UTC"] = Field(alias="timeZone")

    @property
    def moment(self) -> datetime:
        """In UTC, which every answer is asked in; one in another zone is not read."""
        return self.date_time.replace(tzinfo=UTC)


class Item(Answered):
    status: str
    start: At
    end: At


class Problem(Answered):
    response_code: str = Field(alias="responseCode", default="")


class Schedule(Answered):
    schedule_id: str = Field(alias="scheduleId", max_length=320)
    items: Annotated[list[Item], Field(alias="scheduleItems", max_length=1000)] = []
    error: Problem | None = None


class Schedules(Answered):
    value: Annotated[list[Schedule], Field(max_length=AT_ONCE)]


class Address(Answered):
    name: str = ""
    address: str = Field(default="", max_length=320)


class Attendee(Answered):
    email: Address = Field(alias="emailAddress")


class Property(Answered):
    id: str
    value: str


class Online(Answered):
    join_url: str | None = Field(alias="joinUrl", default=None, max_length=2000)


class ItsEvent(Answered):
    id: str = Field(min_length=1, max_length=1000)
    subject: str = ""
    start: At
    end: At
    is_cancelled: bool = Field(alias="isCancelled", default=False)
    attendees: Annotated[list[Attendee], Field(max_length=500)] = []
    online: Online | None = Field(alias="onlineMeeting", default=None)
    properties: Annotated[list[Property], Field(alias="singleValueExtendedProperties", max_length=10)] = []


class Events(Answered):
    value: Annotated[list[ItsEvent], Field(max_length=MOST_EVENTS)]


Shape = TypeVar("Shape", bound=Answered)
