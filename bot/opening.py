"""Opening: from nothing to a database with the department in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.dialects.postgresql import insert

from bot.database import bring_up_to_date, locate
from bot.department import Installation
from bot.sample import open_sample
from bot.settings import Settings
from governance.department_rows import open_department
from governance.department_staffing import problems
from storage.schema import Tenant


@dataclass(frozen=True, slots=True)
class DepartmentRefused(Exception):
    """The department file describes one in which some approval could be given by nobody."""

    problems: tuple[str, ...]


async def open_installation(settings: Settings) -> Installation:
    """Start or find the database, migrate it if that is ours to do, and open the department in it.

    Raises PolicyError, DepartmentError, DepartmentRefused: each says what is wrong and what to do.
    """
    urls = locate(settings)
    installation = Installation(settings, urls)
    if found := problems(installation.department_file, installation.policy.requirements_for_people()):
        raise DepartmentRefused(found)
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
        await open_department(tx, department)
    if department.sample:
        await open_sample(installation.database, settings.tenant, settings.department, datetime.now(UTC).date())
