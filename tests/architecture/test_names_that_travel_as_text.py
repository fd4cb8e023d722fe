"""Jobs and notices are named by text across rooms: every name that is used is known where it arrives."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator

import pytest

from bot.department import Installation
from handlers.notices import find_notices
from storage.notices import GIVEN_UP
from tests.architecture.source import calls, texts
from tests.architecture.test_effects_only_through_the_gate import INSTALLATION


def _named(function: str, position: int, keyword: str) -> Iterator[tuple[str, int, set[str]]]:
    for path, call, tree in calls(function):
        if path in ("storage/jobs.py", "storage/notices.py"):
            continue
        given = [word.value for word in call.keywords if word.arg == keyword]
        given += call.args[position : position + 1]
        if given:
            yield path, call.lineno, texts(given[0], tree)


def _jobs(installation: Installation) -> set[str]:
    return set(installation.jobs.by_name())


@pytest.mark.parametrize(
    ("function", "position", "keyword", "known"),
    [
        ("defer", 1, "name", _jobs),
        ("job_values", 1, "name", _jobs),
        ("notify", 1, "kind", lambda _: set(find_notices())),
        ("NoticeRow", 0, "kind", lambda _: set(find_notices())),
    ],
)
def test_every_name_is_known(function: str, position: int, keyword: str, known: object) -> None:
    found = list(_named(function, position, keyword))
    assert len(found) >= (10 if function in ("defer", "notify") else 1)
    for path, line, names in found:
        assert names, f"{path}:{line}: the name cannot be told by reading"
        assert names <= known(INSTALLATION), f"{path}:{line}"  # type: ignore[operator]


def test_every_job_and_every_kind_of_notice_is_used() -> None:
    deferred = {
        name
        for f in ("defer", "defer_once", "job_values")
        for _, _, names in _named(f, 1, "name")
        for name in names
    }
    assert deferred | {"post_notice"} == _jobs(INSTALLATION)
    told = {name for f in ("notify", "NoticeRow") for _, _, names in _named(f, 1, "kind") for name in names}
    by_their_own_way = {GIVEN_UP} if any(True for _ in calls("tell_given_up")) else set()
    assert told | by_their_own_way >= set(find_notices())


def test_every_job_has_an_end_or_comes_again_by_itself() -> None:
    periodic = {"sweep", "sweep_overrides", "release_held", "check_subscriptions"}
    periodic |= {"take_alerts", "show_incidents"}  # the sweep finds what they left
    periodic |= {
        "watch_objectives",
        "watch_security",
        "ask_promotions",
        "watch_promises",
    }  # and begins these each time
    periodic |= {"count_impacts"}  # each minute looks again
    periodic |= {"look_at_code"}  # whoever waits looks each minute too
    periodic |= {"look_at_tracker"}  # subscriptions are checked by themselves, too
    nothing_hangs_on = {"introduce", *INSTALLATION.jobs.of_platforms}
    assert _jobs(INSTALLATION) - set(INSTALLATION.jobs.ends()) == periodic | nothing_hangs_on


def test_what_a_job_is_given_is_what_it_takes() -> None:
    """A job's arguments are the keys of the mapping that it is deferred with, and the tenant."""
    jobs = INSTALLATION.jobs.by_name()
    for path, call, tree in calls("defer"):
        if path == "storage/jobs.py" or len(call.args) < 3 or not isinstance(call.args[2], ast.Dict):
            continue
        given = {key.value for key in call.args[2].keys if isinstance(key, ast.Constant)} | {"tenant"}
        for name in texts(call.args[1], tree):
            takes = inspect.signature(jobs[name]).parameters
            demanded = {key for key, parameter in takes.items() if parameter.default is parameter.empty}
            assert demanded <= given <= set(takes), f"{path}:{call.lineno}"
