"""Opening: from nothing to a database with the department in it."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from sqlalchemy.dialects.postgresql import insert

from bot.database import bring_up_to_date, demand_var_folder, locate
from bot.department import Installation
from bot.sample import open_sample
from bot.settings import Settings
from governance.department_renewal import renew_department
from governance.department_rows import open_department
from governance.department_staffing import new_problems
from governance.directory import people
from governance.staffing_words import lacking
from storage.schema import Tenant

_log = structlog.get_logger()


class DepartmentRefused(Exception):
    """A changed file that leaves some approval to nobody; `problems` says which, a sentence each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


async def open_installation(settings: Settings) -> Installation:
    """Start or find the database, migrate it if that is ours to do, and open the department in it.

    What nobody in it could approve is logged where it is new, or changed. Raises SettingsUnusable, PolicyError,
    DepartmentError, DepartmentRefused, AnotherDepartment: each says what is wrong and what to do.
    """
    demand_var_folder(settings)
    urls = locate(settings)
    installation = Installation(settings, urls)
    # Read before anything is set up: what is wrong with the files is said first.
    _ = installation.department_file, installation.policy
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
