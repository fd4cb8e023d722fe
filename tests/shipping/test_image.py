"""The Dockerfile: what a linter says, who it runs as, what its last stage has, and what it copies."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from fnmatch import fnmatch

import pytest

from tests.architecture.source import ROOMS, ROOT
from tests.shipping.scripts import script

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


STEPS = list(script("image_steps").instructions(DOCKERFILE))
LAST = STEPS[max(place for place, (word, _) in enumerate(STEPS) if word == "FROM") :]


def of(word: str, steps: list[tuple[str, str]]) -> list[str]:
    return [rest for each, rest in steps if each == word]


def test_a_linter_has_nothing_to_say() -> None:
    linter = shutil.which("hadolint") or str(ROOT / ".venv/bin/hadolint")
    linted = subprocess.run([linter, "Dockerfile"], cwd=ROOT, capture_output=True, text=True)
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_every_stage_is_of_the_same_slim_python_that_the_project_supports() -> None:
    bases = {base.split(" ")[0] for base in of("FROM", STEPS)}
    assert len(of("FROM", STEPS)) == 2
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.1[123]-slim-\w+", bases.pop())


def test_it_runs_as_a_user_by_number_who_is_not_root() -> None:
    (user,) = of("USER", LAST)
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    after = [word for word, _ in LAST[LAST.index(("USER", user)) + 1 :]]
    assert not {"RUN", "COPY", "ADD"} & set(after)


def test_the_last_stage_installs_nothing() -> None:
    tools = re.compile(r"\b(apt|apt-get|apk|pip|uv|gcc|make|curl|wget)\b")
    assert [rest for word, rest in LAST if word in ("RUN", "ADD") and tools.search(rest)] == []


def test_uv_is_the_one_that_the_makefile_installs() -> None:
    pinned = re.compile(r"uv==([\d.]+)")
    (here,) = pinned.findall(DOCKERFILE)
    assert pinned.findall((ROOT / "Makefile").read_text(encoding="utf-8")) == [here]


def test_what_is_copied_is_there_and_every_room_is_copied() -> None:
    lets_in = [
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    ]
    copied = set()
    for rest in of("COPY", STEPS):
        *sources, _ = rest.split()
        if not sources[0].startswith("--from="):
            copied |= set(sources)
    assert [path for path in copied if not (ROOT / path).exists()] == []
    assert [path for path in copied if not any(fnmatch(path, each) for each in lets_in)] == []
    assert copied >= set(ROOMS) | {"pyproject.toml", "uv.lock", "LICENSE"}


def test_the_health_check_asks_what_the_web_server_serves() -> None:
    (check,) = of("HEALTHCHECK", LAST)
    program = json.loads(check.partition("CMD ")[2])
    (path,) = re.findall(r"\}(/\w+)", program[-1])
    assert f'add_get("{path}"' in (ROOT / "bot/web.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("dockerfile", "says"),
    [
        ("RUN true", "before FROM"),
        ("FROM x\nADD a b", "ADD is no step"),
        ("FROM x\nCOPY nosuch ./", "nosuch is not there"),
        ("FROM x\nRUN exit 3", "went wrong"),
    ],
)
def test_the_script_takes_no_step_that_it_cannot(
    dockerfile: str, says: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = script("image_steps")
    stage = steps.Stage(tmp_path, {"PATH": "/usr/bin:/bin"}, tmp_path)
    monkeypatch.setattr(steps, "new_stage", lambda _folder: stage)
    with pytest.raises(steps.StepFailed, match=says):
        steps.build(dockerfile, tmp_path)
