"""A new dependency, with what is known of it and what is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from agents.engineering.judging import Judgement, judge
from agents.engineering.verdict.dependencies import new_packages
from integrations.environments import EnvironmentsError, PackageRecord, PackageVersion
from integrations.ports import Ports
from tests.agents.engineering.verdict.trees import changed

HASH = "--hash=sha256:" + "0" * 64
REQUESTS = PackageVersion("python", "requests", "2.32.3")


@dataclass
class Known:
    """Environments that cannot be made, and what is known of packages."""

    records_: Mapping[PackageVersion, PackageRecord] = field(default_factory=dict)

    async def of(self, _tree: Path) -> Any:
        raise EnvironmentsError("There is no index.")

    async def records(self, wanted: Sequence[PackageVersion]) -> Mapping[PackageVersion, PackageRecord]:
        return {one: self.records_.get(one, PackageRecord(None, None)) for one in wanted}


async def judged(folder: Path, known: Known) -> Judgement:
    before = {"requirements.txt": f"idna==3.1 {HASH}\n", "a.py": "x = 1\n"}
    after = before | {"requirements.txt": f"idna==3.1 {HASH}\nrequests==2.32.3 {HASH}\n"}
    change = changed(folder, before, after)
    ports = cast(Ports, type("P", (), {"environments": known, "sandbox": None})())
    roots = change.before.root, change.after.root
    return await judge(ports, *roots, base="b", head="h", at=datetime(2026, 11, 30, tzinfo=UTC))


async def test_a_new_dependency_says_its_version_licence_and_vulnerabilities(tmp_path: Path) -> None:
    known = Known({REQUESTS: PackageRecord("Apache-2.0", ("PYSEC-2026-1", "GHSA-x"))})
    given = await judged(tmp_path, known)
    (finding,) = [one for one in given.findings if one.what == "new dependency"]
    assert finding.why == (
        "requests: ==2.32.3 is new; its licence: Apache-2.0; known vulnerabilities: PYSEC-2026-1, GHSA-x"
    )
    assert given.decision == "ask"
    assert "Apache-2.0" in given.says


async def test_what_is_not_known_is_said_so(tmp_path: Path) -> None:
    (finding,) = [one for one in (await judged(tmp_path, Known())).findings if one.what == "new dependency"]
    assert finding.why.endswith(
        "its licence: not known; whether it has known vulnerabilities is not known here"
    )


def test_the_exact_version_is_found_in_the_lockfile(tmp_path: Path) -> None:
    lock = '[[package]]\nname = "requests"\nversion = "2.32.3"\n'
    project = '[project]\nname = "x"\ndependencies = {}\n'
    change = changed(
        tmp_path,
        {"pyproject.toml": project.format("[]"), "package.json": "{}"},
        {
            "pyproject.toml": project.format('["requests>=2"]'),
            "uv.lock": lock,
            "package-lock.json": '{"packages": {"node_modules/web": {"version": "1.0.0"}}}',
        },
    )
    assert new_packages(change) == {
        "requests": REQUESTS,
        "node_modules/web": PackageVersion("node", "web", "1.0.0"),
    }
