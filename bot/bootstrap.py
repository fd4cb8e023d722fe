"""From nothing to a database with the department in it, and with the sample's work where it is the sample."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar, cast

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.database import bring_up_to_date, demand_var_folder, locate
from bot.department import Installation
from bot.settings import Settings
from governance.department_renewal import renew_department
from governance.department_rows import open_department
from governance.department_staffing import new_problems
from governance.directory import people
from governance.staffing_words import lacking
from integrations.customers.vendors.local.customers_file import CustomersFile, read_customers
from integrations.customers.vendors.local.loading import write_customers
from integrations.tracker import Defect, DefectOrigin, Epic, Sprint, Story, StoryEvent
from integrations.tracker.vendors.local.history import History, take_over
from integrations.tracker.vendors.local.receipts import receipt
from storage.database import Database
from storage.schema import Tenant

RECEIPT = "sample"
"""The receipt's name under which a tenant's tracker remembers that the sample was opened."""

_Value = TypeVar("_Value")


class SampleError(ValueError):
    """A file of the sample cannot be read. The text names the file and the line."""


@dataclass(frozen=True, slots=True)
class HistoricStory(Story):
    """A line of `history/stories.jsonl`: a story, and for one that mends a defect where that came from."""

    origin: DefectOrigin | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """What the sample's files hold."""

    history: History
    customers: CustomersFile


async def open_sample(database: Database, tenant: str, folder: Path, today: date) -> bool:
    """Load `folder`'s history and customers into the tenant's tables, all or nothing.

    Returns False, having done nothing, if that was done before. Where the history is older than last
    week, every date moves on by the same number of whole weeks, so that it ends in the week before
    `today`. Raises SampleError, integrations.customers.vendors.local.customers_file.CustomersFileError.
    """
    async with database.transaction(tenant) as tx:
        if await receipt(tx, RECEIPT) is not None:
            return False
    sample = await asyncio.to_thread(_read, folder, today)
    async with database.transaction(tenant) as tx:
        return await _write(tx, sample)


async def _write(tx: AsyncSession, sample: Sample) -> bool:
    if not await take_over(tx, RECEIPT, sample.history):
        return False  # another process was first
    await write_customers(tx, sample.customers)
    return True


def _read(folder: Path, today: date) -> Sample:
    past = folder / "history"
    lines = list(_lines(past / "stories.jsonl", HistoricStory))
    history = History(
        epics=list(_lines(past / "epics.jsonl", Epic)),
        sprints=list(_lines(past / "sprints.jsonl", Sprint)),
        stories=[_story(line) for line in lines],
        events=list(_lines(past / "events.jsonl", StoryEvent)),
        defects=[Defect(line.id, line.origin) for line in lines if line.origin is not None],
    )
    sample = Sample(history, read_customers(folder / "customers.yaml"))
    weeks = weeks_to_move(history, today)
    return moved(sample, timedelta(weeks=weeks)) if weeks else sample


def _lines(path: Path, kind: type[_Value]) -> Iterator[_Value]:
    reader = TypeAdapter(kind)
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise SampleError(f"{path}: the file cannot be read ({error.strerror})") from error
    for number, line in enumerate(lines, 1):
        try:
            yield reader.validate_json(line)
        except ValidationError as error:
            raise SampleError(f"{path}, line {number}: {_first_fault(error)}") from error


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    return f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"


def _story(line: HistoricStory) -> Story:
    return Story(**{field.name: getattr(line, field.name) for field in fields(Story)})


def weeks_to_move(history: History, today: date) -> int:
    """Whole weeks from the week in which the history ends to the week before today's; never under 0."""
    ends = max((event.at.date() for event in history.events), default=today)
    return max(0, (_monday(today) - _monday(ends)).days // 7 - 1)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def moved(value: _Value, by: timedelta) -> _Value:
    """The same value with every date and time in it later by `by`, through dataclasses and sequences."""
    return cast(_Value, _moved(value, by))


def _moved(value: Any, by: timedelta) -> Any:
    if isinstance(value, date):  # a datetime is one, too
        return value + by
    if isinstance(value, list | tuple):
        return type(value)(_moved(item, by) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{part.name: _moved(getattr(value, part.name), by) for part in fields(value)})
    return value


_log = structlog.get_logger()


class DepartmentRefused(Exception):
    """A changed file that leaves some approval to nobody; `problems` says which, a sentence each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


async def open_installation(settings: Settings) -> Installation:
    """Start or find the database, migrate it if that is ours to do, and open the department in it.

    What nobody in it could approve is logged where it is new, or changed. Raises SettingsUnusable, PolicyError,
    BrokenRole, DepartmentError, SettingsMissing, DepartmentRefused, AnotherDepartment: each says what is wrong
    and what to do."""
    demand_var_folder(settings)
    urls = locate(settings)
    installation = Installation(settings, urls)
    # Read before anything is set up: what is wrong with the files is said first.
    _ = installation.department_file, installation.policy, installation.roles
    for vendor in installation.outside.all_vendors:
        installation.outside.surroundings(vendor, settings.tenant)
    bring_up_to_date(urls)
    await _open_department(installation)
    return installation


async def _open_department(installation: Installation) -> None:
    department = installation.department_file
    settings = installation.settings
    async with installation.database.untenanted() as tx:
        row = {"id": settings.tenant, "name": department.name, "is_sample": department.sample}
        await tx.execute(insert(Tenant).values(row).on_conflict_do_nothing())
    async with installation.database.transaction(settings.tenant) as tx:
        requirements = installation.policy.requirements_for_people()
        before = await people(tx)
        is_new = await open_department(tx, department)
        if not is_new:
            renewal = await renew_department(tx, department)
            if renewal is not None:
                is_new = True
                _log.info("department_renewed", parts=renewal.parts, added=len(renewal.added))
                if renewal.replaced:
                    _log.warning(
                        "department_file_replaces_what_was_added_in_chat", added_in_chat=renewal.replaced
                    )
            # What was so already holds no start up: nobody is helped by a process that is not there.
            found = new_problems(before, await people(tx), requirements)
            if found:
                raise DepartmentRefused(found)  # and nothing of the file is taken over
        missing = lacking(await people(tx), requirements) if is_new else ()
    if missing:
        # A small department works with the roles that it has. The doctor says it again whenever it is asked.
        _log.warning("approvals_that_nobody_could_give", missing=missing, see="python -m bot doctor")
    if department.sample:
        await open_sample(installation.database, settings.tenant, settings.department, datetime.now(UTC).date())
