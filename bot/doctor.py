"""The doctor: each thing that Countersign leans on, looked at, with what to do about it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace

import psycopg
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.database import DatabaseUrls, demand_var_folder, locate
from bot.department import Installation
from bot.finding import Finding
from bot.health import LEAST_ROOM, room_left
from bot.in_force import examine_department, examine_policy
from bot.logs import without_credentials
from bot.settings import Settings, SettingsUnusable
from bot.sign_in.configuration import examine_sign_in
from bot.slack.checking import examine_slack
from bot.teams.checking import examine_teams
from governance.audit.keys import KeyUnusable
from governance.authority.policy_error import PolicyError
from governance.department_file import DepartmentError
from integrations.integration import NoSuchVendor, SettingsMissing
from storage.app_role import APP_ROLE
from storage.database import sqlalchemy_url
from storage.migrate import is_current


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Look at everything, one thing after the other; what cannot be looked at says so, and no credentials."""
    async for finding in _looked_at(settings):
        yield replace(finding, says=without_credentials(finding.says))


async def _looked_at(settings: Settings) -> AsyncIterator[Finding]:
    yield _var_folder(settings)
    urls: DatabaseUrls | None = None
    try:
        urls = locate(settings)
    except SettingsUnusable:
        yield Finding("database", "wrong", "the embedded server has no folder to be in: see VAR_FOLDER")
    except (OSError, RuntimeError, psycopg.Error) as failed:
        yield Finding("database", "wrong", f"the embedded server does not start: {failed}")
    if urls is not None:
        for finding in _database(settings, urls):
            yield finding
    installation = Installation(settings, urls or DatabaseUrls("postgresql://", None))
    yield _matrix(installation)
    async for finding in examine_policy(installation):
        yield finding
    async for finding in examine_department(installation):
        yield finding
    async for finding in _vendors(installation):
        yield finding
    yield _signing_key(installation)
    yield _model(settings)
    async for finding in examine_slack(settings):
        yield finding
    async for finding in examine_teams(settings):
        yield finding
    for finding in examine_sign_in(settings):
        yield finding
    yield _program("chromium", "the browser tests need it", "chromium")


async def _vendors(installation: Installation) -> AsyncIterator[Finding]:
    """Each system that the department uses: its vendor, its settings, and what it says of itself."""
    try:
        chosen = installation.outside.all_vendors
    except NoSuchVendor as unknown:
        yield Finding("integrations", "wrong", str(unknown))
        return
    except DepartmentError:
        return  # said above
    for vendor in chosen:
        try:
            around = installation.outside.surroundings(vendor, installation.settings.tenant)
        except SettingsMissing as missing:
            yield Finding(vendor.kind, "wrong", str(missing))
            continue
        try:
            checks = tuple(await vendor.check(around))
        except DBAPIError:  # what is wrong with the database is said above
            yield Finding(
                vendor.kind, "advice", "is kept in the database, and can be looked at once that is there"
            )
            continue
        for checked in checks:
            yield Finding(checked.what, checked.state, checked.says)


def _var_folder(settings: Settings) -> Finding:
    folder = settings.var_folder.resolve()
    try:
        demand_var_folder(settings)
    except SettingsUnusable as unusable:
        return Finding("VAR_FOLDER", "wrong", unusable.problems[0][1])
    if (left := room_left(folder)) < LEAST_ROOM:
        full = f"{folder}: {left // 2**20} MB are left on its disk; make room there"
        return Finding("VAR_FOLDER", "wrong", full)
    return Finding("VAR_FOLDER", "well", str(folder))


def _database(settings: Settings, urls: DatabaseUrls) -> list[Finding]:
    kind = "embedded" if settings.database_url is None else "DATABASE_URL"
    try:
        with create_engine(sqlalchemy_url(urls.app)).connect() as connection:
            role, owns = connection.execute(
                text("SELECT current_user, count(*) FROM pg_tables WHERE tableowner = current_user")
            ).one()
            version = connection.execute(text("SHOW server_version")).scalar_one()
            current = is_current(connection)
    except SQLAlchemyError as failed:
        said = str(failed.__cause__ or failed).strip().splitlines()[0]
        if f'role "{APP_ROLE}" does not exist' in said:
            return [Finding("schema", "wrong", f"nothing is set up yet ({kind}); run: python -m bot migrate")]
        return [Finding("database", "wrong", f"{kind} cannot be reached: {said}")]
    found = [Finding("database", "well", f"PostgreSQL {version} ({kind}), as {role}")]
    if owns:
        fix = f"connect as {APP_ROLE}: whoever owns a table is exempt from row-level security"
        found.append(Finding("database role", "wrong", f"{role} owns {owns} tables; {fix}"))
    if not current:
        found.append(Finding("schema", "wrong", "not this version's; run: python -m bot migrate"))
    return found


def _matrix(installation: Installation) -> Finding:
    try:
        policy = installation.policy
    except PolicyError as wrong:
        return Finding("authority matrix", "wrong", str(wrong))
    return Finding("authority matrix", "well", f"version {policy.version}, {len(policy.rows)} rows")


def _signing_key(installation: Installation) -> Finding:
    try:
        verifier = installation.signer(installation.settings.tenant).verifier
    except (KeyUnusable, OSError) as wrong:
        return Finding("audit key", "wrong", str(wrong))
    return Finding("audit key", "well", f"public half {verifier}")


def _model(settings: Settings) -> Finding:
    if settings.openai_api_key is None:
        says = "none: agents work by rule and say so; set OPENAI_API_KEY (and OPENAI_BASE_URL) for a model"
        return Finding("model", "advice", says)
    where = settings.openai_base_url or "the default address"
    return Finding("model", "well", f"{settings.openai_model} at {where}")


def _program(program: str, purpose: str, package: str) -> Finding:
    if shutil.which(program):
        return Finding(program, "well", "found")
    return Finding(program, "advice", f"missing: {purpose}; sudo apt-get install {package}")
