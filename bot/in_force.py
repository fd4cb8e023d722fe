"""What the doctor says of what is in force: department and policy, and how each differs from its file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from bot.department import Installation
from bot.finding import Finding
from governance.authority.policy import Policy
from governance.authority.policy_error import PolicyError
from governance.department import Department
from governance.department_added import Added, with_added
from governance.department_file import DepartmentError
from governance.department_renewal import settled_addresses, with_roles
from governance.department_rows import digest_of
from governance.department_staffing import VoteRequirement, can_change_roles, new_problems
from governance.directory import names_of_all, people
from governance.people import Person
from governance.policies import Accepted, accepted_policy
from governance.policy_text import differences
from governance.staffing_words import lacking
from governance.tables import DepartmentRow
from handlers.conversation.wording import counted, listed

_WHAT = "department"


@dataclass(frozen=True, slots=True)
class _InForce:
    """The department as it was last taken over, what was added to it in chat, everybody with the roles that
    they hold, and the addresses that the file does not change."""

    id: str
    digest: str
    added: Added
    people: tuple[Person, ...]
    settled: Mapping[str, str | None]

    @property
    def file_gives_roles(self) -> bool:
        """Whether the next start takes the roles from a changed file."""
        return not can_change_roles(self.people)


async def examine_department(installation: Installation) -> AsyncIterator[Finding]:
    """Whether the file describes a department that can work, with the roles that people hold by now."""
    try:
        file = installation.department_file
        requirements = installation.policy.requirements_for_people()
    except (DepartmentError, PolicyError) as wrong:
        yield Finding(_WHAT, "wrong", str(wrong))
        return
    there = await _in_force(installation)
    if there is not None:
        for finding in _added_in_chat(file, there.added):
            yield finding
        file = with_added(file, there.added)
    for finding in _staffed(file, there, requirements, installation.settings.tenant):
        yield finding
    for finding in left_out(file, installation.settings.department):
        yield finding
    if file.sample and (installation.settings.speaks_slack or installation.settings.speaks_teams):
        says = "the sample has nobody of yours; write a department.yaml, and set DEPARTMENT and a new TENANT"
        yield Finding("sample department", "advice", says)
    if there is not None:
        for finding in _compared(file, there):
            yield finding


def examine_file(installation: Installation) -> Iterator[Finding]:
    """The same of a file that no database knows yet. Raises DepartmentError, PolicyError."""
    file, settings = installation.department_file, installation.settings
    yield from _staffed(file, None, installation.policy.requirements_for_people(), settings.tenant)
    yield from left_out(file, settings.department)


def left_out(file: Department, folder: Path) -> Iterator[Finding]:
    """What the file leaves out, where some request will miss it."""
    if file.calendar_of(None).time_zone == "UTC" and not file.calendar_of(None).holidays:
        says = "times are in UTC, and no day is a holiday; add `country:` to department.yaml"
        yield Finding("calendar", "advice", says)
    if not file.teams:
        says = "none, so nothing can be planned or put into a backlog; add `teams:` to department.yaml"
        yield Finding("teams", "advice", says)
    elif not file.products:
        says = "none, so no plan can be proposed; add `products:` to department.yaml, each with a product owner"
        yield Finding("products", "advice", says)
    for name in (file.folders.documents, file.folders.services):
        if not (folder / name).is_dir():
            yield Finding(f"{name}/", "advice", f"there is no such folder; make {folder / name}")


def _staffed(
    file: Department, there: _InForce | None, requirements: tuple[VoteRequirement, ...], tenant: str
) -> Iterator[Finding]:
    """Whether everything could be approved by somebody. What a start would refuse is wrong."""
    later = file.as_people(tenant)
    if there is not None and not there.file_gives_roles:
        later = with_roles(file, tenant, {person.id: person.roles for person in there.people})
    refused = () if there is None else new_problems(there.people, later, requirements)
    for problem in refused:
        yield Finding(_WHAT, "wrong", f"{problem}. The file is not taken over like this; change it back")
    if refused:
        return
    sample = " (the sample: nothing in it is real)" if file.sample else ""
    size = f"{counted(len(file.people), 'person', 'people')}, {counted(len(file.teams), 'team')}"
    yield Finding(_WHAT, "well", f"{file.name}, {size}{sample}")
    how = "in chat (“make Ann an architect”)" if can_change_roles(later) else "in department.yaml"
    for sentence in lacking(later, requirements):
        yield Finding("approvals", "advice", f"{sentence} Give somebody the role {how}.")


async def _in_force(installation: Installation) -> _InForce | None:
    """None where there is none yet, or it cannot be read; others report why."""
    try:
        async with installation.database.transaction(installation.settings.tenant) as tx:
            row = (await tx.execute(select(DepartmentRow))).scalar()
            if row is None:
                return None
            added = Added.of(row.added)
            return _InForce(row.body["id"], row.digest, added, await people(tx), await settled_addresses(tx))
    except SQLAlchemyError:
        return None


def _added_in_chat(file: Department, added: Added) -> Iterator[Finding]:
    """What of the department does not stand in its file, or will go because the file rules now."""
    kept = added.beside(file).names()
    gone = [name for name in added.names() if name not in kept]
    if kept:
        says = f"{listed(kept)}; what the file names of teams or products itself takes their place"
        yield Finding("added in chat", "well", says)
    if gone:
        says = f"{listed(gone)} will be gone: the file names its own, which count from the next start"
        yield Finding("added in chat", "advice", says)


def _compared(file: Department, there: _InForce) -> list[Finding]:
    if there.id != file.id:
        fix = "set another TENANT for it"
        return [Finding(_WHAT, "wrong", f"this TENANT's department is {there.id}, the file's {file.id}; {fix}")]
    found = []
    if there.digest != digest_of(file.model_dump(mode="json")):
        found.append(Finding(_WHAT, "advice", "the file was changed; the next start takes it over"))
    held = {person.id: person.roles for person in there.people}
    otherwise = [entry.name for entry in file.people if entry.roles != held.get(entry.id, frozenset())]
    if otherwise and not there.file_gives_roles:
        says = "the file's count at the first start only, afterwards they change by “access” in chat"
        found.append(Finding("roles", "advice", f"not as in the file: {listed(otherwise)}; {says}"))
    kept = [entry.name for entry in file.people if there.settled.get(entry.id, entry.email) != entry.email]
    if kept:
        says = "known in chat already and holding a role, another identity is linked by “access” there"
        found.append(Finding("addresses", "advice", f"not as in the file: {listed(kept)}; {says}"))
    return found


_POLICY = "policy in force"


async def examine_policy(installation: Installation) -> AsyncIterator[Finding]:
    """Which policy rules, and where it is not the file's: row by row, since when, by whose approval.

    Says nothing where the database or the file cannot be read: others report that.
    """
    try:
        installed = installation.policy
        async with installation.database.transaction(installation.settings.tenant) as tx:
            accepted = await accepted_policy(tx, installed)
            names = await names_of_all(tx)
    except (PolicyError, SQLAlchemyError):
        return
    file = installation.settings.authority
    if accepted is None:
        yield Finding(_POLICY, "well", f"{file}; nothing else was accepted in chat")
    elif not isinstance(accepted.policy, Policy):
        why = f"the one accepted in chat cannot be read ({accepted.policy}), so nothing may be done"
        yield Finding(_POLICY, "wrong", f"{why}; install the version of Countersign that accepted it")
    else:
        for finding in _policy_findings(
            installed, accepted, accepted.policy, _origin(accepted, names), str(file)
        ):
            yield finding


def _origin(accepted: Accepted, names: dict[str, str]) -> str:
    since = f"since {accepted.since:%Y-%m-%d %H:%M} UTC"
    if accepted.approval is None:
        return f"{since}; the approval is not on record"
    return f"{since}, approved by {listed(names[voter] for voter in accepted.by)} ({accepted.approval})"


def _policy_findings(
    installed: Policy, accepted: Accepted, ruling: Policy, origin: str, file: str
) -> list[Finding]:
    otherwise = differences(installed, ruling)
    if not otherwise:
        return [
            Finding(
                _POLICY,
                "well",
                f"version {accepted.version}, accepted in chat {origin}, as in {file}",
            )
        ]
    lead = (
        f"version {accepted.version}, accepted in chat {origin}, outranks {file} (version {installed.version})"
    )
    fix = "bring the file into line, or propose its rows in chat; editing it alone changes nothing"
    return [
        Finding(_POLICY, "advice", f"{lead}; {fix}"),
        *(Finding(f"{_WHAT}, not as in the file", "advice", sentence) for sentence in otherwise),
    ]
