"""The doctor's checks for a department that was just written; nothing is started for them."""

from __future__ import annotations

from collections.abc import Iterator

from bot.beginning.files import Place
from bot.database import DatabaseUrls
from bot.department import Installation
from bot.finding import Finding
from bot.in_force import examine_file
from bot.settings import SettingsUnusable, read_settings
from governance.authority.policy_error import PolicyError
from governance.department_file import DepartmentError

_NOWHERE = DatabaseUrls("postgresql://", None)


def examine_beginning(place: Place) -> Iterator[Finding]:
    """Whether the settings' file is its owner's alone and leads to the folder, and what stands there."""
    try:
        settings = read_settings(place.env_file)
    except SettingsUnusable as unusable:
        for name, says in unusable.problems:
            yield Finding(name, "wrong", says)
        return
    mode = place.env_file.stat().st_mode & 0o777
    if mode & 0o077:
        yield Finding(str(place.env_file), "wrong", f"others may read it; run: chmod 600 {place.env_file}")
    elif settings.department.resolve() != place.folder.resolve():
        says = "the environment sets DEPARTMENT, which counts more than this file; unset it"
        yield Finding(str(place.env_file), "wrong", says)
    else:
        yield Finding(str(place.env_file), "well", f"only you read it; it leads to {place.folder}")
    try:
        yield from examine_file(
            Installation(settings.model_copy(update={"department": place.folder}), _NOWHERE)
        )
    except (DepartmentError, PolicyError) as wrong:
        yield Finding("department", "wrong", str(wrong))
