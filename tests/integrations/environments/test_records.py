"""What is known of a package that somebody wants to add: said where it is known, and where it is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from integrations.environments import PackageRecord, PackageVersion
from integrations.environments.vendors.local.client import LocalEnvironments
from tests.integrations.environments.conftest import Index, environments_of

pytestmark = pytest.mark.processes

GOOD = PackageVersion("python", "good", "1.0")
WEB = PackageVersion("node", "@acme/web", "2.0.0")
UNKNOWN = PackageRecord(None, None)


def says(index: Index, package: PackageVersion, **said: object) -> None:
    index.answers[f"/pypi/{package.name}/{package.version}/json"] = json.dumps(said).encode()


async def record(environments: LocalEnvironments, package: PackageVersion) -> PackageRecord:
    return (await environments.records([package]))[package]


async def test_an_index_says_the_licence_and_the_vulnerabilities(
    environments: LocalEnvironments, index: Index
) -> None:
    says(index, GOOD, info={"license_expression": "Apache-2.0", "license": "long text"}, vulnerabilities=[])
    assert await record(environments, GOOD) == PackageRecord("Apache-2.0", ())
    known = [{"id": "PYSEC-2026-1"}, {"id": "GHSA-gone", "withdrawn": "2026-01-01"}]
    named = ["Programming Language :: Python", "License :: OSI Approved :: MIT License"]
    says(index, GOOD, info={"classifiers": named}, vulnerabilities=known)
    assert await record(environments, GOOD) == PackageRecord("MIT License", ("PYSEC-2026-1",))
    says(index, GOOD, info={"license": f"\u202eBSD\nRedistribution and use {'x' * 500}"})
    assert await record(environments, GOOD) == PackageRecord("BSD", None)
    index.answers["/@acme%2fweb/2.0.0"] = json.dumps({"license": {"type": "ISC"}}).encode()
    assert await record(environments, WEB) == PackageRecord("ISC", None), "a registry of licences alone"


async def test_what_nobody_says_is_not_known(
    environments: LocalEnvironments, index: Index, place: Path
) -> None:
    assert await record(environments, GOOD) == UNKNOWN
    assert await record(environments_of("http://127.0.0.1:1", place), GOOD) == UNKNOWN
    for answer in (b"[]", b"{", b'{"info": 7}', b'{"info": {"license": 7}, "vulnerabilities": "x"}'):
        index.answers["/pypi/good/1.0/json"] = answer
        assert await record(environments, GOOD) == UNKNOWN


async def test_without_an_index_the_metadata_of_what_is_installed_says_the_licence(
    environments: LocalEnvironments, tree: Path, index: Index, place: Path
) -> None:
    line = index.wheel("good", "1.0", {"good.py": ""}, "License-Expression: MIT\n")
    (tree / "requirements.txt").write_text(line)
    await environments.of(tree)
    away = environments_of("http://127.0.0.1:1", place)
    assert await record(away, GOOD) == PackageRecord("MIT", None)
    assert await record(away, PackageVersion("python", "good", "1.1")) == UNKNOWN


async def test_a_name_leads_nowhere_else_and_there_are_not_too_many(
    environments: LocalEnvironments, index: Index
) -> None:
    odd = [
        PackageVersion("python", name, version)
        for name, version in (("../../x", "1"), ("a/b", "1"), ("a", "1/../.."), ("a?b", "1"), ("x" * 200, "1"))
    ]
    assert await environments.records(odd) == {}
    assert index.asked == []
    many = [PackageVersion("python", f"p{number}", "1") for number in range(60)]
    assert len(await environments.records(many)) == len(index.asked) == 50
